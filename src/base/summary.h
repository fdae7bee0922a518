/*
 * summary.h: what --summary FILE writes: one JSON object with the counts of
 * a run.  The file is made before anything is done, so that a FILE that
 * cannot be written is found out in time.
 */
#ifndef TP_BASE_SUMMARY_H
#define TP_BASE_SUMMARY_H

#include "base/error.h"
#include "base/ndjson.h"
#include "base/outfile.h"

struct summary {
	struct outfile file;
	const char *path;
	double begun;	     /* clock_monotonic */
	const char *written; /* what summary_withdraw removes; or NULL */
};

/* path NULL: there is none, and the rest does nothing.  path must last. */
int summary_open(struct summary *s, const char *path, struct error *e);

/* Adds "seconds" and "exit" to counts, writes and frees it. */
int summary_write(
    struct summary *s, ndjson *counts, enum exit_code code, struct error *e);
/* The run did not end as the summary says: it goes. */
void summary_withdraw(struct summary *s);
void summary_discard(struct summary *s);

#endif
