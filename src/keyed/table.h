/*
 * table.h: rows in memory, in the order in which they came, each found by the
 * hash of its identifier; within a bound.
 *
 * A row takes 50 bytes and its text; the index 16 bytes for each identifier,
 * and up to three times that while it is sparse.
 */
#ifndef TP_KEYED_TABLE_H
#define TP_KEYED_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "keyed/hash.h"

struct piece;
struct table_row {
	struct hash id;
	uint64_t place;		/* the caller's */
	struct table_row *next; /* of the same identifier; behind its last row
				   comes its first again */
	struct piece *piece;	/* where it lies */
	uint32_t source;	/* the caller's */
	uint32_t n;		/* bytes of text */
	bool first;		/* of its identifier */
	bool removed;
	char text[];
};

struct table;

/* At most so many bytes.  NULL: there is not even memory to begin. */
struct table *table_new(size_t memory, struct error *e);
void table_free(struct table *t);

/*
 * Adds a row, whose text is copied: 1; 0 if it has no room within the bound,
 * and -1 if there is no memory: then nothing was added.
 */
int table_add(struct table *t, const struct hash *id, uint64_t place,
    uint32_t source, const char *text, size_t n, struct error *e);

/* The row of an identifier that was added last; NULL: it has none. */
struct table_row *table_find(const struct table *t, const struct hash *id);

/* Takes a row out, the only one of its identifier.  Its memory can be used
 * again when that of the rows around it can. */
void table_remove(struct table *t, struct table_row *row);

/* Goes through the rows that are there, in the order in which they were added.
 * Begins as all
 * zeros; NULL: no more. */
struct table_walk {
	struct piece *piece;
	size_t at;
};
struct table_row *table_next(const struct table *t, struct table_walk *walk);

uint64_t table_rows(const struct table *t);

/* Forgets all rows, and gives most of the memory back. */
void table_clear(struct table *t);

#endif
