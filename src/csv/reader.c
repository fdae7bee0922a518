#include "csv/reader.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"

/*
 * Text is read into a window of WINDOW bytes, which grows only for a record
 * that does not fit; an index covers at most one slice of it.  After a record
 * that upset the index, slices begin small again: input that is broken all
 * over must not be scanned over and over.
 */
enum {
	WINDOW = 64 * 1024,
	MAX_SLICE = WINDOW,
	MIN_SLICE = 4 * 1024,
	MAX_ROWS = 16 * 1024,
	MAX_SEPS = MAX_SLICE + 128
};

struct csv_reader {
	struct csv_dialect dialect;
	const struct csv_kernel *kernel;
	struct csv_parse *parse;
	struct input *in;

	char *window;
	size_t size;	 /* of the window, its pad not counted */
	size_t pos, end; /* window[pos..end) is not yet given out */
	bool eof;
	bool crlf; /* the first record ends in CRLF */

	struct csv_index index;
	size_t base; /* the index is over window[base..) */
	size_t row;  /* the first row of it not yet given out */
	size_t slice;
	uint64_t base_line; /* line at base */
	uint64_t line;	    /* line at pos */

	size_t columns;
	bool resync;   /* after a broken quote, see reader.h */
	bool skipping; /* inside a record that is too long */
	uint64_t blank, bytes;

	struct csv_fields fields; /* of a record given out */
	struct buffer text;	  /* their text, where it is not raw */
};

