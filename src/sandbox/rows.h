/*
 * rows.h: the rows of a batch and their cells, as the edge takes them apart.
 *
 * Whether the service decodes before or after it splits is not documented;
 * it decides whether %2C and %0A inside a value survive.  Each can be tried.
 */
#ifndef TP_SANDBOX_ROWS_H
#define TP_SANDBOX_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rows_order {
	ROWS_FIRST, /* split into rows and cells, then decode each cell */
	FORM_FIRST, /* decode the whole, then split */
	FORM_TWICE  /* decode the whole, split, and decode each cell again */
};

struct rows {
	char *next;	/* where the next line begins */
	char *end;	/* of the batch */
	char *cell;	/* next cell of this line; NULL: there is none */
	char *line_end; /* of this line, its line feed left out */
	bool decode;	/* cells are still encoded */
};

/* A value as form_find gave it; it is decoded in place, bit by bit.  False: it
 * cannot be decoded a second time, as a % in it is not followed by two
 * hexadecimal digits. */
bool rows_open(struct rows *r, char *batch, size_t n, enum rows_order order);

/* Goes to the next line that is not empty; false: there is none. */
bool rows_next(struct rows *r);

/* The next cell of the line, decoded; false: there is none. */
bool rows_cell(struct rows *r, char **text, size_t *n);

/* How many lines that are not empty are still to come. */
uint64_t rows_count(const struct rows *r);

#endif
