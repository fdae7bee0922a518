/*
 * fields.h: the fields of one record, and how a record that is plainly
 * RFC 4180 is cut into them; all others are libcsv's (parse.h).
 */
#ifndef TP_CSV_FIELDS_H
#define TP_CSV_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "csv/dialect.h"

/*
 * A field as it was meant: without its quotes, doubled quotes single.
 * text belongs to the record and lives until the next one is read.
 */
struct csv_field {
	const char *text;
	size_t len;
	uint32_t start; /* raw, quotes included: raw[start..end) of the */
	uint32_t end;	/* record */
};

/* Behind the text of a field so many bytes can be read (their value is
 * nothing), unless it is empty. */
#define CSV_FIELDS_PAD 64

/* A space or tab that --trim takes for layout. */
static inline bool
csv_is_layout(const struct csv_dialect *d, char c)
{
	return (c == ' ' || c == '\t') && c != d->delimiter;
}

/* Leaves out the layout around a field without quotes. */
static inline void
csv_field_trim(const struct csv_dialect *d, struct csv_field *f)
{
	while (f->len > 0 && csv_is_layout(d, f->text[0])) {
		f->text++;
		f->len--;
	}
	while (f->len > 0 && csv_is_layout(d, f->text[f->len - 1]))
		f->len--;
}

/* Whether a field's text is all that raw says, but for its quotes. */
static inline bool
csv_field_is_whole(const struct csv_field *f, const char *raw, char quote)
{
	const size_t len = f->end - f->start;

	return f->len == len ||
	       (len >= 2 && raw[f->start] == quote && raw[f->end - 1] == quote);
}

/* A record has at most so many; what is over is only counted. */
#define CSV_MAX_FIELDS 65536

struct csv_fields {
	struct csv_field *field; /* owned; min(n, CSV_MAX_FIELDS) of them */
	size_t n;		 /* fields of the record */
	size_t size;		 /* allocated */
};

/* -1: no memory. */
int csv_fields_add(struct csv_fields *f, const struct csv_field *field);
void csv_fields_free(struct csv_fields *f);

/*
 * Cuts a plain record, raw[0..len) without its line ending, which begins at
 * `begin` of an indexed text and has n fields; sep is the index's mask.  Text
 * that is not raw goes to `text`, which is emptied first.  -1: no memory.
 */
int csv_fields_cut(struct csv_fields *f, const struct csv_dialect *d,
    const char *raw, size_t len, const uint64_t *sep, uint32_t begin, size_t n,
    struct buffer *text);

/* Cuts a record that is known to be good CSV, raw[0..len) without its line
 * ending, field by field; as csv_fields_cut, with no more than its text, and so
 * not as fast. */
int csv_fields_read(struct csv_fields *f, const struct csv_dialect *d,
    const char *raw, size_t len, struct buffer *text);

/* Whether a line has nothing in it (with trim: but layout). */
bool csv_fields_blank(const struct csv_dialect *d, const char *s, size_t n);

#endif
