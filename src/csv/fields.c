#include "csv/fields.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"
#include "csv/scan.h"

int
csv_fields_add(struct csv_fields *f, const struct csv_field *field)
{
	if (f->n == f->size && f->size < CSV_MAX_FIELDS) {
		size_t size = f->size == 0 ? 64 : f->size * 2;
		struct csv_field *p = sys_realloc(f->field, size * sizeof(*p));

		if (p == NULL)
			return -1;
		f->field = p;
		f->size = size;
	}
	if (f->n < CSV_MAX_FIELDS)
		f->field[f->n] = *field;
	f->n++;
	return 0;
}

void
csv_fields_free(struct csv_fields *f)
{
	free(f->field);
	memset(f, 0, sizeof(*f));
}

/* A space or tab that --trim takes for layout. */
static bool
layout(const struct csv_dialect *d, char c)
{
	return (c == ' ' || c == '\t') && c != d->delimiter;
}

bool
csv_fields_blank(const struct csv_dialect *d, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && d->trim && layout(d, s[i]); i++)
		continue;
	return i == n;
}

/* Takes the text between quotes, doubled ones made single, to a buffer that
 * has room for it. */
static int
unquote(struct csv_field *f, char quote, struct buffer *text)
{
	const char *s = f->text, *stop = f->text + f->len, *q;
	size_t from = text->len;

	while ((q = memchr(s, quote, (size_t)(stop - s))) != NULL) {
		if (buffer_add(text, s, (size_t)(q - s) + 1) != 0)
			return -1;
		s = q + 2;
	}
	if (buffer_add(text, s, (size_t)(stop - s)) != 0)
		return -1;
	f->text = text->data + from;
	f->len = text->len - from;
	return 0;
}

/* The field raw[start..end).  With trim, records with quotes are libcsv's. */
static int
cut(struct csv_field *f, const struct csv_dialect *d, const char *raw,
    struct buffer *text)
{
	f->text = raw + f->start;
	f->len = f->end - f->start;
	if (f->len > 0 && f->text[0] == d->quote) {
		f->text++;
		f->len -= 2;
		if (memchr(f->text, d->quote, f->len) != NULL)
			return unquote(f, d->quote, text);
	}
	while (d->trim && f->len > 0 && layout(d, f->text[0])) {
		f->text++;
		f->len--;
	}
	while (d->trim && f->len > 0 && layout(d, f->text[f->len - 1]))
		f->len--;
	return 0;
}

int
csv_fields_cut(struct csv_fields *fields, const struct csv_dialect *d,
    const char *raw, size_t len, const uint64_t *sep, uint32_t begin, size_t n,
    struct buffer *text)
{
	uint32_t at = begin;
	size_t i;

	fields->n = 0;
	text->len = 0;
	if (buffer_reserve(text, len) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		uint32_t end = csv_index_next(sep, at);
		struct csv_field f = {NULL, 0, at - begin, end - begin};

		if (i == n - 1)
			f.end = (uint32_t)len;
		at = end + 1;
		if (i < CSV_MAX_FIELDS && cut(&f, d, raw, text) != 0)
			return -1;
		if (csv_fields_add(fields, &f) != 0)
			return -1;
	}
	return 0;
}
