#include "csv/write.h"

#include <stdbool.h>
#include <string.h>

/* Also where other readers might see something else in it: spaces that they
 * trim, a comment or a seal. */
static bool
needs_quotes(const char *text, size_t n)
{
	size_t i;

	if (n == 0 || strchr(" \t#", text[0]) != NULL ||
	    strchr(" \t", text[n - 1]) != NULL)
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