struct csv_reader *
csv_reader_new(const struct csv_dialect *d, struct error *e)
{
	struct csv_reader *r = sys_calloc(1, sizeof(*r));

	if (r == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	r->dialect = *d;
	r->size = WINDOW;
	buffer_init(&r->text, d->max_record + 2);
	r->kernel = csv_kernel_choose(e);
	r->parse = csv_parse_new(d);
	r->window = sys_malloc(r->size + CSV_SCAN_PAD);
	r->index.max_seps = MAX_SEPS;
	r->index.max_rows = MAX_ROWS;
	r->index.sep = sys_malloc(MAX_SEPS * sizeof(*r->index.sep));
	r->index.row = sys_malloc(MAX_ROWS * sizeof(*r->index.row));
	if (r->kernel != NULL && r->parse != NULL && r->window != NULL &&
	    r->index.sep != NULL && r->index.row != NULL)
		return r;
	error_set(e, EXIT_LOCAL, "out of memory");
	csv_reader_free(r);
	return NULL;
}

void
csv_reader_free(struct csv_reader *r)
{
	if (r == NULL)
		return;
	csv_parse_free(r->parse);
	csv_fields_free(&r->fields);
	buffer_free(&r->text);
	free(r->index.sep);
	free(r->index.row);
	free(r->window);
	free(r);
}

/* The index says nothing about what is at pos. */
static void
forget_index(struct csv_reader *r, size_t slice)
{
	r->index.rows = r->index.seps = r->index.scanned = 0;
	r->row = 0;
	r->base = r->pos;
	r->base_line = r->line;
	r->slice = slice;
}

void
csv_reader_start(struct csv_reader *r, struct input *in)
{
	r->in = in;
	r->pos = r->end = 0;
	r->line = 1;
	r->eof = r->crlf = r->resync = r->skipping = false;
	forget_index(r, MAX_SLICE);
}

void
csv_reader_set_columns(struct csv_reader *r, size_t columns)
{
	r->columns = columns;
}

/* An unterminated last record gets its line ending: that of the first. */
static void
terminate(struct csv_reader *r)
{
	const char *begin = r->window + r->pos, *lf;

	r->eof = true;
	if (r->end == r->pos || r->window[r->end - 1] == '\n')
		return;
	if (r->line == 1) {
		lf = memchr(begin, '\n', r->end - r->pos);
		r->crlf = lf != NULL && lf > begin && lf[-1] == '\r';
	}
	if (r->crlf && r->window[r->end - 1] != '\r')
		r->window[r->end++] = '\r';
	r->window[r->end++] = '\n';
}

/* The window is full of one record: makes it larger. */
static int
grow(struct csv_reader *r, struct error *e)
{
	size_t size = r->size * 2;
	char *window = sys_realloc(r->window, size + CSV_SCAN_PAD);

	if (window == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	r->window = window;
	r->size = size;
	return 0;
}

/*
 * Reads more behind end, moving the text to the front of the window; 0 if
 * there is no more.  The last two bytes are kept for terminate().
 */
static int
fill(struct csv_reader *r, struct error *e)
{
	ptrdiff_t got;
	size_t room;

	if (r->eof)
		return 0;
	if (r->pos > 0) {
		memmove(r->window, r->window + r->pos, r->end - r->pos);
		r->end -= r->pos;
		r->pos = 0;
		forget_index(r, r->slice);
	}
	if (r->size - r->end < 128 && grow(r, e) != 0)
		return -1;
	room = r->size - r->end - 2;
	got = input_read(
	    r->in, r->window + r->end, room < WINDOW ? room : WINDOW, e);
	if (got < 0)
		return -1;
	if (got == 0) {
		size_t before = r->end;

		terminate(r);
		return r->end > before;
	}
	r->bytes += (uint64_t)got;
	r->end += (size_t)got;
	return 1;
}

static void
scan(struct csv_reader *r)
{
	size_t n = r->end - r->pos;
	size_t slice = r->slice;

	forget_index(r, r->slice);
	/* Kernels read it, if only to pass over it. */
	memset(r->window + r->end, 0, CSV_SCAN_PAD);
	r->kernel->scan(r->window + r->pos, n < slice ? n : slice,
	    r->dialect.delimiter, r->dialect.quote, &r->index);
}

/*
 * Sees to it that the index has a row to give: 1; 0 if the record at pos
 * cannot be had from an index (or there is none any more), -1.
 */
static int
find_rows(struct csv_reader *r, struct error *e)
{
	while (r->row == r->index.rows) {
		size_t waiting = r->end - r->pos;
		int more;

		if (r->base + r->index.scanned < r->end) {
			bool none = r->index.scanned > 0 && r->pos == r->base;

			if (none && r->index.scanned >= MAX_SLICE)
				return 0;
			if (none && r->index.scanned < r->slice)
				return 0; /* the index is full of fields */
			if (r->index.scanned >= r->slice &&
			    r->slice < MAX_SLICE)
				r->slice *= 2;
			scan(r);
			continue;
		}
		/* Not again for each few bytes that trickle in. */
		do
			more = fill(r, e);
		while (more > 0 && waiting > MIN_SLICE &&
		       r->end - r->pos < waiting * 2);
		if (more < 0)
			return -1;
		if (more == 0 && r->end - r->pos == waiting)
			return 0;
		scan(r);
	}
	return 1;
}

/* ------------------------------------------------------ from the index */

static bool
blank_content(const struct csv_reader *r, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && r->dialect.trim; i++)
		if ((s[i] != ' ' && s[i] != '\t') ||
		    s[i] == r->dialect.delimiter)
			break;
	return i == n;
}

/* Text between quotes, doubled ones made single, appended to r->text. */
static int
unquote(struct csv_reader *r, struct csv_field *f)
{
	const char *s = f->text, *stop = f->text + f->len, *q;
	size_t from = r->text.len;

	while ((q = memchr(s, r->dialect.quote, (size_t)(stop - s))) != NULL) {
		if (buffer_add(&r->text, s, (size_t)(q - s) + 1) != 0)
			return -1;
		s = q + 2;
	}
	if (buffer_add(&r->text, s, (size_t)(stop - s)) != 0)
		return -1;
	f->text = r->text.data + from;
	f->len = r->text.len - from;
	return 0;
}

/* One field of a plain record: text[start..end). */
static int
cut_field(struct csv_reader *r, const char *raw, struct csv_field *f)
{
	const struct csv_dialect *d = &r->dialect;

	f->text = raw + f->start;
	f->len = f->end - f->start;
	if (f->len > 0 && f->text[0] == d->quote) {
		f->text++;
		f->len -= 2;
		if (memchr(f->text, d->quote, f->len) != NULL)
			return unquote(r, f);
	}
	/* With trim, records with quotes are libcsv's. */
	while (d->trim && f->len > 0 && blank_content(r, f->text, 1)) {
		f->text++;
		f->len--;
	}
	while (
	    d->trim && f->len > 0 && blank_content(r, f->text + f->len - 1, 1))
		f->len--;
	return 0;
}

static int
cut_fields(struct csv_reader *r, struct csv_record *record, const uint32_t *sep,
    size_t seps, uint32_t begin)
{
	uint32_t start = 0;
	size_t i;

	r->fields.n = 0;
	r->text.len = 0;
	if (buffer_reserve(&r->text, record->len) != 0)
		return -1;
	for (i = 0; i < seps; i++) {
		struct csv_field f = {NULL, 0, start, sep[i] - begin};

		if (i == seps - 1)
			f.end = (uint32_t)(record->len - record->ending);
		start = sep[i] - begin + 1;
		if (i < CSV_MAX_FIELDS && cut_field(r, record->raw, &f) != 0)
			return -1;
		if (csv_fields_add(&r->fields, &f) != 0)
			return -1;
	}
	record->field = r->fields.field;
	record->fields = r->fields.n;
	return 0;
}

/* The record of the next row: 1; 0 if the index cannot be trusted with it. */
static int
next_indexed(struct csv_reader *r, struct csv_record *record, struct error *e)
{
	const struct csv_row *row = &r->index.row[r->row];
	uint32_t first = r->row == 0 ? 0 : row[-1].last + 1;
	uint32_t begin = (uint32_t)(r->pos - r->base);
	const char *raw = r->window + r->pos;

	memset(record, 0, sizeof(*record));
	record->raw = raw;
	record->len = r->index.sep[row->last] + 1 - begin;
	record->ending =
	    record->len >= 2 && raw[record->len - 2] == '\r' ? 2 : 1;
	record->line = r->line;
	record->flags = row->flags;
	if ((row->flags & CSV_ROW_ODD) != 0 ||
	    (r->dialect.trim && (row->flags & CSV_ROW_QUOTED) != 0) ||
	    record->len - record->ending > r->dialect.max_record)
		return 0;
	if (cut_fields(r, record, r->index.sep + first, row->last + 1 - first,
		begin) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	csv_reader_take(r, 1);
	return 1;
}

/* ---------------------------------------------------------- by libcsv */

/* n bytes from pos on, which are so many lines, are given out. */
static void
pass(struct csv_reader *r, size_t n, uint64_t lines)
{
	r->pos += n;
	r->line += lines;
	/* The index is still right if a row of it ends here as well. */
	if (r->row < r->index.rows &&
	    r->base + r->index.sep[r->index.row[r->row].last] + 1 == r->pos)
		r->row++;
	else
		forget_index(r, MIN_SLICE);
}

/* The first physical line of a record that cannot be read. */
static void
give_line(struct csv_reader *r, struct csv_record *record, size_t n,
    enum csv_fault fault, size_t bad)
{
	record->fault = fault;
	record->raw = r->window + r->pos;
	record->len = n;
	record->ending = n >= 2 && record->raw[n - 2] == '\r' ? 2 : 1;
	record->line = r->line;
	record->bad = bad;
	r->resync = true;
	pass(r, n, 1);
}

/* One physical line that is longer than a record may be; n bytes of it are
 * in the window, its LF too if whole. */
static void
give_too_long(
    struct csv_reader *r, struct csv_record *record, size_t n, bool whole)
{
	bool resync = r->resync;

	give_line(r, record, n, CSV_TOO_LONG, r->dialect.max_record);
	if (memchr(record->raw, r->dialect.quote, n) == NULL)
		r->resync = resync;
	if (whole)
		return;
	record->ending = 0;
	r->line--;
	r->skipping = true;
}

static uint32_t
flags_of(const char *s, size_t n)
{
	uint32_t flags = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x80)
			flags |= CSV_ROW_HIGH;
		else if (c < 0x20 && c != '\t' && c != '\r' && c != '\n')
			flags |= CSV_ROW_CONTROL;
	}
	return flags;
}

