/*
 * sent.h: the batches that were sent: which of their rows the service has
 * accepted goes to the sample.
 */
#ifndef TP_VERIFY_SENT_H
#define TP_VERIFY_SENT_H

#include "batch/limits.h"
#include "batch/reader.h"
#include "verify/accepted.h"
#include "verify/sample.h"

struct sent {
	enum batch_id id;   /* of all batches; NONE: there was none */
	uint64_t batches;   /* read */
	uint64_t rows;	    /* … in them … */
	uint64_t accepted;  /* … of which so many were accepted */
	uint64_t unmatched; /* accepted parts that no batch has */
	time_t newest;	    /* when the last of those that one has was */
};

/*
 * Reads all batches.  A batch is the one that was accepted if its bytes have
 * the digest; a part of one is found by its number and rows.  Of an outcome
 * without a digest number and rows have to do.  -1: EXIT_INPUT: an input cannot
 * be read, or has both kinds of identifiers.
 */
int sent_read(struct sent *t, struct batch_reader *r, struct accepted *a,
    struct sample *s, struct error *e);

#endif
