#include "merge/values.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"
#include "csv/write.h"

/* The names of the columns are cells, too. */
static int
put_header(struct merge_values *v)
{
	const struct merge_columns *c = v->columns;
	size_t i;

	if (c->same)
		return buffer_add(&v->header, c->header, c->header_len);
	for (i = 0; i < c->n; i++) {
		v->cell[i].text = c->column[i].name;
		v->cell[i].len = c->column[i].len;
	}
	return csv_put_row(&v->header, v->cell, c->n, "", 0);
}

int
merge_values_open(struct merge_values *v, const struct merge_columns *columns)
{
	size_t i;

	memset(v, 0, sizeof(*v));
	v->columns = columns;
	buffer_init(&v->header, SIZE_MAX / 2);
	buffer_init(&v->row, SIZE_MAX / 2);
	v->value = sys_calloc(columns->n, sizeof(*v->value));
	v->cell = sys_calloc(columns->n, sizeof(*v->cell));
	if (v->value == NULL || v->cell == NULL)
		return -1;
	for (i = 0; i < columns->n; i++)
		buffer_init(&v->value[i].text, SIZE_MAX / 2);
	return put_header(v);
}

void
merge_values_close(struct merge_values *v)
{
	size_t i;

	for (i = 0; v->value != NULL && i < v->columns->n; i++)
		buffer_free(&v->value[i].text);
	free(v->value);
	free(v->cell);
	v->value = NULL;
	v->cell = NULL;
	buffer_free(&v->header);
	buffer_free(&v->row);
}

void
merge_values_next(struct merge_values *v)
{
	size_t i;

	v->number++;
	for (i = 0; i < v->columns->n; i++)
		v->value[i].text.len = 0;
}

static bool
differs(const struct buffer *value, const struct csv_field *f)
{
	return value->len > 0 && (value->len != f->len ||
				     memcmp(value->data, f->text, f->len) != 0);
}

int
merge_values_take(struct merge_values *v, const struct export *x,
    const struct csv_fields *fields, size_t source, bool over)
{
	const struct merge_source *s = &v->columns->source[source];
	size_t i;

	for (i = 0; i < fields->n && i < s->columns; i++) {
		const struct csv_field *f = &fields->field[i];
		struct merge_value *to;

		if (s->place[i] == MERGE_UNSENT || export_empty(x, f))
			continue;
		to = &v->value[s->place[i]];
		if (differs(&to->text, f) && to->conflict_in != v->number) {
			to->conflict_in = v->number;
			to->conflicts++;
		}
		if (to->text.len > 0 && !over)
			continue;
		to->text.len = 0;
		if (buffer_add(&to->text, f->text, f->len) != 0)
			return -1;
	}
	return 0;
}

int
merge_values_make(struct merge_values *v, size_t ending)
{
	size_t i;

	for (i = 0; i < v->columns->n; i++) {
		v->cell[i].text = v->value[i].text.data;
		v->cell[i].len = v->value[i].text.len;
	}
	v->row.len = 0;
	if (csv_put_row(&v->row, v->cell, v->columns->n, v->header.data,
		v->header.len) != 0)
		return -1;
	return buffer_add(&v->row, ending == 2 ? "\r\n" : "\n", ending);
}
