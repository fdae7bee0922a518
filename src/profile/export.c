#include "profile/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "base/kernel.h"
#include "base/ndjson.h"
#include "base/number.h"
#include "base/safety.h"
#include "base/sys.h"
#include "io/input.h"
#include "io/seal.h"
#include "profile/difference.h"

struct export
{
	struct export_options options;
	struct null null[EXPORT_NULLS];
	struct csv_reader *reader;
	struct input *in;
	struct header header;
	struct reject reject;
	size_t next; /* file to open next */
	uint64_t records, skipped;
	struct seal seal; /* of the file that was read last, if sealed */
	bool sealed;
	bool noted; /* that the last line of in has no line ending */
	struct rule_warning warning[RULES];
};

int
export_set_option(
    struct export_options *o, int key, const char *arg, struct error *e)
{
	switch (key) {
	case EXPORT_KEY_ID:
		o->header.id = arg;
		return 0;
	case EXPORT_KEY_DELIMITER:
		return csv_dialect_set_delimiter(&o->dialect, arg, e);
	case EXPORT_KEY_QUOTE:
		return csv_dialect_set_quote(&o->dialect, arg, e);
	case EXPORT_KEY_TRIM:
		o->dialect.trim = true;
		return 0;
	case EXPORT_KEY_NULL:
		if (o->nulls == EXPORT_NULLS)
			return error_set(e, EXIT_USAGE,
			    "--null may be given at most %d times",
			    EXPORT_NULLS);
		o->null[o->nulls++] = arg;
		return 0;
	case EXPORT_KEY_MAX_RECORD:
		return csv_dialect_set_max_record(&o->dialect, arg, e);
	case EXPORT_KEY_REJECTS:
		o->reject.rejects = arg;
		return 0;
	case EXPORT_KEY_ERRORS:
		o->reject.errors = arg;
		return 0;
	case EXPORT_KEY_MAX_REJECTS:
		return reject_set_max(&o->reject, arg, e);
	default:
		return 1;
	}
}

/* Opens the next input: 1, 0 if there is none, -1. */
static int
open_next(struct export *x, struct error *e)
{
	const struct export_options *o = &x->options;
	const char *path;

	if (x->in != NULL) {
		x->sealed = input_seal(x->in) != NULL;
		if (x->sealed)
			x->seal = *input_seal(x->in);
	}
	input_close(x->in);
	x->in = NULL;
	if (x->next >= (o->count == 0 ? 1 : o->count))
		return 0;
	path = o->count == 0 ? "-" : o->files[x->next];
	x->next++;
	x->noted = false;
	x->in = input_open(path, e);
	if (x->in == NULL ||
	    (x->options.sealed && input_demand_seal(x->in, e) != 0))
		return -1;
	csv_reader_start(x->reader, x->in);
	return 1;
}

/* What the reader says of the input gets the place where it was. */
static int
place(const struct export *x, struct error *e)
{
	if (x->in != NULL)
		error_place(e, input_name(x->in), 0, 0);
	return -1;
}

/* The last line was read, and has no line ending: maybe there was more. */
static int
note_unterminated(struct export *x, struct error *e)
{
	uint64_t line = csv_reader_line(x->reader) - 1;

	x->noted = true;
	if (!x->options.ended) {
		export_warn(x, RULE_UNTERMINATED, line);
		return 0;
	}
	error_set(e, EXIT_INPUT, "%s (--strict)", rule_text(RULE_UNTERMINATED));
	error_place(e, input_name(x->in), line, 0);
	return -1;
}

/* A seal where none can be: what stands before it may not be all. */
static int
refuse_seal(
    const struct export *x, const struct csv_record *record, struct error *e)
{
	error_set(e, EXIT_INPUT,
	    "a seal that is cut short, changed, or not the last line: what "
	    "wrote this did not finish, or sealed files were joined with cat; "
	    "run it again, or name them one after another");
	error_place(e, input_name(x->in), record->line, 0);
	return -1;
}

