#include "csv/reader.h"

#include <stdlib.h>
#include <string.h>
#include "base/safety.h"
#include "base/sys.h"
#include "base/utf8.h"
#include "csv/window.h"

/*
 * An index covers at most one slice of the window, and more only for a record
 * that is longer.  After a record that upset it, slices begin small again:
 * input that is broken all over must not be scanned over and over.
 */
enum {
	MAX_SLICE = WINDOW_SIZE,
	LONGEST_SLICE = 16 * 1024 * 1024,
	MIN_SLICE = 512,
	MAX_ROWS = 16 * 1024
};

struct csv_reader {
	struct csv_dialect dialect;
	bool quick; /* broken quotes are found without libcsv, see give_odd */
	csv_scan_function *scan;
	struct csv_parse *parse;
	struct csv_window w;

	struct csv_index index;
	size_t base; /* the index is over window[base..) */
	size_t row;  /* the first row of it not yet given out */
	size_t slice;
	uint64_t base_line; /* line at base */
	uint64_t line;	    /* line at pos */

	size_t columns;
	bool resync;   /* after a broken quote, see reader.h */
	bool before;   /* … as it was before the record given last */
	bool skipping; /* inside a record that is too long */
	uint64_t blank;

	struct csv_fields fields; /* of a record given out */
	struct buffer text;	  /* their text, where it is not raw */
};

/* Room in the index for so many blocks.  -1: it is more than it may be, or no
 * memory; what there is stays as it is. */
static int
make_masks(struct csv_reader *r, size_t blocks)
{
	struct csv_index *ix = &r->index;
	uint64_t *sep, *rare;

	if (blocks <= ix->max_blocks)
		return 0;
	if (blocks > LONGEST_SLICE / 64)
		return -1;
	sep = sys_calloc(blocks + 1, sizeof(*sep));
	rare = sys_calloc(blocks + 1, sizeof(*rare));
	if (sep == NULL || rare == NULL) {
		free(sep);
		free(rare);
		return -1;
	}
	free(ix->sep);
	free(ix->rare);
	ix->sep = sep;
	ix->rare = rare;
	ix->max_blocks = blocks;
	return 0;
}

