#include "batch/row.h"

#include <string.h>
#include "base/options.h"
#include "base/utf8.h"
#include "batch/limits.h"
#include "batch/percent.h"

static bool
is_separator(char c)
{
	return c == ',' || c == '\n' || c == '\r';
}

/* How many there are, CR LF counting as one, and in *bytes how many bytes they
 * take. */
static size_t
count_separators(const struct cell *c, size_t *bytes)
{
	size_t i, returns = 0, pairs = 0;

	*bytes = 0;
	for (i = 0; i < c->len; i++) {
		*bytes += is_separator(c->text[i]);
		returns += c->text[i] == '\r';
	}
	for (i = 1; returns > 0 && i < c->len; i++)
		pairs += c->text[i - 1] == '\r' && c->text[i] == '\n';
	return *bytes - pairs;
}

/* Looks for separators in a cell; *len is what its value will have. */
static bool
measure_separators(const struct row_rules *rules, const struct cell *c,
    struct row_size *size, size_t *len)
{
	size_t bytes, count = count_separators(c, &bytes);

	if (count == 0)
		return true;
	size->separated++;
	if (rules->separators == ROW_SEPARATORS_REJECT)
		return false;
	if (rules->separators == ROW_SEPARATORS_REPLACE)
		*len = c->len - bytes + count * rules->replacement.len;
	return true;
}

enum row_verdict
row_measure(const struct row_rules *rules, const struct columns *c,
    const struct cell *cells, bool look, struct row_size *size)
{
	size_t i, last = c->n, total = 0, profile = 0;

	size->separated = 0;
	while (last > 1 && cells[last - 1].len == 0)
		last--;
	size->cells = last;
	for (i = 0; i < last; i++) {
		size_t len = cells[i].len;

		size->at = i;
		if (look && !measure_separators(rules, &cells[i], size, &len))
			return ROW_SEPARATOR;
		if (i == 0 && len > 0 && size->separated > 0 &&
		    rules->separators == ROW_SEPARATORS_REPLACE)
			return ROW_SEPARATOR;
		total += len;
		if (i > 0)
			profile += len > 0 ? len + c->column[i].bytes : 0;
	}
	size->profile = profile;
	size->bound = PERCENT_BOUND(total) + last;
	size->replaced = 0;
	if (size->separated > 0 && rules->separators == ROW_SEPARATORS_REPLACE)
		size->replaced = total + PERCENT_PAD;
	size->bound += size->replaced;
	return size->profile > BATCH_PROFILE_BYTES ? ROW_PROFILE : ROW_GOOD;
}

/* Its separators are replaced, and its text is then at `to`; returns the end.
 */
static char *
replace(struct cell *c, const struct cell *by, char *to)
{
	const char *at = c->text, *end = at + c->len;

	c->text = to;
	while (at < end) {
		if (!is_separator(*at)) {
			*to++ = *at++;
			continue;
		}
		at += *at == '\r' && at + 1 < end && at[1] == '\n' ? 2 : 1;
		memcpy(to, by->text, by->len);
		to += by->len;
	}
	c->len = (size_t)(to - c->text);
	return to;
}

char *
row_encode(const struct row_rules *rules, struct cell *cells,
    const struct row_size *size, char *out)
{
	char *to = out + size->bound - size->replaced;
	size_t i;

	for (i = 0; size->replaced > 0 && i < size->cells; i++)
		to = replace(&cells[i], &rules->replacement, to);
	out = percent_encode_cells(out, cells, size->cells, rules->raw_utf8);
	out[-1] = '\n';
	return out;
}

/* ------------------------------------------------------------- options */

static bool
has_separator(const char *text)
{
	return strpbrk(text, ",\r\n") != NULL;
}

/* Text that is sent in place of something else. */
static int
set_text(struct cell *text, const char *name, const char *arg,
    const char *value, struct error *e)
{
	text->text = value;
	text->len = strlen(value);
	if (utf8_valid(value, text->len) < text->len)
		return options_bad(e, name, arg, "UTF-8 text");
	return 0;
}

int
row_set_empty(struct row_rules *rules, const char *arg, struct error *e)
{
	if (has_separator(arg))
		return options_bad(e, "empty-as", arg,
		    "text without commas and line breaks, which might move "
		    "values to other columns");
	return set_text(&rules->empty, "empty-as", arg, arg, e);
}

static int
set_replacement(
    struct cell *text, const char *arg, const char *value, struct error *e)
{
	/* A cell of separators alone would become an empty one. */
	if (value[0] == '\0')
		return options_bad(e, "separators", arg,
		    "replace=TEXT with a TEXT that is not empty");
	if (has_separator(value))
		return options_bad(e, "separators", arg,
		    "replace=TEXT with a TEXT that holds no comma and no line "
		    "break, as it is sent in place of these: such as "
		    "'replace=;' or 'replace= '");
	return set_text(text, "separators", arg, value, e);
}

int
row_set_separators(struct row_rules *rules, const char *arg, struct error *e)
{
	static const char replace[] = "replace=";

	if (strcmp(arg, "encode") == 0) {
		rules->separators = ROW_SEPARATORS_ENCODE;
	} else if (strcmp(arg, "reject") == 0) {
		rules->separators = ROW_SEPARATORS_REJECT;
	} else if (strncmp(arg, replace, strlen(replace)) == 0) {
		rules->separators = ROW_SEPARATORS_REPLACE;
		return set_replacement(
		    &rules->replacement, arg, arg + strlen(replace), e);
	} else {
		return options_bad(
		    e, "separators", arg, "encode, reject or replace=TEXT");
	}
	return 0;
}
