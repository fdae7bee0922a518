/*
 * columns.h: the columns of all files that are merged: those of the first,
 * and behind them each that a further one adds.
 */
#ifndef TP_MERGE_COLUMNS_H
#define TP_MERGE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "csv/dialect.h"
#include "profile/header.h"

/* One file's columns, and where they are among all. */
struct merge_source {
	size_t columns;
	size_t id;     /* which is the identifier */
	size_t *place; /* owned; MERGE_UNSENT: its name is an identifier's, and
			  it is left out */
	bool in_order; /* each is at its own place */
};
#define MERGE_UNSENT SIZE_MAX

struct merge_column {
	char *name; /* owned */
	size_t len;
};

struct merge_columns {
	struct merge_column *column; /* owned */
	size_t n, room;
	struct merge_source *source; /* owned, by file */
	size_t sources;
	size_t id; /* the identifier's place */
	enum id_kind kind;
	char *header; /* owned: the first, as it is written, without its line
			 ending */
	size_t header_len;
	size_t ending; /* bytes of the first one's line ending */
	bool same;     /* all files have this header */
};

/* Adds the file with this header, which is called file in messages.  -1 with
 * EXIT_INPUT: its identifier is of another kind. */
int merge_columns_add(struct merge_columns *c, const struct header *h,
    const char *file, struct error *e);
void merge_columns_free(struct merge_columns *c);

/* Whether a file's rows have all columns at their places. */
bool merge_columns_whole(const struct merge_columns *c, size_t source);

#endif
