#include "csv/dialect.h"

#include <string.h>
#include "base/number.h"
#include "base/options.h"

/* One ASCII character that can stand between or around fields. */
static int
parse(const char *text, char *out)
{
	unsigned char c = (unsigned char)text[0];

	if (strcmp(text, "\\t") == 0 || strcmp(text, "tab") == 0) {
		*out = '\t';
		return 0;
	}
	if (c == '\0' || text[1] != '\0' || c >= 0x7f ||
	    (c < 0x20 && c != '\t'))
		return -1;
	*out = text[0];
	return 0;
}

int
csv_dialect_set_delimiter(
    struct csv_dialect *d, const char *text, struct error *e)
{
	if (parse(text, &d->delimiter) == 0)
		return 0;
	return options_bad(
	    e, "delimiter", text, "one ASCII character, or 'tab'");
}

int
csv_dialect_set_quote(struct csv_dialect *d, const char *text, struct error *e)
{
	if (parse(text, &d->quote) == 0)
		return 0;
	return options_bad(e, "quote", text, "one ASCII character");
}

int
csv_dialect_set_max_record(
    struct csv_dialect *d, const char *text, struct error *e)
{
	uint64_t n;

	if (number_parse_size(text, 1, (uint64_t)1 << 30, &n) != 0)
		return options_bad(
		    e, "max-record", text, "a size from 1 byte to 1G");
	d->max_record = (size_t)n;
	return 0;
}

int
csv_dialect_check(const struct csv_dialect *d, struct error *e)
{
	if (d->delimiter == d->quote)
		return error_set(
		    e, EXIT_USAGE, "the delimiter and the quote must differ");
	if (d->trim && (d->quote == ' ' || d->quote == '\t'))
		return error_set(e, EXIT_USAGE,
		    "--trim cannot go with a quote that is a space");
	return 0;
}
