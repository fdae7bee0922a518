/*
 * table.h: outcomes for a person to read: a line for each, and on a terminal,
 * below them, the batches that are still open, drawn over and over.
 */
#ifndef TP_STATUS_TABLE_H
#define TP_STATUS_TABLE_H

#include <stdbool.h>
#include "io/output.h"
#include "status/poller.h"

struct table {
	struct output *out;
	bool live;	/* out is a terminal on which the cursor can be moved */
	bool headed;	/* the names of the columns were written */
	unsigned drawn; /* lines of open batches that stand there now */
	double last;	/* when they were drawn */
};

void table_init(struct table *t, struct output *out, bool live);

/* Writes the line of an outcome. */
int table_add(struct table *t, const struct outcome *s, struct error *e);

/* Draws the open batches, as many as the terminal has room for, at most
 * twice a second.  Does nothing unless live. */
int table_draw(struct table *t, const struct poller *p, struct error *e);

/* Takes the open batches away, so that something else can be written. */
int table_clear(struct table *t, struct error *e);

#endif
