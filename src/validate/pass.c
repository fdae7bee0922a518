#include "validate/pass.h"

#include "base/progress.h"
#include "base/signals.h"

/* Runs of good rows go out as they lie in the buffer, if they are plain: 1, 0
 * at none, -1. */
static int
pass_run(struct pass *t, struct error *e)
{
	struct csv_run run;
	size_t rows, bytes;
	int got = export_run(t->x, &run, e);

	if (got <= 0)
		return got;
	rows = check_run(&t->check, &run);
	if (rows == 0)
		return 0;
	bytes = run.row[rows - 1].end + 1 - run.start;
	export_take(t->x, rows);
	if (t->out == NULL)
		return 1;
	got = t->plain.always
		  ? output_write(t->out, run.text + run.start, bytes, e)
		  : plain_write_run(&t->plain, &run, rows, t->out, e);
	return got == 0 ? 1 : -1;
}

static int
pass_good(struct pass *t, const struct csv_record *r, struct error *e)
{
	const char *text = r->raw;
	size_t n = r->len;

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
		export_skip(t->x);
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