struct csv_reader *
csv_reader_new(const struct csv_dialect *d, struct error *e)
{
	struct csv_reader *r = sys_calloc(1, sizeof(*r));
	bool windowed;

	if (r == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	r->dialect = *d;
	r->quick = !d->trim && kernel_in_use() != KERNEL_LIBCSV;
	buffer_init(&r->text, d->max_record + 2 + CSV_FIELDS_PAD);
	r->scan = csv_scanner();
	r->parse = csv_parse_new(d);
	windowed = csv_window_init(&r->w) == 0;
	r->index.max_rows = MAX_ROWS;
	r->index.row = sys_malloc(MAX_ROWS * sizeof(*r->index.row));
	if (r->parse != NULL && windowed && r->index.row != NULL &&
	    make_masks(r, MAX_SLICE / 64) == 0)
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
	free(r->index.rare);
	free(r->index.row);
	csv_window_free(&r->w);
	free(r);
}

/* The index says nothing about what is at pos. */
static void
forget_index(struct csv_reader *r, size_t slice)
{
	r->index.rows = r->index.scanned = 0;
	r->row = 0;
	r->base = r->w.pos;
	r->base_line = r->line;
	r->slice = slice;
}

/* What is at pos is a record, in this line. */
static void
begin(struct csv_reader *r, uint64_t line)
{
	r->line = line;
	r->resync = r->skipping = false;
	forget_index(r, MAX_SLICE);
}

void
csv_reader_start(struct csv_reader *r, struct input *in)
{
	csv_window_start(&r->w, in);
	begin(r, 1);
}

void
csv_reader_resume(struct csv_reader *r, struct csv_window *w, uint64_t line)
{
	struct csv_window own = r->w;

	r->w = *w;
	*w = own;
	begin(r, line);
}

void
csv_reader_set_columns(struct csv_reader *r, size_t columns)
{
	r->columns = columns;
}

/* Reads more; the index does not survive when the text moves. */
static int
fill(struct csv_reader *r, struct error *e)
{
	size_t before = r->w.pos;
	int more = csv_window_fill(&r->w, e);

	if (r->w.pos != before)
		forget_index(r, r->slice);
	return more;
}

static void
scan(struct csv_reader *r, size_t slice)
{
	size_t n = r->w.end - r->w.pos;

	forget_index(r, r->slice);
	/* Kernels read the pad, if only to pass over it. */
	memset(r->w.text + r->w.end, 0, CSV_SCAN_PAD);
	r->scan(r->w.text + r->w.pos, n < slice ? n : slice,
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
		size_t waiting = r->w.end - r->w.pos;
		size_t seen = r->index.scanned;
		int more;

		/* No good record is so long. */
		if (seen >= MAX_SLICE && seen > r->dialect.max_record + 2 &&
		    r->w.pos == r->base)
			return 0;
		if (r->base + r->index.scanned < r->w.end) {
			if (seen >= MAX_SLICE && r->w.pos == r->base) {
				if (make_masks(r, seen / 64 * 2) != 0)
					return 0;
				scan(r, seen * 2);
				continue;
			}
			if (seen >= r->slice && r->slice < MAX_SLICE)
				r->slice *= 2;
			scan(r, r->slice);
			continue;
		}
		/* Not again for each few bytes that trickle in. */
		do
			more = fill(r, e);
		while (more > 0 && waiting > MIN_SLICE &&
		       r->w.end - r->w.pos < waiting * 2);
		if (more < 0)
			return -1;
		if (more == 0 && r->w.end - r->w.pos == waiting)
			return 0;
		scan(r, r->slice);
	}
	return 1;
}

/* ------------------------------------------------------ from the index */

/* The record of the next row: 1; 0 if the index cannot be trusted with it. */
static int
next_indexed(struct csv_reader *r, struct csv_record *record, struct error *e)
{
	const struct csv_row *row = &r->index.row[r->row];
	uint32_t before = r->row == 0 ? 0 : row[-1].seps;
	uint32_t begin = (uint32_t)(r->w.pos - r->base);
	const char *raw = r->w.text + r->w.pos;

	memset(record, 0, sizeof(*record));
	record->raw = raw;
	record->len = row->end + 1 - begin;
	record->ending =
	    record->len >= 2 && raw[record->len - 2] == '\r' ? 2 : 1;
	record->line = r->line;
	record->flags = row->flags;
	if ((row->flags & CSV_ROW_ODD) != 0 ||
	    (r->dialect.trim && (row->flags & CSV_ROW_QUOTED) != 0) ||
	    record->len - record->ending > r->dialect.max_record)
		return 0;
	if (csv_fields_cut(&r->fields, &r->dialect, raw,
		record->len - record->ending, r->index.sep, begin,
		row->seps - before, &r->text) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	record->field = r->fields.field;
	record->fields = r->fields.n;
	csv_reader_take(r, 1);
	return 1;
}

/* ---------------------------------------------------------- by libcsv */

/* n bytes from pos on, which are so many lines, are given out. */
static void
pass(struct csv_reader *r, size_t n, uint64_t lines)
{
	r->w.pos += n;
	r->line += lines;
	/* The index is still right if a row of it ends here as well. */
	if (r->row < r->index.rows &&
	    r->base + r->index.row[r->row].end + 1 == r->w.pos)
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
	record->raw = r->w.text + r->w.pos;
	record->len = n;
	record->ending = n >= 2 && record->raw[n - 2] == '\r' ? 2 : 1;
	record->line = r->line;
	record->bad = bad;
	r->before = r->resync;
	r->resync = true;
	pass(r, n, 1);
}

/* One physical line that is longer than a record may be; n bytes of it are
 * in the window, its LF too if whole. */
static void
give_too_long(
    struct csv_reader *r, struct csv_record *record, size_t n, bool whole)
{
	give_line(r, record, n, CSV_TOO_LONG, r->dialect.max_record);
	if (memchr(record->raw, r->dialect.quote, n) == NULL)
		r->resync = r->before;
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
			flags |= CSV_ROW_DOUBT;
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
	const char *raw = r->w.text + r->w.pos;

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
		const char *begin = r->w.text + r->w.pos;
		const char *lf =
		    memchr(begin + seen, '\n', r->w.end - r->w.pos - seen);
		int more;

		if (lf != NULL)
			return lf + 1 - (begin + from);
		seen = r->w.end - r->w.pos;
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
	const char *raw = r->w.text + r->w.pos;
	size_t ending = n >= 2 && raw[n - 2] == '\r' ? 2 : 1;

	return n - ending > r->dialect.max_record;
}

/* What cannot be completed: the first line alone is at fault; where the field
 * begins that is open at its end, if that is so long. */
static int
give_broken(struct csv_reader *r, struct csv_record *record, size_t first,
    enum csv_fault fault, size_t bad, size_t open)
{
	give_line(r, record, first, fault, bad < first ? bad : open);
	record->spaced = fault == CSV_MALFORMED && !r->dialect.trim &&
			 csv_record_beside_space(record);
	return 1;
}

/* A line in which libcsv sees nothing: one field, and that empty. */
static int
give_blank(
    struct csv_reader *r, struct csv_record *record, size_t n, struct error *e)
{
	struct csv_field empty = {"", 0, 0, 0};

	record->raw = r->w.text + r->w.pos;
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

/*
 * Gives out the first line of the record that the index called odd, if it is
 * as plain that its quotes are broken: libcsv would read all up to the next
 * quote, which may be far, to see that.  false: it is libcsv's.
 */
static bool
give_odd(struct csv_reader *r, struct csv_record *record)
{
	const char *raw = r->w.text + r->w.pos, *end = r->w.text + r->w.end;
	const char *at = raw, *field, *lf, quote = r->dialect.quote;
	size_t first = 0, open = 0;

	for (;; at++) {
		field = at;
		if (at < end && *at == quote) {
			do {
				at = memchr(
				    at + 1, quote, (size_t)(end - at) - 1);
				if (at == NULL)
					return false;
				at++;
			} while (at < end && *at == quote);
			lf = memchr(field, '\n', (size_t)(at - field));
			if (first == 0 && lf != NULL) {
				first = (size_t)(lf + 1 - raw);
				open = (size_t)(field - raw);
			}
		} else {
			while (at < end && *at != r->dialect.delimiter &&
			       *at != quote && *at != '\r' && *at != '\n')
				at++;
		}
		if (at == end || *at == '\r' || *at == '\n')
			return false;
		if (*at != r->dialect.delimiter)
			break;
	}
	lf = memchr(at, '\n', (size_t)(end - at));
	if (lf == NULL || too_long(r, (size_t)(lf + 1 - raw)))
		return false;
	if (first == 0)
		first = (size_t)(lf + 1 - raw);
	memset(record, 0, sizeof(*record));
	return give_broken(
	    r, record, first, CSV_MALFORMED, (size_t)(at - raw), open);
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
			give_too_long(r, record, r->w.end - r->w.pos, false);
			return 1;
		}
		if (n == 0 && r->w.eof && done == r->w.end - r->w.pos)
			return give_broken(r, record, first, CSV_UNCLOSED,
			    csv_parse_bad(r->parse), open);
		if (n == 0 || too_long(r, done + (size_t)n)) {
			if (lines > 0)
				return give_broken(r, record, first,
				    CSV_UNCLOSED_TOO_LONG,
				    csv_parse_bad(r->parse), open);
			give_too_long(r, record, (size_t)n, true);
			return 1;
		}
		parsed = csv_parse_line(
		    r->parse, r->w.text + r->w.pos + done, (size_t)n);
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
			return give_broken(r, record, first, CSV_MALFORMED,
			    csv_parse_bad(r->parse), open);
		case CSV_PARSED_BLANK:
			return give_blank(r, record, done, e);
		case CSV_PARSED_NO_MEMORY:
			return error_set(e, EXIT_LOCAL, "out of memory");
		case CSV_PARSED_MORE:
			/* All of it is inside the quotes. */
			if (done > r->dialect.max_record)
				return give_broken(r, record, first,
				    CSV_UNCLOSED_TOO_LONG,
				    csv_parse_bad(r->parse), open);
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
	if (r->quick && r->row < r->index.rows &&
	    (r->index.row[r->row].flags & CSV_ROW_ODD) != 0 &&
	    give_odd(r, record))
		return 1;
	if (r->w.pos == r->w.end)
		return r->w.eof ? 0 : next_parsed(r, record, e);
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
		    !csv_fields_blank(
			&r->dialect, record->raw, record->len - record->ending))
			break;
		r->blank++;
	}
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
	if (r->w.pos == r->w.end) {
		/* With nothing unread terminate() has nothing to end. */
		int more = fill(r, e);

		if (more < 0)
			return -1;
		if (more == 0) {
			r->w.unterminated = true;
			r->skipping = false;
			r->line++;
			*piece = r->w.crlf ? "\r\n" : "\n";
			*n = strlen(*piece);
			return 1;
		}
	}
	*piece = r->w.text + r->w.pos;
	lf = memchr(*piece, '\n', r->w.end - r->w.pos);
	*n = lf == NULL ? r->w.end - r->w.pos : (size_t)(lf + 1 - *piece);
	if (memchr(*piece, r->dialect.quote, *n) != NULL)
		r->resync = true;
	r->w.pos += *n;
	if (lf != NULL) {
		r->skipping = false;
		r->line++;
	}
	forget_index(r, MIN_SLICE);
	return 1;
}

