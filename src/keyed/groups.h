/*
 * groups.h: rows grouped by their identifier, in bounded memory.
 *
 * Rows are added, then taken group by group.  While they fit in memory the
 * groups come in the order of their first rows.  When they do not, they go to
 * disk, into partitions by the first bits of the identifier's hash, and each
 * partition is taken by itself; one that does not fit is partitioned again, by
 * the next bits.  A partition that one identifier fills is read from disk row
 * by row: it may be as long as it likes.
 */
#ifndef TP_KEYED_GROUPS_H
#define TP_KEYED_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "keyed/hash.h"
#include "keyed/spool.h"

struct groups;

/* Bytes of memory: by default, and what may be asked for (--memory). */
#define KEYED_MEMORY ((size_t)256 << 20)
#define KEYED_MEMORY_LEAST ((size_t)1 << 20)
#define KEYED_MEMORY_MOST ((size_t)1 << 40)

/* memory: bytes, at most, beside up to 5 MiB of buffers.  The spool stays the
 * caller's.  NULL: no memory. */
struct groups *groups_new(size_t memory, struct spool *s, struct error *e);
void groups_free(struct groups *g);

/* Adds a row; its text, of less than 2^32 bytes, is copied.  place and source
 * are the caller's.  -1 with EXIT_LOCAL. */
int groups_add(struct groups *g, const struct hash *id, uint64_t place,
    uint32_t source, const char *text, size_t n, struct error *e);

/* What is added goes to disk at once, for a caller who knows that it will not
 * fit.  -1 with EXIT_LOCAL. */
int groups_to_disk(struct groups *g, struct error *e);

struct group {
	struct hash id;
	uint64_t rows;
	uint64_t place; /* of its first row */
};

/* Lives until the next call. */
struct group_row {
	uint64_t place;
	uint32_t source;
	const char *text;
	size_t n;
};

/* When all rows were added: the next group: 1; 0: there are no more; -1. */
int groups_next(struct groups *g, struct group *group, struct error *e);

/* Its rows, in the order in which they were added: 1; 0: no more; -1.  Those
 * that are not asked for are passed over. */
int groups_row(struct groups *g, struct group_row *row, struct error *e);

/* Whether the groups come in the order of their first rows. */
bool groups_ordered(const struct groups *g);

#endif