static void
give_parsed(
    struct csv_reader *r, struct csv_record *record, size_t n, uint64_t lines)
{
	const struct csv_fields *fields = csv_parse_fields(r->parse);
	const char *raw = r->window + r->pos;

	record->raw = raw;
	record->len = n;
	record->ending = n >= 2 && raw[n - 2] == '\r' ? 2 : 1;
	record->line = r->line;
	record->flags = CSV_ROW_QUOTED | flags_of(raw, n);
	record->bad = csv_parse_bare_cr(r->parse);
	if (record->bad != SIZE_MAX) {
		record->fault = CSV_BARE_CR;
	} else {
		record->bad = 0;
		record->fields = fields->n;
		record->field = fields->field;
	}
	pass(r, n, lines);
}

/*
 * The length of the line that begins at pos + from, its LF included; 0 if
 * the record would be too long with it or the input ends before it, -1.
 */
static ptrdiff_t
find_line(struct csv_reader *r, size_t from, struct error *e)
{
	size_t seen = from;

	for (;;) {
		const char *begin = r->window + r->pos;
		const char *lf =
		    memchr(begin + seen, '\n', r->end - r->pos - seen);
		int more;

		if (lf != NULL)
			return lf + 1 - (begin + from);
		seen = r->end - r->pos;
		/* A CR may be part of the line ending. */
		if (seen > r->dialect.max_record + 1)
			return 0;
		more = fill(r, e);
		if (more <= 0)
			return more;
	}
}

