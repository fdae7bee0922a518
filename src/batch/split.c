#include "batch/split.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"
#include "base/utf8.h"
#include "batch/percent.h"
#include "profile/check.h"

size_t
split_max_row(const struct split_options *o)
{
	/* Twice in it if separators are replaced; see row_measure. */
	size_t values = BATCH_PROFILE_BYTES + o->input->dialect.max_record;

	return PERCENT_BOUND(values) + CSV_MAX_FIELDS + 1 + values +
	       PERCENT_PAD;
}

/* What is sent in place of empty cells: as it is, and encoded. */
static int
make_empty(struct split *s, const struct cell *empty)
{
	const size_t len = empty->len;

	s->empty = sys_calloc(1, len + PERCENT_PAD + PERCENT_BOUND(len));
	if (s->empty == NULL)
		return -1;
	if (len > 0)
		memcpy(s->empty, empty->text, len);
	s->rules.empty.text = s->empty;
	s->filling.text = s->empty + len + PERCENT_PAD;
	s->filling.len = (size_t)(percent_encode(s->empty + len + PERCENT_PAD,
				      s->empty, len, s->rules.raw_utf8) -
				  s->filling.text);
	return 0;
}

int
split_open(struct split *s, const struct split_options *o, struct export *x,
    struct batch_writer *w, struct error *e)
{
	const struct csv_dialect *d = &o->input->dialect;
	const bool replaced = o->rules.separators == ROW_SEPARATORS_REPLACE &&
			      o->rules.replacement.len == 1;
	bool in_place;

	memset(s, 0, sizeof(*s));
	s->export = x;
	s->writer = w;
	s->header = export_header(x);
	s->dialect = *d;
	quick_init(&s->quick, s->header, d);
	s->rules = o->rules;
	if (columns_select(&s->columns, &o->columns, s->header, e) != 0)
		return -1;
	s->separated = export_warning(x, RULE_SEPARATORS);
	s->null = export_nulls(x);
	s->nulls = o->input->nulls;
	if (make_empty(s, &o->rules.empty) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	buffer_init(&s->text, d->max_record + CSV_FIELDS_PAD);
	if (s->columns.name_bytes + s->columns.n * s->rules.empty.len <
	    BATCH_PROFILE_BYTES)
		s->shortness = BATCH_PROFILE_BYTES - s->columns.name_bytes -
			       s->columns.n * s->rules.empty.len;
	/* Only these two quotes are sure to be encoded inside a field. */
	in_place = (d->quote == '"' || d->quote == '\'') &&
		   s->columns.straight && s->columns.n == s->header->columns &&
		   d->delimiter == ',' && !d->trim && s->nulls == 0;
	if (in_place)
		*(o->rules.empty.len > 0 ? &s->filled : &s->straight) =
		    s->shortness < d->max_record ? s->shortness : d->max_record;
	s->inner = o->rules.separators == ROW_SEPARATORS_ENCODE;
	s->comma = replaced ? o->rules.replacement.text[0] : ',';
	s->cells = sys_calloc(s->columns.n, sizeof(*s->cells));
	if (s->cells == NULL)
		error_errno(e, EXIT_LOCAL, "cannot make batches");
	else if (batch_writer_begin(
		     w, s->columns.header, s->columns.header_len, e) == 0)
		return 0;
	split_close(s);
	return -1;
}

void
split_close(struct split *s)
{
	columns_free(&s->columns);
	csv_fields_free(&s->fields);
	buffer_free(&s->text);
	free(s->empty);
	free(s->cells);
	s->empty = NULL;
	s->cells = NULL;
}

/* ------------------------------------------------------- one record */

static bool
broken(struct finding *f, enum rule rule, size_t field, size_t offset)
{
	f->rule = rule;
	f->field = field;
	f->offset = offset;
	return false;
}

/* The cells to be sent; empty ones with what is sent in their place. */
static void
gather(struct split *s, const struct csv_field *field, size_t n)
{
	size_t i;

	for (i = 0; i < s->columns.n; i++) {
		size_t from = s->columns.column[i].from;
		struct cell *c = &s->cells[i];

		c->text = from < n ? field[from].text : s->empty;
		c->len = from < n ? field[from].len : 0;
		if (s->nulls > 0 && c->len > 0)
			c->len *= !null_is(s->null, s->nulls, &field[from]);
		if (s->rules.empty.len > 0 && c->len == 0 && i > 0)
			*c = s->rules.empty;
	}
}

/* Whether what was gathered can be a row; and how large it is. */
static bool
measure(struct split *s, const struct csv_record *r, struct row_size *size,
    struct finding *f)
{
	bool look =
	    (r->flags & CSV_ROW_QUOTED) != 0 || s->dialect.delimiter != ',';
	size_t column;

