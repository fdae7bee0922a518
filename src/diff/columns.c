#include "diff/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "base/sys.h"
#include "csv/write.h"

static int
no_memory(struct error *e)
{
	return error_set(e, EXIT_LOCAL, "out of memory");
}

/* Where the columns that are sent are in the base, and which ones are left. */
static int
compare_headers(
    struct diff_columns *c, const struct header *base, struct error *e)
{
	bool *found = sys_calloc(base->columns, sizeof(*found));
	size_t i;

	c->extra = sys_calloc(base->columns, sizeof(*c->extra));
	if (found == NULL || c->extra == NULL) {
		free(found);
		return no_memory(e);
	}
	c->base[0] = base->id;
	found[base->id] = true;
	for (i = 1; i < c->sent.n; i++) {
		size_t at = header_find(
		    base, c->sent.column[i].name, c->sent.column[i].bytes);

		if (at < base->columns) {
			c->base[i] = at;
			found[at] = true;
		}
	}
	for (i = 0; i < base->columns; i++)
		if (!found[i] && !base->column[i].reserved)
			c->extra[c->n_extra++] = i;
	free(found);
	return 0;
}

/* Whether the base's columns are those of the next one, at their places. */
static bool
has_same_order(const struct diff_columns *c, const struct header *base)
{
	size_t i;

	if (base->columns != c->sent.n + c->n_extra)
		return false;
	for (i = 0; i < c->sent.n; i++)
		if (c->base[i] != i)
			return false;
	for (i = 0; i < c->n_extra; i++)
		if (c->extra[i] != c->sent.n + i)
			return false;
	return true;
}

static int
put_headers(struct diff_columns *c, const struct header *base, struct error *e)
{
	const size_t all = c->sent.n + c->n_extra;
	struct csv_cell *cell = sys_calloc(all, sizeof(*cell));
	size_t i;
	int failed;

	if (cell == NULL)
		return no_memory(e);
	for (i = 0; i < c->sent.n; i++) {
		cell[i].text = c->sent.column[i].name;
		cell[i].len = c->sent.column[i].bytes;
	}
	for (i = 0; i < c->n_extra; i++) {
		cell[c->sent.n + i].text = base->column[c->extra[i]].name;
		cell[c->sent.n + i].len = base->column[c->extra[i]].len;
	}
	failed = csv_put_row(&c->delta, cell, c->sent.n, "", 0) != 0 ||
		 csv_put_row(&c->next, cell, all, "", 0) != 0;
	free(cell);
	return failed ? no_memory(e) : 0;
}

int
diff_columns_open(struct diff_columns *c, const struct columns_options *o,
    const struct header *export, const struct header *base, struct error *e)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	buffer_init(&c->delta, SIZE_MAX / 2);
	buffer_init(&c->next, SIZE_MAX / 2);
	c->ending = export->ending;
	if (base != NULL && base->kind != export->kind)
		return error_set(e, EXIT_INPUT,
		    "the identifiers of the base are of the kind %s, and those "
		    "of the export %s",
		    id_kind_name(base->kind), id_kind_name(export->kind));
	if (columns_select(&c->sent, o, export, e) != 0)
		return -1;
	c->base = sys_malloc(c->sent.n * sizeof(*c->base));
	if (c->base == NULL)
		return no_memory(e);
	for (i = 0; i < c->sent.n; i++)
		c->base[i] = DIFF_NOWHERE;
	if (base != NULL) {
		if (compare_headers(c, base, e) != 0)
			return -1;
		c->same_order = has_same_order(c, base);
	}
	c->straight = c->same_order && c->n_extra == 0 && c->sent.straight &&
		      c->sent.n == export->columns;
	return put_headers(c, base, e);
}

void
diff_columns_close(struct diff_columns *c)
{
	columns_free(&c->sent);
	free(c->base);
	free(c->extra);
	buffer_free(&c->delta);
	buffer_free(&c->next);
	c->base = c->extra = NULL;
}

char *
diff_columns_list_extra(const struct diff_columns *c, const struct header *base,
    char *to, size_t size)
{
	size_t i, used = 0;
	char name[80];

	to[0] = '\0';
	for (i = 0; i < c->n_extra && used + sizeof(name) + 24 < size; i++) {
		const struct column *column = &base->column[c->extra[i]];

		used += (size_t)snprintf(to + used, size - used, "%s'%s'",
		    i > 0 ? ", " : "",
		    escape_text(name, sizeof(name), column->name, column->len));
	}
	if (i < c->n_extra)
		snprintf(
		    to + used, size - used, " and %zu more", c->n_extra - i);
	return to;
}
