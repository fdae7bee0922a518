/*
 * diff.h: what of an export has to be sent: the rows that set something that
 * the base does not hold already.
 */
#ifndef TP_DIFF_DIFF_H
#define TP_DIFF_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/ndjson.h"
#include "batch/columns.h"
#include "diff/compare.h"
#include "diff/refresh.h"
#include "io/output.h"
#include "profile/export.h"

/* At most so many rows, or such a share of those of the base. */
struct diff_limit {
	const char *text; /* as it was given; NULL: no limit */
	bool percent;	  /* rows is in thousandths of 1% */
	uint64_t rows;
};

/* "N" or "N%".  -1 with EXIT_USAGE; text must live as long. */
int diff_limit_set(struct diff_limit *limit, const char *option,
    const char *text, struct error *e);

struct diff_options {
	const struct export_options *input;
	const char *base;   /* path */
	bool base_optional; /* it need not be there */
	struct columns_options columns;
	struct compare_options compare;
	struct refresh refresh;
	struct diff_limit max_changed, max_removed;
	bool removed;  /* the rows of the base that are gone are wanted */
	size_t memory; /* bytes */
};

/* Rows of the export, by what became of them, and of the base. */
struct diff_counts {
	uint64_t added;	    /* written: the base does not have it */
	uint64_t changed;   /* written: it sets something else … */
	uint64_t cleared;   /* … of which so many clear a value */
	uint64_t refreshed; /* written, though it did not change */
	uint64_t unchanged;
	uint64_t nothing; /* the base does not have it, and it sets nothing */
	uint64_t removed; /* of the base: not in the export */
};

struct diff;

/* Opens the base.  Options and export outlive it.  NULL: e says why. */
struct diff *diff_new(
    const struct diff_options *o, struct export *x, struct error *e);
void diff_free(struct diff *d);

/* Columns of the base that are not sent, for a person; "" if there are none. */
void diff_tell_extra(const struct diff *d, char *to, size_t size);

/* One step: 1; 0 when all was read; -1. */
int diff_step(struct diff *d, struct error *e);

/* When all was read: whether too much changed; -1 with EXIT_INPUT. */
int diff_judge(const struct diff *d, struct error *e);

/* Then, once: the rows to send; the base for the next night, or NULL. */
int diff_write(
    struct diff *d, struct output *delta, struct output *next, struct error *e);
/* The rows of the base that are gone, with its header. */
int diff_write_removed(struct diff *d, struct output *out, struct error *e);

const struct diff_counts *diff_counts(const struct diff *d);
/* Rows to send, and of the next base. */
uint64_t diff_rows(const struct diff *d);
uint64_t diff_next_rows(const struct diff *d);

/* "new", "changed", … "values" by column. */
void diff_summarize(const struct diff *d, ndjson *summary);

#endif
