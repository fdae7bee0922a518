#include "diff/walk.h"

#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/sys.h"
#include "keyed/groups.h"
#include "keyed/hash.h"
#include "keyed/table.h"

/* How many rows the base is read ahead of the export. */
enum { AHEAD = 512 };

/* For what tells identifiers that stand twice. */
#define SEEN_MEMORY ((size_t)4 << 20)

enum { EXPORT, BASE };

/* One of the two. */
struct side {
	struct rows *rows; /* NULL: there is none */
	bool have, done;   /* a row is at hand; there are no more */
	bool hashed;	   /* the row's hash is known */
	struct row row;
	struct hash hash;
	uint64_t taken; /* rows that met one, or wait */
};

/* In front of the bytes of a row that waits. */
struct waiting {
	struct walk_place place; /* of a row of the base only the number */
	uint64_t line;
};

struct walk {
	size_t memory;
	struct hash_key key;
	struct side export, base;
	struct spool *spool;
	struct table *waiting;
	struct groups *rest; /* those that found no room there; or NULL */
	struct groups *seen; /* every row of the export, and those of the base
				that met none */
	struct buffer text;
	struct table_row *met;	      /* a row that waited no longer waits */
	uint64_t waited, met_waiting; /* rows, since the last spill */
	bool scattered; /* too few of those that waited were met in memory */
	bool draining;
	struct table_walk left;
};

static int
no_memory(struct error *e)
{
	return error_set(e, EXIT_LOCAL, "out of memory");
}

struct walk *
walk_new(struct rows *export, struct rows *base, size_t memory, struct error *e)
{
	struct walk *w = sys_calloc(1, sizeof(*w));

	if (w == NULL) {
		no_memory(e);
		return NULL;
	}
	w->memory = memory;
	w->export.rows = export;
	w->base.rows = base;
	w->base.done = base == NULL;
	buffer_init(&w->text, SIZE_MAX / 2);
	w->spool = spool_new(e);
	if (w->spool != NULL &&
	    (w->waiting = table_new(memory / 2, e)) != NULL &&
	    (w->seen = groups_new(memory < SEEN_MEMORY ? memory : SEEN_MEMORY,
		 w->spool, e)) != NULL &&
	    hash_draw_key(&w->key, e) == 0)
		return w;
	walk_free(w);
	return NULL;
}

void
walk_free(struct walk *w)
{
	if (w == NULL)
		return;
	table_free(w->waiting);
	groups_free(w->rest);
	groups_free(w->seen);
	spool_free(w->spool);
	buffer_free(&w->text);
	free(w);
}

/* Two rows, by their numbers, have one identifier. */
static int
refuse_twice(int side, uint64_t one, uint64_t other, struct error *e)
{
	return error_set(e, EXIT_INPUT,
	    "an identifier stands twice in the %s, in records %llu and %llu: "
	    "make one row of them with tp-merge",
	    side == EXPORT ? "export" : "base",
	    (unsigned long long)(one < other ? one : other),
	    (unsigned long long)(one < other ? other : one));
}

/* ------------------------------------------------------------- waiting */

/* The bytes of a row that is to wait come to w->text. */
static int
pack(struct walk *w, const struct row *row, const struct walk_place *place,
    struct error *e)
{
	struct waiting head = {*place, row->line};

	head.place.number = row->number;
	w->text.len = 0;
	if (buffer_add(&w->text, &head, sizeof(head)) != 0 ||
	    buffer_add(&w->text, row->raw, row->len) != 0)
		return no_memory(e);
	return 0;
}

static void
unpack(const char *text, size_t n, struct row *row, struct walk_place *place)
{
	struct waiting head;

	memcpy(&head, text, sizeof(head));
	*place = head.place;
	memset(row, 0, sizeof(*row));
	row->raw = text + sizeof(head);
	row->len = n - sizeof(head);
	row->ending = row->len >= 2 && row->raw[row->len - 2] == '\r' ? 2 : 1;
	row->line = head.line;
	row->number = head.place.number;
}

/* All rows that wait in memory do so on disk. */
static int
spill(struct walk *w, struct error *e)
{
	struct table_walk walk = {NULL, 0};
	struct table_row *row;

	if (w->rest == NULL) {
		w->rest = groups_new(w->memory / 8 * 3, w->spool, e);
		if (w->rest == NULL || groups_to_disk(w->rest, e) != 0)
			return -1;
	}
	w->scattered = w->met_waiting < w->waited / 2;
	w->waited = w->met_waiting = 0;
	while ((row = table_next(w->waiting, &walk)) != NULL)
		if (groups_add(w->rest, &row->id, row->place, row->source,
			row->text, row->n, e) != 0)
			return -1;
	table_clear(w->waiting);
	return 0;
}

