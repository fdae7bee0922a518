#include "profile/check.h"

#include <string.h>
#include "base/utf8.h"
#include "io/seal.h"
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

/* ------------------------------------------------------------ runs */

/* What pass_simple can judge. */
#define SIMPLE_FLAGS ((uint32_t)(CSV_ROW_QUOTED | CSV_ROW_HIGH))

/* A row of a run. */
struct row {
	const struct csv_run *run;
	uint32_t begin, end; /* offsets in the text; its line ending is not
				part of it */
	uint32_t fields, flags;
};

/* No field is so long that its characters must be counted: one that is leaves
 * three words of the mask empty. */
static bool
short_values(const struct row *r)
{
	const uint64_t *sep = r->run->sep;
	uint32_t at, next, word, last = r->end / 64;

	for (word = r->begin / 64; word + 2 <= last; word++)
		if ((sep[word] | sep[word + 1] | sep[word + 2]) == 0)
			break;
	if (word + 2 > last)
		return true;
	for (at = r->begin; at <= r->end; at = next + 1) {
		next = csv_index_next(sep, at);
		if (next - at > CHECK_VALUE_MAX)
			return false;
	}
	return true;
}

/* As export_empty; most fields are longer than every --null. */
static inline bool
is_empty(const struct check *c, const struct csv_field *f)
{
	return f->len <= c->null_max && export_empty(c->export, f);
}

/* The identifier at [from, to) of the text, maybe in quotes. */
static inline bool
id_is_plain(
    const struct check *c, const struct row *r, uint32_t from, uint32_t to)
{
	const char *text = r->run->text;
	struct csv_field id = {NULL, 0, 0, 0};

	if (from < to && text[from] == c->dialect.quote) {
		from++;
		to--;
		/* It would count as one in the values. */
		if ((r->flags & CSV_ROW_INNER) != 0 &&
		    memchr(text + from, c->dialect.delimiter, to - from) !=
			NULL)
			return false;
	}
	id.text = text + from;
	id.len = to - from;
	if (is_empty(c, &id))
		return false;
	if (c->header->kind == ID_PCID)
		return identifier_usual(text + from, to - from);
	return to - from <= IDENTIFIER_MAX &&
	       !csv_index_any(r->run->rare, from, to);
}

/* Whether a field but the identifier holds text; of one with quotes inside it
 * is not told. */
static bool
row_has_values(const struct check *c, const struct row *r)
{
	const char *text = r->run->text;
	uint32_t at = r->begin, next;
	size_t i;

	for (i = 0; at <= r->end && i < c->header->columns;
	     i++, at = next + 1) {
		struct csv_field f = {text + at, 0, 0, 0};

		next = csv_index_next(r->run->sep, at);
		f.len = (next > r->end ? r->end : next) - at;
		if (i == c->header->id)
			continue;
		if (f.len > 0 && f.text[0] == c->dialect.quote) {
			f.text++;
			f.len -= 2;
			if (memchr(f.text, c->dialect.quote, f.len) != NULL)
				continue;
		} else if (c->dialect.trim) {
			csv_field_trim(&c->dialect, &f);
		}
		if (!is_empty(c, &f))
			return true;
	}
	return false;
}

/*
 * Whether a row is plainly good.  When in doubt it is not, and check_record
 * decides.
 */
static inline bool
row_is_plain(const struct check *c, const struct row *r)
{
	const struct header *h = c->header;
	const char *raw = r->run->text + r->begin;
	uint32_t len = r->end - r->begin, from = r->begin, to;
	bool quoted = (r->flags & CSV_ROW_QUOTED) != 0;
	size_t i, surplus = 0;

	/* With --trim, quotes are libcsv's. */
	if ((r->flags & (CSV_ROW_ODD | CSV_ROW_CONTROL)) != 0 ||
	    (c->dialect.trim && quoted) || r->fields <= h->id ||
	    len > c->dialect.max_record)
		return false;
	if (r->fields > h->columns) {
		surplus = r->fields - h->columns;
		if (!header_surplus_empty(
			h, raw, len, r->fields, c->dialect.delimiter))
			return false;
	}
	for (i = 0; i < h->id; i++)
		from = csv_index_next(r->run->sep, from) + 1;
	to = csv_index_next(r->run->sep, from);
	if (to > r->end) /* a CR stands before it */
		to = r->end;
	if (c->dialect.trim) {
		struct csv_field id = {r->run->text + from, to - from, 0, 0};

		csv_field_trim(&c->dialect, &id);
		from = (uint32_t)(id.text - r->run->text);
		to = from + (uint32_t)id.len;
	}
	if (!id_is_plain(c, r, from, to))
		return false;
	if ((c->dialect.trim ||
		len - surplus - (to - from) <= c->no_values[quoted]) &&
	    !row_has_values(c, r))
		return false;
	if (len > CHECK_VALUE_MAX && !short_values(r))
		return false;
	if (header_suspected(h, raw, len) && header_repeated(h, raw, len))
		return false;
	if (seal_suspected(raw, len))
		return false;
	return (r->flags & CSV_ROW_HIGH) == 0 || utf8_is_valid(raw, len);
}

size_t
check_utf8_rows(const struct csv_run *run, size_t first, size_t n, size_t high,
    uint32_t begin)
{
	const struct csv_row *row = run->row + first;
	size_t i, len;

	if (n == 0 || high == 0)
		return n;
	len = row[n - 1].end - begin;
	if (high * 4 > n && utf8_is_valid(run->text + begin, len))
		return n;
	for (i = 0; i < n; i++) {
		len = row[i].end - begin;
		if ((row[i].flags & CSV_ROW_HIGH) != 0 &&
		    !utf8_is_valid(run->text + begin, len))
			break;
		begin = row[i].end + 1;
	}
	return i;
}

