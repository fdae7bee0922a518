/*
 * values.h: the values of one identifier, from all of its rows, and the row
 * that they become.
 */
#ifndef TP_MERGE_VALUES_H
#define TP_MERGE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "csv/fields.h"
#include "csv/write.h"
#include "merge/columns.h"
#include "profile/export.h"

/* A column of the identifier at hand. */
struct merge_value {
	struct buffer text;   /* "" if no row has a value */
	uint64_t conflict_in; /* the identifier that had different values last,
				 by its number */
	uint64_t conflicts;   /* identifiers that had some */
};

struct merge_values {
	const struct merge_columns *columns;
	struct merge_value *value; /* owned, by column */
	struct csv_cell *cell;	   /* owned: room for a row */
	uint64_t number;	   /* of the identifier, from 1 */
	struct buffer header;	   /* as it is written, without line ending */
	struct buffer row;	   /* that was made last */
};

/* When all files are known; the columns stay the caller's.  -1: no memory. */
int merge_values_open(
    struct merge_values *v, const struct merge_columns *columns);
void merge_values_close(struct merge_values *v);

/* Another identifier, which has no values yet. */
void merge_values_next(struct merge_values *v);

/*
 * The values of a row of that file come to those of the identifier: over those
 * that are there, or only where there are none.  What differs is a conflict.
 * x says which texts are empty.  -1: no memory.
 */
int merge_values_take(struct merge_values *v, const struct export *x,
    const struct csv_fields *fields, size_t source, bool over);

/* They become v->row, with a line ending of so many bytes.  -1: no memory. */
int merge_values_make(struct merge_values *v, size_t ending);

#endif