/* What csv_reader_next gives; -1, too, if the input must not end like this. */
static int
read_record(struct export *x, struct csv_record *record, struct error *e)
{
	int got = csv_reader_next(x->reader, record, e);

	if (got < 0)
		return place(x, e);
	if (SAFETY("torn-seal", got > 0, false) &&
	    seal_like(record->raw, record->len - record->ending))
		return refuse_seal(x, record, e);
	if (!x->noted && csv_reader_unterminated(x->reader) &&
	    note_unterminated(x, e) != 0)
		return -1;
	return got;
}

static int
read_header(struct export *x, struct error *e)
{
	struct csv_record record;
	int got = read_record(x, &record, e);

	if (got == 0)
		error_set(
		    e, EXIT_INPUT, "the input is empty: there is no header");
	if (got <= 0)
		return place(x, e);
	if (header_read(&x->header, &record, &x->options.dialect,
		&x->options.header, input_name(x->in), e) != 0)
		return -1;
	csv_reader_set_columns(x->reader, x->header.columns);
	return 0;
}

/* A further file has columns of its own.  A file of rejects has one header. */
static int
read_own_header(struct export *x, struct error *e)
{
	struct header before = x->header;
	int status;

	memset(&x->header, 0, sizeof(x->header));
	status = read_header(x, e);
	if (status == 0 && x->options.reject.rejects != NULL &&
	    !header_repeated(&before, x->header.raw, x->header.raw_len))
		status = error_set(e, EXIT_USAGE,
		    "--rejects FILE cannot hold records of files with "
		    "different headers, and %s has another one than the file "
		    "before it: leave out --rejects (--errors FILE says where "
		    "each record is)",
		    input_name(x->in));
	header_free(&before);
	return status;
}

/* Each further file begins with the same header, which is dropped. */
static int
read_same_header(struct export *x, struct error *e)
{
	const char *first = x->options.files[0];
	char shown[160];
	struct csv_record record;
	int got = read_record(x, &record, e);

	if (got > 0 && record.fault == CSV_GOOD &&
	    header_repeated(&x->header, record.raw, record.len - record.ending))
		return 0;
	if (got == 0)
		error_set(
		    e, EXIT_INPUT, "the input is empty: there is no header");
	if (got > 0 && record.fault != CSV_GOOD)
		return header_refuse_record(&record, input_name(x->in), e);
	if (got > 0)
		difference_tell(&x->header, &record, &x->options.header,
		    input_name(x->in),
		    escape_text(shown, sizeof(shown), first, strlen(first)), e);
	return place(x, e);
}

