#include "keyed/order.h"

#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/sys.h"

/* So many runs are merged at once: each has a block in memory. */
enum { RUNS = 64 };

/* What lies in `texts`. */
struct item {
	uint64_t place;
	size_t at; /* of its text */
	uint32_t n;
};

/* In front of a text in a run. */
struct front {
	uint64_t place, n;
};

struct run {
	struct stream stream;
	struct front item; /* the next one's */
};

struct order {
	struct spool *spool;
	size_t memory;
	struct item *items; /* owned: in memory … */
	size_t n, room, next;
	struct buffer texts;
	bool sorted, taking;

	struct run *runs[RUNS]; /* owned: on disk; while they are merged, a
				   heap by the places at their fronts */
	size_t n_runs;
	struct buffer text; /* of the item taken last */
};

struct order *
order_new(size_t memory, struct spool *s, struct error *e)
{
	struct order *o = sys_calloc(1, sizeof(*o));

	if (o == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	o->spool = s;
	o->memory = memory;
	o->sorted = true;
	/* Half of it: a buffer that grows is there twice for a moment. */
	buffer_init(&o->texts, SIZE_MAX / 2);
	buffer_init(&o->text, UINT32_MAX);
	return o;
}

static void
free_run(struct order *o, struct run *r)
{
	stream_drop(o->spool, &r->stream);
	free(r);
}

void
order_free(struct order *o)
{
	if (o == NULL)
		return;
	while (o->n_runs > 0)
		free_run(o, o->runs[--o->n_runs]);
	free(o->items);
	buffer_free(&o->texts);
	buffer_free(&o->text);
	free(o);
}

static int
no_memory(struct error *e)
{
	return error_set(e, EXIT_LOCAL, "out of memory");
}

/* ----------------------------------------------------------- in memory */

static const char *
text_of(const struct order *o, const struct item *item)
{
	return item->n == 0 ? "" : o->texts.data + item->at;
}

static int
compare(const void *left, const void *right)
{
	const struct item *a = left, *b = right;

	return (a->place > b->place) - (a->place < b->place);
}

static void
sort(struct order *o)
{
	if (!o->sorted && o->n > 0)
		qsort(o->items, o->n, sizeof(*o->items), compare);
	o->sorted = true;
}

/* ------------------------------------------------------------- on disk */

static int
write_item(struct order *o, struct run *r, uint64_t place, const char *text,
    uint32_t n, struct error *e)
{
	const struct front head = {place, n};

	if (stream_write(o->spool, &r->stream, &head, sizeof(head), e) != 0)
		return -1;
	return stream_write(o->spool, &r->stream, text, n, e);
}

/* The run's next item comes to its front: 1, 0 at its end, -1. */
static int
advance(struct order *o, struct run *r, struct error *e)
{
	return stream_read(o->spool, &r->stream, &r->item, sizeof(r->item), e);
}

/* The text of the item at the front of a run comes to o->text. */
static int
read_text(struct order *o, struct run *r, struct error *e)
{
	o->text.len = 0;
	if (buffer_reserve(&o->text, r->item.n) != 0)
		return no_memory(e);
	o->text.len = r->item.n;
	if (r->item.n == 0)
		return 0;
	return stream_read(o->spool, &r->stream, o->text.data, r->item.n, e) < 0
		   ? -1
		   : 0;
}

/* Puts the run at place i of the heap where it belongs. */
static void
sift(struct order *o, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;
		struct run *r = o->runs[i];

		if (child >= o->n_runs)
			break;
		if (child + 1 < o->n_runs &&
		    o->runs[child + 1]->item.place < o->runs[child]->item.place)
			child++;
		if (r->item.place < o->runs[child]->item.place)
			break;
		o->runs[i] = o->runs[child];
		o->runs[child] = r;
		i = child;
	}
}

static int
begin_merge(struct order *o, struct error *e)
{
	size_t i;

	for (i = 0; i < o->n_runs; i++)
		if (advance(o, o->runs[i], e) < 0)
			return -1;
	for (i = o->n_runs; i-- > 0;)
		sift(o, i);
	return 0;
}

