/*
 * compare.h: a row of the export against the row of the base that has its
 * identifier: what it would change, and what is written for it.
 */
#ifndef TP_DIFF_COMPARE_H
#define TP_DIFF_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/error.h"
#include "csv/fields.h"
#include "csv/write.h"
#include "diff/columns.h"
#include "diff/walk.h"
#include "profile/export.h"
#include "profile/plain.h"

struct compare_options {
	const char *cleared_as; /* for values that became empty; or NULL */
	const char *empty_as;	/* for every empty cell; or NULL */
};

/* A row that was read again. */
struct compare_side {
	struct csv_fields fields;
	struct buffer text; /* of the fields */
	bool read;	    /* of the rows at hand */
};

struct compare {
	struct compare_options options;
	const struct diff_columns *columns;
	const struct export *export;
	struct csv_dialect dialect; /* the export's */
	struct plain plain;
	const struct meeting *rows; /* at hand */
	struct compare_side own, base;
	struct csv_cell *cell; /* owned: of the next base's columns */
	bool filled;	       /* a cell was given a text */
	struct buffer delta_row, next_row; /* rows that are written anew */
	uint64_t *values; /* owned: changed ones, by column that is sent */
};

/* The others stay the caller's.  -1: no memory. */
int compare_open(struct compare *c, const struct compare_options *o,
    const struct diff_columns *columns, struct export *x,
    const struct csv_dialect *d, const struct null *null, size_t nulls,
    struct error *e);
void compare_close(struct compare *c);

struct compared {
	bool sets; /* the row has values; of one that has the same bytes as the
		      row of the base it is not known: see compare_look */
	bool changed; /* … some that the base has not */
	bool cleared; /* … of which some take the place of one that is gone */
};

/* Rows that met, or a row of the export alone; m lives until both are done
 * with. */
int compare_rows(struct compare *c, const struct meeting *m,
    struct compared *found, struct error *e);

/* Completes what was found of rows that have the same bytes. */
int compare_look(struct compare *c, struct compared *found, struct error *e);

/* The identifier of the row of the export. */
int compare_id(struct compare *c, const char **id, size_t *n, struct error *e);

/* What a row brings, line endings included; it lives as long as the rows. */
struct result {
	struct csv_cell delta; /* to be sent; or nothing */
	struct csv_cell next;  /* for the base of the next night; or nothing */
};

/* It is sent. */
int compare_write(struct compare *c, struct result *r, struct error *e);
/* It is not: the row of the base stays. */
int compare_keep(struct compare *c, struct result *r, struct error *e);

#endif
