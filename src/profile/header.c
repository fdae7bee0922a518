#include "profile/header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/escape.h"
#include "base/sys.h"
#include "base/utf8.h"
#include "csv/write.h"

static const char prefix[] = "profile.";
_Static_assert(sizeof(prefix) == HEADER_PREFIX + 1, "length of the prefix");

/* The page calls the customer's id by another name. */
static const char page_name[] = "mbox3rdPartyId";

const char *
id_kind_name(enum id_kind kind)
{
	return kind == ID_PCID ? "pcId" : "thirdPartyId";
}

static bool
equal(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(s, word, n) == 0;
}

static bool
reserved(const char *name, size_t n)
{
	return equal(name, n, id_kind_name(ID_PCID)) ||
	       equal(name, n, id_kind_name(ID_THIRD_PARTY)) ||
	       equal(name, n, page_name);
}

size_t
header_find(const struct header *h, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < h->columns; i++)
		if (h->column[i].len == len &&
		    memcmp(h->column[i].name, name, len) == 0)
			break;
	return i;
}

char *
header_list_reserved(const struct header *h, char *to, size_t size)
{
	size_t used = 0, i;

	to[0] = '\0';
	/* There are two at most. */
	for (i = 0; i < h->columns; i++)
		if (h->column[i].reserved)
			used +=
			    (size_t)snprintf(to + used, size - used, "%s'%s'",
				used > 0 ? " and " : "", h->column[i].name);
	return to;
}

char *
header_list(const struct header *h, char *to, size_t size)
{
	/* Room for what says how many more there are. */
	const size_t most = size - sizeof(" and 65535 more");
	size_t used = 0, i;
	char name[48];

	to[0] = '\0';
	for (i = 0; i < h->columns; i++) {
		const struct column *c = &h->column[i];

		escape_text(name, sizeof(name), c->name, c->len);
		if (used + strlen(name) + sizeof(", ''") > most)
			break;
		used += (size_t)snprintf(
		    to + used, size - used, "%s'%s'", i > 0 ? ", " : "", name);
	}
	if (i < h->columns)
		snprintf(
		    to + used, size - used, " and %zu more", h->columns - i);
	return to;
}

/* ------------------------------------------------------------- names */

/* Where it is wrong is the column of the field. */
static int
fault(const struct csv_record *r, size_t i, struct error *e)
{
	uint64_t line, column;

	csv_record_place(r, r->field[i].start, &line, &column);
	e->line = line;
	e->column = column;
	return -1;
}

bool
header_prefixed(const char *name, size_t n)
{
	return n >= HEADER_PREFIX && memcmp(name, prefix, HEADER_PREFIX) == 0;
}

