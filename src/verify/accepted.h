/*
 * accepted.h: which batches, and parts of batches, the service has accepted:
 * read from receipts (tp-receipt(5)), a journal (tp-journal(5)) or outcomes
 * (tp-outcome(5)).
 */
#ifndef TP_VERIFY_ACCEPTED_H
#define TP_VERIFY_ACCEPTED_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "base/error.h"
#include "record/part.h"

struct accepted_part {
	struct part part; /* sha256 "": an older outcome does not say it */
	time_t time;	  /* when it was accepted, or is known to have been */
	bool found;	  /* among the batches; the caller's to set */
};

/* All zero: nothing was read yet. */
struct accepted {
	struct accepted_part *parts; /* owned; each once */
	size_t n, room;
	uint64_t others; /* receipts of what was not accepted */
};

/* Adds those of a file, "-" being standard input.  -1: EXIT_INPUT, with the
 * line; or EXIT_LOCAL. */
int accepted_read(
    struct accepted *a, const char *path, bool sealed, struct error *e);
void accepted_free(struct accepted *a);

#endif
