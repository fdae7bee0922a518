#include "profile/check.h"

#include <stdio.h>
#include <string.h>
#include "base/utf8.h"
#include "profile/identifier.h"

static bool
found(struct finding *f, enum rule rule, size_t field, size_t offset)
{
	f->rule = rule;
	f->field = field;
	f->offset = offset;
	return false;
}

/* The fields of a record that are within the header. */
static size_t
within(const struct header *h, const struct csv_record *r)
{
	return r->fields < h->columns ? r->fields : h->columns;
}

/* --------------------------------------------------------- for all */

static bool
check_columns(
    const struct header *h, const struct csv_record *r, struct finding *f)
{
	size_t i;

	for (i = h->columns; i < r->fields; i++)
		if (i >= CSV_MAX_FIELDS || r->field[i].len > 0)
			return found(f, RULE_COLUMNS, SIZE_MAX,
			    i < CSV_MAX_FIELDS ? r->field[i].start : 0);
	return true;
}

static bool
check_utf8(const struct csv_record *r, struct finding *f)
{
	size_t bad, i;

	if ((r->flags & CSV_ROW_HIGH) == 0)
		return true;
	bad = utf8_valid(r->raw, r->len);
	if (bad == r->len)
		return true;
	for (i = 0; i < r->fields && i < CSV_MAX_FIELDS; i++)
		if (bad >= r->field[i].start && bad < r->field[i].end)
			return found(f, RULE_UTF8, i, bad);
	return found(f, RULE_UTF8, SIZE_MAX, bad);
}

bool
check_representable(
    const struct header *h, const struct csv_record *r, struct finding *f)
{
	if (!check_columns(h, r, f) || !check_utf8(r, f))
		return false;
	if (h->id >= r->fields)
		return found(f, RULE_ID_EMPTY, h->id, r->len - r->ending);
	if (r->field[h->id].len == 0)
		return found(f, RULE_ID_EMPTY, h->id, r->field[h->id].start);
	return true;
}

/* ------------------------------------------------------ one record */

static bool
has_values(const struct check *c, const struct csv_record *r)
{
	size_t i;

	for (i = 0; i < within(c->header, r); i++)
		if (i != c->header->id &&
		    !export_empty(c->export, &r->field[i]))
			return true;
	return false;
}

static bool
check_identifier(
    const struct check *c, const struct csv_record *r, struct finding *f)
{
	const struct header *h = c->header;
	const struct csv_field *id = &r->field[h->id];
	enum rule rule = export_empty(c->export, id)
			     ? RULE_ID_EMPTY
			     : identifier_check(h->kind, id->text, id->len);

	return rule == RULES || found(f, rule, h->id, id->start);
}

static bool
check_control(const struct csv_record *r, struct finding *f)
{
	size_t i, j;

	if ((r->flags & CSV_ROW_CONTROL) == 0)
		return true;
	for (i = 0; i < r->fields && i < CSV_MAX_FIELDS; i++) {
		for (j = r->field[i].start; j < r->field[i].end; j++) {
			unsigned char b = (unsigned char)r->raw[j];

			if (b < 0x20 && b != '\t' && b != '\r' && b != '\n')
				return found(f, RULE_CONTROL, i, j);
		}
	}
	return true;
}

/* Counts a warning; false if it is to be a rejection. */
static bool
warn(struct check *c, const struct csv_record *r, enum rule rule, size_t field,
    size_t offset, struct finding *f)
{
	struct check_warning *w = &c->warning[rule];

	if (c->options.strict)
		return found(f, rule, field, offset);
	if (w->count++ == 0) {
		snprintf(
		    w->file, sizeof(w->file), "%s", export_file(c->export));
		csv_record_place(r, offset, &w->line, &w->column);
	}
	return true;
}

static bool
has_separator(const struct csv_field *f)
{
	return memchr(f->text, ',', f->len) != NULL ||
	       memchr(f->text, '\n', f->len) != NULL ||
	       memchr(f->text, '\r', f->len) != NULL;
}

