#include "merge/columns.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"

void
merge_columns_free(struct merge_columns *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->column[i].name);
	for (i = 0; i < c->sources; i++)
		free(c->source[i].place);
	free(c->column);
	free(c->source);
	free(c->header);
	memset(c, 0, sizeof(*c));
}

/* The place of a column, first looked for where it is likely; or c->n. */
static size_t
find(const struct merge_columns *c, const char *name, size_t len, size_t likely)
{
	size_t i = likely < c->n ? likely : 0, tries;

	for (tries = 0; tries < c->n; tries++) {
		if (c->column[i].len == len &&
		    memcmp(c->column[i].name, name, len) == 0)
			return i;
		i = tries == 0 ? 0 : i + 1;
		if (i == likely)
			i++;
		if (i >= c->n)
			break;
	}
	return c->n;
}

static int
add_column(struct merge_columns *c, const char *name, size_t len)
{
	struct merge_column *column;

	if (c->n == c->room) {
		size_t room = c->room == 0 ? 64 : c->room * 2;

		column = sys_realloc(c->column, room * sizeof(*column));
		if (column == NULL)
			return -1;
		c->column = column;
		c->room = room;
	}
	column = &c->column[c->n];
	column->name = sys_malloc(len + 1);
	if (column->name == NULL)
		return -1;
	memcpy(column->name, name, len);
	column->name[len] = '\0';
	column->len = len;
	c->n++;
	return 0;
}

/* Where the columns of a header are among all; those that are new are added. */
static int
take_columns(
    struct merge_columns *c, struct merge_source *s, const struct header *h)
{
	size_t i;

	s->in_order = true;
	for (i = 0; i < h->columns; i++) {
		const char *name = h->column[i].name;
		size_t len = h->column[i].len;

		if (i == h->id) {
			name = id_kind_name(h->kind);
			len = strlen(name);
		}
		s->place[i] = h->column[i].reserved ? MERGE_UNSENT
						    : find(c, name, len, i);
		if (s->place[i] == c->n && add_column(c, name, len) != 0)
			return -1;
		if (i == h->id)
			c->id = s->place[i];
		s->in_order = s->in_order && s->place[i] == i;
	}
	return 0;
}

/* What the first header decides for all. */
static int
take_first(struct merge_columns *c, const struct header *h)
{
	c->header_len = h->written_len - h->ending;
	c->header = sys_malloc(c->header_len);
	if (c->header == NULL)
		return -1;
	memcpy(c->header, h->written, c->header_len);
	c->ending = h->ending;
	c->kind = h->kind;
	c->same = true;
	return 0;
}

int
merge_columns_add(struct merge_columns *c, const struct header *h,
    const char *file, struct error *e)
{
	struct merge_source *all, *s;

	if (c->sources > 0 && h->kind != c->kind)
		return error_set(e, EXIT_INPUT,
		    "%s: its identifiers are of the kind %s, and those of the "
		    "files before it %s: they cannot be merged",
		    file, id_kind_name(h->kind), id_kind_name(c->kind));
	all = sys_realloc(c->source, (c->sources + 1) * sizeof(*all));
	if (all == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	c->source = all;
	s = &all[c->sources];
	s->columns = h->columns;
	s->id = h->id;
	s->place = sys_calloc(h->columns, sizeof(*s->place));
	if (s->place == NULL || (c->sources == 0 && take_first(c, h) != 0) ||
	    take_columns(c, s, h) != 0) {
		free(s->place);
		return error_set(e, EXIT_LOCAL, "out of memory");
	}
	c->same = c->same && s->in_order &&
		  h->written_len - h->ending == c->header_len &&
		  memcmp(h->written, c->header, c->header_len) == 0;
	c->sources++;
	return 0;
}

bool
merge_columns_whole(const struct merge_columns *c, size_t source)
{
	const struct merge_source *s = &c->source[source];

	return s->in_order && s->columns == c->n;
}
