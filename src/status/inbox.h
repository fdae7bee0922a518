/*
 * inbox.h: receipts as they arrive: read by a thread of its own, so that the
 * caller can poll meanwhile.  What was read and not taken is bounded: then
 * the reading waits, and in the end the sender does.
 */
#ifndef TP_STATUS_INBOX_H
#define TP_STATUS_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "record/receipt.h"

/* A line is shorter; the longest that tp-send writes is a third of it. */
#define INBOX_LINE ((size_t)64 * 1024)

enum inbox_kind {
	INBOX_NOTHING, /* in the time given */
	INBOX_RECEIPT,
	INBOX_MALFORMED, /* a line that is none; reading goes on */
	INBOX_FAILED,	 /* an input could not be read (to its end) */
	INBOX_END	 /* of the last input; nothing comes behind it */
};

struct inbox_item {
	enum inbox_kind kind;
	struct receipt receipt; /* INBOX_RECEIPT */
	struct error error;	/* INBOX_MALFORMED, INBOX_FAILED */
};

struct inbox;

/*
 * Reads the files in turn; none: stdin, as "-" is.  files must live as long.
 * sealed: a file that no valid seal ends is INBOX_FAILED at its end.
 * NULL: e says why.
 */
struct inbox *inbox_open(
    char *const *files, size_t n, bool sealed, struct error *e);

/* Ends the reading; a thread that waits for input is left to itself, and ends
 * when there is some, or with the process. */
void inbox_close(struct inbox *in);

/* Waits so many seconds at most, or until a signal is caught. */
void inbox_take(struct inbox *in, double seconds, struct inbox_item *item);

#endif
