#include "csv/write.h"

#include <stdbool.h>
#include <string.h>

static bool
needs_quotes(const char *text, size_t n)
{
	size_t i;

	if (n == 0 || csv_ends_need_quotes(text, n))
		return true;
	for (i = 0; i < n; i++) {
		if (text[i] == '"' || text[i] == ',' || text[i] == '\n' ||
		    text[i] == '\r')
			return true;
	}
	return false;
}

int
csv_write_field(struct output *out, const char *text, size_t n, struct error *e)
{
	const char *end = text + n;

	if (!needs_quotes(text, n))
		return output_write(out, text, n, e);
	if (output_write(out, "\"", 1, e) != 0)
		return -1;
	while (text < end) {
		const char *quote = memchr(text, '"', (size_t)(end - text));
		size_t piece =
		    (size_t)((quote == NULL ? end : quote + 1) - text);

		/* A quote inside is doubled. */
		if (output_write(out, text, piece, e) != 0 ||
		    (quote != NULL && output_write(out, "\"", 1, e) != 0))
			return -1;
		text += piece;
	}
	return output_write(out, "\"", 1, e);
}

char *
csv_put_quoted(char *to, const char *text, size_t n)
{
	size_t i;

	*to++ = '"';
	for (i = 0; i < n; i++) {
		if (text[i] == '"')
			*to++ = '"';
		*to++ = text[i];
	}
	*to++ = '"';
	return to;
}

char *
csv_put_field(char *to, const char *text, size_t n)
{
	if (needs_quotes(text, n))
		return csv_put_quoted(to, text, n);
	memcpy(to, text, n);
	return to + n;
}

bool
csv_row_is_header(
    const char *row, size_t n, const char *header, size_t header_len)
{
	if (n == header_len + 3 && memcmp(row, "\xef\xbb\xbf", 3) == 0) {
		row += 3;
		n -= 3;
	}
	return n == header_len && memcmp(row, header, n) == 0;
}

static int
put_cells(struct buffer *b, const struct csv_cell *cell, size_t n, bool quotes)
{
	size_t i;
	char *to;

	for (i = 0; i < n; i++) {
		if (buffer_reserve(b, 2 * cell[i].len + 3) != 0)
			return -1;
		to = b->data + b->len;
		if (i > 0)
			*to++ = ',';
		if (quotes)
			to = csv_put_quoted(to, cell[i].text, cell[i].len);
		else if (cell[i].len > 0)
			to = csv_put_field(to, cell[i].text, cell[i].len);
		b->len = (size_t)(to - b->data);
	}
	return 0;
}

int
csv_put_row(struct buffer *b, const struct csv_cell *cell, size_t n,
    const char *header, size_t header_len)
{
	const size_t from = b->len;

	if (put_cells(b, cell, n, false) != 0)
		return -1;
	if (!csv_row_is_header(
		b->data + from, b->len - from, header, header_len))
		return 0;
	b->len = from;
	return put_cells(b, cell, n, true);
}