static bool
too_long(const struct csv_reader *r, size_t n)
{
	const char *raw = r->window + r->pos;
	size_t ending = n >= 2 && raw[n - 2] == '\r' ? 2 : 1;

	return n - ending > r->dialect.max_record;
}

/* What cannot be completed: the first line alone is at fault. */
static int
give_broken(struct csv_reader *r, struct csv_record *record, size_t first,
    enum csv_fault fault, size_t open)
{
	size_t bad = csv_parse_bad(r->parse);

	give_line(r, record, first, fault, bad < first ? bad : open);
	return 1;
}

/* A line in which libcsv sees nothing: one field, and that empty. */
static int
give_blank(
    struct csv_reader *r, struct csv_record *record, size_t n, struct error *e)
{
	struct csv_field empty = {"", 0, 0, 0};

	record->raw = r->window + r->pos;
	record->len = n;
	record->ending = n >= 2 && record->raw[n - 2] == '\r' ? 2 : 1;
	record->line = r->line;
	empty.end = (uint32_t)(n - record->ending);
	r->fields.n = 0;
	if (csv_fields_add(&r->fields, &empty) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	record->field = r->fields.field;
	record->fields = 1;
	pass(r, n, 1);
	return 1;
}

/* 1 with a record or a line at fault, or -1. */
static int
next_parsed(struct csv_reader *r, struct csv_record *record, struct error *e)
{
	size_t done = 0, first = 0, open = 0;
	uint64_t lines = 0;

	memset(record, 0, sizeof(*record));
	if (!csv_parse_begin(r->parse))
		return error_set(e, EXIT_LOCAL, "out of memory");
	for (;;) {
		ptrdiff_t n = find_line(r, done, e);
		enum csv_parsed parsed;

		if (n < 0)
			return -1;
		if (n == 0 && lines == 0) {
			give_too_long(r, record, r->end - r->pos, false);
			return 1;
		}
		if (n == 0 && r->eof && done == r->end - r->pos)
			return give_broken(
			    r, record, first, CSV_UNCLOSED, open);
		if (n == 0 || too_long(r, done + (size_t)n)) {
			if (lines > 0)
				return give_broken(r, record, first,
				    CSV_UNCLOSED_TOO_LONG, open);
			give_too_long(r, record, (size_t)n, true);
			return 1;
		}
		parsed = csv_parse_line(
		    r->parse, r->window + r->pos + done, (size_t)n);
		done += (size_t)n;
		if (lines++ == 0) {
			first = done;
			open = csv_parse_start(r->parse);
		}
		switch (parsed) {
		case CSV_PARSED_RECORD:
			give_parsed(r, record, done, lines);
			return 1;
		case CSV_PARSED_BAD:
			return give_broken(
			    r, record, first, CSV_MALFORMED, open);
		case CSV_PARSED_BLANK:
			return give_blank(r, record, done, e);
		case CSV_PARSED_NO_MEMORY:
			return error_set(e, EXIT_LOCAL, "out of memory");
		case CSV_PARSED_MORE:
			/* All of it is inside the quotes. */
			if (done > r->dialect.max_record)
				return give_broken(r, record, first,
				    CSV_UNCLOSED_TOO_LONG, open);
			break;
		}
	}
}

/* ---------------------------------------------------------------- both */

static int
next_any(struct csv_reader *r, struct csv_record *record, struct error *e)
{
	int got = find_rows(r, e);

	if (got > 0)
		got = next_indexed(r, record, e);
	if (got != 0)
		return got;
	if (r->pos == r->end)
		return r->eof ? 0 : next_parsed(r, record, e);
	return next_parsed(r, record, e);
}

/* Settles whether a record is the tail of a broken one. */
static void
judge_tail(struct csv_reader *r, struct csv_record *record)
{
	if (!r->resync || record->fault != CSV_GOOD || r->columns == 0)
		return;
	if (record->fields < r->columns)
		record->fault = CSV_TAIL;
	else if (record->fields == r->columns)
		r->resync = false;
}

int
csv_reader_next(
    struct csv_reader *r, struct csv_record *record, struct error *e)
{
	const char *piece;
	size_t n;
	int got;

