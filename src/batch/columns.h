/*
 * columns.h: which columns of an export are sent, in which order and under
 * which names; and the header row that follows from it.
 */
#ifndef TP_BATCH_COLUMNS_H
#define TP_BATCH_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "profile/header.h"

struct sent_column {
	size_t from;  /* its place in the export's header */
	char *name;   /* owned: as it is sent, not encoded … */
	size_t bytes; /* … so many of them */
};

struct columns {
	struct sent_column *column; /* the identifier first */
	size_t n;
	size_t name_bytes; /* of all names but the identifier's */
	bool straight;	   /* they are the export's first n, in its order */
	char *header; /* the header row, encoded, without "batch=" and LF */
	size_t header_len;
};

struct columns_options {
	/*
	 * COL[:NAME],… or NULL for all.  What holds a comma, a colon or a
	 * double quote is written in double quotes, a quote in it doubled.
	 */
	const char *params;
	const char *drop;   /* COL,… the same way, or NULL */
	bool raw_utf8;	    /* see percent_encode */
	bool no_separators; /* refuse names that hold a comma */
};

/*
 * The identifier is sent first and is not to be named in the options; other
 * columns with a reserved name are never sent.  -1 with EXIT_USAGE: the
 * options do not fit the header.
 */
int columns_select(struct columns *c, const struct columns_options *o,
    const struct header *h, struct error *e);
void columns_free(struct columns *c);

#endif
