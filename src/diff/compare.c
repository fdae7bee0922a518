#include "diff/compare.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"

static int
no_memory(struct error *e)
{
	return error_set(e, EXIT_LOCAL, "out of memory");
}

int
compare_open(struct compare *c, const struct compare_options *o,
    const struct diff_columns *columns, struct export *x,
    const struct csv_dialect *d, const struct null *null, size_t nulls,
    struct error *e)
{
	const size_t all = columns->sent.n + columns->n_extra;

	memset(c, 0, sizeof(*c));
	c->options = *o;
	c->columns = columns;
	c->export = x;
	c->dialect = *d;
	plain_init(&c->plain, export_header(x), d, null, nulls);
	buffer_init(&c->own.text, SIZE_MAX / 2);
	buffer_init(&c->base.text, SIZE_MAX / 2);
	buffer_init(&c->delta_row, SIZE_MAX / 2);
	buffer_init(&c->next_row, SIZE_MAX / 2);
	c->cell = sys_calloc(all, sizeof(*c->cell));
	c->values = sys_calloc(columns->sent.n, sizeof(*c->values));
	return c->cell == NULL || c->values == NULL ? no_memory(e) : 0;
}

void
compare_close(struct compare *c)
{
	csv_fields_free(&c->own.fields);
	csv_fields_free(&c->base.fields);
	buffer_free(&c->own.text);
	buffer_free(&c->base.text);
	buffer_free(&c->delta_row);
	buffer_free(&c->next_row);
	plain_free(&c->plain);
	free(c->cell);
	free(c->values);
	c->cell = NULL;
	c->values = NULL;
}

/* ------------------------------------------------------------- reading */

static int
read_row(struct compare_side *s, const struct csv_dialect *d,
    const struct row *row, struct error *e)
{
	if (!s->read && csv_fields_read(&s->fields, d, row->raw,
			    row->len - row->ending, &s->text) != 0)
		return no_memory(e);
	s->read = true;
	return 0;
}

static int
read_own(struct compare *c, struct error *e)
{
	return read_row(&c->own, &c->dialect, &c->rows->export, e);
}

static int
read_base(struct compare *c, struct error *e)
{
	static const struct csv_dialect plain = CSV_DIALECT_INIT;

	if (!c->rows->has_base) {
		c->base.fields.n = 0;
		c->base.read = true;
		return 0;
	}
	return read_row(&c->base, &plain, &c->rows->base, e);
}

/* A cell of the base, or nothing. */
static struct csv_cell
base_cell(const struct compare *c, size_t column)
{
	const struct csv_fields *f = &c->base.fields;
	struct csv_cell cell = {"", 0};

	if (column < f->n) {
		cell.text = f->field[column].text;
		cell.len = f->field[column].len;
	}
	return cell;
}

static bool
is(const struct csv_cell *cell, const char *text, size_t n)
{
	return cell->len == n && memcmp(cell->text, text, n) == 0;
}

/* The cell of the export that is sent in a column; "" if it is empty. */
static struct csv_cell
own_cell(const struct compare *c, size_t column)
{
	const size_t from = c->columns->sent.column[column].from;
	const struct csv_fields *f = &c->own.fields;
	struct csv_cell cell = {"", 0};

	if (from < f->n &&
	    (column == 0 || !export_empty(c->export, &f->field[from]))) {
		cell.text = f->field[from].text;
		cell.len = f->field[from].len;
	}
	return cell;
}

/* ----------------------------------------------------------- comparing */

/* One column: what is sent in it, and whether that is a change. */
static void
compare_column(struct compare *c, size_t i, struct compared *found)
{
	const struct compare_options *o = &c->options;
	const struct csv_cell base = base_cell(c, c->columns->base[i]);
	struct csv_cell *cell = &c->cell[i];
	bool cleared = false;

	*cell = own_cell(c, i);
	if (cell->len == 0 && o->empty_as != NULL) {
		cell->text = o->empty_as;
		cell->len = strlen(o->empty_as);
		c->filled = true;
	} else if (cell->len == 0 && o->cleared_as != NULL &&
		   (!c->rows->has_base || base.len > 0)) {
		cell->text = o->cleared_as;
		cell->len = strlen(o->cleared_as);
		c->filled = true;
		cleared = c->rows->has_base;
	}
	if (cell->len == 0)
		return;
	found->sets = true;
	if (c->rows->has_base && !is(&base, cell->text, cell->len)) {
		found->changed = true;
		found->cleared = found->cleared || cleared;
		c->values[i]++;
	}
}

