#include "csv/parse.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include "base/sys.h"

struct csv_parse {
	struct csv_dialect dialect;
	struct csv_parser libcsv;
	bool live;	/* libcsv is initialised */
	bool row;	/* libcsv reported the end of a row */
	bool no_memory; /* in a callback */
	size_t offset;	/* of the record: bytes given to libcsv */
	size_t start;	/* … where the field being read begins */
	size_t bad;
	size_t bare_cr;
	struct csv_fields fields;
	struct buffer text; /* of all fields, one behind the other */
};

struct csv_parse *
csv_parse_new(const struct csv_dialect *d)
{
	struct csv_parse *p = sys_calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->dialect = *d;
	/* The text of fields is never longer than the record. */
	buffer_init(&p->text, d->max_record + 2 + CSV_FIELDS_PAD);
	return p;
}

void
csv_parse_free(struct csv_parse *p)
{
	if (p == NULL)
		return;
	if (p->live)
		csv_free(&p->libcsv);
	csv_fields_free(&p->fields);
	buffer_free(&p->text);
	free(p);
}

static int
no_space(unsigned char c)
{
	(void)c;
	return 0;
}

bool
csv_parse_begin(struct csv_parse *p)
{
	/* Once libcsv has refused a byte it stays stuck; csv_fini would
	 * report a phantom record.  So each record gets a parser anew. */
	if (p->live)
		csv_free(&p->libcsv);
	p->live = csv_init(&p->libcsv, CSV_STRICT) == 0;
	if (!p->live)
		return false;
	csv_set_delim(&p->libcsv, (unsigned char)p->dialect.delimiter);
	csv_set_quote(&p->libcsv, (unsigned char)p->dialect.quote);
	csv_set_blk_size(&p->libcsv, 4096);
	if (!p->dialect.trim)
		csv_set_space_func(&p->libcsv, no_space);
	p->no_memory = false;
	p->offset = p->start = 0;
	p->bad = p->bare_cr = SIZE_MAX;
	p->fields.n = 0;
	p->text.len = 0;
	return true;
}

static void
take_field(void *text, size_t n, void *context)
{
	struct csv_parse *p = context;
	/* text follows in csv_parse_fields: the buffer may still move. */
	struct csv_field field = {NULL, n, (uint32_t)p->start, 0};

	if (p->fields.n < CSV_MAX_FIELDS &&
	    (buffer_reserve(&p->text, n + CSV_FIELDS_PAD) != 0 ||
		buffer_add(&p->text, text, n) != 0))
		p->no_memory = true;
	else if (csv_fields_add(&p->fields, &field) != 0)
		p->no_memory = true;
}

static void
take_row(int c, void *context)
{
	struct csv_parse *p = context;

	(void)c;
	p->row = true;
}

/* Gives libcsv some bytes.  A field that ends in them ends at end. */
static int
give(struct csv_parse *p, const char *bytes, size_t n, size_t end)
{
	size_t fields = p->fields.n, taken;

	taken = csv_parse(&p->libcsv, bytes, n, take_field, take_row, p);
	if (csv_error(&p->libcsv) == CSV_ENOMEM)
		p->no_memory = true;
	if (p->no_memory)
		return -1;
	if (taken < n) {
		p->bad = p->offset + taken;
		return -1;
	}
	p->offset += n;
	if (p->fields.n > fields) {
		if (p->fields.n <= CSV_MAX_FIELDS)
			p->fields.field[p->fields.n - 1].end = (uint32_t)end;
		p->start = p->offset;
	}
	return 0;
}

/* A line without its ending, cut behind each byte that can end a field, so
 * that a field's end is known when libcsv reports it. */
static int
give_content(struct csv_parse *p, const char *s, size_t n)
{
	size_t i, from = 0;

	for (i = 0; i < n; i++) {
		if (s[i] != p->dialect.delimiter && s[i] != '\r')
			continue;
		if (give(p, s + from, i + 1 - from, p->offset + i - from) != 0)
			return -1;
		from = i + 1;
		if (p->row && p->bare_cr == SIZE_MAX)
			p->bare_cr = p->offset - 1;
		/* A row that ended here ends the record only if the line
		 * ends here too. */
		p->row = p->row && from == n;
	}
	return from == n ? 0 : give(p, s + from, n - from, SIZE_MAX);
}

/* libcsv reads past a CR at which no row has begun; SIZE_MAX: there is none. */
static size_t
leading_cr(const struct csv_parse *p, const char *s, size_t n)
{
	size_t i;

	for (i = 0; p->dialect.trim && i < n; i++)
		if ((s[i] != ' ' && s[i] != '\t') ||
		    s[i] == p->dialect.delimiter)
			break;
	return i < n && s[i] == '\r' ? i : SIZE_MAX;
}

enum csv_parsed
csv_parse_line(struct csv_parse *p, const char *line, size_t n)
{
	size_t ending = n >= 2 && line[n - 2] == '\r' ? 2 : 1;
	size_t content = n - ending;

	p->row = false;
	if (p->offset == 0)
		p->bare_cr = leading_cr(p, line, content);
	if (give_content(p, line, content) != 0 ||
	    give(p, line + content, ending, p->offset) != 0)
		return p->no_memory ? CSV_PARSED_NO_MEMORY : CSV_PARSED_BAD;
	/* Behind the CR that ended a row libcsv may see nothing more. */
	if (p->libcsv.quoted)
		return CSV_PARSED_MORE;
	return p->row || p->bare_cr != SIZE_MAX ? CSV_PARSED_RECORD
						: CSV_PARSED_BLANK;
}

const struct csv_fields *
csv_parse_fields(struct csv_parse *p)
{
	size_t i, offset = 0;

	for (i = 0; i < p->fields.n && i < CSV_MAX_FIELDS; i++) {
		struct csv_field *f = &p->fields.field[i];

		f->text = p->text.data == NULL ? "" : p->text.data + offset;
		offset += f->len;
	}
	return &p->fields;
}

size_t
csv_parse_start(const struct csv_parse *p)
{
	return p->start;
}

size_t
csv_parse_bad(const struct csv_parse *p)
{
	return p->bad;
}

size_t
csv_parse_bare_cr(const struct csv_parse *p)
{
	return p->bare_cr;
}

#define TEXT(x) #x
#define VERSION(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)

const char *
csv_parse_version(void)
{
	return VERSION(CSV_MAJOR, CSV_MINOR, CSV_RELEASE);
}
