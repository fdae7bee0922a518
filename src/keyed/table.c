#define _DEFAULT_SOURCE /* madvise */
#include "keyed/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/sys.h"

/* Rows lie in pieces of memory that never move; one that is longer than a
 * piece has its own. */
struct piece {
	struct piece *next;
	size_t used, size; /* bytes of data */
	_Alignas(16) char data[];
};

struct slot {
	uint64_t high;		/* of the identifier's hash */
	struct table_row *last; /* its last row; NULL: the slot is free */
};

struct table {
	size_t memory, taken; /* bytes: at most, and now */
	size_t piece_size;
	struct piece *first, *last;
	struct slot *slots;
	size_t n_slots; /* a power of two */
	size_t ids;
	uint64_t rows;
};

#define LEAST_SLOTS ((size_t)1024)
#define LEAST_PIECE ((size_t)16 * 1024)
/* Memory that is reached in no order is faster in pages of this size. */
#define LARGE ((size_t)2 * 1024 * 1024)

static void *
get_memory(size_t n)
{
	void *p;

	if (n < LARGE || n % LARGE != 0)
		return sys_malloc(n);
	p = sys_aligned_alloc(LARGE, n);
#ifdef MADV_HUGEPAGE
	if (p != NULL)
		(void)madvise(p, n, MADV_HUGEPAGE);
#endif
	return p;
}

struct table *
table_new(size_t memory, struct error *e)
{
	struct table *t = sys_calloc(1, sizeof(*t));

	if (t != NULL)
		t->slots = sys_calloc(LEAST_SLOTS, sizeof(*t->slots));
	if (t == NULL || t->slots == NULL) {
		free(t);
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	t->n_slots = LEAST_SLOTS;
	t->taken = LEAST_SLOTS * sizeof(*t->slots);
	t->memory = memory;
	t->piece_size = memory / 32 < LEAST_PIECE ? LEAST_PIECE
			: memory / 32 < LARGE	  ? memory / 32
						  : LARGE;
	return t;
}

void
table_clear(struct table *t)
{
	struct slot *slots;
	struct piece *p;

	while ((p = t->first) != NULL) {
		t->first = p->next;
		t->taken -= sizeof(*p) + p->size;
		free(p);
	}
	t->last = NULL;
	t->ids = 0;
	t->rows = 0;
	slots = t->n_slots == LEAST_SLOTS
		    ? NULL
		    : sys_realloc(t->slots, LEAST_SLOTS * sizeof(*t->slots));
	if (slots != NULL) {
		t->taken -= (t->n_slots - LEAST_SLOTS) * sizeof(*t->slots);
		t->slots = slots;
		t->n_slots = LEAST_SLOTS;
	}
	memset(t->slots, 0, t->n_slots * sizeof(*t->slots));
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	table_clear(t);
	free(t->slots);
	free(t);
}

/* The slot of an identifier, or the free one for it. */
static struct slot *
find_slot(const struct table *t, const struct hash *id)
{
	size_t mask = t->n_slots - 1, i = (size_t)id->high & mask;

	while (t->slots[i].last != NULL &&
	       (t->slots[i].high != id->high ||
		   t->slots[i].last->id.low != id->low))
		i = (i + 1) & mask;
	return &t->slots[i];
}

/* Twice as many slots: 1; 0 past the bound; -1. */
static int
grow(struct table *t, struct error *e)
{
	const size_t bytes = t->n_slots * sizeof(*t->slots);
	struct slot *old = t->slots;
	size_t i, n = t->n_slots;

	if (bytes > t->memory || t->taken > t->memory - bytes)
		return 0;
	t->slots = get_memory(bytes * 2);
	if (t->slots == NULL) {
		t->slots = old;
		return error_set(e, EXIT_LOCAL, "out of memory");
	}
	memset(t->slots, 0, bytes * 2);
	t->n_slots = n * 2;
	t->taken += bytes;
	for (i = 0; i < n; i++) {
		size_t mask = t->n_slots - 1, to;

		if (old[i].last == NULL)
			continue;
		to = (size_t)old[i].high & mask;
		while (t->slots[to].last != NULL)
			to = (to + 1) & mask;
		t->slots[to] = old[i];
	}
	free(old);
	return 1;
}

/* So many bytes does a row take. */
static size_t
row_size(size_t n)
{
	return (sizeof(struct table_row) + n + 15) / 16 * 16;
}

/* Room for a row of n bytes of text: 1; 0 past the bound; -1. */
static int
make_room(struct table *t, size_t n, struct table_row **row, struct error *e)
{
	const size_t size = row_size(n);
	struct piece *p = t->last;

	if (p == NULL || p->size - p->used < size) {
		size_t bytes = sizeof(*p) + size;

		if (bytes < t->piece_size)
			bytes = t->piece_size;
		if (bytes > t->memory || t->taken > t->memory - bytes)
			return 0;
		p = get_memory(bytes);
		if (p == NULL)
			return error_set(e, EXIT_LOCAL, "out of memory");
		p->next = NULL;
		p->used = 0;
		p->size = bytes - sizeof(*p);
		t->taken += bytes;
		if (t->last == NULL)
			t->first = p;
		else
			t->last->next = p;
		t->last = p;
	}
	*row = (struct table_row *)(void *)(p->data + p->used);
	p->used += size;
	return 1;
}

int
table_add(struct table *t, const struct hash *id, uint64_t place,
    uint32_t source, const char *text, size_t n, struct error *e)
{
	struct table_row *row = NULL;
	struct slot *slot;
	int got = 1;

	if (t->ids >= t->n_slots / 4 * 3)
		got = grow(t, e);
	if (got > 0)
		got = make_room(t, n, &row, e);
	if (got <= 0)
		return got;
	slot = find_slot(t, id);
	row->id = *id;
	row->place = place;
	row->source = source;
	row->n = (uint32_t)n;
	row->first = slot->last == NULL;
	if (row->first) {
		slot->high = id->high;
		row->next = row;
		t->ids++;
	} else {
		row->next = slot->last->next;
		slot->last->next = row;
	}
	slot->last = row;
	t->rows++;
	if (n > 0)
		memcpy(row->text, text, n);
	return 1;
}

struct table_row *
table_next(const struct table *t, struct table_walk *walk)
{
	struct table_row *row;

	if (walk->piece == NULL) {
		walk->piece = t->first;
		walk->at = 0;
	} else if (walk->at == walk->piece->used && walk->piece->next != NULL) {
		walk->piece = walk->piece->next;
		walk->at = 0;
	}
	if (walk->piece == NULL || walk->at == walk->piece->used)
		return NULL;
	row = (struct table_row *)(void *)(walk->piece->data + walk->at);
	walk->at += row_size(row->n);
	return row;
}

uint64_t
table_rows(const struct table *t)
{
	return t->rows;
}
