#include "keyed/table.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"
#include "keyed/pages.h"

/* Rows lie in pieces of memory that never move; one that is longer than a
 * piece has its own. */
struct piece {
	struct piece *next;
	size_t used, size; /* bytes of data */
	size_t rows;	   /* that were not removed */
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
	struct piece *unused; /* of tables that were cleared */
	struct slot *slots;
	size_t n_slots; /* a power of two */
	size_t ids;
	uint64_t rows;
};

#define LEAST_SLOTS ((size_t)1024)
#define LEAST_PIECE ((size_t)16 * 1024)
struct table *
table_new(size_t memory, struct error *e)
{
	struct table *t = sys_calloc(1, sizeof(*t));

	if (t != NULL)
		t->slots = pages_get(LEAST_SLOTS * sizeof(*t->slots));
	if (t == NULL || t->slots == NULL) {
		free(t);
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	t->n_slots = LEAST_SLOTS;
	t->taken = LEAST_SLOTS * sizeof(*t->slots);
	t->memory = memory;
	t->piece_size = memory / 32 < LEAST_PIECE   ? LEAST_PIECE
			: memory / 32 < PAGES_LARGE ? memory / 32
						    : PAGES_LARGE;
	return t;
}

static void
free_slots(struct table *t)
{
	pages_free(t->slots, t->n_slots * sizeof(*t->slots));
}

static void
free_piece(struct table *t, struct piece *p)
{
	const size_t bytes = sizeof(*p) + p->size;

	t->taken -= bytes;
	pages_free(p, bytes);
}

/* An index that is mostly empty is made small again: clearing it would cost
 * more than letting it grow. */
static void
clear_slots(struct table *t)
{
	const size_t least = LEAST_SLOTS * sizeof(*t->slots);
	struct slot *slots =
	    t->n_slots / 16 > t->ids && t->n_slots > LEAST_SLOTS
		? pages_get(least)
		: NULL;

	if (slots == NULL) {
		memset(t->slots, 0, t->n_slots * sizeof(*t->slots));
		return;
	}
	t->taken -= t->n_slots * sizeof(*t->slots) - least;
	free_slots(t);
	t->slots = slots;
	t->n_slots = LEAST_SLOTS;
}

void
table_clear(struct table *t)
{
	clear_slots(t);
	/* The system would have to clear the pages again. */
	if (t->last != NULL) {
		t->last->next = t->unused;
		t->unused = t->first;
	}
	t->first = t->last = NULL;
	t->ids = 0;
	t->rows = 0;
}

void
table_free(struct table *t)
{
	struct piece *p;

	if (t == NULL)
		return;
	table_clear(t);
	while ((p = t->unused) != NULL) {
		t->unused = p->next;
		free_piece(t, p);
	}
	free_slots(t);
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
	t->slots = pages_get(bytes * 2);
	if (t->slots == NULL) {
		t->slots = old;
		return error_set(e, EXIT_LOCAL, "out of memory");
	}
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
	pages_free(old, bytes);
	return 1;
}

/* So many bytes does a row take. */
static size_t
row_size(size_t n)
{
	return (offsetof(struct table_row, text) + n + 15) / 16 * 16;
}

/* Another piece, with room for so many bytes: 1; 0 past the bound; -1. */
static int
make_piece(struct table *t, size_t size, struct piece **piece, struct error *e)
{
	size_t bytes = sizeof(struct piece) + size;
	struct piece *p;

	if (bytes < t->piece_size)
		bytes = t->piece_size;
	while ((p = t->unused) != NULL) {
		t->unused = p->next;
		if (p->size >= size)
			break;
		free_piece(t, p);
	}
	if (p == NULL) {
		if (bytes > t->memory || t->taken > t->memory - bytes)
			return 0;
		p = pages_get(bytes);
		if (p == NULL)
			return error_set(e, EXIT_LOCAL, "out of memory");
		p->size = bytes - sizeof(*p);
		t->taken += bytes;
	}
	p->next = NULL;
	p->used = 0;
	p->rows = 0;
	*piece = p;
	return 1;
}

/* Room for a row of n bytes of text: 1; 0 past the bound; -1. */
static int
make_room(struct table *t, size_t n, struct table_row **row, struct error *e)
{
	const size_t size = row_size(n);
	struct piece *p = t->last;

	if (p == NULL || p->size - p->used < size) {
		int got = make_piece(t, size, &p, e);

		if (got <= 0)
			return got;
		if (t->last == NULL)
			t->first = p;
		else
			t->last->next = p;
		t->last = p;
	}
	*row = (struct table_row *)(void *)(p->data + p->used);
	(*row)->piece = p;
	p->used += size;
	p->rows++;
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
	row->removed = false;
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
table_find(const struct table *t, const struct hash *id)
{
	return find_slot(t, id)->last;
}

/* Frees a slot; those behind it that are not at their own places move up. */
static void
free_slot(struct table *t, size_t hole)
{
	const size_t mask = t->n_slots - 1;
	size_t i = hole;

	for (;;) {
		size_t home;

		i = (i + 1) & mask;
		if (t->slots[i].last == NULL)
			break;
		home = (size_t)t->slots[i].high & mask;
		/* It is reached from its home over the hole. */
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole].last = NULL;
	t->ids--;
}

void
table_remove(struct table *t, struct table_row *row)
{
	struct piece *p = row->piece, *before = t->first;

	free_slot(t, (size_t)(find_slot(t, &row->id) - t->slots));
	row->removed = true;
	t->rows--;
	if (--p->rows > 0)
		return;
	p->used = 0;
	if (p == t->last)
		return;
	while (before != p && before->next != p)
		before = before->next;
	if (before == p)
		t->first = p->next;
	else
		before->next = p->next;
	free_piece(t, p);
}

/* The next row, there or removed. */
static struct table_row *
next_row(const struct table *t, struct table_walk *walk)
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

struct table_row *
table_next(const struct table *t, struct table_walk *walk)
{
	struct table_row *row;

	do
		row = next_row(t, walk);
	while (row != NULL && row->removed);
	return row;
}

uint64_t
table_rows(const struct table *t)
{
	return t->rows;
}
