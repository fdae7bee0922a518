#include "batch/row.h"

#include <string.h>
#include "base/options.h"
#include "base/utf8.h"
#include "batch/limits.h"
#include "batch/percent.h"

/* The length of the comma or line break at text[0]; 0: there is none. */
static size_t
separator(const char *text, size_t n)
{
	if (text[0] == '\r' && n > 1 && text[1] == '\n')
		return 2;
	return text[0] == ',' || text[0] == '\n' || text[0] == '\r';
}

/* How many there are, and in *bytes how many bytes they take. */
static size_t
count_separators(const struct cell *c, size_t *bytes)
{
	size_t i = 0, count = 0;

	*bytes = 0;
	while (i < c->len) {
		size_t n;

		if ((unsigned char)c->text[i] > ',') { /* most are */
			i++;
			continue;
		}
		n = separator(c->text + i, c->len - i);
		count += n > 0;
		*bytes += n;
		i += n > 0 ? n : 1;
	}
	return count;
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
    const struct cell *cells, size_t n, bool look, struct row_size *size)
{
	size_t i, last = n, total = 0, profile = 0;

	size->separated = 0;
	if (rules->empty.len > 0)
		last = c->n;
	else
		while (last > 1 && cells[last - 1].len == 0)
			last--;
	size->cells = last;
	for (i = 0; i < last; i++) {
		const struct cell *cell =
		    i < n && cells[i].len > 0 ? &cells[i] : &rules->empty;
		size_t len = cell->len;

		size->at = i;
		if (look && !measure_separators(rules, cell, size, &len))
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
	return size->profile > BATCH_PROFILE_BYTES ? ROW_PROFILE : ROW_GOOD;
}

/* A value with its separators replaced. */
static char *
replace(const struct row_rules *rules, const struct cell *c, char *out)
{
	const struct cell *text = &rules->replacement;
	size_t i = 0, from = 0;

	for (;;) {
		size_t n = i < c->len ? separator(c->text + i, c->len - i) : 0;

		if (n == 0 && i < c->len) {
			i++;
			continue;
		}
		/* No commas and line feeds are left in it. */
		out = percent_encode_rows(
		    out, c->text + from, i - from, rules->raw_utf8);
		if (i == c->len)
			return out;
		out =
		    percent_encode(out, text->text, text->len, rules->raw_utf8);
		from = i += n;
	}
}

char *
row_encode(const struct row_rules *rules, const struct cell *cells, size_t n,
    const struct row_size *size, char *out)
{
	bool replacing =
	    size->separated > 0 && rules->separators == ROW_SEPARATORS_REPLACE;
	const struct cell *empty = &rules->empty;
	size_t i;

	if (!replacing && empty->len == 0)
		out = percent_encode_cells(
		    out, cells, size->cells, rules->raw_utf8);
	else
		for (i = 0; i < size->cells; i++) {
			if (i >= n || cells[i].len == 0)
				out = percent_encode(out, empty->text,
				    empty->len, rules->raw_utf8);
			else if (replacing)
				out = replace(rules, &cells[i], out);
			else {
				out = percent_encode_cells(
				    out, &cells[i], 1, rules->raw_utf8);
				continue;
			}
			*out++ = ',';
		}
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
