/*
 * settle.h: the base for the next night: the rows of NEXT, without those that
 * were sent and are not proven to have been accepted.
 */
#ifndef TP_SETTLE_SETTLE_H
#define TP_SETTLE_SETTLE_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/ndjson.h"
#include "io/output.h"

struct settle_options {
	const char *next, *delta, *rows; /* paths */
	const char *outcomes, *missing;	 /* paths, or NULL */
	size_t memory;			 /* bytes */
};

/* Identifiers of the delta, by why they count or do not. */
struct settle_counts {
	uint64_t next, delta; /* rows of both */
	uint64_t proven;
	uint64_t unsent;       /* no line of the rows is theirs */
	uint64_t not_accepted; /* the last one says another state */
	uint64_t outcome;      /* of a batch whose outcome does not do */
	uint64_t failed;       /* the service lists it as failed */
	uint64_t missing;      /* tp-verify missed it */
	uint64_t others; /* not in the delta, but missed: taken out, too */
};

struct settle;

/* Options outlive it.  NULL: no memory. */
struct settle *settle_new(const struct settle_options *o, struct error *e);
void settle_free(struct settle *s);

/* Reads and judges everything.  -1: nothing is to be written. */
int settle_judge(struct settle *s, struct error *e);

/* Then, once: the header and the rows that stay. */
int settle_write(struct settle *s, struct output *out, struct error *e);

const struct settle_counts *settle_counts(const struct settle *s);
/* Rows that were written. */
uint64_t settle_rows(const struct settle *s);
void settle_summarize(const struct settle *s, ndjson *summary);

#endif
