#include "profile/reject.h"

#include <stdlib.h>
#include <string.h>
#include "base/diag.h"
#include "base/escape.h"
#include "base/number.h"
#include "base/options.h"

int
reject_set_max(
    struct reject_options *options, const char *text, struct error *e)
{
	size_t n = strlen(text);
	char digits[24];

	options->percent = n > 0 && text[n - 1] == '%';
	n -= options->percent;
	if (n < sizeof(digits)) {
		memcpy(digits, text, n);
		digits[n] = '\0';
		if ((options->percent
			    ? number_parse_percent(digits, &options->max)
			    : number_parse(
				  digits, 0, UINT64_MAX, &options->max)) == 0) {
			options->limited = true;
			options->text = text;
			return 0;
		}
	}
	return options_bad(
	    e, "max-rejects", text, "a number, or a share such as 2% or 0.5%");
}

int
reject_open(
    struct reject *r, const struct reject_options *options, struct error *e)
{
	memset(r, 0, sizeof(*r));
	r->options = *options;
	r->rejects.out.fd = r->errors.out.fd = -1;
	if (options->rejects != NULL &&
	    outfile_open(&r->rejects, options->rejects, e) != 0)
		return -1;
	if (options->errors == NULL ||
	    outfile_open(&r->errors, options->errors, e) == 0)
		return 0;
	outfile_discard(&r->rejects);
	return -1;
}

/* What cannot be written is told once, and not again when it is committed. */
static int
give_up(struct outfile *f)
{
	outfile_discard(f);
	return -1;
}

static int
write_rejects(struct reject *r, const char *data, size_t n, struct error *e)
{
	if (r->rejects.path == NULL)
		return 0;
	if (output_write(&r->rejects.out, data, n, e) != 0)
		return give_up(&r->rejects);
	return 0;
}

int
reject_begin(struct reject *r, const struct header *h, struct error *e)
{
	static const char crlf[] = "\r\n";

	if (write_rejects(r, h->raw, h->raw_len, e) != 0)
		return -1;
	return write_rejects(r, crlf + 2 - h->ending, h->ending, e);
}

/* The value of the field at fault, where there is one to show. */
static const struct csv_field *
value_of(const struct reject *r, const struct csv_record *record,
    const struct finding *f)
{
	if (!r->options.show_values || f->field >= record->fields ||
	    f->field >= CSV_MAX_FIELDS)
		return NULL;
	return &record->field[f->field];
}

/* What is wrong; of broken quotes, more than the rule knows. */
static const char *
reason(enum rule rule, const struct csv_record *record)
{
	enum csv_fault fault = record->fault;

	if (rule == RULE_QUOTE && record->spaced)
		return "quotes are malformed; if the spaces around them are "
		       "layout, use --trim";
	if (rule == RULE_QUOTE && fault == CSV_UNCLOSED)
		return "this quote never closes; the lines behind it are "
		       "read as records of their own";
	if (rule == RULE_QUOTE && fault == CSV_UNCLOSED_TOO_LONG)
		return "this quote does not close within --max-record; the "
		       "lines behind it are read as records of their own";
	if (rule == RULE_QUOTE && fault == CSV_TAIL)
		return "fewer fields than the header, behind a broken quote: "
		       "taken for the rest of that field";
	return rule_text(rule);
}

static void
tell(const struct reject *r, const struct header *h, const char *file,
    const struct csv_record *record, const struct finding *f)
{
	const struct csv_field *value = value_of(r, record, f);
	char name[128] = "", shown[256] = "";
	uint64_t line, column;
	bool named = f->field < h->columns;

	csv_record_place(record, f->offset, &line, &column);
	if (named)
		escape_text(name, sizeof(name), h->column[f->field].name,
		    h->column[f->field].len);
	if (value != NULL)
		escape_text(shown, sizeof(shown), value->text, value->len);
	diag_place(EXIT_REJECTED, file, line, column, rule_name(f->rule),
	    "%s%s%s%s%s%s%s", named ? "column '" : "", name, named ? "': " : "",
	    reason(f->rule, record), value != NULL ? " (value: '" : "", shown,
	    value != NULL ? "')" : "");
}

static int
describe(struct reject *r, const struct header *h, const char *path,
    uint64_t number, const struct csv_record *record, const struct finding *f,
    struct error *e)
{
	const struct csv_field *value = value_of(r, record, f);
	ndjson *o = ndjson_new();
	uint64_t line, column;
	size_t n;
	char *text;

	csv_record_place(record, f->offset, &line, &column);
	ndjson_set_count(o, "record", number);
	ndjson_set_string(o, "file", path);
	ndjson_set_count(o, "line", line);
	ndjson_set_count(o, "column", column);
	ndjson_set_string(o, "rule", rule_name(f->rule));
	if (f->field < h->columns)
		ndjson_set_text(o, "field", h->column[f->field].name,
		    h->column[f->field].len);
	else
		ndjson_set_string(o, "field", NULL);
	if (value != NULL)
		ndjson_set_text(o, "value", value->text, value->len);
	text = ndjson_line(o, &n);
	ndjson_free(o);
	if (output_line(&r->errors.out, text, n, e) != 0)
		return give_up(&r->errors);
	return 0;
}

int
reject_judge(
    const struct reject *r, uint64_t records, bool end, struct error *e)
{
	const struct reject_options *o = &r->options;

	if (!o->limited)
		return 0;
	if (!o->percent) {
		if (r->total <= o->max)
			return 0;
		return error_set(e, EXIT_INPUT,
		    "more than %llu %s rejected (--max-rejects)",
		    (unsigned long long)o->max,
		    number_form(o->max, "record", "records"));
	}
	/* 128 bits are not needed: fewer than 2^47 records fit on disks. */
	if ((records < REJECT_SHARE_FROM && !end) ||
	    r->total * 100000 <= o->max * records)
		return 0;
	return error_set(e, EXIT_INPUT,
	    "%llu of %llu %s rejected, over %s (--max-rejects)",
	    (unsigned long long)r->total, (unsigned long long)records,
	    number_form(records, "record", "records"), o->text);
}

int
reject_add(struct reject *r, const struct header *h, const char *file,
    const char *path, uint64_t number, const struct csv_record *record,
    const struct finding *f, struct error *e)
{
	r->total++;
	r->count[f->rule]++;
	tell(r, h, file, record, f);
	if (r->errors.path != NULL &&
	    describe(r, h, path, number, record, f, e) != 0)
		return -1;
	r->before = r->rejects.out.written;
	return reject_more(r, record->raw, record->len, e);
}

void
reject_take_back(struct reject *r)
{
	outfile_take_back(&r->rejects, r->before);
}

int
reject_more(struct reject *r, const char *raw, size_t n, struct error *e)
{
	return write_rejects(r, raw, n, e);
}

int
reject_commit(struct reject *r, struct error *e)
{
	int rejects = outfile_commit(&r->rejects, e);

	return outfile_commit(&r->errors, e) != 0 ? -1 : rejects;
}

void
reject_discard(struct reject *r)
{
	outfile_discard(&r->rejects);
	outfile_discard(&r->errors);
}

void
reject_summarize(const struct reject *r, ndjson *summary)
{
	ndjson *rules = ndjson_new();
	enum rule i;

	for (i = 0; i < RULES; i++)
		if (r->count[i] > 0)
			ndjson_set_count(rules, rule_name(i), r->count[i]);
	ndjson_set(summary, "byRule", rules);
}
