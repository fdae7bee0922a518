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

/* A row of a run. */
struct row {
	const struct csv_run *run;
	uint32_t begin, end; /* offsets in the text; its line ending is not
				part of it */
	uint32_t fields, flags;
};

/* No field is so long that its characters must be counted. */
static bool
short_values(const struct row *r)
{
	uint32_t at = r->begin;

	while (at <= r->end) {
		uint32_t next = csv_index_next(r->run->sep, at);

		if (next - at > CHECK_VALUE_MAX)
			return false;
		at = next + 1;
	}
	return true;
}

/* An id as it stands in the text, maybe in quotes. */
static inline bool
id_is_plain(const struct check *c, const struct csv_run *run, uint32_t from,
    uint32_t to)
{
	struct csv_field id = {run->text + from, to - from, 0, 0};

	if (id.len >= 2 && id.text[0] == c->quote) {
		id.text++;
		id.len -= 2;
		/* A delimiter would count as one in the values. */
		if (memchr(id.text, c->quote, id.len) != NULL ||
		    memchr(id.text, c->delimiter, id.len) != NULL)
			return false;
	}
	if (id.len <= c->null_max && export_empty(c->export, &id))
		return false;
	if (c->header->kind == ID_PCID)
		return identifier_usual(id.text, id.len);
	/* A mask's byte more is a quote: it is printing too. */
	return id.len <= IDENTIFIER_MAX && !csv_index_any(run->rare, from, to);
}

/*
 * Whether a row is plainly good.  When in doubt it is not, and check_record
 * decides.
 */
static bool
row_is_plain(const struct check *c, const struct row *r)
{
	const struct header *h = c->header;
	uint32_t len = r->end - r->begin, from = r->begin, to;
	size_t values, least, i;

	if (r->fields != h->columns ||
	    (r->flags & (CSV_ROW_ODD | CSV_ROW_CONTROL)) != 0)
		return false;
	for (i = 0; i < h->id; i++)
		from = csv_index_next(r->run->sep, from) + 1;
	to = csv_index_next(r->run->sep, from);
	if (to > r->end) /* a CR stands before it */
		to = r->end;
	if (!id_is_plain(c, r->run, from, to))
		return false;
	/* More bytes than empty quotes and texts of --null could fill. */
	values = len - (to - from) - (h->columns - 1);
	least = c->null_max + ((r->flags & CSV_ROW_QUOTED) != 0 ? 2 : 0);
	if (values <= least * (h->columns - 1))
		return false;
	if (len > c->max_record || (len > CHECK_VALUE_MAX && !short_values(r)))
		return false;
	if ((len == h->raw_len || len == h->raw_len + 3) &&
	    header_repeated(h, r->run->text + r->begin, len))
		return false;
	return (r->flags & CSV_ROW_HIGH) == 0 ||
	       utf8_valid(r->run->text + r->begin, len) == len;
}

/* Whether a plain row may have commas or line breaks in its values; whether
 * it has, with another delimiter than a comma, check_record finds out. */
static bool
row_separators(const struct check *c, const struct row *r)
{
	return (r->flags & CSV_ROW_INNER) != 0 ||
	       (c->delimiter != ',' && memchr(r->run->text + r->begin, ',',
					   r->end - r->begin) != NULL);
}

size_t
check_run(struct check *c, const struct csv_run *run)
{
	struct check_warning *w = &c->warning[RULE_SEPARATORS];
	struct row r = {run, run->start, 0, 0, 0};
	uint32_t seps = run->seps;
	size_t i;

	if (c->null_max == SIZE_MAX)
		return 0;
	for (i = 0; i < run->rows; i++) {
		const struct csv_row *row = &run->row[i];

		r.end = row->end;
		if (r.end > r.begin && run->text[r.end - 1] == '\r')
			r.end--;
		r.fields = row->seps - seps;
		r.flags = row->flags;
		if (!row_is_plain(c, &r))
			break;
		/* The first of a kind has its place noted. */
		if (row_separators(c, &r)) {
			if (w->count == 0 || c->options.strict ||
			    c->delimiter != ',')
				break;
			w->count++;
		}
		seps = row->seps;
		r.begin = row->end + 1;
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