/* The row at hand has to wait. */
static int
wait_row(struct walk *w, struct side *s, const struct walk_place *here,
    struct error *e)
{
	const uint32_t source = s == &w->export ? EXPORT : BASE;
	int got;

	s->have = false;
	s->taken++;
	if (pack(w, &s->row, here, e) != 0)
		return -1;
	if (!w->scattered) {
		w->waited++;
		got = table_add(w->waiting, &s->hash, s->row.number, source,
		    w->text.data, w->text.len, e);
		if (got != 0)
			return got < 0 ? -1 : 0;
		if (spill(w, e) != 0)
			return -1;
	}
	return groups_add(w->rest, &s->hash, s->row.number, source,
	    w->text.data, w->text.len, e);
}

/* ------------------------------------------------------------- meeting */

/* Sees to it that a row is at hand, if there is one. */
static int
look(struct side *s, struct error *e)
{
	int got;

	if (s->have || s->done)
		return 0;
	got = rows_next(s->rows, &s->row, e);
	s->have = got > 0;
	s->done = got == 0;
	s->hashed = false;
	return got < 0 ? -1 : 0;
}

static const struct hash *
hash_row(struct walk *w, struct side *s)
{
	if (!s->hashed)
		s->hash = hash_text(&w->key, s->row.id, s->row.id_len);
	s->hashed = true;
	return &s->hash;
}

static void
take(struct side *s, bool *has, struct row *row)
{
	*has = true;
	*row = s->row;
	s->have = false;
	s->taken++;
}

/* A row that waited meets the one at hand of the other side: 1; 0: none of that
 * identifier waits; -1: one of the same side does. */
static int
meet_waiting(struct walk *w, struct side *s, struct meeting *m, struct error *e)
{
	const uint32_t own = s == &w->export ? EXPORT : BASE;
	const struct hash *hash = hash_row(w, s);
	struct table_row *row =
	    w->scattered ? NULL : table_find(w->waiting, hash);
	struct walk_place place;

	if (row == NULL)
		return 0;
	if (row->source == own)
		return refuse_twice((int)own, row->place, s->row.number, e);
	if (own == EXPORT) {
		take(s, &m->has_export, &m->export);
		m->has_base = true;
		unpack(row->text, row->n, &m->base, &place);
	} else {
		take(s, &m->has_base, &m->base);
		m->has_export = m->late = true;
		unpack(row->text, row->n, &m->export, &m->place);
	}
	w->met = row;
	w->met_waiting++;
	return 1;
}

static bool
is_next(const struct side *export, const struct side *base)
{
	const struct row *a = &export->row, *b = &base->row;

	return base->have && a->id_len == b->id_len &&
	       memcmp(a->id, b->id, a->id_len) == 0;
}

/* The row of the export at hand: 1 if it has met one, or will meet none; 0 if
 * it has to wait, or has to be tried again; -1. */
static int
meet_export(struct walk *w, const struct walk_place *here, struct meeting *m,
    struct error *e)
{
	int got;

	if (look(&w->base, e) != 0)
		return -1;
	if (is_next(&w->export, &w->base)) {
		take(&w->export, &m->has_export, &m->export);
		take(&w->base, &m->has_base, &m->base);
		return 1;
	}
	got = meet_waiting(w, &w->export, m, e);
	if (got != 0)
		return got;
	if (w->base.have && w->base.taken < w->export.taken + AHEAD) {
		got = meet_waiting(w, &w->base, m, e);
		return got != 0 ? got : wait_row(w, &w->base, here, e);
	}
	if (w->base.have || w->rest != NULL)
		return wait_row(w, &w->export, here, e);
	take(&w->export, &m->has_export, &m->export);
	return 1;
}

/* A base's row that has met none. */
static int
give_base(
    struct walk *w, const struct hash *id, struct meeting *m, struct error *e)
{
	m->has_base = true;
	return groups_add(w->seen, id, m->base.number, BASE, NULL, 0, e) == 0
		   ? 1
		   : -1;
}