static bool
check_values(struct check *c, const struct csv_record *r, struct finding *f)
{
	bool separators = false;
	size_t i;

	for (i = 0; i < within(c->header, r); i++) {
		const struct csv_field *v = &r->field[i];

		if (i == c->header->id)
			continue;
		if (v->len > CHECK_VALUE_MAX &&
		    utf8_length(v->text, v->len) > CHECK_VALUE_MAX &&
		    !warn(c, r, RULE_VALUE_LONG, i, v->start, f))
			return false;
		/* Counted once for a record. */
		if (!separators && has_separator(v)) {
			separators = true;
			if (!warn(c, r, RULE_SEPARATORS, i, v->start, f))
				return false;
		}
	}
	return true;
}

static bool
check_warnings(struct check *c, const struct csv_record *r, struct finding *f)
{
	const struct header *h = c->header;
	const struct csv_field *id = &r->field[h->id];

	if (r->fields < h->columns &&
	    !warn(c, r, RULE_SHORT, SIZE_MAX, r->len - r->ending, f))
		return false;
	if (r->fields > h->columns &&
	    !warn(c, r, RULE_SURPLUS, SIZE_MAX, r->field[h->columns].start, f))
		return false;
	if (h->kind == ID_PCID && !identifier_usual(id->text, id->len) &&
	    !warn(c, r, RULE_PCID_SHAPE, h->id, id->start, f))
		return false;
	return check_values(c, r, f);
}

enum verdict
check_record(struct check *c, const struct csv_record *r, struct finding *f)
{
	if (!check_columns(c->header, r, f) || !check_utf8(r, f))
		return CHECK_REJECT;
	if (!c->options.keep_empty && !has_values(c, r))
		return CHECK_SKIP;
	if (!check_representable(c->header, r, f) ||
	    !check_identifier(c, r, f) || !check_control(r, f) ||
	    !check_warnings(c, r, f))
		return CHECK_REJECT;
	return CHECK_PASS;
}

/* ------------------------------------------------------------ runs */

/* No field of row i is so long that its characters must be counted. */
static bool
short_values(
    const struct csv_run *run, uint32_t first, uint32_t last, uint32_t begin)
{
	uint32_t i;

	for (i = first; i <= last; i++) {
		if (run->sep[i] - begin > CHECK_VALUE_MAX)
			return false;
		begin = run->sep[i] + 1;
	}
	return true;
}

/* An id as it stands in the row, maybe in quotes. */
static inline bool
id_is_plain(const struct check *c, const char *raw, size_t n)
{
	if (n >= 2 && raw[0] == c->quote) {
		raw++;
		n -= 2;
		if (memchr(raw, c->quote, n) != NULL)
			return false;
	}
	if (n <= c->null_max) {
		struct csv_field id = {raw, n, 0, 0};

		if (export_empty(c->export, &id))
			return false;
	}
	return identifier_plain(c->header->kind, raw, n);
}

/*
 * Whether the row of these separators is plainly good.  When in doubt it is
 * not, and check_record decides.
 */
static bool
row_is_plain(const struct check *c, const struct csv_run *run,
    const struct csv_row *row, uint32_t first, uint32_t begin)
{
	const struct header *h = c->header;
	const char *raw = run->text + begin;
	uint32_t last = row->last, len = run->sep[last] - begin;
	uint32_t from, to;
	size_t values, least;

	if (last + 1 - first != h->columns ||
	    (row->flags & (CSV_ROW_ODD | CSV_ROW_CONTROL)) != 0)
		return false;
	if (len > 0 && raw[len - 1] == '\r')
		len--;
	from = h->id == 0 ? 0 : run->sep[first + h->id - 1] + 1 - begin;
	to = h->id == h->columns - 1 ? len : run->sep[first + h->id] - begin;
	if (!id_is_plain(c, raw + from, to - from))
		return false;
	/* More bytes than empty quotes and texts of --null could fill. */
	values = len - (to - from) - (h->columns - 1);
	least = c->null_max + ((row->flags & CSV_ROW_QUOTED) != 0 ? 2 : 0);
	if (values <= least * (h->columns - 1))
		return false;
	if (len > c->max_record)
		return false;
	if (len > CHECK_VALUE_MAX && !short_values(run, first, last, begin))
		return false;
	if (len == h->raw_len || len == h->raw_len + 3)
		if (header_repeated(h, raw, len))
			return false;
	return (row->flags & CSV_ROW_HIGH) == 0 || utf8_valid(raw, len) == len;
}

