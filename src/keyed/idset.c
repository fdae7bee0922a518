#include "keyed/idset.h"

#include <stdlib.h>
#include "base/sys.h"
#include "keyed/pages.h"

struct idset {
	struct hash *slots; /* all zeros: it is free */
	size_t n_slots;	    /* a power of two */
	size_t ids;
};

#define LEAST_SLOTS ((size_t)1024)

/* It grows when it has so many ids: then the old slots and twice as many new
 * ones are 16 * 3 / (13 / 16) = 59.1 bytes for each. */
static size_t
most_ids(const struct idset *s)
{
	return s->n_slots / 16 * 13;
}

struct idset *
idset_new(struct error *e)
{
	struct idset *s = sys_calloc(1, sizeof(*s));

	if (s != NULL)
		s->slots = pages_get(LEAST_SLOTS * sizeof(*s->slots));
	if (s == NULL || s->slots == NULL) {
		free(s);
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	s->n_slots = LEAST_SLOTS;
	return s;
}

void
idset_free(struct idset *s)
{
	if (s == NULL)
		return;
	pages_free(s->slots, s->n_slots * sizeof(*s->slots));
	free(s);
}

/* A hash of zeros would be a free slot: it is taken for its neighbour, which is
 * no likelier than that two identifiers meet. */
static struct hash
make_visible(const struct hash *id)
{
	struct hash h = *id;

	h.low |= (h.high | h.low) == 0;
	return h;
}

/* The slot of an identifier, or the free one for it. */
static struct hash *
find_slot(const struct idset *s, const struct hash *id)
{
	size_t mask = s->n_slots - 1, i = (size_t)id->high & mask;

	while ((s->slots[i].high | s->slots[i].low) != 0 &&
	       !hash_equal(&s->slots[i], id))
		i = (i + 1) & mask;
	return &s->slots[i];
}

/* Twice as many slots. */
static int
grow(struct idset *s, struct error *e)
{
	const size_t n = s->n_slots, bytes = n * sizeof(*s->slots);
	struct hash *old = s->slots, *slots = pages_get(bytes * 2);
	size_t i;

	if (slots == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	s->slots = slots;
	s->n_slots = n * 2;
	for (i = 0; i < n; i++)
		if ((old[i].high | old[i].low) != 0)
			*find_slot(s, &old[i]) = old[i];
	pages_free(old, bytes);
	return 0;
}

int
idset_add(struct idset *s, const struct hash *id, struct error *e)
{
	const struct hash h = make_visible(id);
	struct hash *slot = find_slot(s, &h);

	if (hash_equal(slot, &h))
		return 0;
	if (s->ids == most_ids(s)) {
		if (grow(s, e) != 0)
			return -1;
		slot = find_slot(s, &h);
	}
	*slot = h;
	s->ids++;
	return 0;
}

bool
idset_has(const struct idset *s, const struct hash *id)
{
	const struct hash h = make_visible(id);

	return hash_equal(find_slot(s, &h), &h);
}

void
idset_expect(const struct idset *s, const struct hash *id)
{
	__builtin_prefetch(&s->slots[(size_t)id->high & (s->n_slots - 1)]);
}

size_t
idset_count(const struct idset *s)
{
	return s->ids;
}
