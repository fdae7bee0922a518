#include "diff/held.h"

#include <stdlib.h>
#include <string.h>
#include "base/signals.h"
#include "base/sys.h"
#include "keyed/order.h"
#include "keyed/spool.h"

struct held {
	struct spool *spool;
	struct stream delta, next; /* what came in order */
	struct walk_place here;
	struct order *late, *removed;
	uint64_t delta_rows, next_rows;
};

/* In front of the two texts of a result that comes late. */
struct late {
	struct walk_place place;
	size_t delta, next; /* bytes */
};

static int
no_memory(struct error *e)
{
	return error_set(e, EXIT_LOCAL, "out of memory");
}

struct held *
held_new(size_t memory, struct error *e)
{
	struct held *h = sys_calloc(1, sizeof(*h));

	if (h == NULL) {
		no_memory(e);
		return NULL;
	}
	h->spool = spool_new(e);
	if (h->spool != NULL &&
	    (h->late = order_new(memory / 2, h->spool, e)) != NULL &&
	    (h->removed = order_new(memory / 2, h->spool, e)) != NULL)
		return h;
	held_free(h);
	return NULL;
}

void
held_free(struct held *h)
{
	if (h == NULL)
		return;
	if (h->spool != NULL) {
		stream_drop(h->spool, &h->delta);
		stream_drop(h->spool, &h->next);
	}
	order_free(h->late);
	order_free(h->removed);
	spool_free(h->spool);
	free(h);
}

const struct walk_place *
held_here(const struct held *h)
{
	return &h->here;
}

static int
add_late(struct held *h, const struct walk_place *place, const struct result *r,
    struct error *e)
{
	const struct late head = {*place, r->delta.len, r->next.len};

	if (order_add(h->late, place->number, (const char *)&head, sizeof(head),
		e) != 0 ||
	    order_more(h->late, r->delta.text, r->delta.len, e) != 0)
		return -1;
	return order_more(h->late, r->next.text, r->next.len, e);
}

int
held_add(struct held *h, const struct walk_place *place, const struct result *r,
    struct error *e)
{
	const struct csv_cell *delta = &r->delta, *next = &r->next;

	if (delta->len + next->len == 0)
		return 0;
	h->delta_rows += delta->len > 0;
	h->next_rows += next->len > 0;
	if (place != NULL)
		return add_late(h, place, r, e);
	h->here.delta += delta->len;
	h->here.next += next->len;
	if (stream_write(h->spool, &h->delta, delta->text, delta->len, e) != 0)
		return -1;
	return stream_write(h->spool, &h->next, next->text, next->len, e);
}

int
held_add_removed(
    struct held *h, uint64_t number, const char *row, size_t n, struct error *e)
{
	return order_add(h->removed, number, row, n, e);
}

uint64_t
held_delta_rows(const struct held *h)
{
	return h->delta_rows;
}

uint64_t
held_next_rows(const struct held *h)
{
	return h->next_rows;
}

/* ------------------------------------------------------------- writing */

/* n bytes of what came in order; out NULL: they are passed over. */
static int
copy(struct held *h, struct stream *from, uint64_t n, struct output *out,
    struct error *e)
{
	char piece[16 * 1024];

	while (n > 0) {
		size_t part = n < sizeof(piece) ? (size_t)n : sizeof(piece);

		if (signals_pending() != 0)
			return error_set(e, EXIT_LOCAL, "interrupted");
		if (stream_read(h->spool, from, piece, part, e) < 0 ||
		    (out != NULL && output_write(out, piece, part, e) != 0))
			return -1;
		n -= part;
	}
	return 0;
}

/* A result that came late, behind what stands before it. */
static int
write_late(struct held *h, const struct order_item *item,
    struct walk_place *done, struct output *delta, struct output *next,
    struct error *e)
{
	const char *text = item->text + sizeof(struct late);
	struct late head;

	memcpy(&head, item->text, sizeof(head));
	if (copy(h, &h->delta, head.place.delta - done->delta, delta, e) != 0 ||
	    copy(h, &h->next, head.place.next - done->next, next, e) != 0 ||
	    output_write(delta, text, head.delta, e) != 0 ||
	    (next != NULL &&
		output_write(next, text + head.delta, head.next, e) != 0))
		return -1;
	*done = head.place;
	return 0;
}

int
held_write(
    struct held *h, struct output *delta, struct output *next, struct error *e)
{
	struct walk_place done = {0, 0, 0};
	struct order_item item;
	int got;

	if (stream_rewind(h->spool, &h->delta, e) != 0 ||
	    stream_rewind(h->spool, &h->next, e) != 0)
		return -1;
	while ((got = order_next(h->late, &item, e)) > 0)
		if (write_late(h, &item, &done, delta, next, e) != 0)
			return -1;
	if (got < 0 ||
	    copy(h, &h->delta, h->here.delta - done.delta, delta, e) != 0)
		return -1;
	return copy(h, &h->next, h->here.next - done.next, next, e);
}

int
held_write_removed(struct held *h, struct output *out, struct error *e)
{
	struct order_item item;
	int got;

	while ((got = order_next(h->removed, &item, e)) > 0)
		if (output_write(out, item.text, item.n, e) != 0)
			return -1;
	return got;
}
