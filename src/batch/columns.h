/*
 * columns.h: which columns of an export are sent, in which order and under
 * which names; and the header row that follows from it.
 */
#ifndef TP_BATCH_COLUMNS_H
#define TP_BATCH_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "batch/cell.h"
#include "batch/limits.h"

struct column {
	size_t from;  /* its place in the export's header */
	size_t bytes; /* of its name as it is sent, not encoded */
};

struct columns {
	struct column *column; /* the identifier first */
	size_t n;
	size_t last;   /* the highest from */
	bool straight; /* columns 0 to n - 1 in the order of the export */
	char *header;  /* the header row, encoded, without "batch=" and LF */
	size_t header_len;
};

struct columns_options {
	/*
	 * COL[:NAME],… or NULL for all.  What holds a comma, a colon or a
	 * double quote is written in double quotes, a quote in it doubled.
	 */
	const char *params;
	const char *drop; /* COL,… the same way, or NULL */
	bool raw_utf8;	  /* see percent_encode */
	bool separators;  /* may a name hold a comma or line break? */
};

/*
 * names[0..n) is the export's header (unique, none empty), names[id] the
 * identifier, which is sent first and is not to be named in the options.
 * Other columns with a reserved name (pcId, thirdPartyId, mbox3rdPartyId)
 * are left out.  -1 with EXIT_USAGE: the options do not fit the header.
 */
int columns_select(struct columns *c, const struct columns_options *o,
    const struct cell *names, size_t n, size_t id, enum batch_id kind,
    struct error *e);
void columns_free(struct columns *c);

#endif
