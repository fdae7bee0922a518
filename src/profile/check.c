#include "profile/check.h"

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
    const struct export *x, const struct csv_record *r, struct finding *f)
{
	size_t i;

	for (i = export_header(x)->columns; i < r->fields; i++)
		if (i >= CSV_MAX_FIELDS || !export_empty(x, &r->field[i]))
			return found(f, RULE_COLUMNS, SIZE_MAX,
			    i < CSV_MAX_FIELDS ? r->field[i].start : 0);
	return true;
}

static bool
check_utf8(const struct csv_record *r, struct finding *f)
{
	size_t bad, i;

	if ((r->flags & CSV_ROW_DOUBT) == 0)
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
    const struct export *x, const struct csv_record *r, struct finding *f)
{
	const struct header *h = export_header(x);

	if (!check_columns(x, r, f) || !check_utf8(r, f))
		return false;
	if (h->id >= r->fields)
		return found(f, RULE_ID_EMPTY, h->id, r->len - r->ending);
	if (r->field[h->id].len == 0)
		return found(f, RULE_ID_EMPTY, h->id, r->field[h->id].start);
	return true;
}

/* ------------------------------------------------------ one record */

/* A column that is left out has none. */
static bool
has_values(const struct check *c, const struct csv_record *r)
{
	size_t i;

	for (i = 0; i < within(c->header, r); i++)
		if (i != c->header->id && !c->header->column[i].reserved &&
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
	uint64_t line = r->line, column;

	if (c->options.strict)
		return found(f, rule, field, offset);
	/* Only of the first is the place told. */
	if (export_warning(c->export, rule)->count == 0)
		csv_record_place(r, offset, &line, &column);
	export_warn(c->export, rule, line);
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
	if (!check_columns(c->export, r, f) || !check_utf8(r, f))
		return CHECK_REJECT;
	if (!c->options.keep_empty && !has_values(c, r))
		return CHECK_SKIP;
	if (!check_representable(c->export, r, f) ||
	    !check_identifier(c, r, f) || !check_control(r, f) ||
	    !check_warnings(c, r, f))
		return CHECK_REJECT;
	return CHECK_PASS;
}

/* ----------------------------------------------------------- setup */

static int
check_names(struct check *c, struct error *e)
{
	const struct header *h = c->header;
	size_t i;

	for (i = 0; i < h->columns; i++) {
		const struct column *n = &h->column[i];

		if (utf8_length(n->name, n->len) <= CHECK_NAME_MAX)
			continue;
		if (c->options.strict) {
			error_set(e, EXIT_INPUT, "column %zu: %s (--strict)",
			    i + 1, rule_text(RULE_NAME_LONG));
			error_place(e, export_file(c->export), h->line, 0);
			return -1;
		}
		export_warn(c->export, RULE_NAME_LONG, h->line);
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
    const struct export_options *input, struct export *x, struct error *e)
{
	size_t i, longest;

	memset(c, 0, sizeof(*c));
	c->options = *options;
	c->export = x;
	c->header = export_header(x);
	c->stretch = QUICK_STRETCH;
	c->dialect = input->dialect;
	quick_init(&c->quick, c->header, &c->dialect);
	for (i = 0; i < input->nulls; i++) {
		longest = raw_length(input->null[i], c->dialect.quote);
		if (longest > c->null_max)
			c->null_max = longest;
	}
	if (c->header->id == 0 && c->header->kind == ID_THIRD_PARTY &&
	    c->dialect.delimiter == ',' && !c->dialect.trim)
		c->simple_max = CHECK_VALUE_MAX < c->dialect.max_record
				    ? CHECK_VALUE_MAX
				    : (uint32_t)c->dialect.max_record;
	for (i = 0; i < 2; i++)
		c->no_values[i] =
		    (c->null_max + 2 * i + 1) * (c->header->columns - 1);
	for (i = 0; i < c->header->columns; i++)
		if (c->header->column[i].reserved)
			c->no_values[0] = c->no_values[1] = SIZE_MAX / 2;
	return check_names(c, e);
}