/* The row of the base at hand, when those of the export are all taken. */
static int
meet_base(struct walk *w, const struct walk_place *here, struct meeting *m,
    struct error *e)
{
	int got = meet_waiting(w, &w->base, m, e);

	if (got != 0)
		return got;
	if (w->rest != NULL)
		return wait_row(w, &w->base, here, e);
	take(&w->base, &m->has_base, &m->base);
	return give_base(w, &w->base.hash, m, e);
}

/* ------------------------------------------------------------ draining */

/* The next row that waits in memory, and has met none: 1, 0, -1. */
static int
drain_memory(struct walk *w, struct meeting *m, struct error *e)
{
	struct table_row *row = table_next(w->waiting, &w->left);
	struct walk_place place;

	if (row == NULL)
		return 0;
	if (row->source == BASE) {
		unpack(row->text, row->n, &m->base, &place);
		return give_base(w, &row->id, m, e);
	}
	m->has_export = m->late = true;
	unpack(row->text, row->n, &m->export, &m->place);
	return 1;
}

/* The rows of an identifier that waited on disk: 1, 0, -1. */
static int
drain_disk(struct walk *w, struct meeting *m, struct error *e)
{
	struct group group;
	struct group_row row;
	struct walk_place place;
	int got = groups_next(w->rest, &group, e);

	if (got <= 0)
		return got;
	while ((got = groups_row(w->rest, &row, e)) > 0) {
		const char *text = row.text;

		if (row.source == EXPORT ? m->has_export : m->has_base)
			return refuse_twice((int)row.source,
			    row.source == EXPORT ? m->export.number
						 : m->base.number,
			    row.place, e);
		/* The first lives only until the second is read. */
		if (!m->has_export && !m->has_base) {
			w->text.len = 0;
			if (buffer_add(&w->text, text, row.n) != 0)
				return no_memory(e);
			text = w->text.data;
		}
		if (row.source == EXPORT) {
			m->has_export = m->late = true;
			unpack(text, row.n, &m->export, &m->place);
		} else {
			m->has_base = true;
			unpack(text, row.n, &m->base, &place);
		}
	}
	if (got == 0 && !m->has_export)
		return give_base(w, &group.id, m, e);
	return got < 0 ? -1 : 1;
}

/* At the end: whether an identifier stands twice.  A row of the base that met
 * none, but whose identifier is in the export, is one too many: another one has
 * met that. */
static int
check_twice(struct walk *w, struct error *e)
{
	struct group group;
	struct group_row row;
	int got, more;

	while ((got = groups_next(w->seen, &group, e)) > 0) {
		if (group.rows == 1)
			continue;
		while ((more = groups_row(w->seen, &row, e)) > 0)
			if (row.source == BASE)
				return error_set(e, EXIT_INPUT,
				    "an identifier stands twice in the base, "
				    "once in record %llu: make one row of them "
				    "with tp-merge",
				    (unsigned long long)row.place);
			else if (row.place != group.place)
				return refuse_twice(
				    EXPORT, group.place, row.place, e);
		if (more < 0)
			return -1;
	}
	return got;
}

/* When both sides are read. */
static int
drain(struct walk *w, struct meeting *m, struct error *e)
{
	int got;

	if (!w->draining && w->rest != NULL) {
		if (spill(w, e) != 0)
			return -1;
		table_free(w->waiting);
		w->waiting = NULL;
	}
	w->draining = true;
	got = w->rest != NULL ? drain_disk(w, m, e) : drain_memory(w, m, e);
	return got == 0 ? check_twice(w, e) : got;
}

int
walk_next(struct walk *w, const struct walk_place *here, struct meeting *m,
    struct error *e)
{
	struct side *export = &w->export, *base = &w->base;
	bool fresh;
	int got = 0;

	memset(m, 0, sizeof(*m));
	if (w->met != NULL)
		table_remove(w->waiting, w->met);
	w->met = NULL;
	while (got == 0) {
		fresh = !export->have;
		if (look(export, e) != 0 ||
		    (fresh && export->have &&
			groups_add(w->seen, hash_row(w, export),
			    export->row.number, EXPORT, NULL, 0, e) != 0))
			return -1;
		if (export->have) {
			got = meet_export(w, here, m, e);
			continue;
		}
		if (look(base, e) != 0)
			return -1;
		if (!base->have)
			return drain(w, m, e);
		got = meet_base(w, here, m, e);
	}
	return got;
}