/* Whether both rows have the same bytes, and so the same values. */
static bool
is_same(const struct compare *c, const struct meeting *m)
{
	const size_t n = m->base.len - m->base.ending;

	return m->has_base && c->columns->straight && c->plain.always &&
	       c->options.empty_as == NULL &&
	       m->export.len - m->export.ending == n &&
	       memcmp(m->export.raw, m->base.raw, n) == 0;
}

/* The cells of the row of the export. */
static int
gather(struct compare *c, struct compared *found, struct error *e)
{
	size_t i;

	if (read_own(c, e) != 0 || read_base(c, e) != 0)
		return -1;
	c->filled = false;
	c->cell[0] = own_cell(c, 0);
	for (i = 1; i < c->columns->sent.n; i++)
		compare_column(c, i, found);
	return 0;
}

int
compare_rows(struct compare *c, const struct meeting *m, struct compared *found,
    struct error *e)
{
	c->rows = m;
	c->own.read = c->base.read = false;
	memset(found, 0, sizeof(*found));
	return is_same(c, m) ? 0 : gather(c, found, e);
}

int
compare_look(struct compare *c, struct compared *found, struct error *e)
{
	return c->own.read && c->base.read ? 0 : gather(c, found, e);
}

int
compare_id(struct compare *c, const char **id, size_t *n, struct error *e)
{
	struct csv_cell cell;

	*id = c->rows->export.id;
	*n = c->rows->export.id_len;
	if (*id != NULL)
		return 0;
	if (read_own(c, e) != 0)
		return -1;
	cell = own_cell(c, 0);
	*id = cell.text;
	*n = cell.len;
	return 0;
}

/* ------------------------------------------------------------- writing */

static int
put_row(struct compare *c, struct buffer *b, size_t n,
    const struct buffer *header, size_t ending, struct csv_cell *to,
    struct error *e)
{
	b->len = 0;
	if (csv_put_row(b, c->cell, n, header->data, header->len) != 0 ||
	    buffer_add(b, ending == 2 ? "\r\n" : "\n", ending) != 0)
		return no_memory(e);
	to->text = b->data;
	to->len = b->len;
	return 0;
}

static void
point(const struct row *row, struct csv_cell *to)
{
	to->text = row->raw;
	to->len = row->len;
}

/* Whether the row of the export can be sent as it lies. */
static bool
is_as_sent(const struct compare *c)
{
	const struct columns *sent = &c->columns->sent;
	const struct header *h = export_header(c->export);
	const struct row *row = &c->rows->export;
	const size_t n = row->len - row->ending;

	return !c->filled && sent->straight && sent->n == h->columns &&
	       c->own.fields.n <= sent->n &&
	       (c->plain.always || plain_is(&c->plain, row->raw,
				       c->own.fields.field, c->own.fields.n)) &&
	       !csv_row_is_header(
		   row->raw, n, c->columns->delta.data, c->columns->delta.len);
}

int
compare_write(struct compare *c, struct result *r, struct error *e)
{
	const struct diff_columns *columns = c->columns;
	const size_t all = columns->sent.n + columns->n_extra;
	const struct row *row = &c->rows->export;
	struct compared again = {false, false, false};
	size_t i;

	if (compare_look(c, &again, e) != 0)
		return -1;
	if (is_as_sent(c))
		point(row, &r->delta);
	else if (put_row(c, &c->delta_row, columns->sent.n, &columns->delta,
		     row->ending, &r->delta, e) != 0)
		return -1;
	r->next = r->delta;
	if (columns->n_extra == 0)
		return 0;
	for (i = columns->sent.n; i < all; i++) {
		c->cell[i].text = "";
		c->cell[i].len = 0;
	}
	return put_row(
	    c, &c->next_row, all, &columns->next, row->ending, &r->next, e);
}

int
compare_keep(struct compare *c, struct result *r, struct error *e)
{
	const struct diff_columns *columns = c->columns;
	const size_t all = columns->sent.n + columns->n_extra;
	const struct row *row = &c->rows->base;
	size_t i;

	if (columns->same_order) {
		point(row, &r->next);
		return 0;
	}
	if (read_base(c, e) != 0)
		return -1;
	for (i = 0; i < columns->sent.n; i++)
		c->cell[i] = base_cell(c, columns->base[i]);
	for (i = columns->sent.n; i < all; i++)
		c->cell[i] = base_cell(c, columns->extra[i - columns->sent.n]);
	return put_row(
	    c, &c->next_row, all, &columns->next, row->ending, &r->next, e);
}
