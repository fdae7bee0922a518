/*
 * write.h: fields of a CSV that is written: RFC 4180, a comma between them and
 * double quotes around those that need some.
 */
#ifndef TP_CSV_WRITE_H
#define TP_CSV_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buffer.h"
#include "base/error.h"
#include "io/output.h"

/* Whether a field of n > 0 bytes needs quotes for how it begins or ends: other
 * readers might see something else in it, spaces that they trim, a comment or a
 * seal. */
static inline bool
csv_ends_need_quotes(const char *text, size_t n)
{
	const char first = text[0], last = text[n - 1];

	return first == ' ' || first == '\t' || first == '#' || last == ' ' ||
	       last == '\t';
}

/* One field, without the comma or the line ending behind it. */
int csv_write_field(
    struct output *out, const char *text, size_t n, struct error *e);

/* The same, to `to`, which has room for 2 * n + 2 bytes.  Returns its end. */
char *csv_put_field(char *to, const char *text, size_t n);
/* A cell of a row; "" is nothing. */
struct csv_cell {
	const char *text;
	size_t len;
};

/* Whether who reads a row, n bytes without its line ending, would take it for
 * the header: a byte order mark in front is looked past. */
bool csv_row_is_header(
    const char *row, size_t n, const char *header, size_t header_len);

/* A row of n cells is added to b, without line ending.  Of one that would be
 * taken for the header each field is in quotes.  -1: no memory. */
int csv_put_row(struct buffer *b, const struct csv_cell *cell, size_t n,
    const char *header, size_t header_len);

/* … in quotes, needed or not. */
char *csv_put_quoted(char *to, const char *text, size_t n);

#endif
