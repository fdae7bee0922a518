/*
 * ranges.h: a set of numbers, kept and shown as ranges: "3, 5 to 9".
 */
#ifndef TP_BASE_RANGES_H
#define TP_BASE_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t first, last;
};

/* All zero: empty.  16 bytes a range. */
struct ranges {
	struct range *list; /* in order; no two of them touch */
	size_t n, room;
};

/* Adds a number, which may be in it already.  -1: no memory. */
int ranges_add(struct ranges *r, uint64_t number);

/* How many numbers are in it. */
uint64_t ranges_count(const struct ranges *r);

/*
 * Writes the ranges from list[at] on to out, as many as fit into size bytes
 * (at least 64), ended by NUL.  Returns the place of the first that did not
 * fit, or n.
 */
size_t ranges_text(const struct ranges *r, size_t at, char *out, size_t size);

void ranges_free(struct ranges *r);

#endif
