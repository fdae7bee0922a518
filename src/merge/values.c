#include "merge/values.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"
#include "csv/write.h"

static int
put_header(struct merge_values *v)
{
	const struct merge_columns *c = v->columns;
	struct buffer *b = &v->header;
	size_t i;

	if (c->same)
		return buffer_add(b, c->header, c->header_len);
	for (i = 0; i < c->n; i++) {
		const struct merge_column *column = &c->column[i];

		if (buffer_reserve(b, 2 * column->len + 3) != 0)
			return -1;
		if (i > 0)
			b->data[b->len++] = ',';
		b->len = (size_t)(csv_put_field(b->data + b->len, column->name,
				      column->len) -
				  b->data);
	}
	return 0;
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
	if (v->value == NULL)
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
	v->value = NULL;
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

/* The row without its line ending; quotes: all fields are in quotes. */
static int
make(struct merge_values *v, bool quotes)
{
	struct buffer *b = &v->row;
	size_t i;

	b->len = 0;
	for (i = 0; i < v->columns->n; i++) {
		const struct buffer *value = &v->value[i].text;
		char *to;

		if (buffer_reserve(b, 2 * value->len + 3) != 0)
			return -1;
		to = b->data + b->len;
		if (i > 0)
			*to++ = ',';
		if (quotes)
			to = csv_put_quoted(to, value->data, value->len);
		else if (value->len > 0)
			to = csv_put_field(to, value->data, value->len);
		b->len = (size_t)(to - b->data);
	}
	return 0;
}

int
merge_values_make(struct merge_values *v, size_t ending)
{
	const struct buffer *h = &v->header;

	if (make(v, false) != 0)
		return -1;
	/* It must not be taken for the header by who reads it. */
	if (v->row.len == h->len && memcmp(v->row.data, h->data, h->len) == 0 &&
	    make(v, true) != 0)
		return -1;
	return buffer_add(&v->row, ending == 2 ? "\r\n" : "\n", ending);
}