/* A comma or line break inside a plain row's values. */
static bool
row_separators(const struct check *c, const struct csv_run *run,
    const struct csv_row *row, uint32_t first, uint32_t begin)
{
	uint32_t i, id = first + (uint32_t)c->header->id;

	if ((row->flags & CSV_ROW_INNER) == 0 &&
	    (c->delimiter == ',' || memchr(run->text + begin, ',',
					run->sep[row->last] - begin) == NULL))
		return false;
	for (i = first; i <= row->last; i++) {
		struct csv_field f = {
		    run->text + begin, run->sep[i] - begin, 0, 0};

		/* The CR of the row's own ending is none. */
		if (i == row->last && f.len > 0 && f.text[f.len - 1] == '\r')
			f.len--;
		if (i != id && has_separator(&f))
			return true;
		begin = run->sep[i] + 1;
	}
	return false;
}

size_t
check_run(struct check *c, const struct csv_run *run)
{
	uint32_t first = run->first, begin = run->start;
	size_t i;

	if (c->null_max == SIZE_MAX)
		return 0;
	for (i = 0; i < run->rows; i++) {
		const struct csv_row *row = &run->row[i];

		if (!row_is_plain(c, run, row, first, begin))
			break;
		/* The first of a kind has its place noted. */
		if (row_separators(c, run, row, first, begin)) {
			if (c->warning[RULE_SEPARATORS].count == 0 ||
			    c->options.strict)
				break;
			c->warning[RULE_SEPARATORS].count++;
		}
		first = row->last + 1;
		begin = run->sep[row->last] + 1;
	}
	return i;
}

/* ----------------------------------------------------------- setup */

static int
check_names(struct check *c, struct error *e)
{
	const struct header *h = c->header;
	struct check_warning *w = &c->warning[RULE_NAME_LONG];
	size_t i;

	for (i = 0; i < h->columns; i++) {
		const struct column *n = &h->column[i];

		if (utf8_length(n->name, n->len) <= CHECK_NAME_MAX)
			continue;
		if (c->options.strict) {
			error_set(e, EXIT_INPUT, "column %zu: %s (--strict)",
			    i + 1, rule_text(RULE_NAME_LONG));
			error_place(e, export_file(c->export), 1, 0);
			return -1;
		}
		if (w->count++ == 0) {
			snprintf(w->file, sizeof(w->file), "%s",
			    export_file(c->export));
			w->line = 1;
		}
	}
	return 0;
}

/* How long text is when its quotes are doubled. */
static size_t
raw_length(const char *text, char quote)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == quote ? 2 : 1;
	return n;
}

int
check_init(struct check *c, const struct check_options *options,
    const struct export_options *input, const struct export *x, struct error *e)
{
	size_t i, longest;

	memset(c, 0, sizeof(*c));
	c->options = *options;
	c->export = x;
	c->header = export_header(x);
	c->max_record = input->dialect.max_record;
	c->delimiter = input->dialect.delimiter;
	c->quote = input->dialect.quote;
	for (i = 0; i < input->nulls; i++) {
		longest = raw_length(input->null[i], c->quote);
		if (longest > c->null_max)
			c->null_max = longest;
	}
	if (input->dialect.trim)
		c->null_max = SIZE_MAX;
	return check_names(c, e);
}