struct export *
export_open(const struct export_options *options, struct error *e)
{
	struct export *x;
	size_t i;

	if (csv_dialect_check(&options->dialect, e) != 0)
		return NULL;
	x = sys_calloc(1, sizeof(*x));
	if (x == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	x->options = *options;
	for (i = 0; i < options->nulls; i++) {
		null_set(&x->null[i], options->null[i]);
	}
	if (reject_open(&x->reject, &options->reject, e) != 0) {
		free(x);
		return NULL;
	}
	x->reader = csv_reader_new(&options->dialect, e);
	if (x->reader != NULL && open_next(x, e) > 0 &&
	    read_header(x, e) == 0 &&
	    reject_begin(&x->reject, &x->header, e) == 0)
		return x;
	export_close(x);
	return NULL;
}

void
export_close(struct export *x)
{
	if (x == NULL)
		return;
	reject_discard(&x->reject);
	header_free(&x->header);
	csv_reader_free(x->reader);
	input_close(x->in);
	free(x);
}

const struct header *
export_header(const struct export *x)
{
	return &x->header;
}

size_t
export_source(const struct export *x)
{
	return x->next - 1;
}

/* The rule that a record which cannot be read breaks; RULES if it can. */
static enum rule
unreadable(const struct export *x, const struct csv_record *record)
{
	bool repeated = header_repeated(
	    &x->header, record->raw, record->len - record->ending);

	switch (record->fault) {
	case CSV_GOOD:
		return repeated ? RULE_REPEATED_HEADER : RULES;
	case CSV_BARE_CR:
		return RULE_BARE_CR;
	case CSV_TOO_LONG:
		return RULE_RECORD_TOO_LONG;
	case CSV_MALFORMED:
		/* A mark in front of a quote is all that is wrong with it. */
		return repeated ? RULE_REPEATED_HEADER : RULE_QUOTE;
	case CSV_UNCLOSED:
	case CSV_UNCLOSED_TOO_LONG:
	case CSV_TAIL:
		break;
	}
	return RULE_QUOTE;
}

static int
add_reject(struct export *x, const struct csv_record *record,
    const struct finding *finding, struct error *e)
{
	uint64_t line, column;

	if (x->options.sound) {
		csv_record_place(record, finding->offset, &line, &column);
		error_set(e, EXIT_INPUT, "%s: %s", rule_name(finding->rule),
		    rule_text(finding->rule));
		error_place(e, input_name(x->in), line, column);
		return -1;
	}
	return reject_add(&x->reject, &x->header, input_name(x->in),
	    export_path(x), x->records, record, finding, e);
}

/* A record that is too long comes in pieces; all are kept, or none. */
static int
keep_rest(struct export *x, struct error *e)
{
	const char *piece;
	size_t n;
	int got;

	while ((got = csv_reader_rest(x->reader, &piece, &n, e)) > 0)
		if (reject_more(&x->reject, piece, n, e) != 0)
			return -1;
	if (got < 0)
		if (SAFETY("rejects-whole-records", true, false))
			reject_take_back(&x->reject);
	return got;
}

int
export_next(struct export *x, struct csv_record *record, struct error *e)
{
	struct finding finding = {RULES, SIZE_MAX, 0};
	int got;

	while (x->in != NULL) {
		got = read_record(x, record, e);
		if (got < 0)
			return -1;
		if (got == 0) {
			got = open_next(x, e);
			if (got > 0 && x->options.joined)
				return read_own_header(x, e) == 0 ? 2 : -1;
			if (got < 0 || (got > 0 && read_same_header(x, e) != 0))
				return -1;
			continue;
		}
		x->records++;
		finding.rule = unreadable(x, record);
		if (finding.rule == RULES)
			return 1;
		finding.offset = record->bad;
		if (finding.rule == RULE_REPEATED_HEADER &&
		    record->fault == CSV_MALFORMED) {
			finding.offset = 0;
			csv_reader_forgive(x->reader);
		}
		/* Judged when it is whole: the run may end with it. */
		if (add_reject(x, record, &finding, e) != 0 ||
		    keep_rest(x, e) != 0 ||
		    reject_judge(&x->reject, x->records, false, e) != 0)
			return -1;
	}
	return 0;
}

int
export_run(struct export *x, struct csv_run *run, struct error *e)
{
	int got;

	if (x->in == NULL)
		return 0;
	got = csv_reader_run(x->reader, run, e);
	return got < 0 ? place(x, e) : got;
}

void
export_take(struct export *x, size_t rows)
{
	csv_reader_take(x->reader, rows);
	x->records += rows;
}

int
export_reject(struct export *x, const struct csv_record *record,
    const struct finding *finding, struct error *e)
{
	if (add_reject(x, record, finding, e) != 0)
		return -1;
	return reject_judge(&x->reject, x->records, false, e);
}

int
export_reject_late(struct export *x, size_t source, uint64_t number,
    const struct csv_record *record, const struct finding *finding,
    struct error *e)
{
	const char *path =
	    x->options.count == 0 ? "-" : x->options.files[source];

	if (reject_add(&x->reject, &x->header, path, path, number, record,
		finding, e) != 0)
		return -1;
	return reject_judge(&x->reject, x->records, false, e);
}

void
export_skip(struct export *x, size_t records)
{
	x->skipped += records;
}

void
export_unread(struct export *x)
{
	x->records--;
}

bool
export_empty(const struct export *x, const struct csv_field *f)
{
	return f->len == 0 || null_is(x->null, x->options.nulls, f);
}

const struct null *
export_nulls(const struct export *x)
{
	return x->null;
}

struct rule_warning *
export_warning(struct export *x, enum rule rule)
{
	return &x->warning[rule];
}

void
export_warn(struct export *x, enum rule rule, uint64_t line)
{
	struct rule_warning *w = &x->warning[rule];

	if (w->count++ > 0)
		return;
	snprintf(w->file, sizeof(w->file), "%s", export_file(x));
	w->line = line;
}

bool
export_tell_warning(
    const struct export *x, enum rule rule, char *to, size_t size)
{
	const struct rule_warning *w = &x->warning[rule];
	char often[40] = "once,";

	if (w->count > 1)
		snprintf(often, sizeof(often), "%llu times, first",
		    (unsigned long long)w->count);
	snprintf(to, size, "%s: %s (%s at %s:%llu)", rule_name(rule),
	    rule_text(rule), often, w->file, (unsigned long long)w->line);
	return w->count > 0;
}

void
export_describe(const struct export *x, char *to, size_t size)
{
	const struct header *h = &x->header;
	const struct column *id = &h->column[h->id];
	char shown[160];

	snprintf(to, size,
	    "%s:%llu: %zu %s; the %s is column %zu, '%s'; scan kernel: %s",
	    input_name(x->in), (unsigned long long)h->line, h->columns,
	    number_form(h->columns, "column", "columns"), id_kind_name(h->kind),
	    h->id + 1, escape_text(shown, sizeof(shown), id->name, id->len),
	    kernel_name(kernel_in_use()));
}

const struct seal *
export_seal(const struct export *x)
{
	return x->sealed ? &x->seal : NULL;
}

const char *
export_file(const struct export *x)
{
	return x->in == NULL ? "" : input_name(x->in);
}

const char *
export_path(const struct export *x)
{
	return x->options.count == 0 ? "-" : x->options.files[x->next - 1];
}

uint64_t
export_records(const struct export *x)
{
	return x->records;
}

uint64_t
export_rejected(const struct export *x)
{
	return x->reject.total;
}

uint64_t
export_skipped(const struct export *x)
{
	return x->skipped;
}

uint64_t
export_bytes(const struct export *x)
{
	return csv_reader_bytes(x->reader);
}

uint64_t
export_line(const struct export *x)
{
	return csv_reader_line(x->reader);
}

void
export_summarize(const struct export *x, ndjson *summary)
{
	ndjson *warnings = ndjson_new();
	enum rule i;

	ndjson_set_count(summary, "in", x->records);
	ndjson_set_count(summary, "rejected", x->reject.total);
	ndjson_set_count(summary, "skipped", x->skipped);
	ndjson_set_count(summary, "blankLines", csv_reader_blank(x->reader));
	ndjson_set_count(summary, "bytesIn", csv_reader_bytes(x->reader));
	reject_summarize(&x->reject, summary);
	for (i = 0; i < RULES; i++)
		if (x->warning[i].count > 0)
			ndjson_set_count(
			    warnings, rule_name(i), x->warning[i].count);
	ndjson_set(summary, "warnings", warnings);
}

int
export_judge(const struct export *x, struct error *e)
{
	return reject_judge(&x->reject, x->records, true, e);
}

int
export_commit(struct export *x, struct error *e)
{
	return reject_commit(&x->reject, e);
}

void
export_version(char *to, size_t size)
{
	snprintf(to, size, "libcsv %s, zlib %s, jansson %s\nscan kernel: %s\n",
	    csv_parse_version(), input_zlib_version(), ndjson_version(),
	    kernel_chosen());
}
