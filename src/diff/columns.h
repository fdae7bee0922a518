/*
 * columns.h: the columns that are sent, those of the base, and those of the
 * base for the next night, which has them all.
 */
#ifndef TP_DIFF_COLUMNS_H
#define TP_DIFF_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buffer.h"
#include "base/error.h"
#include "batch/columns.h"
#include "profile/header.h"

struct diff_columns {
	struct columns sent; /* of the export; the identifier first */
	size_t *base;	     /* owned: where in the base each of them is, or
				DIFF_NOWHERE */
	size_t *extra;	 /* owned: columns of the base that are not sent … */
	size_t n_extra;	 /* … so many: they stand behind the others */
	bool same_order; /* the base has the columns of the next one, in
			    its order */
	bool straight;	 /* … and so has the export */
	struct buffer delta, next; /* the headers, without line ending */
	size_t ending;		   /* bytes of the export's line ending */
};
#define DIFF_NOWHERE SIZE_MAX

/* base NULL: there is none.  -1 with EXIT_USAGE: the options do not fit the
 * header; with EXIT_INPUT: the base has another kind of identifier. */
int diff_columns_open(struct diff_columns *c, const struct columns_options *o,
    const struct header *export, const struct header *base, struct error *e);
void diff_columns_close(struct diff_columns *c);

/* The names of the columns of the base that are not sent, for a person; "" if
 * there are none. */
char *diff_columns_list_extra(const struct diff_columns *c,
    const struct header *base, char *to, size_t size);

#endif
