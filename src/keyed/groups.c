#include "keyed/groups.h"

#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/sys.h"
#include "keyed/table.h"

/* So many partitions at a time: each has a block in memory. */
#define BITS 6
#define PARTITIONS (1U << BITS)

/* Rows whose hashes begin alike. */
struct partition {
	struct stream stream;
	struct hash first; /* the identifier of its first row */
	uint64_t place;	   /* and where that is */
	uint64_t rows;
	unsigned bits; /* of the hashes that are alike */
	bool single;   /* all of its rows have that identifier */
};

/* A row as it is written to disk, its text behind it. */
struct stored {
	struct hash id;
	uint64_t place;
	uint32_t source, n;
};

struct groups {
	struct spool *spool;
	struct table *table; /* what is in memory */
	bool ordered, taking;

	struct partition *split; /* PARTITIONS that rows go to; or NULL */
	struct partition *wait;	 /* owned: those not yet taken */
	size_t n_wait, room;

	/* The group at hand: rows of the table, or of a partition. */
	struct table_walk walk;
	struct table_row *row; /* NULL: it has no more */
	struct partition large;
	uint64_t left; /* rows of `large` */
	struct buffer text;
};

struct groups *
groups_new(size_t memory, struct spool *s, struct error *e)
{
	struct groups *g = sys_calloc(1, sizeof(*g));

	if (g == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	g->spool = s;
	g->ordered = true;
	buffer_init(&g->text, UINT32_MAX);
	g->table = table_new(memory, e);
	if (g->table != NULL)
		return g;
	groups_free(g);
	return NULL;
}

void
groups_free(struct groups *g)
{
	size_t i;

	if (g == NULL)
		return;
	for (i = 0; g->split != NULL && i < PARTITIONS; i++)
		stream_drop(g->spool, &g->split[i].stream);
	for (i = 0; i < g->n_wait; i++)
		stream_drop(g->spool, &g->wait[i].stream);
	stream_drop(g->spool, &g->large.stream);
	free(g->split);
	free(g->wait);
	buffer_free(&g->text);
	table_free(g->table);
	free(g);
}

/* ------------------------------------------------------------- to disk */

static int
store(struct groups *g, const struct hash *id, uint64_t place, uint32_t source,
    const char *text, size_t n, struct error *e)
{
	const struct stored head = {*id, place, source, (uint32_t)n};
	struct partition *p;

	/* The bits behind those that all of them share. */
	p = &g->split[id->high << g->split->bits >> (64 - BITS)];
	if (p->rows++ == 0) {
		p->first = *id;
		p->place = place;
		p->single = true;
	} else if (p->single) {
		p->single = hash_equal(&p->first, id);
	}
	if (stream_write(g->spool, &p->stream, &head, sizeof(head), e) != 0)
		return -1;
	return stream_write(g->spool, &p->stream, text, n, e);
}

/* What is in memory goes to partitions, by the bits behind the first `bits`,
 * and so will what comes. */
static int
begin_split(struct groups *g, unsigned bits, struct error *e)
{
	struct table_walk walk = {NULL, 0};
	struct table_row *row;
	size_t i;

	/* Beyond, all bits of the half that is used were alike. */
	if (bits + BITS > 64)
		return error_set(e, EXIT_LOCAL,
		    "too many rows with hashes alike for --memory");
	g->split = sys_calloc(PARTITIONS, sizeof(*g->split));
	if (g->split == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	for (i = 0; i < PARTITIONS; i++)
		g->split[i].bits = bits;
	g->ordered = false;
	while ((row = table_next(g->table, &walk)) != NULL)
		if (store(g, &row->id, row->place, row->source, row->text,
			row->n, e) != 0)
			return -1;
	table_clear(g->table);
	return 0;
}

/* The partitions wait to be taken. */
static int
end_split(struct groups *g, struct error *e)
{
	size_t i;

	if (g->n_wait + PARTITIONS > g->room) {
		size_t room = g->n_wait + PARTITIONS * 2;
		struct partition *p = sys_realloc(g->wait, room * sizeof(*p));

		if (p == NULL)
			return error_set(e, EXIT_LOCAL, "out of memory");
		g->wait = p;
		g->room = room;
	}
	/* The last is taken first. */
	for (i = PARTITIONS; i-- > 0;) {
		struct partition *p = &g->split[i];

		if (p->rows == 0)
			continue;
		if (stream_rewind(g->spool, &p->stream, e) != 0)
			return -1;
		p->bits += BITS;
		g->wait[g->n_wait++] = *p;
		memset(p, 0, sizeof(*p));
	}
	free(g->split);
	g->split = NULL;
	return 0;
}

int
groups_to_disk(struct groups *g, struct error *e)
{
	return g->split == NULL ? begin_split(g, 0, e) : 0;
}

int
groups_add(struct groups *g, const struct hash *id, uint64_t place,
    uint32_t source, const char *text, size_t n, struct error *e)
{
	int got;

	if (g->split == NULL) {
		got = table_add(g->table, id, place, source, text, n, e);
		if (got != 0)
			return got < 0 ? -1 : 0;
		if (begin_split(g, 0, e) != 0)
			return -1;
	}
	return store(g, id, place, source, text, n, e);
}

/* ----------------------------------------------------------- from disk */

/* The next row of a partition, its text in g->text: 1, 0 at the end, -1. */
static int
load(
    struct groups *g, struct partition *p, struct stored *head, struct error *e)
{
	int got = stream_read(g->spool, &p->stream, head, sizeof(*head), e);

	if (got <= 0)
		return got;
	g->text.len = 0;
	if (buffer_reserve(&g->text, head->n) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	g->text.len = head->n;
	if (head->n > 0 &&
	    stream_read(g->spool, &p->stream, g->text.data, head->n, e) < 0)
		return -1;
	return 1;
}

/* A whole partition comes to memory, or is partitioned again. */
static int
take_partition(struct groups *g, struct partition *p, struct error *e)
{
	struct stored head;
	int got;

	table_clear(g->table);
	memset(&g->walk, 0, sizeof(g->walk));
	while ((got = load(g, p, &head, e)) > 0) {
		if (g->split == NULL) {
			got = table_add(g->table, &head.id, head.place,
			    head.source, g->text.data, head.n, e);
			if (got < 0)
				break;
			if (got > 0)
				continue;
			if (begin_split(g, p->bits, e) != 0)
				return -1;
		}
		if (store(g, &head.id, head.place, head.source, g->text.data,
			head.n, e) != 0)
			return -1;
	}
	if (got == 0 && g->split != NULL)
		got = end_split(g, e);
	return got;
}

/* A group from the rows in memory: 1, 0 if there is none. */
static int
next_in_memory(struct groups *g, struct group *group)
{
	struct table_row *row, *r;

	do
		row = table_next(g->table, &g->walk);
	while (row != NULL && !row->first);
	if (row == NULL)
		return 0;
	group->id = row->id;
	group->place = row->place;
	group->rows = 1;
	for (r = row->next; r != row; r = r->next)
		group->rows++;
	g->row = row;
	return 1;
}

int
groups_next(struct groups *g, struct group *group, struct error *e)
{
	int got;

	if (!g->taking) {
		g->taking = true;
		if (g->split != NULL && end_split(g, e) != 0)
			return -1;
	}
	g->row = NULL;
	g->left = 0;
	stream_drop(g->spool, &g->large.stream);
	while ((got = next_in_memory(g, group)) == 0 && g->n_wait > 0) {
		struct partition p = g->wait[--g->n_wait];

		if (p.single) {
			g->large = p;
			g->left = group->rows = p.rows;
			group->id = p.first;
			group->place = p.place;
			return 1;
		}
		got = take_partition(g, &p, e);
		stream_drop(g->spool, &p.stream);
		if (got < 0)
			return -1;
	}
	return got;
}

int
groups_row(struct groups *g, struct group_row *row, struct error *e)
{
	struct table_row *r = g->row;
	struct stored head;
	int got;

	if (g->left > 0) {
		g->left--;
		got = load(g, &g->large, &head, e);
		row->place = head.place;
		row->source = head.source;
		row->text = g->text.data;
		row->n = head.n;
		return got;
	}
	if (r == NULL)
		return 0;
	row->place = r->place;
	row->source = r->source;
	row->text = r->text;
	row->n = r->n;
	g->row = r->next->first ? NULL : r->next;
	return 1;
}

bool
groups_ordered(const struct groups *g)
{
	return g->ordered;
}
