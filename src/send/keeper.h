/*
 * keeper.h: puts what was not accepted into the failed file, and has the
 * journal say so: what is there is settled, and is not sent again by a run
 * with that journal.
 */
#ifndef TP_SEND_KEEPER_H
#define TP_SEND_KEEPER_H

#include "base/error.h"
#include "base/sha256.h"
#include "batch/reader.h"
#include "record/failed.h"
#include "record/journal.h"
#include "record/receipt.h"

enum kept {
	KEPT_NOT,
	KEPT_NOW,
	KEPT_EARLIER /* by a run that could not say so any more */
};

struct keeper {
	struct failed *failed;
	struct journal *journal;     /* or NULL */
	struct batch_reader *reader; /* for what a batch has beyond memory */
	struct sha256 *sha256;	     /* … of which the beginning is in here */
};

/*
 * The batch, or a part of it: its header and size bytes from at on.  It is on
 * disk when this returns, in the failed file and then in the journal.  An
 * earlier run may have died between the two: what it has put there is not put
 * there again.  Of a batch with b->more the rest is read, and bytes, rows and
 * digest of *r are set; if it turns out that it is cut, it is dropped.
 * -1 (EXIT_LOCAL): nothing of it is in the failed file; or, *kept being another
 * than KEPT_NOT, only the journal does not know.
 */
int keeper_keep(struct keeper *k, struct batch *b, size_t at, size_t size,
    struct receipt *r, enum kept *kept, struct error *e);

#endif
