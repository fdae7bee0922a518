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

/* Calls for one batch, if the user does not say; the most that can be said.
 * To find one row in 500,000 takes up to 38. */
enum { HALVING_CALLS = 40, HALVING_CALLS_MAX = 10000 };

/* Deep enough for 2^64 rows. */
enum { HALVING_DEPTH = 66 };

/* Some rows of the batch. */
struct halving_part {
	uint64_t from, rows; /* from 1 */
	size_t at, size;     /* its bytes in the batch */
	bool marked;	     /* by the caller; halves of it are, too, and a
			      * piece of which some part was */
};

enum halving_verdict {
	HALVING_TAKEN,	 /* accepted, now or before */
	HALVING_REFUSED, /* to be halved, if it can be */
	HALVING_LEFT,	 /* not to be sent (again) */
	HALVING_KEPT,	 /* it was settled before */
	HALVING_UNKNOWN, /* it may have been accepted */
	HALVING_FAILED	 /* it could not be sent */
};

/* What was not taken, in order; neighbours of one kind are one piece. */
struct halving_piece {
	struct halving_part part;
	enum halving_verdict kind; /* REFUSED: each row was, by itself */
	int http;
	char message[256];
};

struct halving {
	const char *body;
	struct halving_part stack[HALVING_DEPTH];
	unsigned depth;
	bool divided; /* some of it was taken, kept or may have been taken, as
		       * what is marked */
	struct halving_piece *pieces;
	size_t n, room;
	struct halving_piece rest; /* from where memory ran out */
	bool no_memory;
};

/* A whole batch: its header row ends at `header`.  body must live as long. */
void halving_start(struct halving *h, const char *body, size_t header,
    size_t size, uint64_t rows);
void halving_free(struct halving *h);

/* The next part; false: there are no more.  Each must be told of before the
 * next is asked for. */
bool halving_next(struct halving *h, struct halving_part *part);

/* http and message are those of the refusal.  -1: no memory; what is left of
 * the batch has become one piece that could not be sent. */
int halving_tell(struct halving *h, const struct halving_part *part,
    enum halving_verdict verdict, int http, const char *message,
    struct error *e);

/* What was not taken, from 0; NULL: no more. */
const struct halving_piece *halving_piece(const struct halving *h, size_t i);

#endif
