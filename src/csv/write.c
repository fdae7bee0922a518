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
