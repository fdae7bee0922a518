/*
 * halving.h: which parts of a refused batch to send next, to find the rows
 * that it is refused for, and what is left at the end.
 *
 * Parts come in the order of the rows, so that of an identifier that stands
 * in two of them the last is sent last.  It knows nothing of sending.
 */
#ifndef TP_SEND_HALVING_H
#define TP_SEND_HALVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "record/receipt.h"

/* Calls for one batch, if the user does not say; the most that can be said.
 * To find one row in 500,000 takes up to 38. */
enum { HALVING_CALLS = 40, HALVING_CALLS_MAX = 10000 };

/* Deep enough for 2^64 rows. */
enum { HALVING_DEPTH = 66 };

/* What was not taken, in order; neighbours that are alike are one, of whose
 * part the digest is not known. */
struct halving_left {
	struct part part;
	enum receipt_state state; /* by what this run knows: part.doubtful says
				   * what earlier ones do */
	enum fate fate;
	int http;
	bool earlier; /* an earlier run has settled it */
	char message[256];
};

struct halving {
	const char *body;
	size_t header;
	struct part stack[HALVING_DEPTH];
	unsigned depth;
	bool divided; /* some of it was taken, was settled before, or may have
		       * been taken: what is left is not the whole batch */
	struct halving_left *left;
	size_t n, room;
	struct halving_left rest; /* from where memory ran out */
	bool no_memory;
};

/* A whole batch, whose body must live as long: its header row has so many
 * bytes. */
void halving_start(struct halving *h, const struct part *whole,
    const char *body, size_t header);
void halving_free(struct halving *h);

/* The next part, without its digest unless it is the whole; false: there are no
 * more.  Each must be told of before the next is asked for. */
bool halving_next(struct halving *h, struct part *part);

/*
 * What this run knows of the part: state, fate, http and message of r.  divide:
 * it was refused, and its halves may be taken; of a single row that is the last
 * word.  earlier: as above.  Halves of a doubtful part are doubtful.  -1: no
 * memory; what is left of the batch has become one part that was not sent.
 */
int halving_tell(struct halving *h, const struct part *part,
    const struct result *r, bool divide, bool earlier, struct error *e);

/* What was not taken, from 0; NULL: no more. */
const struct halving_left *halving_left(const struct halving *h, size_t i);

#endif
