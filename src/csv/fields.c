#include "csv/fields.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"
#include "csv/scan.h"

/* For n fields in all. */
static int
make_room(struct csv_fields *f, size_t n)
{
	size_t size = f->size == 0 ? 64 : f->size;
	struct csv_field *p;

	if (n <= f->size)
		return 0;
	while (size < n)
		size *= 2;
	p = sys_realloc(f->field, size * sizeof(*p));
	if (p == NULL)
		return -1;
	f->field = p;
	f->size = size;
	return 0;
}

int
csv_fields_add(struct csv_fields *f, const struct csv_field *field)
{
	if (f->n < CSV_MAX_FIELDS && make_room(f, f->n + 1) != 0)
		return -1;
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

bool
csv_fields_blank(const struct csv_dialect *d, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && d->trim && csv_is_layout(d, s[i]); i++)
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

/* The text of the field raw[begin..end). */
static int
cut(struct csv_field *f, const struct csv_dialect *d, const char *raw,
    size_t begin, size_t end, struct buffer *text)
{
	f->text = raw + begin;
	f->len = end - begin;
	if (f->len > 0 && f->text[0] == d->quote) {
		f->text++;
		f->len -= 2;
		return memchr(f->text, d->quote, f->len) != NULL
			   ? unquote(f, d->quote, text)
			   : 0;
	}
	if (d->trim)
		csv_field_trim(d, f);
	return 0;
}

int
csv_fields_cut(struct csv_fields *fields, const struct csv_dialect *d,
    const char *raw, size_t len, const uint64_t *sep, uint32_t begin, size_t n,
    struct buffer *text)
{
	size_t i, word = begin / 64;
	uint64_t bits = sep[word] & ~UINT64_C(0) << begin % 64;
	uint32_t at = 0;

	text->len = 0;
	if (buffer_reserve(text, len + CSV_FIELDS_PAD) != 0 ||
	    make_room(fields, n < CSV_MAX_FIELDS ? n : CSV_MAX_FIELDS) != 0)
		return -1;
	for (i = 0; i < n && i < CSV_MAX_FIELDS; i++) {
		struct csv_field *f = &fields->field[i];

		while (bits == 0)
			bits = sep[++word];
		f->start = at;
		f->end = (uint32_t)(word * 64 - begin) +
			 (uint32_t)__builtin_ctzll(bits);
		bits &= bits - 1;
		at = f->end + 1;
		/* A CR may stand before the LF. */
		if (i == n - 1)
			f->end = (uint32_t)len;
		/* With trim, records with quotes are libcsv's. */
		if (cut(f, d, raw, f->start, f->end, text) != 0)
			return -1;
	}
	fields->n = n;
	return 0;
}

/* Where the field that begins at `at` ends: at a delimiter or at the end. */
static size_t
find_end(const struct csv_dialect *d, const char *raw, size_t len, size_t at)
{
	const char *next;

	while (d->trim && at < len && csv_is_layout(d, raw[at]))
		at++;
	/* To the quote that no other follows. */
	while (at < len && raw[at] == d->quote) {
		next = memchr(raw + at + 1, d->quote, len - at - 1);
		if (next == NULL)
			return len;
		at = (size_t)(next - raw) + 1;
	}
	next = memchr(raw + at, d->delimiter, len - at);
	return next == NULL ? len : (size_t)(next - raw);
}

int
csv_fields_read(struct csv_fields *fields, const struct csv_dialect *d,
    const char *raw, size_t len, struct buffer *text)
{
	struct csv_field f = {NULL, 0, 0, 0};
	size_t at = 0, begin, end;

	fields->n = text->len = 0;
	if (buffer_reserve(text, 2 * len + CSV_FIELDS_PAD) != 0)
		return -1;
	/* So much can be read behind a copy only; doubled quotes come next. */
	if (buffer_add(text, raw, len) != 0)
		return -1;
	raw = text->data;
	do {
		begin = at;
		end = find_end(d, raw, len, at);
		at = end + 1;
		f.start = (uint32_t)begin;
		f.end = (uint32_t)end;
		/* What stands around quotes is no part of the text. */
		while (d->trim && begin < end && csv_is_layout(d, raw[begin]))
			begin++;
		while (d->trim && begin < end && csv_is_layout(d, raw[end - 1]))
			end--;
		if (cut(&f, d, raw, begin, end, text) != 0 ||
		    csv_fields_add(fields, &f) != 0)
			return -1;
	} while (at <= len);
	return 0;
}
