/*
 * Which rows of a run tp-validate certainly passes; the commonest first, in few
 * steps each.
 */
#include <string.h>
#include "base/utf8.h"
#include "profile/check.h"
#include "profile/identifier.h"

/* What pass_simple can judge, and, after the first time, does. */
#define SIMPLE_FLAGS ((uint32_t)(CSV_ROW_QUOTED | CSV_ROW_DOUBT))
#define SIMPLE_LATER ((uint32_t)CSV_ROW_INNER)

/* No field is so long that its characters must be counted: one that is leaves
 * three words of the mask empty. */
static bool
short_values(const struct quick_row *r)
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
id_is_plain(const struct check *c, const struct quick_row *r, uint32_t from,
    uint32_t to)
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
row_has_values(const struct check *c, const struct quick_row *r)
{
	const char *text = r->run->text;
	uint32_t at = r->begin, next;
	size_t i;

	for (i = 0; at <= r->end && i < c->header->columns;
	     i++, at = next + 1) {
		struct csv_field f = {text + at, 0, 0, 0};

		next = csv_index_next(r->run->sep, at);
		f.len = (next > r->end ? r->end : next) - at;
		if (i == c->header->id || c->header->column[i].reserved)
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
row_is_plain(const struct check *c, const struct quick_row *r)
{
	const struct header *h = c->header;
	uint32_t from = r->begin, to, len = r->end - r->begin;
	bool quoted = (r->flags & CSV_ROW_QUOTED) != 0;
	size_t i, surplus;

	if (!quick_sound(&c->quick, r->flags, r->fields,
		r->run->text + r->begin, len, c->dialect.max_record) ||
	    (r->flags & CSV_ROW_CONTROL) != 0 || r->fields <= h->id)
		return false;
	surplus = r->fields > h->columns ? r->fields - h->columns : 0;
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
	return (r->flags & CSV_ROW_DOUBT) == 0 ||
	       utf8_is_valid(r->run->text + r->begin, len);
}

/*
 * How many rows from row i on, which begins at `begin` with `seps` separators
 * before it, are of the commonest, which can be judged in few steps each: those
 * that are short and have an identifier in front that is shorter than 64 bytes,
 * and nothing that would be warned about.  Not looked at is whether they are
 * UTF-8; *doubts becomes how many have to be.  They begin before limit and have
 * no flags but those allowed.
 */
static inline size_t
count_simple(const struct check *c, const struct csv_run *run, size_t i,
    uint32_t begin, uint32_t seps, uint32_t limit, uint32_t allowed,
    size_t *doubts)
{
	const uint64_t *sep = run->sep, *rare = run->rare;
	const char *text = run->text;
	const char q = c->dialect.quote;
	const size_t first = i;

	*doubts = 0;
	for (; i < run->rows && begin < limit; i++) {
		const struct csv_row *row = &run->row[i];
		uint32_t len = row->end - begin; /* maybe with a CR */
		uint32_t flags = row->flags, fields = row->seps - seps;
		uint32_t quote = 0, field, id;
		uint64_t ends;

		if ((flags & ~allowed) != 0 || fields != c->quick.columns ||
		    !quick_sound(&c->quick, flags, fields, text + begin, len,
			c->simple_max))
			break;
		if (flags != 0) {
			quote = text[begin] == q;
			if (quote != 0 && (flags & CSV_ROW_INNER) != 0)
				break;
			*doubts += (flags & CSV_ROW_DOUBT) != 0;
		}
		ends = csv_index_bits(sep, begin + quote);
		if (ends == 0)
			break;
		field = (uint32_t)__builtin_ctzll(ends) + quote;
		id = field - 2 * quote;
		if (id <= c->null_max ||
		    len - field <= c->no_values[flags != 0] + 1 ||
		    csv_index_bits(rare, begin + quote) << (64 - id) != 0)
			break;
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
	struct rule_warning *w = export_warning(c->export, RULE_SEPARATORS);
	const bool later = !c->options.strict && w->count > 0;
	const uint32_t allowed = SIMPLE_FLAGS | (later ? SIMPLE_LATER : 0);
	size_t n, good, doubts, k;
	uint32_t limit;

	do {
		limit = *begin + c->stretch;
		n = count_simple(
		    c, run, i, *begin, *seps, limit, allowed, &doubts);
		if (n == 0)
			break;
		good = quick_utf8(run, i, n, doubts, *begin);
		if (good < n)
			c->stretch = QUICK_STRETCH / 16;
		else if (c->stretch < QUICK_STRETCH)
			c->stretch *= 2;
		if (good == 0)
			break;
		for (k = 0; later && k < good; k++)
			w->count += (run->row[i + k].flags & SIMPLE_LATER) != 0;
		i += good;
		*begin = run->row[i - 1].end + 1;
		*seps = run->row[i - 1].seps;
	} while (good == n && *begin >= limit);
	return i;
}

/* Whether a plain row may have commas or line breaks in its values; whether
 * it has, with another delimiter than a comma, check_record finds out. */
static bool
row_separators(const struct check *c, const struct quick_row *r)
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
	struct quick_row r = {run, run->start, 0, 0, 0};
	uint32_t seps = run->seps, columns = (uint32_t)c->header->columns;
	bool separated;
	size_t i;

	for (i = 0; i < run->rows; i++) {
		const struct csv_row *row = &run->row[i];

		if ((row->flags & ~(SIMPLE_FLAGS | SIMPLE_LATER)) == 0) {
			i = pass_simple(c, run, i, &r.begin, &seps);
			if (i == run->rows)
				break;
			row = &run->row[i];
		}
		quick_take(&r, run, i, r.begin, seps);
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