/* The first of all items, its text in o->text: 1, 0 at the end, -1. */
static int
merge_next(struct order *o, uint64_t *place, struct error *e)
{
	struct run *r = o->runs[0];
	int got;

	if (o->n_runs == 0)
		return 0;
	*place = r->item.place;
	if (read_text(o, r, e) != 0)
		return -1;
	got = advance(o, r, e);
	if (got < 0)
		return -1;
	if (got == 0) {
		free_run(o, r);
		o->runs[0] = o->runs[--o->n_runs];
	}
	sift(o, 0);
	return 1;
}

/* All runs become one. */
static int
merge_runs(struct order *o, struct error *e)
{
	struct run *all = sys_calloc(1, sizeof(*all));
	uint64_t place;
	int got = -1;

	if (all == NULL)
		return no_memory(e);
	if (begin_merge(o, e) == 0)
		while ((got = merge_next(o, &place, e)) > 0)
			if (write_item(o, all, place, o->text.data,
				(uint32_t)o->text.len, e) != 0)
				break;
	if (got != 0 || stream_rewind(o->spool, &all->stream, e) != 0) {
		free_run(o, all);
		return -1;
	}
	o->runs[o->n_runs++] = all;
	return 0;
}

/* What is in memory becomes a run. */
static int
write_run(struct order *o, struct error *e)
{
	struct run *r;
	size_t i;

	if (o->n_runs == RUNS && merge_runs(o, e) != 0)
		return -1;
	r = sys_calloc(1, sizeof(*r));
	if (r == NULL)
		return no_memory(e);
	o->runs[o->n_runs++] = r;
	sort(o);
	for (i = 0; i < o->n; i++) {
		const struct item *item = &o->items[i];

		if (write_item(
			o, r, item->place, text_of(o, item), item->n, e) != 0)
			return -1;
	}
	o->n = o->texts.len = 0;
	return stream_rewind(o->spool, &r->stream, e);
}

/* ---------------------------------------------------------------- both */

/* Room for one more item, and for the text that is in memory. */
static int
make_room(struct order *o, size_t n, struct error *e)
{
	struct item *items;
	size_t room;

	if (o->n > 0 &&
	    (o->n + 1) * sizeof(*items) + o->texts.len + n > o->memory / 2 &&
	    write_run(o, e) != 0)
		return -1;
	if (o->n == o->room) {
		room = o->room == 0 ? 256 : o->room * 2;
		items = sys_realloc(o->items, room * sizeof(*items));
		if (items == NULL)
			return no_memory(e);
		o->items = items;
		o->room = room;
	}
	return buffer_reserve(&o->texts, n) == 0 ? 0 : no_memory(e);
}

int
order_add(struct order *o, uint64_t place, const char *text, size_t n,
    struct error *e)
{
	struct item *item;

	if (make_room(o, n, e) != 0)
		return -1;
	item = &o->items[o->n];
	item->place = place;
	item->at = o->texts.len;
	item->n = (uint32_t)n;
	if (o->n > 0 && place < item[-1].place)
		o->sorted = false;
	o->n++;
	return buffer_add(&o->texts, text, n) == 0 ? 0 : no_memory(e);
}

int
order_more(struct order *o, const char *text, size_t n, struct error *e)
{
	if (buffer_add(&o->texts, text, n) != 0)
		return no_memory(e);
	o->items[o->n - 1].n += (uint32_t)n;
	return 0;
}

int
order_next(struct order *o, struct order_item *item, struct error *e)
{
	int got;

	if (!o->taking) {
		o->taking = true;
		if (o->n_runs > 0 && ((o->n > 0 && write_run(o, e) != 0) ||
					 begin_merge(o, e) != 0))
			return -1;
		sort(o);
	}
	if (o->next < o->n) {
		item->place = o->items[o->next].place;
		item->text = text_of(o, &o->items[o->next]);
		item->n = o->items[o->next].n;
		o->next++;
		return 1;
	}
	got = merge_next(o, &item->place, e);
	item->text = o->text.data;
	item->n = o->text.len;
	return got;
}