enum name_fault
header_judge_name(const char *name, size_t n)
{
	size_t i;

	if (n == 0)
		return NAME_EMPTY;
	if (utf8_valid(name, n) < n)
		return NAME_NOT_UTF8;
	for (i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return NAME_CONTROL;
	return header_prefixed(name, n) ? NAME_PREFIXED : NAME_GOOD;
}

/* Leaves out the prefix of a name, if it is to be. */
static void
strip(struct csv_field *name, const struct header_options *options)
{
	if (!options->strip_prefix || !header_prefixed(name->text, name->len))
		return;
	name->text += HEADER_PREFIX;
	name->len -= HEADER_PREFIX;
}

static void
refuse_nameless(const struct header *h, size_t i, size_t n, struct error *e)
{
	char before[160];

	if (i == 0) {
		error_set(e, EXIT_INPUT,
		    "column 1 has no name in the header; if it is the index "
		    "that pandas writes: to_csv(index=False)");
		return;
	}
	escape_text(before, sizeof(before), h->column[i - 1].name,
	    h->column[i - 1].len);
	error_set(e, EXIT_INPUT,
	    "column %zu, behind '%s', has no name in the header%s", i + 1,
	    before,
	    i + 1 < n ? ": give it one"
		      : ": give it one, or leave out the delimiter before it");
}

static int
take_name(struct header *h, const struct csv_record *r, size_t i,
    const struct header_options *options, struct error *e)
{
	struct csv_field name = r->field[i];
	struct column *c = &h->column[i];

	strip(&name, options);
	c->name = sys_malloc(name.len + 1);
	if (c->name == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	memcpy(c->name, name.text, name.len);
	c->name[name.len] = '\0';
	c->len = name.len;
	switch (header_judge_name(name.text, name.len)) {
	case NAME_GOOD:
		return 0;
	case NAME_EMPTY:
		refuse_nameless(h, i, r->fields, e);
		break;
	case NAME_NOT_UTF8:
		error_set(e, EXIT_INPUT,
		    "the name of column %zu is not UTF-8; convert the export "
		    "first, for instance from what Windows writes: "
		    "iconv -f WINDOWS-1252 -t UTF-8 FILE | ...",
		    i + 1);
		break;
	case NAME_CONTROL:
		error_set(e, EXIT_INPUT,
		    "the name of column %zu holds a "
		    "control character or line break",
		    i + 1);
		break;
	case NAME_PREFIXED:
		error_set(e, EXIT_INPUT, "names are sent bare, %s",
		    options->strip_prefix
			? "and this one has \"profile.\" in front twice: "
			  "rename it"
			: "without \"profile.\" in front: use "
			  "tp-validate --strip-prefix");
		break;
	}
	return fault(r, i, e);
}

struct named {
	const struct column *column;
	size_t index;
};

static int
compare(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->column->name, y->column->name);

	return order != 0 ? order : x->index < y->index ? -1 : 1;
}

/* A header may have thousands of columns, so by sorting. */
static int
refuse_duplicates(
    const struct header *h, const struct csv_record *r, struct error *e)
{
	struct named *sorted = sys_calloc(h->columns, sizeof(*sorted));
	char shown[160];
	int result = 0;
	size_t i;

	if (sorted == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	for (i = 0; i < h->columns; i++) {
		sorted[i].column = &h->column[i];
		sorted[i].index = i;
	}
	qsort(sorted, h->columns, sizeof(*sorted), compare);
	for (i = 1; i < h->columns; i++) {
		const struct column *c = sorted[i].column;

		if (strcmp(c->name, sorted[i - 1].column->name) != 0)
			continue;
		error_set(e, EXIT_INPUT,
		    "columns %zu and %zu are both named "
		    "'%s'; rename one",
		    sorted[i - 1].index + 1, sorted[i].index + 1,
		    escape_text(shown, sizeof(shown), c->name, c->len));
		result = fault(r, sorted[i].index, e);
		break;
	}
	free(sorted);
	return result;
}

/* -------------------------------------------------------- identifier */

/* The first column from i on with an identifier's name; or columns. */
static size_t
find_reserved(const struct header *h, size_t i)
{
	while (i < h->columns && !reserved(h->column[i].name, h->column[i].len))
		i++;
	return i;
}

/* Splits COLUMN[=KIND]; what is behind = counts only if it is a kind. */
static size_t
split_id(const char *id, enum id_kind *kind)
{
	const char *eq = strrchr(id, '=');

	if (eq != NULL && eq != id) {
		if (strcmp(eq + 1, id_kind_name(ID_PCID)) == 0) {
			*kind = ID_PCID;
			return (size_t)(eq - id);
		}
		if (strcmp(eq + 1, id_kind_name(ID_THIRD_PARTY)) == 0) {
			*kind = ID_THIRD_PARTY;
			return (size_t)(eq - id);
		}
	}
	*kind =
	    strcmp(id, id_kind_name(ID_PCID)) == 0 ? ID_PCID : ID_THIRD_PARTY;
	return strlen(id);
}

static const char other_delimiters[] = ";\t|,";

/* One cell that looks like several. */
static int
refuse_delimiter(
    const struct csv_record *r, const struct csv_dialect *d, struct error *e)
{
	size_t i;

	for (i = 0; r->fields == 1 && other_delimiters[i] != '\0'; i++) {
		char c = other_delimiters[i];

		if (c == d->delimiter ||
		    memchr(r->field[0].text, c, r->field[0].len) == NULL)
			continue;
		if (c == '\t')
			return error_set(e, EXIT_INPUT,
			    "the header is a single cell "
			    "that holds tabs: use --delimiter tab");
		return error_set(e, EXIT_INPUT,
		    "the header is a single cell that "
		    "holds '%c': use --delimiter '%c'",
		    c, c);
	}
	return 0;
}

/* "sep=;", by which Excel is told of the delimiter, in front of the header. */
static int
refuse_excel(
    const struct csv_record *r, const struct csv_dialect *d, struct error *e)
{
	char option[24] = "", c;

	if (r->len - r->ending != 5 || memcmp(r->raw, "sep=", 4) != 0)
		return 0;
	c = r->raw[4];
	if (c == '\t')
		snprintf(option, sizeof(option), " --delimiter tab");
	else if (c != '\0' && c != d->delimiter &&
		 strchr(other_delimiters, c) != NULL)
		snprintf(option, sizeof(option), " --delimiter '%c'", c);
	return error_set(e, EXIT_INPUT,
	    "this line is for Excel, not the header: leave it out by "
	    "tail -n +2 FILE | tp-validate%s",
	    option);
}

bool
header_has_id(const struct csv_field *field, size_t n,
    const struct header_options *options)
{
	enum id_kind kind;
	size_t i, k;

	for (i = 0; i < n; i++) {
		struct csv_field name = field[i];

		strip(&name, options);
		if (reserved(name.text, name.len))
			return true;
		for (k = 0; k < options->n_any; k++)
			if (name.len == split_id(options->any[k], &kind) &&
			    memcmp(name.text, options->any[k], name.len) == 0)
				return true;
	}
	return false;
}

static int
find_named_id(struct header *h, const char *id, struct error *e)
{
	size_t n = split_id(id, &h->kind);
	const char *eq = strrchr(id, '=');
	char shown[160], kind[80], names[320];
	size_t own;

	h->id = header_find(h, id, n);
	if (h->id < h->columns)
		return 0;
	/* A name may hold "=", so only now is it known to be meant for KIND. */
	if (eq != NULL && header_find(h, id, (size_t)(eq - id)) < h->columns)
		return error_set(e, EXIT_USAGE,
		    "--id %s: '%s' is no kind of identifier: expected "
		    "thirdPartyId or pcId",
		    escape_text(shown, sizeof(shown), id, strlen(id)),
		    escape_text(kind, sizeof(kind), eq + 1, strlen(eq + 1)));
	escape_text(shown, sizeof(shown), id, n);
	own = find_reserved(h, 0);
	if (own < h->columns && find_reserved(h, own + 1) == h->columns)
		return error_set(e, EXIT_INPUT,
		    "the header has no column '%s', which --id names, but has "
		    "'%s'%s: leave out --id",
		    shown, h->column[own].name,
		    strcmp(h->column[own].name, page_name) == 0
			? ""
			: ", as tp-validate renames it");
	return error_set(e, EXIT_INPUT,
	    "the header has no column '%s', which --id names; it has %s", shown,
	    header_list(h, names, sizeof(names)));
}

static int
find_id(struct header *h, struct error *e)
{
	char names[320];
	size_t second;

	h->id = find_reserved(h, 0);
	if (h->id == h->columns)
		return error_set(e, EXIT_INPUT,
		    "no column is named pcId, thirdPartyId or mbox3rdPartyId; "
		    "there is %s: say which one is the identifier with "
		    "--id NAME, or add the header if the file lacks it",
		    header_list(h, names, sizeof(names)));
	second = find_reserved(h, h->id + 1);
	if (second < h->columns)
		return error_set(e, EXIT_INPUT,
		    "more than one column is named like an identifier: choose "
		    "with --id %s or --id %s",
		    h->column[h->id].name, h->column[second].name);
	split_id(h->column[h->id].name, &h->kind);
	return 0;
}

/* Of the names that --id gives, the one that is there. */
static int
find_any_id(
    struct header *h, const struct header_options *options, struct error *e)
{
	const char *id = options->id;
	enum id_kind kind;
	size_t i;

	for (i = 0; i < options->n_any; i++) {
		const char *any = options->any[i];

		if (header_find(h, any, split_id(any, &kind)) == h->columns)
			continue;
		if (id != NULL)
			return error_set(e, EXIT_INPUT,
			    "more than one of the columns that --id names is "
			    "there: '%s' and '%s'",
			    id, any);
		id = any;
	}
	return id != NULL ? find_named_id(h, id, e) : find_id(h, e);
}

/* ----------------------------------------------------------- writing */

/* Whether all names stand in the record as plain CSV has them. */
static bool
is_plain(const struct csv_record *r, const struct csv_dialect *d)
{
	size_t i;

	if (d->delimiter != ',' || d->quote != '"')
		return false;
	for (i = 0; i < r->fields; i++)
		if (!csv_field_is_whole(&r->field[i], r->raw, '"'))
			return false;
	return true;
}

/*
 * The header as it is passed on, as plain CSV: the identifier by its kind's
 * name, prefixes stripped, and other columns with an identifier's name left
 * out; every other cell byte for byte, if it is plain already.
 */
static int
compose(struct header *h, const struct csv_record *r,
    const struct csv_dialect *d, struct error *e)
{
	const char *kind = id_kind_name(h->kind);
	const bool plain = is_plain(r, d);
	struct buffer b;
	size_t i;
	int failed = 0;

	buffer_init(&b, SIZE_MAX / 2);
	for (i = 0; i < h->columns && !failed; i++) {
		const struct csv_field *f = &r->field[i];
		const char *name = i == h->id ? kind : h->column[i].name;
		size_t len = strlen(name);

		if (h->column[i].reserved)
			continue;
		if (b.len > 0)
			failed |= buffer_add(&b, ",", 1);
		/* What becomes the first may need quotes for it. */
		if (plain && equal(f->text, f->len, name) &&
		    (b.len > 0 || i == 0 || name[0] != '#'))
			failed |= buffer_add(
			    &b, r->raw + f->start, f->end - f->start);
		else if (buffer_reserve(&b, 2 * len + 2) == 0)
			b.len =
			    (size_t)(csv_put_field(b.data + b.len, name, len) -
				     b.data);
		else
			failed = -1;
	}
	failed |= buffer_add(&b, r->raw + r->len - r->ending, r->ending);
	h->written = b.data;
	h->written_len = b.len;
	return failed ? error_set(e, EXIT_LOCAL, "out of memory") : 0;
}

static int
read_columns(struct header *h, const struct csv_record *r,
    const struct header_options *options, struct error *e)
{
	size_t i;

	if (r->fields > CSV_MAX_FIELDS)
		return error_set(e, EXIT_INPUT,
		    "the header has more than %d columns", CSV_MAX_FIELDS);
	h->columns = r->fields;
	h->column = sys_calloc(h->columns, sizeof(*h->column));
	h->raw = sys_malloc(r->len);
	if (h->column == NULL || h->raw == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	h->raw_len = r->len - r->ending;
	h->ending = r->ending;
	memcpy(h->raw, r->raw, h->raw_len);
	for (i = 0; i < h->columns; i++)
		if (take_name(h, r, i, options, e) != 0)
			return -1;
	return 0;
}

/* A second column of the name that the identifier is given. */
static int
refuse_clash(
    const struct header *h, const struct csv_record *r, struct error *e)
{
	const char *kind = id_kind_name(h->kind);
	size_t i = header_find(h, kind, strlen(kind));

	if (i == h->columns || i == h->id)
		return 0;
	error_set(e, EXIT_INPUT,
	    "column %zu is named %s, but --id makes "
	    "column %zu that; rename one",
	    i + 1, kind, h->id + 1);
	return fault(r, i, e);
}

static int
refuse_record(const struct csv_record *r, struct error *e)
{
	/* What there is of one that is too long may hold such a CR. */
	size_t last = r->ending > 0 ? r->ending : 1;

	if (r->fault == CSV_BARE_CR ||
	    (r->fault == CSV_TOO_LONG &&
		memchr(r->raw, '\r', r->len - last) != NULL))
		return error_set(e, EXIT_INPUT,
		    "the header holds a carriage return without line feed; "
		    "if all lines end so, convert the export first: "
		    "tr '\\r' '\\n' <FILE | ...");
	if (r->fault == CSV_TOO_LONG)
		return error_set(e, EXIT_INPUT,
		    "the header is longer than --max-record allows: raise "
		    "it, if this is CSV");
	if (r->fault != CSV_MALFORMED)
		return error_set(e, EXIT_INPUT,
		    "this quote in the header never closes; is this CSV, and "
		    "--quote right?");
	return error_set(e, EXIT_INPUT,
	    "the header is malformed at this quote; %s",
	    r->spaced ? "if the spaces around quotes are layout, use --trim"
		      : "is this CSV, and --quote right?");
}

static int
read_header(struct header *h, const struct csv_record *r,
    const struct csv_dialect *d, const struct header_options *options,
    struct error *e)
{
	size_t i;

	/* Before names are looked at: a tab is no good in one. */
	if (refuse_excel(r, d, e) != 0 || refuse_delimiter(r, d, e) != 0 ||
	    read_columns(h, r, options, e) != 0 ||
	    refuse_duplicates(h, r, e) != 0)
		return -1;
	if (find_any_id(h, options, e) != 0)
		return -1;
	if (refuse_clash(h, r, e) != 0)
		return -1;
	for (i = 0; i < h->columns; i++)
		h->column[i].reserved =
		    i != h->id && reserved(h->column[i].name, h->column[i].len);
	return compose(h, r, d, e);
}

int
header_read(struct header *h, const struct csv_record *r,
    const struct csv_dialect *d, const struct header_options *options,
    const char *place, struct error *e)
{
	memset(h, 0, sizeof(*h));
	h->line = r->line;
	if (r->fault != CSV_GOOD)
		return header_refuse_record(r, place, e);
	if (read_header(h, r, d, options, e) == 0)
		return 0;
	error_place(e, place, e->line == 0 ? r->line : e->line, e->column);
	header_free(h);
	return -1;
}

int
header_refuse_record(
    const struct csv_record *r, const char *place, struct error *e)
{
	uint64_t line = r->line, column = 0;

	refuse_record(r, e);
	if (r->fault == CSV_MALFORMED || r->fault == CSV_UNCLOSED ||
	    r->fault == CSV_UNCLOSED_TOO_LONG)
		csv_record_place(r, r->bad, &line, &column);
	error_place(e, place, line, column);
	return -1;
}

void
header_free(struct header *h)
{
	size_t i;

	for (i = 0; i < h->columns && h->column != NULL; i++)
		free(h->column[i].name);
	free(h->column);
	free(h->raw);
	free(h->written);
	memset(h, 0, sizeof(*h));
}
