/*
 * order.h: texts that come in any order, and are taken in the order of their
 * places; in bounded memory: what does not fit goes to disk in runs, each in
 * order, which are merged.
 */
#ifndef TP_KEYED_ORDER_H
#define TP_KEYED_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "keyed/spool.h"

struct order;

/* memory: bytes, at most, beside up to 5 MiB of buffers once it goes to disk.
 * The spool stays the caller's.  NULL: no memory. */
struct order *order_new(size_t memory, struct spool *s, struct error *e);
void order_free(struct order *o);

/* Adds a text of less than 2^32 bytes, which is copied.  No two have one place.
 * -1 with EXIT_LOCAL. */
int order_add(struct order *o, uint64_t place, const char *text, size_t n,
    struct error *e);

/* Adds to the text that was added last. */
int order_more(struct order *o, const char *text, size_t n, struct error *e);

/* Lives until the next call. */
struct order_item {
	uint64_t place;
	const char *text;
	size_t n;
};

/* When all were added: the next: 1, 0 at the end, -1. */
int order_next(struct order *o, struct order_item *item, struct error *e);

#endif
