/*
 * merge.h: the records of one or several exports become one row for each
 * identifier, with the columns of all of them.
 *
 * All records are read before the first row is written: its values may stand in
 * the last one.
 */
#ifndef TP_MERGE_MERGE_H
#define TP_MERGE_MERGE_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/ndjson.h"
#include "io/output.h"
#include "profile/export.h"

enum merge_policy {
	MERGE_LAST,	/* of each column the last value */
	MERGE_FIRST,	/* of each column the first value */
	MERGE_LAST_ROW, /* the last row, whole */
	MERGE_REJECT	/* none: the rows are rejected */
};

struct merge_options {
	enum merge_policy policy;
	size_t memory; /* bytes that rows in memory may take */
	const struct export_options *input;
};

struct merge;

/* Options and export outlive it.  NULL: e says why. */
struct merge *merge_new(
    const struct merge_options *o, struct export *x, struct error *e);
void merge_free(struct merge *m);

/* The next record: 1, 0 at the end, -1. */
int merge_record(struct merge *m, struct error *e);

/* When all were read: the header and the rows, in the order in which the
 * identifiers came.  -1. */
int merge_write(struct merge *m, struct output *out, struct error *e);

/* Rows that were written. */
uint64_t merge_ids(const struct merge *m);

/* "ids", "merged", "conflicts". */
void merge_summarize(const struct merge *m, ndjson *summary);

#endif
