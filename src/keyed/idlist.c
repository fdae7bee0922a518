#include "keyed/idlist.h"

#include <stdlib.h>
#include <string.h>
#include "base/safety.h"
#include "base/signals.h"
#include "csv/parse.h"
#include "csv/reader.h"
#include "csv/window.h"
#include "io/input.h"
#include "io/seal.h"
#include "profile/header.h"
#include "profile/rule.h"

/* A list that is being read. */
struct reading {
	struct idlist *list;
	struct input *in;
	struct csv_window w;
	uint64_t line; /* at the window's place, from 1 */
	struct csv_dialect dialect;
	struct header_options header;
	bool doubtful; /* its header does not tell by which quotes it is
			  written: those of the input, or double ones */
	bool ended;    /* the last line must be */
	enum id_kind kind;
	const struct hash_key *key;
	struct idset *set;
};

/* What was said is wrong with this line. */
static int
place(const struct reading *r, uint64_t line, struct error *e)
{
	error_place(e, input_name(r->in), line, 0);
	return -1;
}

static int
take(struct reading *r, const char *text, size_t n, struct error *e)
{
	struct hash id = hash_text(r->key, text, n);

	r->list->ids++;
	return idset_add(r->set, &id, e);
}

/* Neither that a run is to end, nor that a list was joined of sealed ones, of
 * which one may be cut short, may be passed over. */
static int
look_at_line(const struct reading *r, const char *line, size_t n,
    uint64_t number, struct error *e)
{
	if (signals_pending() != 0)
		return error_set(e, EXIT_LOCAL, "interrupted");
	if (SAFETY("list-torn-seal", n == 0, true) ||
	    !seal_suspected(line, n) || !seal_like(line, n))
		return 0;
	error_set(e, EXIT_INPUT,
	    "a seal that is cut short, changed, or not the last line: what "
	    "wrote this list did not finish, or sealed lists were joined with "
	    "cat; make it again, or give the option once for each");
	return place(r, number, e);
}

/* ---------------------------------------------------------- one a line */

/* The line at the window's place, which stays: 1, and its bytes with its line
 * ending; 0 at the end; -1. */
static int
find_line(struct reading *r, size_t *n, struct error *e)
{
	struct csv_window *w = &r->w;
	const char *lf;
	size_t seen = 0;

	for (;;) {
		lf = memchr(
		    w->text + w->pos + seen, '\n', w->end - w->pos - seen);
		if (lf != NULL)
			break;
		seen = w->end - w->pos;
		if (seen > r->dialect.max_record) {
			error_set(e, EXIT_INPUT,
			    "this line is longer than --max-record allows: is "
			    "this a list of identifiers, one a line?");
			return place(r, r->line, e);
		}
		switch (csv_window_fill(w, e)) {
		case 0:
			return 0;
		case -1:
			return -1;
		}
	}
	*n = (size_t)(lf - (w->text + w->pos)) + 1;
	return 1;
}

static void
pass_line(struct reading *r, size_t n)
{
	r->w.pos += n;
	r->line++;
}

/* Without its line ending. */
static size_t
content(const char *line, size_t n)
{
	n--;
	return n > 0 && line[n - 1] == '\r' ? n - 1 : n;
}

static bool
has_control(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return true;
	return false;
}

static int
take_line(struct reading *r, const char *line, size_t n, struct error *e)
{
	if (look_at_line(r, line, n, r->line, e) != 0)
		return -1;
	if (n == 0)
		return 0;
	if (has_control(line, n)) {
		error_set(e, EXIT_INPUT,
		    "this line holds a control character, and no identifier "
		    "does: is this a list of identifiers, one a line, or CSV "
		    "with a column named pcId or thirdPartyId?");
		return place(r, r->line, e);
	}
	return take(r, line, n, e);
}

static int
take_lines(struct reading *r, struct error *e)
{
	const char *line;
	size_t n;
	int got;

	while ((got = find_line(r, &n, e)) > 0) {
		line = r->w.text + r->w.pos;
		if (take_line(r, line, content(line, n), e) != 0)
			return -1;
		if (r->w.unterminated)
			r->list->unterminated = r->line;
		pass_line(r, n);
	}
	return got;
}

/* ----------------------------------------------------------------- CSV */

/* Why a record is none, as tp-validate says it of the input. */
static enum rule
rule_of(enum csv_fault fault)
{
	return fault == CSV_BARE_CR    ? RULE_BARE_CR
	       : fault == CSV_TOO_LONG ? RULE_RECORD_TOO_LONG
				       : RULE_QUOTE;
}

static int
refuse_record(const struct reading *r, const struct csv_record *record,
    enum rule rule, struct error *e)
{
	uint64_t line, column;

	csv_record_place(record, record->bad, &line, &column);
	error_set(e, EXIT_INPUT,
	    "%s: %s (a list of identifiers must be good CSV: mend or remove "
	    "this record)",
	    rule_name(rule), rule_text(rule));
	error_place(e, input_name(r->in), line, column);
	return -1;
}

/* A field that may be in quotes which are not those of the input. */
static bool
is_doubtful(const struct reading *r, const struct csv_record *record)
{
	size_t i;

	for (i = 0; r->doubtful && i < record->fields && i < CSV_MAX_FIELDS;
	     i++)
		if (record->raw[record->field[i].start] == '"')
			return true;
	return false;
}