	if (s->cells[0].len == 0)
		return broken(f, RULE_ID_EMPTY, s->header->id,
		    r->field[s->header->id].start);
	switch (row_measure(&s->rules, &s->columns, s->cells, look, size)) {
	case ROW_SEPARATOR:
		column = s->columns.column[size->at].from;
		return broken(
		    f, RULE_SEPARATOR, column, r->field[column].start);
	case ROW_PROFILE:
		return broken(f, RULE_PROFILE_TOO_LARGE, SIZE_MAX, 0);
	case ROW_GOOD:
		break;
	}
	return true;
}

static void
count_separated(struct split *s, uint64_t line)
{
	struct rule_warning *w = s->separated;

	/* Only of the first is the place told. */
	if (w->count == 0)
		export_warn(s->export, RULE_SEPARATORS, line);
	else
		w->count++;
}

/* 0, 1 if it is too large for any batch, -1. */
static int
write_row(struct split *s, const struct row_size *size,
    const struct batch_place *place, struct error *e)
{
	char *out = batch_writer_room(s->writer, size->bound, e), *end;
	int status;

	if (out == NULL)
		return -1;
	end = row_encode(&s->rules, s->cells, size, out);
	status = batch_writer_row(s->writer, (size_t)(end - out), place, e);
	if (status == 0 && size->separated > 0)
		count_separated(s, place->first);
	return status;
}

static uint64_t
count_lines(const char *text, size_t n)
{
	const char *end = text + n;
	uint64_t lines = 0;

	while ((text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
		lines++;
		text++;
	}
	return lines;
}

int
split_record(struct split *s, struct error *e)
{
	struct batch_place place;
	struct csv_record record;
	struct finding finding;
	struct row_size size;
	int status = export_next(s->export, &record, e);

	if (status <= 0)
		return status;
	status = 1;
	if (check_representable(s->export, &record, &finding)) {
		gather(s, record.field, record.fields);
		if (measure(s, &record, &size, &finding)) {
			place.file = export_path(s->export);
			place.first = record.line;
			place.last = record.line - 1 +
				     count_lines(record.raw, record.len);
			status = write_row(s, &size, &place, e);
			if (status < 0)
				export_unread(s->export);
			broken(&finding, RULE_ROW_TOO_LARGE, SIZE_MAX, 0);
		}
	}
	if (status > 0)
		status = export_reject(s->export, &record, &finding, e);
	return status < 0 ? -1 : 1;
}

/* ------------------------------------------------------------- runs */

/* Can a row with quotes be encoded as it lies, commas and all? */
static bool
is_whole(const struct split *s, const struct quick_row *q)
{
	const char *raw = q->run->text + q->begin;
	size_t id, len = q->end - q->begin;

	if ((q->flags & CSV_ROW_QUOTED) == 0 || len > s->straight)
		return false;
	if ((q->flags & CSV_ROW_INNER) == 0 ||
	    s->rules.separators == ROW_SEPARATORS_ENCODE)
		return true;
	/* In an identifier nothing is replaced; a line break may be CR LF. */
	id = csv_index_next(q->run->sep, q->begin) - q->begin;
	return s->rules.separators == ROW_SEPARATORS_REPLACE &&
	       s->rules.replacement.len == 1 && memchr(raw, ',', id) == NULL &&
	       memchr(raw, '\n', len) == NULL && memchr(raw, '\r', len) == NULL;
}

/* The row that lies from out to end, with a comma for each empty cell at its
 * end, which are left out.  1, 0 if it is for split_record, -1. */
static int
end_row(struct split *s, const char *out, char *end,
    const struct batch_place *place, struct error *e)
{
	int status;

	while (end[-1] == ',')
		end--;
	*end++ = '\n';
	status = batch_writer_row(s->writer, (size_t)(end - out), place, e);
	return status < 0 ? -1 : status == 0;
}

static int
write_whole(struct split *s, const struct quick_row *q,
    const struct batch_place *place, struct error *e)
{
	size_t len = q->end - q->begin;
	char *out = batch_writer_room(s->writer, PERCENT_BOUND(len) + 1, e);
	char *end;
	int status;

	if (out == NULL)
		return -1;
	end = percent_encode_quoted_rows(out, q->run->text + q->begin, len,
	    s->dialect.quote, s->comma, s->rules.raw_utf8);
	/* Without an identifier it is for split_record to reject. */
	if (end == out || *out == ',')
		return 0;
	status = end_row(s, out, end, place, e);
	if (status > 0 && (q->flags & CSV_ROW_INNER) != 0)
		count_separated(s, place->first);
	return status;
}

/* A row of so many bytes that needs not be measured: it is short, and no cell
 * holds a comma or a line break. */
static int
write_short(struct split *s, size_t len, const struct batch_place *place,
    struct error *e)
{
	/* No column is sent twice. */
	size_t n = s->columns.n, bytes = len + n * s->rules.empty.len;
	char *out = batch_writer_room(s->writer, PERCENT_BOUND(bytes) + n, e);
	char *end;

	if (out == NULL)
		return -1;
	end = percent_encode_cells(out, s->cells, n, s->rules.raw_utf8);
	return end_row(s, out, end, place, e);
}

static char *
put_empty(const struct split *s, char *out)
{
	memcpy(out, s->filling.text, s->filling.len);
	return out + s->filling.len;
}

/* A row without quotes that is encoded as it lies, but for its empty fields, in
 * whose place something is sent.  As write_cells. */
static int
write_filled(struct split *s, const struct quick_row *q,
    const struct batch_place *place, struct error *e)
{
	const char *text = q->run->text;
	const size_t n = s->columns.n, len = q->end - q->begin;
	const bool raw = s->rules.raw_utf8;
	char *out = batch_writer_room(
	    s->writer, PERCENT_BOUND(len) + n * (s->filling.len + 1), e);
	uint32_t at = q->begin, next, done = at;
	char *end = out;
	size_t i;

	if (out == NULL)
		return -1;
	for (i = 0; i < q->fields; i++, at = next + 1) {
		next = csv_index_next(q->run->sep, at);
		if (next > q->end) /* a CR stands before it */
			next = q->end;
		if (next > at)
			continue;
		if (i == 0)
			return 0;
		if (at - done == 1)
			*end++ = ',';
		else
			end = percent_encode_rows(
			    end, text + done, at - done, raw);
		end = put_empty(s, end);
		done = at;
	}
	end = percent_encode_rows(end, text + done, q->end - done, raw);
	for (; i < n; i++) {
		*end++ = ',';
		end = put_empty(s, end);
	}
	return end_row(s, out, end, place, e);
}

/* 1 if the row was written, 0 if it is for split_record, -1. */
static int
write_cells(struct split *s, const struct quick_row *q,
    const struct batch_place *place, struct error *e)
{
	const char *raw = q->run->text + q->begin;
	size_t len = q->end - q->begin;
	bool look =
	    (q->flags & CSV_ROW_INNER) != 0 ||
	    (s->dialect.delimiter != ',' && memchr(raw, ',', len) != NULL);
	struct row_size size;
	int status;

	if (csv_fields_cut(&s->fields, &s->dialect, raw, len, q->run->sep,
		q->begin, q->fields, &s->text) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	gather(s, s->fields.field, s->fields.n);
	if (s->cells[0].len == 0)
		return 0;
	if (!look && len <= s->shortness)
		return write_short(s, len, place, e);
	if (row_measure(&s->rules, &s->columns, s->cells, look, &size) !=
	    ROW_GOOD)
		return 0;
	status = write_row(s, &size, place, e);
	return status < 0 ? -1 : status == 0;
}

/*
 * How many rows from row i on, which begins at `begin` with `seps` separators
 * before it, can be encoded together, as they lie: those that have an
 * identifier.  At most `most`.
 */
static size_t
count_straight(const struct split *s, const struct csv_run *run, size_t i,
    size_t most, uint32_t begin, uint32_t seps)
{
	const uint32_t start = begin, limit = begin + QUICK_STRETCH;
	/* Of the first with a separator the place is told. */
	const bool inner = s->inner && s->separated->count > 0;
	const uint32_t barred = inner ? 0 : CSV_ROW_INNER;
	const char quote = s->dialect.quote;
	size_t n, doubts = 0;

	for (n = 0; n < most && begin < limit; n++) {
		const struct csv_row *row = &run->row[i + n];
		const char *raw = run->text + begin;

		if ((row->flags & barred) != 0 ||
		    !quick_sound(&s->quick, row->flags, row->seps - seps, raw,
			row->end - begin, s->straight))
			break;
		/* With an identifier in quotes it is not empty. */
		if ((s->quick.first[(unsigned char)*raw] & QUICK_NO_ID) != 0 &&
		    (*raw != quote || raw[1] == quote))
			break;
		doubts += (row->flags & CSV_ROW_DOUBT) != 0;
		begin = row->end + 1;
		seps = row->seps;
	}
	return quick_utf8(run, i, n, doubts, start);
}

/* The end of a row but for its CR, and empty fields, at `end`. */
static uint32_t
cut_end(const char *text, uint32_t end, char quote)
{
	if (text[end - 1] == '\r')
		end--;
	for (;;) {
		if (text[end - 1] == ',')
			end--;
		else if (text[end - 1] == quote && text[end - 2] == quote &&
			 text[end - 3] == ',')
			end -= 3;
		else
			return end;
	}
}

/* n rows; empty fields at their ends are left out.  *separated: how many have a
 * comma or line break in a value. */
static char *
encode_straight(const struct split *s, char *out, const char *text,
    const struct csv_row *row, size_t n, uint32_t begin, size_t *separated)
{
	const bool raw_utf8 = s->rules.raw_utf8;
	const char quote = s->dialect.quote;
	size_t i, inner = 0;

	for (i = 0; i < n; i++) {
		uint32_t flags = row[i].flags, end = row[i].end;
		char last = text[end - 1];

		inner += flags / CSV_ROW_INNER % 2;
		if (last == ',' || last == '\r' || last == quote)
			end = cut_end(text, end, quote);
		/* As many as are alike at once. */
		if (end == row[i].end && i + 1 < n &&
		    ((flags ^ row[i + 1].flags) & CSV_ROW_QUOTED) == 0)
			continue;
		if ((flags & CSV_ROW_QUOTED) != 0)
			out = percent_encode_quoted_rows(out, text + begin,
			    end - begin, quote, s->comma, raw_utf8);
		else
			out = percent_encode_rows(
			    out, text + begin, end - begin, raw_utf8);
		*out++ = '\n';
		begin = row[i].end + 1;
	}
	*separated = inner;
	return out;
}

/* 1 if n rows were written, 0 if not, since they do not belong to one batch
 * or the only one is for split_record, -1. */
static int
write_straight(struct split *s, const struct csv_run *run, size_t i, size_t n,
    uint32_t begin, const struct batch_place *place, struct error *e)
{
	size_t len = run->row[i + n - 1].end + 1 - begin, separated;
	/* PERCENT_SLACK may be needed behind each piece. */
	char *out = batch_writer_room(s->writer, PERCENT_BOUND(len), e);
	char *end;
	int status;

	if (out == NULL)
		return -1;
	end = encode_straight(
	    s, out, run->text, run->row + i, n, begin, &separated);
	if (n > 1)
		status = batch_writer_rows_at_once(
		    s->writer, (size_t)(end - out), n, place);
	else
		status =
		    batch_writer_row(s->writer, (size_t)(end - out), place, e);
	if (status == 0)
		s->separated->count += separated;
	return status < 0 ? -1 : status == 0;
}

static int
write_single(struct split *s, const struct csv_run *run, size_t i,
    uint32_t seps, uint32_t begin, const struct batch_place *place,
    struct error *e)
{
	struct quick_row q;

	quick_take(&q, run, i, begin, seps);
	if (!quick_sound(&s->quick, q.flags, q.fields, run->text + begin,
		q.end - begin, s->dialect.max_record) ||
	    quick_utf8(run, i, 1, q.flags & CSV_ROW_DOUBT, begin) == 0)
		return 0;
	if (is_whole(s, &q))
		return write_whole(s, &q, place, e);
	if ((q.flags & CSV_ROW_QUOTED) == 0 && q.fields <= s->columns.n &&
	    q.end - q.begin <= s->filled)
		return write_filled(s, &q, place, e);
	return write_cells(s, &q, place, e);
}

int
split_run(struct split *s, struct error *e)
{
	struct batch_place place;
	struct csv_run run;
	uint32_t seps, begin, breaks;
	size_t i = 0, single = 0; /* rows before `single` go one by one */
	int status = export_run(s->export, &run, e);

	if (status <= 0)
		return status;
	place.file = export_path(s->export);
	place.first = export_line(s->export);
	breaks = run.breaks;
	seps = run.seps;
	begin = run.start;
	while (i < run.rows) {
		size_t most = i < single ? 1 : run.rows - i;
		size_t n = count_straight(s, &run, i, most, begin, seps);
		const struct csv_row *last = &run.row[n > 0 ? i + n - 1 : i];

		place.last =
		    place.first + (n > 0 ? n - 1 : 0) + last->breaks - breaks;
		status = n > 0
			     ? write_straight(s, &run, i, n, begin, &place, e)
			     : write_single(s, &run, i, seps, begin, &place, e);
		if (status == 0 && n > 1) {
			single = i + n;
			continue;
		}
		if (status <= 0)
			break;
		place.first = place.last + 1;
		breaks = last->breaks;
		seps = last->seps;
		begin = last->end + 1;
		i += n > 0 ? n : 1;
	}
	export_take(s->export, i);
	return status < 0 ? -1 : i > 0;
}
