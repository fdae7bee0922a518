/*
 * row.h: the cells of one record become a row of a batch.
 */
#ifndef TP_BATCH_ROW_H
#define TP_BATCH_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "batch/cell.h"
#include "batch/columns.h"

/*
 * Commas and line breaks inside of values: whether the service splits rows
 * before or after it decodes them is not documented.
 */
enum row_separators {
	ROW_SEPARATORS_ENCODE,
	ROW_SEPARATORS_REJECT,
	ROW_SEPARATORS_REPLACE
};

struct row_rules {
	bool raw_utf8; /* see percent_encode */
	enum row_separators separators;
	struct cell replacement; /* for one, CR LF counting as one */
	struct cell empty;	 /* in place of empty cells; len 0: nothing */
};

/* The arguments of --empty-as and --separators, which must live as long. */
int row_set_empty(struct row_rules *rules, const char *arg, struct error *e);
int row_set_separators(
    struct row_rules *rules, const char *arg, struct error *e);

enum row_verdict {
	ROW_GOOD,
	ROW_SEPARATOR, /* rejected by the rule; or to be replaced within the
			  identifier, which would make it another's */
	ROW_PROFILE    /* over BATCH_PROFILE_BYTES */
};

struct row_size {
	size_t cells;	 /* to be sent: trailing empty ones are dropped */
	size_t profile;	 /* bytes that count against BATCH_PROFILE_BYTES:
			    names and values of the cells that are not empty,
			    not encoded, the identifier not among them */
	size_t bound;	 /* the room it needs, the LF included; the last */
	size_t replaced; /* … bytes of it for text with separators replaced */
	size_t separated; /* cells with a comma or line break */
	size_t at;	  /* ROW_SEPARATOR: the cell */
};

/*
 * Measures the cells of a row, those of c, in its order.  look: they may hold
 * commas or line breaks.
 */
enum row_verdict row_measure(const struct row_rules *rules,
    const struct columns *c, const struct cell *cells, bool look,
    struct row_size *size);

/*
 * Encodes what was measured to out, of size->bound bytes, its LF included;
 * returns the end.  PERCENT_PAD bytes can be read behind the text of each cell;
 * of one whose separators are replaced it is in out after that.
 */
char *row_encode(const struct row_rules *rules, struct cell *cells,
    const struct row_size *size, char *out);

#endif
