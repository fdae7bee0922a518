#include "settle/settle.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/progress.h"
#include "base/signals.h"
#include "base/sys.h"
#include "keyed/groups.h"
#include "keyed/hash.h"
#include "keyed/order.h"
#include "profile/export.h"
#include "profile/rows.h"
#include "settle/outcomes.h"

/* Where a row of a group is from. */
enum { NEXT, DELTA, ROWS, FAILED, MISSING };

/* What a line of the rows says of its identifier. */
enum line { LINE_OTHER, LINE_UNCONFIRMED, LINE_ACCEPTED };

struct settle {
	struct settle_options options;
	struct hash_key key;
	struct spool *spool;
	struct groups *groups;
	struct order *out; /* places in NEXT of those that are taken out */
	struct outcomes *outcomes;
	struct settle_counts counts;
	struct seal seal;  /* of NEXT */
	enum id_kind kind; /* of its identifiers */
	uint64_t written;
};

/* One of the CSV files. */
struct table {
	struct export_options options;
	char *file[1];
	struct export *export;
	struct rows rows;
};

struct settle *
settle_new(const struct settle_options *o, struct error *e)
{
	struct settle *s = sys_calloc(1, sizeof(*s));

	if (s == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	s->options = *o;
	s->spool = spool_new(e);
	if (s->spool != NULL &&
	    (s->groups = groups_new(o->memory - o->memory / 4, s->spool, e)) !=
		NULL &&
	    (s->out = order_new(o->memory / 4, s->spool, e)) != NULL &&
	    hash_draw_key(&s->key, e) == 0)
		return s;
	settle_free(s);
	return NULL;
}

void
settle_free(struct settle *s)
{
	if (s == NULL)
		return;
	outcomes_free(s->outcomes);
	groups_free(s->groups);
	order_free(s->out);
	spool_free(s->spool);
	free(s);
}

/* ------------------------------------------------------------- reading */

static int
table_open(struct table *t, const char *path, bool sealed, struct error *e)
{
	static const struct export_options options = EXPORT_OPTIONS_INIT;

	memset(t, 0, sizeof(*t));
	t->options = options;
	/* Of an export with a longer --max-record, written anew. */
	t->options.dialect.max_record = (size_t)1 << 30;
	t->options.sealed = sealed;
	t->options.sound = true;
	t->options.count = 1;
	t->options.files = t->file;
	t->file[0] = sys_strdup(path);
	if (t->file[0] == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	t->export = export_open(&t->options, e);
	if (t->export == NULL)
		return -1;
	rows_open(&t->rows, t->export, &t->options.dialect);
	return 0;
}

static void
table_close(struct table *t)
{
	export_close(t->export);
	free(t->file[0]);
}

/* The next row: 1, 0, -1. */
static int
table_next(struct table *t, struct row *row, struct error *e)
{
	if (signals_pending() != 0)
		return error_set(e, EXIT_LOCAL, "interrupted");
	progress_show(export_records(t->export), export_bytes(t->export));
	return rows_next(&t->rows, row, e);
}

static int
add(struct settle *s, uint32_t source, const char *id, size_t n, uint64_t place,
    const char *text, size_t len, struct error *e)
{
	struct hash hash = hash_text(&s->key, id, n);

	return groups_add(s->groups, &hash, place, source, text, len, e);
}

static int
check_kind(const struct settle *s, const struct table *t, struct error *e)
{
	const struct header *h = export_header(t->export);

	if (h->kind == s->kind)
		return 0;
	return error_set(e, EXIT_INPUT,
	    "%s: its identifiers are of the kind %s, and those of --next %s",
	    t->file[0], id_kind_name(h->kind), id_kind_name(s->kind));
}

/* All identifiers of a file whose rows say no more. */
static int
read_ids(struct settle *s, struct table *t, uint32_t source, uint64_t *rows,
    struct error *e)
{
	struct row row;
	int got;

	while ((got = table_next(t, &row, e)) > 0) {
		++*rows;
		if (add(s, source, row.id, row.id_len, row.number, NULL, 0,
			e) != 0)
			return -1;
	}
	return got;
}

static int
read_next(struct settle *s, struct error *e)
{
	struct table t;
	struct stat st;
	int result;

	if (stat(s->options.next, &st) == 0 && !S_ISREG(st.st_mode))
		return error_set(e, EXIT_USAGE,
		    "--next %s: this is read twice, and so must be a file",
		    s->options.next);
	result = table_open(&t, s->options.next, true, e);
	if (result == 0) {
		s->kind = export_header(t.export)->kind;
		result = read_ids(s, &t, NEXT, &s->counts.next, e);
	}
	if (result == 0)
		s->seal = *export_seal(t.export);
	table_close(&t);
	return result;
}

static int
read_delta(struct settle *s, struct error *e)
{
	struct table t;
	int result = table_open(&t, s->options.delta, true, e);

	if (result == 0)
		result = check_kind(s, &t, e);
	if (result == 0)
		result = read_ids(s, &t, DELTA, &s->counts.delta, e);
	if (result == 0 &&
	    strcmp(export_seal(t.export)->sha256, s->seal.delta) != 0)
		result = error_set(e, EXIT_INPUT,
		    "%s is not of one run with %s, whose seal names another "
		    "sha256%s",
		    s->options.delta, s->options.next,
		    *s->seal.delta == '\0' ? " (none: it is no file that "
					     "tp-diff --next wrote)"
					   : "");
	table_close(&t);
	return result;
}

/* The columns of a file of rows. */
struct rows_columns {
	size_t state, api, batch, batch_id;
};

static int
find_column(
    const struct table *t, const char *name, size_t *at, struct error *e)
{
	const struct header *h = export_header(t->export);

	*at = header_find(h, name, strlen(name));
	if (*at < h->columns)
		return 0;
	return error_set(e, EXIT_INPUT,
	    "%s has no column '%s': it is no file that tp-send --rows writes",
	    t->file[0], name);
}

static bool
is(const struct csv_field *f, const char *word)
{
	return f->len == strlen(word) && memcmp(f->text, word, f->len) == 0;
}

/* What a line says, which has all columns. */
static enum line
judge_line(const struct settle *s, const struct rows_columns *c,
    const struct csv_field *f)
{
	const struct outcome_verdict *v = NULL;
	uint64_t batch = 0;
	size_t i;

	if (!is(&f[c->state], "accepted"))
		return LINE_OTHER;
	for (i = 0; i < f[c->batch].len; i++)
		batch = batch * 10 + (uint64_t)(f[c->batch].text[i] - '0');
	if (s->outcomes != NULL)
		v = outcomes_find(s->outcomes, f[c->batch_id].text,
		    f[c->batch_id].len, batch);
	/* Version 1 makes no profiles. */
	if (is(&f[c->api], "v1") && (v == NULL || !v->all_found))
		return LINE_UNCONFIRMED;
	return s->outcomes == NULL || (v != NULL && v->kept) ? LINE_ACCEPTED
							     : LINE_UNCONFIRMED;
}

static int
read_lines(struct settle *s, struct table *t, const struct rows_columns *c,
    struct csv_fields *fields, struct buffer *text, struct error *e)
{
	struct row row;
	char line;
	int got;

	while ((got = table_next(t, &row, e)) > 0) {
		if (csv_fields_read(fields, &t->options.dialect, row.raw,
			row.len - row.ending, text) != 0)
			return error_set(e, EXIT_LOCAL, "out of memory");
		if (fields->n < export_header(t->export)->columns) {
			error_set(e, EXIT_INPUT, "this line is torn");
			error_place(e, t->file[0], row.line, 0);
			return -1;
		}
		line = (char)judge_line(s, c, fields->field);
		if (add(s, ROWS, row.id, row.id_len, row.line, &line, 1, e) !=
		    0)
			return -1;
	}
	if (got == 0 && export_warning(t->export, RULE_UNTERMINATED)->count > 0)
		return error_set(e, EXIT_INPUT,
		    "%s: its last line is torn: run tp-send again with the "
		    "same journal and files",
		    t->file[0]);
	return got;
}

static int
read_rows(struct settle *s, struct error *e)
{
	struct csv_fields fields = {NULL, 0, 0};
	struct rows_columns c;
	struct buffer text;
	struct table t;
	int result = table_open(&t, s->options.rows, false, e);

	buffer_init(&text, SIZE_MAX / 2);
	if (result == 0 && (find_column(&t, "state", &c.state, e) != 0 ||
			       find_column(&t, "api", &c.api, e) != 0 ||
			       find_column(&t, "batch", &c.batch, e) != 0 ||
			       find_column(&t, "batchId", &c.batch_id, e) != 0))
		result = -1;
	if (result == 0)
		result = read_lines(s, &t, &c, &fields, &text, e);
	/* A file without lines has the header of either kind. */
	if (result == 0 && export_records(t.export) > 0)
		result = check_kind(s, &t, e);
	table_close(&t);
	csv_fields_free(&fields);
	buffer_free(&text);
	return result;
}

static int
take_failed(void *arg, const char *id, size_t n, struct error *e)
{
	return add(arg, FAILED, id, n, 0, NULL, 0, e);
}

static int
read_missing(struct settle *s, struct error *e)
{
	struct table t;
	uint64_t rows = 0;
	int result = table_open(&t, s->options.missing, false, e);

	if (result == 0)
		result = check_kind(s, &t, e);
	if (result == 0)
		result = read_ids(s, &t, MISSING, &rows, e);
	table_close(&t);
	return result;
}

static int
read_all(struct settle *s, struct error *e)
{
	if (read_next(s, e) != 0 || read_delta(s, e) != 0)
		return -1;
	if (s->options.outcomes != NULL) {
		s->outcomes =
		    outcomes_read(s->options.outcomes, take_failed, s, e);
		if (s->outcomes == NULL)
			return -1;
	}
	if (read_rows(s, e) != 0)
		return -1;
	return s->options.missing == NULL ? 0 : read_missing(s, e);
}

/* ------------------------------------------------------------- judging */

/* What stands in the files of one identifier. */
struct standing {
	uint64_t next, delta; /* rows … */
	uint64_t next_at, delta_at, line_at;
	bool line, failed, missing;
	enum line said; /* by the last line */
};

static int
look(struct settle *s, struct standing *it, struct error *e)
{
	struct group_row row;
	int got;

	memset(it, 0, sizeof(*it));
	while ((got = groups_row(s->groups, &row, e)) > 0) {
		switch (row.source) {
		case NEXT:
			it->next++;
			it->next_at = row.place;
			break;
		case DELTA:
			it->delta++;
			it->delta_at = row.place;
			break;
		case ROWS:
			it->line = true;
			it->line_at = row.place;
			it->said = (enum line)row.text[0];
			break;
		case FAILED:
			it->failed = true;
			break;
		default:
			it->missing = true;
			break;
		}
	}
	return got;
}

/* The files must be of one run. */
static int
check(const struct settle *s, const struct standing *it, struct error *e)
{
	const struct settle_options *o = &s->options;

	if (it->next > 1 || it->delta > 1)
		return error_set(e, EXIT_INPUT,
		    "%s: the identifier of record %llu stands twice",
		    it->next > 1 ? o->next : o->delta,
		    (unsigned long long)(it->next > 1 ? it->next_at
						      : it->delta_at));
	if (it->delta > 0 && it->next == 0)
		return error_set(e, EXIT_INPUT,
		    "%s: the identifier of record %llu is not in %s: they are "
		    "not of one run",
		    o->delta, (unsigned long long)it->delta_at, o->next);
	if (it->line && it->delta == 0)
		return error_set(e, EXIT_INPUT,
		    "%s: line %llu: the identifier is not in %s: they are not "
		    "of one run",
		    o->rows, (unsigned long long)it->line_at, o->delta);
	return 0;
}

/* Counts why; whether the row of NEXT stays. */
static bool
stays(struct settle_counts *n, const struct standing *it)
{
	uint64_t *why;

	if (it->delta == 0) {
		n->others += it->missing && it->next > 0;
		return !it->missing;
	}
	why = !it->line			     ? &n->unsent
	      : it->said == LINE_OTHER	     ? &n->not_accepted
	      : it->said == LINE_UNCONFIRMED ? &n->outcome
	      : it->failed		     ? &n->failed
	      : it->missing		     ? &n->missing
					     : &n->proven;
	++*why;
	return why == &n->proven;
}

int
settle_judge(struct settle *s, struct error *e)
{
	struct standing it;
	struct group group;
	int got;

	if (read_all(s, e) != 0)
		return -1;
	while ((got = groups_next(s->groups, &group, e)) > 0) {
		if (signals_pending() != 0)
			return error_set(e, EXIT_LOCAL, "interrupted");
		if (look(s, &it, e) != 0 || check(s, &it, e) != 0)
			return -1;
		if (!stays(&s->counts, &it) && it.next > 0 &&
		    order_add(s->out, it.next_at, NULL, 0, e) != 0)
			return -1;
	}
	return got;
}

/* ------------------------------------------------------------- writing */

static int
write_rows(
    struct settle *s, struct table *t, struct output *out, struct error *e)
{
	const struct header *h = export_header(t->export);
	struct order_item gone = {0, NULL, 0};
	struct row row;
	int more, got;

	if (output_write(out, h->written, h->written_len, e) != 0)
		return -1;
	more = order_next(s->out, &gone, e);
	while (more >= 0 && (got = table_next(t, &row, e)) > 0) {
		if (more > 0 && gone.place == row.number) {
			more = order_next(s->out, &gone, e);
			continue;
		}
		s->written++;
		if (output_write(out, row.raw, row.len, e) != 0)
			return -1;
	}
	return more < 0 ? -1 : got;
}

int
settle_write(struct settle *s, struct output *out, struct error *e)
{
	struct table t;
	int result = table_open(&t, s->options.next, true, e);

	if (result == 0)
		result = write_rows(s, &t, out, e);
	if (result == 0 &&
	    strcmp(export_seal(t.export)->sha256, s->seal.sha256) != 0)
		result = error_set(e, EXIT_INPUT,
		    "%s has changed while it was read", s->options.next);
	table_close(&t);
	return result;
}

const struct settle_counts *
settle_counts(const struct settle *s)
{
	return &s->counts;
}

uint64_t
settle_rows(const struct settle *s)
{
	return s->written;
}

void
settle_summarize(const struct settle *s, ndjson *summary)
{
	const struct settle_counts *n = &s->counts;

	ndjson_set_count(summary, "next", n->next);
	ndjson_set_count(summary, "delta", n->delta);
	ndjson_set_count(summary, "proven", n->proven);
	ndjson_set_count(summary, "unsent", n->unsent);
	ndjson_set_count(summary, "notAccepted", n->not_accepted);
	ndjson_set_count(summary, "outcome", n->outcome);
	ndjson_set_count(summary, "failed", n->failed);
	ndjson_set_count(summary, "missing", n->missing);
	ndjson_set_count(summary, "others", n->others);
	ndjson_set_count(summary, "out", s->written);
}
