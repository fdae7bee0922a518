/*
 * split.h: the records of an export become the rows of batches.
 */
#ifndef TP_BATCH_SPLIT_H
#define TP_BATCH_SPLIT_H

#include <stdint.h>
#include "base/error.h"
#include "batch/cell.h"
#include "batch/columns.h"
#include "batch/percent.h"
#include "batch/row.h"
#include "batch/writer.h"
#include "profile/export.h"
#include "profile/quick.h"

struct split {
	struct export *export;
	struct batch_writer *writer;
	const struct header *header;
	struct csv_dialect dialect;
	struct quick quick;
	struct columns columns;
	struct row_rules rules;
	char *empty;	     /* rules.empty's text, to be encoded, and … */
	struct cell filling; /* … encoded */
	struct cell *cells;  /* of the record at hand, in the columns' order */
	struct csv_fields fields; /* of the row at hand */
	struct buffer text;	  /* their text, where it is not raw */
	/* A row of up to so many bytes has no profile that is too large. */
	size_t shortness;
	/* … and can be encoded as it lies, or but for its empty fields;
	 * 0: none can. */
	size_t straight, filled;
	bool inner; /* … whatever is inside its quotes */
	char comma; /* what one inside quotes is taken for then */
	struct rule_warning *separated; /* rows with a comma or line break */
	const struct null *null; /* texts that make a cell empty, too … */
	size_t nulls;		 /* … so many */
};

struct split_options {
	struct columns_options columns;
	struct row_rules rules;
	const struct export_options *input;
};

/*
 * The most bytes that a record becomes.  Every value of a row that is not
 * rejected counts against BATCH_PROFILE_BYTES, but the identifier does not.
 */
size_t split_max_row(const struct split_options *o);

/* Export and writer stay the caller's; strings must outlive the split.
 * EXIT_USAGE: the options do not fit the header. */
int split_open(struct split *s, const struct split_options *o, struct export *x,
    struct batch_writer *w, struct error *e);
void split_close(struct split *s);

/* Rows that lie ready: 1, 0 if the next record is for split_record, -1. */
int split_run(struct split *s, struct error *e);
/* One record: 1, 0 at the end, -1. */
int split_record(struct split *s, struct error *e);

#endif