	while (r->skipping)
		if (csv_reader_rest(r, &piece, &n, e) < 0)
			return -1;
	for (;;) {
		got = next_any(r, record, e);
		if (got <= 0)
			return got;
		/* Behind a broken quote a blank line may be part of it. */
		if (record->fault != CSV_GOOD || r->resync ||
		    !blank_content(
			r, record->raw, record->len - record->ending))
			break;
		r->blank++;
	}
	if (record->line == 1)
		r->crlf = record->ending == 2;
	judge_tail(r, record);
	return 1;
}

int
csv_reader_rest(
    struct csv_reader *r, const char **piece, size_t *n, struct error *e)
{
	const char *lf;

	if (!r->skipping)
		return 0;
	if (r->pos == r->end) {
		/* With nothing unread terminate() has nothing to end. */
		int more = fill(r, e);

		if (more < 0)
			return -1;
		if (more == 0) {
			r->skipping = false;
			r->line++;
			*piece = r->crlf ? "\r\n" : "\n";
			*n = strlen(*piece);
			return 1;
		}
	}
	*piece = r->window + r->pos;
	lf = memchr(*piece, '\n', r->end - r->pos);
	*n = lf == NULL ? r->end - r->pos : (size_t)(lf + 1 - *piece);
	if (memchr(*piece, r->dialect.quote, *n) != NULL)
		r->resync = true;
	r->pos += *n;
	if (lf != NULL) {
		r->skipping = false;
		r->line++;
	}
	forget_index(r, MIN_SLICE);
	return 1;
}

int
csv_reader_run(struct csv_reader *r, struct csv_run *run, struct error *e)
{
	int got;

	if (r->skipping || r->resync)
		return 0;
	got = find_rows(r, e);
	if (got <= 0)
		return got;
	run->text = r->window + r->base;
	run->sep = r->index.sep;
	run->row = r->index.row + r->row;
	run->rows = r->index.rows - r->row;
	run->start = (uint32_t)(r->pos - r->base);
	run->first = r->row == 0 ? 0 : run->row[-1].last + 1;
	run->lines = r->row == 0 ? 0 : run->row[-1].lines;
	return 1;
}

void
csv_reader_take(struct csv_reader *r, size_t n)
{
	const struct csv_row *last;

	if (n == 0)
		return;
	r->row += n;
	last = &r->index.row[r->row - 1];
	r->pos = r->base + r->index.sep[last->last] + 1;
	r->line = r->base_line + last->lines;
}

uint64_t
csv_reader_line(const struct csv_reader *r)
{
	return r->line;
}

uint64_t
csv_reader_blank(const struct csv_reader *r)
{
	return r->blank;
}

uint64_t
csv_reader_bytes(const struct csv_reader *r)
{
	return r->bytes;
}

void
csv_record_place(const struct csv_record *record, size_t offset, uint64_t *line,
    uint64_t *column)
{
	size_t i, begin = 0;

	*line = record->line;
	for (i = 0; i < offset && i < record->len; i++) {
		if (record->raw[i] == '\n' && i + 1 <= offset) {
			(*line)++;
			begin = i + 1;
		}
	}
	*column = offset - begin + 1;
}
