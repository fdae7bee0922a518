#include "validate/pass.h"

#include "base/progress.h"
#include "base/signals.h"

/* The first n rows of a run, which are good. */
static int
write_run(struct pass *t, const struct csv_run *run, size_t n, struct error *e)
{
	if (t->out == NULL || n == 0)
		return 0;
	if (!t->plain.always)
		return plain_write_run(&t->plain, run, n, t->out, e);
	return output_write(t->out, run->text + run->start,
	    run->row[n - 1].end + 1 - run->start, e);
}

/* What is left of a run behind its first n rows. */
static struct csv_run
behind(const struct csv_run *run, size_t n)
{
	struct csv_run rest = *run;

	if (n == 0)
		return rest;
	rest.row += n;
	rest.rows -= n;
	rest.start = run->row[n - 1].end + 1;
	rest.seps = run->row[n - 1].seps;
	rest.breaks = run->row[n - 1].breaks;
	return rest;
}

/* Which of n records with these identifiers, at most LISTS_MANY, are kept, as
 * lists_keep says it; the others are skipped. */
static uint32_t
keep(struct pass *t, const struct csv_field *id, size_t n)
{
	const uint64_t before = t->lists.left_out;
	uint32_t kept = lists_keep(&t->lists, id, n);

	export_skip(t->x, t->lists.left_out - before);
	return kept;
}

/* Which of the first n rows of a run, at most LISTS_MANY, the lists keep. */
static uint32_t
choose(struct pass *t, const struct csv_run *run, size_t n)
{
	uint32_t begin = run->start, seps = run->seps;
	struct csv_field id[LISTS_MANY];
	struct quick_row row;
	size_t i;

	for (i = 0; i < n; i++) {
		quick_take(&row, run, i, begin, seps);
		(void)quick_id(
		    &row, t->check.header, &t->check.dialect, &id[i]);
		begin = run->row[i].end + 1;
		seps = run->row[i].seps;
	}
	return keep(t, id, n);
}

/* Rows that lie together wait to be written together: the first n of a run. */
struct stretch {
	struct csv_run run;
	size_t n;
};

/* The first n rows of a run, at most LISTS_MANY, which lie behind a stretch. */
static int
add_chosen(struct pass *t, struct stretch *s, const struct csv_run *run,
    size_t n, struct error *e)
{
	const uint32_t chosen = choose(t, run, n);
	size_t i;

	for (i = 0; i < n; i++) {
		if ((chosen >> i & 1) != 0) {
			s->n++;
			continue;
		}
		if (write_run(t, &s->run, s->n, e) != 0)
			return -1;
		s->run = behind(run, i + 1);
		s->n = 0;
	}
	return 0;
}

/* The first n rows of a run, which are good, but for those that are left out.
 */
static int
write_chosen(
    struct pass *t, const struct csv_run *run, size_t n, struct error *e)
{
	struct stretch s = {*run, 0};
	struct csv_run rest = *run;
	size_t many;

	for (; n > 0; n -= many) {
		many = n < LISTS_MANY ? n : LISTS_MANY;
		if (add_chosen(t, &s, &rest, many, e) != 0)
			return -1;
		rest = behind(&rest, many);
	}
	return write_run(t, &s.run, s.n, e);
}

/* Runs of good rows go out as they lie in the buffer, if they are plain: 1, 0
 * at none, -1. */
static int
pass_run(struct pass *t, struct error *e)
{
	struct csv_run run;
	size_t rows;
	int got = export_run(t->x, &run, e);

	if (got <= 0)
		return got;
	rows = check_run(&t->check, &run);
	if (rows == 0)
		return 0;
	export_take(t->x, rows);
	got = t->lists.files > 0 ? write_chosen(t, &run, rows, e)
				 : write_run(t, &run, rows, e);
	return got == 0 ? 1 : -1;
}

static int
pass_good(struct pass *t, const struct csv_record *r, struct error *e)
{
	const char *text = r->raw;
	size_t n = r->len;

	if (t->lists.files > 0 &&
	    keep(t, &r->field[t->check.header->id], 1) == 0)
		return 0;
	if (t->out == NULL)
		return 0;
	if (plain_take(&t->plain, r->raw, r->len, r->ending, r->field,
		r->fields, &text, &n, e) != 0)
		return -1;
	return output_write(t->out, text, n, e);
}

/* The record behind a run: 1, 0 at the end, -1. */
static int
pass_record(struct pass *t, struct error *e)
{
	struct csv_record record;
	struct finding finding;
	int got = export_next(t->x, &record, e);

	if (got <= 0)
		return got;
	switch (check_record(&t->check, &record, &finding)) {
	case CHECK_PASS:
		if (pass_good(t, &record, e) != 0)
			return -1;
		break;
	case CHECK_SKIP:
		export_skip(t->x, 1);
		break;
	case CHECK_REJECT:
		if (export_reject(t->x, &record, &finding, e) != 0)
			return -1;
		break;
	}
	return 1;
}

int
pass_all(struct pass *t, struct error *e)
{
	int got;

	do {
		do {
			if (signals_pending() != 0)
				return error_set(e, EXIT_LOCAL, "interrupted");
			progress_show(export_records(t->x), export_bytes(t->x));
			got = pass_run(t, e);
		} while (got > 0);
		if (got == 0)
			got = pass_record(t, e);
	} while (got > 0);
	return got;
}
