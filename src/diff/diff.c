#include "diff/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/number.h"
#include "base/options.h"
#include "base/sys.h"
#include "diff/columns.h"
#include "diff/held.h"
#include "diff/walk.h"

struct diff {
	struct diff_options options;
	struct export *export;
	struct export_options base_input;
	char *base_file[1];
	struct export *base; /* NULL: there is none */
	struct rows rows, base_rows;
	struct diff_columns columns;
	struct compare compare;
	struct walk *walk;
	struct held *held;
	struct diff_counts counts;
};

int
diff_limit_set(struct diff_limit *limit, const char *option, const char *text,
    struct error *e)
{
	limit->text = text;
	limit->percent = strchr(text, '%') != NULL;
	if (limit->percent) {
		char *number = sys_strdup(text);
		size_t n = strlen(text);
		int bad;

		if (number == NULL)
			return error_set(e, EXIT_LOCAL, "out of memory");
		bad = number[n - 1] != '%';
		number[n - 1] = '\0';
		bad = bad || number_parse_percent(number, &limit->rows) != 0;
		free(number);
		if (!bad)
			return 0;
	} else if (number_parse(text, 0, UINT64_MAX, &limit->rows) == 0) {
		return 0;
	}
	return options_bad(
	    e, option, text, "a number, or a share from 0% to 100%");
}

static const struct export_options base_input = EXPORT_OPTIONS_INIT;

