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
	double begun; /* clock_monotonic */
};

/* path NULL: there is none, and the rest does nothing. */
int summary_open(struct summary *s, const char *path, struct error *e);

/* Adds "seconds" and "exit" to counts, writes and frees it. */
int summary_write(
    struct summary *s, ndjson *counts, enum exit_code code, struct error *e);
void summary_discard(struct summary *s);

#endif
