/*
 * arrivals.h: receipts as they arrive: read by a thread of its own, so that the
 * caller can poll meanwhile.  What was read and not taken is bounded: then
 * the reading waits, and in the end the sender does.
 */
#ifndef TP_STATUS_ARRIVALS_H
#define TP_STATUS_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "record/receipt.h"

/* A line is shorter; the longest that tp-send writes is a third of it. */
#define ARRIVALS_LINE ((size_t)64 * 1024)

enum arrival_kind {
	ARRIVAL_NOTHING, /* in the time given */
	ARRIVAL_RECEIPT,
	ARRIVAL_MALFORMED, /* a line that is none; reading goes on */
	ARRIVAL_FAILED,	   /* an input could not be read (to its end) */
	ARRIVAL_END	   /* of the last input; nothing comes behind it */
};

struct arrival {
	enum arrival_kind kind;
	struct receipt receipt; /* ARRIVAL_RECEIPT */
	struct error error;	/* ARRIVAL_MALFORMED, ARRIVAL_FAILED */
};

struct arrivals;

/*
 * Reads the files in turn; none: stdin, as "-" is.  files must live as long.
 * sealed: a file that no valid seal ends is ARRIVAL_FAILED at its end.
 * NULL: e says why.
 */
struct arrivals *arrivals_open(
    char *const *files, size_t n, bool sealed, struct error *e);

/* Ends the reading; a thread that waits for input is left to itself, and ends
 * when there is some, or with the process. */
void arrivals_close(struct arrivals *in);

/* Waits so many seconds at most, or until a signal is caught. */
void arrivals_take(struct arrivals *in, double seconds, struct arrival *item);

#endif