bool
csv_reader_unterminated(const struct csv_reader *r)
{
	return SAFETY("unterminated-told", r->w.unterminated, false) &&
	       r->w.pos == r->w.end;
}

void
csv_reader_forgive(struct csv_reader *r)
{
	r->resync = r->before;
}

/* Is the next row of the index a blank line? */
static bool
begins_blank(const struct csv_reader *r)
{
	const char *line = r->w.text + r->w.pos;

	return line[0] == '\n' || (line[0] == '\r' && line[1] == '\n');
}

int
csv_reader_run(struct csv_reader *r, struct csv_run *run, struct error *e)
{
	int got;

	if (r->skipping || r->resync)
		return 0;
	for (;;) {
		got = find_rows(r, e);
		if (got <= 0)
			return got;
		if (!begins_blank(r))
			break;
		r->blank++;
		csv_reader_take(r, 1);
	}
	run->text = r->w.text + r->base;
	run->sep = r->index.sep;
	run->rare = r->index.rare;
	run->row = r->index.row + r->row;
	run->rows = r->index.rows - r->row;
	if (r->w.unterminated &&
	    r->base + run->row[run->rows - 1].end + 1 == r->w.end)
		run->rows -= SAFETY("unterminated-held-back", 1, 0);
	run->start = (uint32_t)(r->w.pos - r->base);
	run->seps = r->row == 0 ? 0 : run->row[-1].seps;
	run->breaks = r->row == 0 ? 0 : run->row[-1].breaks;
	return run->rows > 0;
}

void
csv_reader_take(struct csv_reader *r, size_t n)
{
	const struct csv_row *last;

	if (n == 0)
		return;
	r->row += n;
	last = &r->index.row[r->row - 1];
	r->w.pos = r->base + last->end + 1;
	r->line = r->base_line + r->row + last->breaks;
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
	return r->w.bytes;
}
