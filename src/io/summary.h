/*
 * summary.h: what --summary FILE writes: one JSON object with the counts of
 * a run.  The file is made before anything is done, so that a FILE that
 * cannot be written is found out in time.
 */
#ifndef TP_IO_SUMMARY_H
#define TP_IO_SUMMARY_H

#include "base/error.h"
#include "base/ndjson.h"
#include "io/outfile.h"

struct summary {
	struct outfile file;
	const char *path;
	double begun;	     /* clock_monotonic */
	const char *written; /* the path, once it is there; or NULL */
	int status;	     /* what it says */
};

/* path NULL: there is none, and the rest does nothing.  path must last. */
int summary_open(struct summary *s, const char *path, struct error *e);

/* Adds "seconds" and "exit" to counts, writes and frees it.  status is what
 * signals_status tells. */
int summary_write(
    struct summary *s, ndjson *counts, int status, struct error *e);
/* If the run is to end in another way than the summary says, it goes. */
void summary_confirm(struct summary *s, int status);
void summary_discard(struct summary *s);

#endif