/*
 * How many rows from row i on, which begins at `begin` with `seps` separators
 * before it, are of the commonest, which can be judged in few steps each: those
 * that are short and have an identifier in front that is shorter than 64 bytes,
 * and nothing that would be warned about.  Not looked at is whether they are
 * UTF-8; *high becomes how many have to be.  They begin before limit.  A line
 * like a seal is none: its identifier holds a space, or it has no values.
 */
static inline size_t
count_simple(const struct check *c, const struct csv_run *run, size_t i,
    uint32_t begin, uint32_t seps, uint32_t limit, size_t *high)
{
	const uint64_t *sep = run->sep, *rare = run->rare;
	const uint32_t fields = c->simple_fields, longest = c->simple_max;
	const struct header *h = c->header;
	const char *text = run->text;
	const char q = c->dialect.quote;
	const size_t first = i;

	*high = 0;
	for (; i < run->rows && begin < limit; i++) {
		const struct csv_row *row = &run->row[i];
		uint32_t len = row->end - begin; /* maybe with a CR */
		uint32_t flags = row->flags, quote = 0, field, id;
		uint64_t ends;

		if ((flags & ~SIMPLE_FLAGS) != 0 ||
		    row->seps - seps != fields || len > longest ||
		    header_suspected(h, text + begin, len))
			break;
		if (flags != 0)
			quote = text[begin] == q;
		ends = csv_index_bits(sep, begin + quote);
		if (ends == 0)
			break;
		field = (uint32_t)__builtin_ctzll(ends) + quote;
		id = field - 2 * quote;
		if (id <= c->null_max ||
		    len - field <= c->no_values[flags != 0] + 1 ||
		    csv_index_bits(rare, begin + quote) << (64 - id) != 0)
			break;
		*high += (flags & CSV_ROW_HIGH) != 0;
		begin = row->end + 1;
		seps = row->seps;
	}
	return i - first;
}

/* Passes over such rows; returns the first that is none, which begins at *begin
 * with *seps separators before it. */
static size_t
pass_simple(struct check *c, const struct csv_run *run, size_t i,
    uint32_t *begin, uint32_t *seps)
{
	size_t n, good, high;
	uint32_t limit;

	do {
		limit = *begin + c->stretch;
		n = count_simple(c, run, i, *begin, *seps, limit, &high);
		if (n == 0)
			break;
		good = check_utf8_rows(run, i, n, high, *begin);
		if (good < n)
			c->stretch = CHECK_STRETCH / 16;
		else if (c->stretch < CHECK_STRETCH)
			c->stretch *= 2;
		if (good == 0)
			break;
		i += good;
		*begin = run->row[i - 1].end + 1;
		*seps = run->row[i - 1].seps;
	} while (good == n && *begin >= limit);
	return i;
}

/* Whether a plain row may have commas or line breaks in its values; whether
 * it has, with another delimiter than a comma, check_record finds out. */
static bool
row_separators(const struct check *c, const struct row *r)
{
	return (r->flags & CSV_ROW_INNER) != 0 ||
	       (c->dialect.delimiter != ',' &&
		   memchr(r->run->text + r->begin, ',', r->end - r->begin) !=
		       NULL);
}

size_t
check_run(struct check *c, const struct csv_run *run)
{
	struct rule_warning *w = export_warning(c->export, RULE_SEPARATORS);
	struct rule_warning *shorter = export_warning(c->export, RULE_SHORT);
	struct rule_warning *surplus = export_warning(c->export, RULE_SURPLUS);
	struct rule_warning *uneven;
	struct row r = {run, run->start, 0, 0, 0};
	uint32_t seps = run->seps, columns = (uint32_t)c->header->columns;
	bool separated;
	size_t i;

	for (i = 0; i < run->rows; i++) {
		const struct csv_row *row = &run->row[i];

		if ((row->flags & ~SIMPLE_FLAGS) == 0) {
			i = pass_simple(c, run, i, &r.begin, &seps);
			if (i == run->rows)
				break;
			row = &run->row[i];
		}
		r.end = row->end;
		if (r.end > r.begin && run->text[r.end - 1] == '\r')
			r.end--;
		r.fields = row->seps - seps;
		r.flags = row->flags;
		if (!row_is_plain(c, &r))
			break;
		separated = row_separators(c, &r);
		uneven = r.fields < columns   ? shorter
			 : r.fields > columns ? surplus
					      : NULL;
		/* The first of a kind has its place noted. */
		if ((separated || uneven != NULL) &&
		    (c->options.strict ||
			(separated &&
			    (w->count == 0 || c->dialect.delimiter != ',')) ||
			(uneven != NULL && uneven->count == 0)))
			break;
		w->count += separated;
		if (uneven != NULL)
			uneven->count++;
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
	c->stretch = CHECK_STRETCH;
	c->dialect = input->dialect;
	for (i = 0; i < input->nulls; i++) {
		longest = raw_length(input->null[i], c->dialect.quote);
		if (longest > c->null_max)
			c->null_max = longest;
	}
	if (c->header->id == 0 && c->header->kind == ID_THIRD_PARTY &&
	    c->dialect.delimiter == ',' && !c->dialect.trim) {
		c->simple_fields = (uint32_t)c->header->columns;
		c->simple_max = CHECK_VALUE_MAX < c->dialect.max_record
				    ? CHECK_VALUE_MAX
				    : (uint32_t)c->dialect.max_record;
	}
	for (i = 0; i < 2; i++)
		c->no_values[i] =
		    (c->null_max + 2 * i + 1) * (c->header->columns - 1);
	return check_names(c, e);
}
