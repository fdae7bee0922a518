#include "profile/rows.h"

#include <string.h>
#include "base/utf8.h"
#include "profile/check.h"

void
rows_open(struct rows *r, struct export *x, const struct csv_dialect *d)
{
	memset(r, 0, sizeof(*r));
	r->export = x;
	r->dialect = *d;
	quick_init(&r->quick, export_header(x), d);
}

/* The identifier of a row of the run, which it must have: false if it is not
 * plain where that is. */
static bool
find_id(const struct rows *r, const struct quick_row *q, struct row *row)
{
	struct csv_field id;
	bool quoted = quick_id(q, r->quick.header, &r->dialect, &id);

	row->id = id.text;
	row->id_len = id.len;
	return id.len > 0 &&
	       !(quoted && memchr(id.text, r->dialect.quote, id.len) != NULL);
}

/* The next row of the run, if it is plainly good. */
static bool
next_ready(struct rows *r, struct row *row)
{
	struct quick_row q;

	if (r->next == r->run.rows)
		return false;
	quick_take(&q, &r->run, r->next, r->begin, r->seps);
	row->raw = r->run.text + q.begin;
	row->len = r->run.row[r->next].end + 1 - q.begin;
	row->ending = row->len - (q.end - q.begin);
	if (!quick_sound(&r->quick, q.flags, q.fields, row->raw, row->len - 1,
		r->dialect.max_record) ||
	    q.fields <= r->quick.header->id || !find_id(r, &q, row) ||
	    ((q.flags & CSV_ROW_DOUBT) != 0 &&
		!utf8_is_valid(row->raw, q.end - q.begin)))
		return false;
	row->line = r->line + r->next +
		    (r->next == 0 ? 0 : r->run.row[r->next - 1].breaks) -
		    r->run.breaks;
	r->begin = r->run.row[r->next].end + 1;
	r->seps = r->run.row[r->next].seps;
	r->next++;
	row->number = export_records(r->export) + r->next;
	return true;
}

/* Another run: 1; 0 if the next record is for next_record; -1. */
static int
next_run(struct rows *r, struct error *e)
{
	int got;

	if (r->next > 0)
		export_take(r->export, r->next);
	r->next = r->run.rows = 0;
	got = export_run(r->export, &r->run, e);
	if (got <= 0)
		return got;
	r->begin = r->run.start;
	r->seps = r->run.seps;
	r->line = export_line(r->export);
	return 1;
}

/* As rows_next, of records that are not plainly good. */
static int
next_record(struct rows *r, struct row *row, struct error *e)
{
	struct csv_record record;
	struct finding finding;
	const struct csv_field *id;
	int got;

	/* What lies ready is another run then. */
	r->next = r->run.rows = 0;
	while ((got = export_next(r->export, &record, e)) == 1) {
		if (check_representable(r->export, &record, &finding))
			break;
		if (export_reject(r->export, &record, &finding, e) != 0)
			return -1;
	}
	if (got == 2)
		quick_init(&r->quick, export_header(r->export), &r->dialect);
	if (got != 1)
		return got;
	id = &record.field[export_header(r->export)->id];
	row->raw = record.raw;
	row->len = record.len;
	row->ending = record.ending;
	row->id = id->text;
	row->id_len = id->len;
	row->line = record.line;
	row->number = export_records(r->export);
	return 1;
}

int
rows_next(struct rows *r, struct row *row, struct error *e)
{
	int got;

	if (next_ready(r, row))
		return 1;
	got = next_run(r, e);
	if (got < 0)
		return -1;
	if (got > 0 && next_ready(r, row))
		return 1;
	return next_record(r, row, e);
}