static int
take_record(struct reading *r, const struct header *h,
    const struct csv_record *record, struct error *e)
{
	const size_t len = record->len - record->ending;
	const struct csv_field *id;

	if (look_at_line(r, record->raw, len, record->line, e) != 0)
		return -1;
	if (record->fault != CSV_GOOD)
		return refuse_record(r, record, rule_of(record->fault), e);
	if (is_doubtful(r, record)) {
		error_set(e, EXIT_INPUT,
		    "a field begins with a double quote, and --quote names "
		    "another: list the identifiers one a line instead");
		return place(r, record->line, e);
	}
	/* Where its identifier is cannot be told. */
	if (record->fields > h->columns &&
	    !header_surplus_empty(
		h, record->raw, len, record->fields, r->dialect.delimiter))
		return refuse_record(r, record, RULE_COLUMNS, e);
	if (record->fields <= h->id)
		return 0;
	id = &record->field[h->id];
	return id->len == 0 ? 0 : take(r, id->text, id->len, e);
}

static int
take_header(struct reading *r, struct csv_reader *reader, struct header *h,
    struct error *e)
{
	struct csv_record record;
	int got = csv_reader_next(reader, &record, e);

	if (got <= 0 || header_read(h, &record, &r->dialect, &r->header,
			    input_name(r->in), e) != 0)
		return -1;
	r->list->column = h->id + 1;
	csv_reader_set_columns(reader, h->columns);
	if (h->kind == r->kind)
		return 0;
	error_set(e, EXIT_INPUT,
	    "this list has identifiers of the kind %s, and the input of the "
	    "kind %s: they cannot be compared",
	    id_kind_name(h->kind), id_kind_name(r->kind));
	return place(r, h->line, e);
}

static int
take_records(struct reading *r, struct error *e)
{
	struct csv_reader *reader = csv_reader_new(&r->dialect, e);
	struct header h = {.columns = 0};
	struct csv_record record;
	int got = -1;

	if (reader == NULL)
		return -1;
	csv_reader_resume(reader, &r->w, r->line);
	if (take_header(r, reader, &h, e) == 0)
		while ((got = csv_reader_next(reader, &record, e)) > 0)
			if (take_record(r, &h, &record, e) != 0) {
				got = -1;
				break;
			}
	if (got == 0 && csv_reader_unterminated(reader))
		r->list->unterminated = csv_reader_line(reader) - 1;
	header_free(&h);
	csv_reader_free(reader);
	return got;
}

/* -------------------------------------------------------------- either */

/* Whether a line, so written, names the column of the identifier: 1, 0, -1. */
static int
names_id(const struct reading *r, const struct csv_dialect *d, const char *line,
    size_t n, struct error *e)
{
	struct csv_parse *p = csv_parse_new(d);
	int got = -1;

	/* Of one that is malformed, the cells in front: header_read tells what
	 * is wrong with it. */
	if (p != NULL && csv_parse_begin(p) &&
	    csv_parse_line(p, line, n) != CSV_PARSED_NO_MEMORY) {
		const struct csv_fields *f = csv_parse_fields(p);

		got = header_has_id(f->field,
		    f->n < CSV_MAX_FIELDS ? f->n : CSV_MAX_FIELDS, &r->header);
	}
	csv_parse_free(p);
	return got < 0 ? error_set(e, EXIT_LOCAL, "out of memory") : got;
}

/* Whether the first line that is not blank is the header of a CSV: 1, and how
 * that is written; 0; -1. */
static int
recognise(struct reading *r, struct error *e)
{
	struct csv_dialect plain = CSV_DIALECT_INIT;
	const char *line;
	int got, is_plain;
	size_t n;

	while ((got = find_line(r, &n, e)) > 0) {
		line = r->w.text + r->w.pos;
		if (content(line, n) > 0)
			break;
		pass_line(r, n);
	}
	if (got <= 0)
		return got;
	plain.max_record = r->dialect.max_record;
	got = names_id(r, &r->dialect, line, n, e);
	is_plain = names_id(r, &plain, line, n, e);
	if (got < 0 || is_plain < 0)
		return -1;
	if (got == 0)
		r->dialect = plain;
	r->doubtful = got && is_plain && r->dialect.quote != plain.quote;
	return got || is_plain;
}

static int
read_all(struct reading *r, struct error *e)
{
	int is_csv = recognise(r, e);

	if (is_csv < 0)
		return -1;
	if ((is_csv ? take_records(r, e) : take_lines(r, e)) != 0)
		return -1;
	if (r->list->unterminated == 0 || !r->ended)
		return 0;
	error_set(e, EXIT_INPUT, IDLIST_UNTERMINATED " (--strict)");
	return place(r, r->list->unterminated, e);
}

int
idlist_read(struct idlist *l, const char *path,
    const struct export_options *input, enum id_kind kind,
    const struct hash_key *key, struct idset *set, struct error *e)
{
	struct reading r = {.list = l,
	    .in = input_open(path, e),
	    .line = 1,
	    .dialect = input->dialect,
	    .header = {.strip_prefix = true},
	    .ended = input->ended,
	    .kind = kind,
	    .key = key,
	    .set = set};
	int status;

	memset(l, 0, sizeof(*l));
	if (r.in == NULL)
		return -1;
	/* A list of another program has not the name that --id gives. */
	if (input->header.id != NULL)
		r.header.any[r.header.n_any++] = input->header.id;
	if (csv_window_init(&r.w) != 0) {
		status = error_set(e, EXIT_LOCAL, "out of memory");
	} else {
		csv_window_start(&r.w, r.in);
		status = read_all(&r, e);
	}
	csv_window_free(&r.w);
	input_close(r.in);
	return status;
}