/* 0 with d->base NULL if it is not there, and need not be. */
static int
open_base(struct diff *d, struct error *e)
{
	const struct diff_options *o = &d->options;
	struct stat st;

	if (stat(o->base, &st) != 0 && errno == ENOENT) {
		if (o->base_optional)
			return 0;
		return error_set(e, EXIT_INPUT,
		    "there is no base %s: use --base-optional at the first "
		    "run, which sends everything",
		    o->base);
	}
	d->base_file[0] = sys_strdup(o->base);
	if (d->base_file[0] == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	d->base_input = base_input;
	/* Of an export with a longer --max-record, written anew. */
	d->base_input.dialect.max_record = (size_t)1 << 30;
	d->base_input.files = d->base_file;
	d->base_input.count = 1;
	d->base_input.sealed = d->base_input.sound = true;
	d->base = export_open(&d->base_input, e);
	if (d->base == NULL)
		return -1;
	rows_open(&d->base_rows, d->base, &d->base_input.dialect);
	return 0;
}

struct diff *
diff_new(const struct diff_options *o, struct export *x, struct error *e)
{
	struct diff *d = sys_calloc(1, sizeof(*d));

	if (d == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	d->options = *o;
	d->export = x;
	rows_open(&d->rows, x, &o->input->dialect);
	if (open_base(d, e) == 0 &&
	    diff_columns_open(&d->columns, &o->columns, export_header(x),
		d->base == NULL ? NULL : export_header(d->base), e) == 0 &&
	    compare_open(&d->compare, &o->compare, &d->columns, x,
		&o->input->dialect, export_nulls(x), o->input->nulls, e) == 0 &&
	    (d->walk =
		    walk_new(&d->rows, d->base == NULL ? NULL : &d->base_rows,
			o->memory / 8 * 7, e)) != NULL &&
	    (d->held = held_new(o->memory / 8, e)) != NULL)
		return d;
	diff_free(d);
	return NULL;
}

void
diff_free(struct diff *d)
{
	if (d == NULL)
		return;
	held_free(d->held);
	walk_free(d->walk);
	compare_close(&d->compare);
	diff_columns_close(&d->columns);
	export_close(d->base);
	free(d->base_file[0]);
	free(d);
}

void
diff_tell_extra(const struct diff *d, char *to, size_t size)
{
	to[0] = '\0';
	if (d->base != NULL)
		diff_columns_list_extra(
		    &d->columns, export_header(d->base), to, size);
}

/* ------------------------------------------------------------- reading */

/* Whether a row that did not change is sent again: 1, 0, -1. */
static int
is_refreshed(struct diff *d, struct compared *found, struct error *e)
{
	const char *id;
	size_t n;

	if (d->options.refresh.parts == 0)
		return 0;
	if (compare_id(&d->compare, &id, &n, e) != 0)
		return -1;
	if (!refresh_has(&d->options.refresh, id, n))
		return 0;
	return compare_look(&d->compare, found, e) == 0 ? found->sets : -1;
}

/* A row of the export is sent or not; counts it.  -1. */
static int
take_row(struct diff *d, const struct meeting *m, struct error *e)
{
	struct diff_counts *n = &d->counts;
	struct compare *c = &d->compare;
	struct result result = {{"", 0}, {"", 0}};
	struct compared found;
	int send, status;

	if (compare_rows(c, m, &found, e) != 0)
		return -1;
	send = found.sets && (!m->has_base || found.changed);
	if (!m->has_base) {
		*(send ? &n->added : &n->nothing) += 1;
	} else if (send) {
		n->changed++;
		n->cleared += found.cleared;
	} else {
		send = is_refreshed(d, &found, e);
		if (send < 0)
			return -1;
		*(send ? &n->refreshed : &n->unchanged) += 1;
	}
	status = send	       ? compare_write(c, &result, e)
		 : m->has_base ? compare_keep(c, &result, e)
			       : 0;
	if (status != 0)
		return -1;
	return held_add(d->held, m->late ? &m->place : NULL, &result, e);
}

int
diff_step(struct diff *d, struct error *e)
{
	struct meeting m;
	int got = walk_next(d->walk, held_here(d->held), &m, e);

	if (got <= 0)
		return got;
	if (m.has_export)
		return take_row(d, &m, e) == 0 ? 1 : -1;
	d->counts.removed++;
	if (d->options.removed && held_add_removed(d->held, m.base.number,
				      m.base.raw, m.base.len, e) != 0)
		return -1;
	return 1;
}

/* ------------------------------------------------------------- judging */

static int
judge(const struct diff *d, const struct diff_limit *limit, uint64_t rows,
    const char *what, const char *option, struct error *e)
{
	const uint64_t base = d->base == NULL ? 0 : export_records(d->base);

	if (limit->text == NULL || (limit->percent && base == 0))
		return 0;
	/* No more than 2^47 rows fit on disks. */
	if (limit->percent ? rows * 100000 <= limit->rows * base
			   : rows <= limit->rows)
		return 0;
	return error_set(e, EXIT_INPUT,
	    "%llu of %llu rows of the base %s, over %s (%s): is the export "
	    "whole? Nothing was written",
	    (unsigned long long)rows, (unsigned long long)base, what,
	    limit->text, option);
}

int
diff_judge(const struct diff *d, struct error *e)
{
	if (judge(d, &d->options.max_changed, d->counts.changed, "changed",
		"--max-changed", e) != 0)
		return -1;
	return judge(d, &d->options.max_removed, d->counts.removed,
	    "are not in the export", "--max-removed", e);
}

/* ------------------------------------------------------------- writing */

static int
write_header(const struct diff *d, const struct buffer *header,
    struct output *out, struct error *e)
{
	const size_t ending = d->columns.ending;

	if (output_write(out, header->data, header->len, e) != 0)
		return -1;
	return output_write(out, ending == 2 ? "\r\n" : "\n", ending, e);
}

int
diff_write(
    struct diff *d, struct output *delta, struct output *next, struct error *e)
{
	if (write_header(d, &d->columns.delta, delta, e) != 0 ||
	    (next != NULL && write_header(d, &d->columns.next, next, e) != 0))
		return -1;
	return held_write(d->held, delta, next, e);
}

int
diff_write_removed(struct diff *d, struct output *out, struct error *e)
{
	const struct header *h;

	if (d->base == NULL)
		return write_header(d, &d->columns.next, out, e);
	h = export_header(d->base);
	if (output_write(out, h->written, h->written_len, e) != 0)
		return -1;
	return held_write_removed(d->held, out, e);
}

const struct diff_counts *
diff_counts(const struct diff *d)
{
	return &d->counts;
}

uint64_t
diff_rows(const struct diff *d)
{
	return held_delta_rows(d->held);
}

uint64_t
diff_next_rows(const struct diff *d)
{
	return held_next_rows(d->held);
}

void
diff_summarize(const struct diff *d, ndjson *summary)
{
	const struct diff_counts *n = &d->counts;
	const struct columns *sent = &d->columns.sent;
	ndjson *values = ndjson_new();
	size_t i;

	ndjson_set_count(
	    summary, "base", d->base == NULL ? 0 : export_records(d->base));
	ndjson_set_count(summary, "out", diff_rows(d));
	ndjson_set_count(summary, "next", diff_next_rows(d));
	ndjson_set_count(summary, "new", n->added);
	ndjson_set_count(summary, "changed", n->changed);
	ndjson_set_count(summary, "cleared", n->cleared);
	ndjson_set_count(summary, "refreshed", n->refreshed);
	ndjson_set_count(summary, "unchanged", n->unchanged);
	ndjson_set_count(summary, "empty", n->nothing);
	ndjson_set_count(summary, "removed", n->removed);
	for (i = 1; i < sent->n; i++)
		if (d->compare.values[i] > 0)
			ndjson_set_count(
			    values, sent->column[i].name, d->compare.values[i]);
	ndjson_set(summary, "values", values);
}
