#include "merge/merge.h"

#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/signals.h"
#include "base/sys.h"
#include "keyed/groups.h"
#include "keyed/hash.h"
#include "keyed/order.h"
#include "merge/columns.h"
#include "merge/values.h"
#include "profile/plain.h"
#include "profile/rows.h"

struct merge {
	struct merge_options options;
	struct export *export;
	struct rows rows;
	struct plain plain;
	struct hash_key key;
	struct spool *spool;
	struct groups *groups;
	struct order *order; /* NULL: the groups come in order */
	struct merge_columns columns;
	struct merge_values values;
	struct csv_fields fields; /* of a row that was read again … */
	struct buffer text;	  /* … and their text */
	struct buffer kept;	  /* a row that is to be kept */
	uint64_t ids, merged;
};

/* In front of the bytes of a record that is kept. */
struct kept {
	uint64_t line;
};

static int
no_memory(struct error *e)
{
	return error_set(e, EXIT_LOCAL, "out of memory");
}

/* The columns of the file that begins. */
static int
take_source(struct merge *m, struct error *e)
{
	const char *file = export_file(m->export);

	if (merge_columns_add(&m->columns, export_header(m->export), file, e) !=
	    0)
		return -1;
	if (m->options.policy == MERGE_REJECT && !m->columns.same)
		return error_set(e, EXIT_USAGE,
		    "--policy reject is for files with the same header, and %s "
		    "has another one than the file before it",
		    file);
	return 0;
}

struct merge *
merge_new(const struct merge_options *o, struct export *x, struct error *e)
{
	struct merge *m = sys_calloc(1, sizeof(*m));

	if (m == NULL) {
		no_memory(e);
		return NULL;
	}
	m->options = *o;
	m->export = x;
	buffer_init(&m->text, SIZE_MAX / 2);
	buffer_init(&m->kept, SIZE_MAX / 2);
	m->spool = spool_new(e);
	if (m->spool != NULL)
		m->groups = groups_new(o->memory - o->memory / 4, m->spool, e);
	rows_open(&m->rows, x, &o->input->dialect);
	plain_init(&m->plain, export_header(x), &o->input->dialect,
	    export_nulls(x), o->input->nulls);
	if (m->groups != NULL && hash_draw_key(&m->key, e) == 0 &&
	    take_source(m, e) == 0)
		return m;
	merge_free(m);
	return NULL;
}

void
merge_free(struct merge *m)
{
	if (m == NULL)
		return;
	merge_values_close(&m->values);
	csv_fields_free(&m->fields);
	buffer_free(&m->text);
	buffer_free(&m->kept);
	plain_free(&m->plain);
	groups_free(m->groups);
	order_free(m->order);
	spool_free(m->spool);
	merge_columns_free(&m->columns);
	free(m);
}

/* ------------------------------------------------------------- reading */

int
merge_record(struct merge *m, struct error *e)
{
	struct row row;
	struct kept kept;
	struct hash hash;
	int got = rows_next(&m->rows, &row, e);

	if (got == 2)
		return take_source(m, e) == 0 ? 1 : -1;
	if (got <= 0)
		return got;
	hash = hash_text(&m->key, row.id, row.id_len);
	kept.line = row.line;
	m->kept.len = 0;
	if (buffer_add(&m->kept, &kept, sizeof(kept)) != 0 ||
	    buffer_add(&m->kept, row.raw, row.len) != 0)
		return no_memory(e);
	if (groups_add(m->groups, &hash, row.number,
		(uint32_t)export_source(m->export), m->kept.data, m->kept.len,
		e) != 0)
		return -1;
	return 1;
}

/* ------------------------------------------------------------- one row */

/* A row that was kept comes back, without its identifier. */
static void
unpack(const struct group_row *from, struct row *to)
{
	struct kept kept;

	memcpy(&kept, from->text, sizeof(kept));
	to->number = from->place;
	to->line = kept.line;
	to->raw = from->text + sizeof(kept);
	to->len = from->n - sizeof(kept);
	to->ending = to->len >= 2 && to->raw[to->len - 2] == '\r' ? 2 : 1;
}

/* A row goes out, or waits until its turn comes. */
static int
give(struct merge *m, struct output *out, uint64_t place, const char *row,
    size_t n, struct error *e)
{
	m->ids++;
	return m->order == NULL ? output_write(out, row, n, e)
				: order_add(m->order, place, row, n, e);
}

/* ---------------------------------------------------------- one group */

static int
read_fields(struct merge *m, const struct row *r, struct error *e)
{
	return csv_fields_read(&m->fields, &m->options.input->dialect, r->raw,
		   r->len - r->ending, &m->text) == 0
		   ? 0
		   : no_memory(e);
}

static int
take_values(struct merge *m, size_t source, bool over, struct error *e)
{
	return merge_values_take(
		   &m->values, m->export, &m->fields, source, over) == 0
		   ? 0
		   : no_memory(e);
}

static int
give_values(struct merge *m, struct output *out, uint64_t place, size_t ending,
    struct error *e)
{
	if (merge_values_make(&m->values, ending) != 0)
		return no_memory(e);
	return give(m, out, place, m->values.row.data, m->values.row.len, e);
}

/* Whether a row can be written as it lies; the fields are read if they are
 * needed for that. */
static int
is_written(struct merge *m, const struct row *r, size_t source, struct error *e)
{
	const struct buffer *h = &m->values.header;

	if (!merge_columns_whole(&m->columns, source) ||
	    csv_row_is_header(r->raw, r->len - r->ending, h->data, h->len))
		return 0;
	if (m->plain.always)
		return 1;
	if (read_fields(m, r, e) != 0)
		return -1;
	return plain_is(&m->plain, r->raw, m->fields.field, m->fields.n);
}

/* A row as it is, but with all columns, and plain. */
static int
give_row(struct merge *m, struct output *out, uint64_t place,
    const struct row *r, size_t source, struct error *e)
{
	int as_it_is = is_written(m, r, source, e);

	if (as_it_is != 0)
		return as_it_is < 0 ? -1
				    : give(m, out, place, r->raw, r->len, e);
	if (read_fields(m, r, e) != 0)
		return -1;
	merge_values_next(&m->values);
	if (take_values(m, source, true, e) != 0)
		return -1;
	return give_values(m, out, place, r->ending, e);
}

/* The rows of an identifier become one. */
static int
merge_group(
    struct merge *m, struct output *out, const struct group *g, struct error *e)
{
	const enum merge_policy policy = m->options.policy;
	struct group_row kept;
	struct row r;
	uint64_t left = g->rows;
	size_t ending = 0;
	int got;

	merge_values_next(&m->values);
	m->merged += g->rows - 1;
	while ((got = groups_row(m->groups, &kept, e)) > 0) {
		unpack(&kept, &r);
		if (read_fields(m, &r, e) != 0 ||
		    take_values(m, kept.source, policy != MERGE_FIRST, e) != 0)
			return -1;
		if (ending == 0)
			ending = r.ending;
		if (--left == 0 && policy == MERGE_LAST_ROW)
			return give_row(m, out, g->place, &r, kept.source, e);
	}
	return got < 0 ? -1 : give_values(m, out, g->place, ending, e);
}

static int
reject_group(struct merge *m, struct error *e)
{
	const struct finding finding = {
	    RULE_ID_REPEATED, m->columns.source[0].id, 0};
	struct csv_record record;
	struct group_row kept;
	struct row r;
	int got;

	while ((got = groups_row(m->groups, &kept, e)) > 0) {
		unpack(&kept, &r);
		if (read_fields(m, &r, e) != 0)
			return -1;
		memset(&record, 0, sizeof(record));
		record.raw = r.raw;
		record.len = r.len;
		record.ending = r.ending;
		record.line = r.line;
		record.fields = m->fields.n;
		record.field = m->fields.field;
		if (export_reject_late(m->export, kept.source, r.number,
			&record, &finding, e) != 0)
			return -1;
	}
	return got;
}

static int
take_group(
    struct merge *m, struct output *out, const struct group *g, struct error *e)
{
	struct group_row kept;
	struct row r;

	if (g->rows > 1)
		return m->options.policy == MERGE_REJECT
			   ? reject_group(m, e)
			   : merge_group(m, out, g, e);
	if (groups_row(m->groups, &kept, e) < 0)
		return -1;
	unpack(&kept, &r);
	return give_row(m, out, g->place, &r, kept.source, e);
}

/* ------------------------------------------------------------- writing */

static int
write_header(struct merge *m, struct output *out, struct error *e)
{
	const struct buffer *header = &m->values.header;

	if (output_write(out, header->data, header->len, e) != 0)
		return -1;
	return output_write(
	    out, m->columns.ending == 2 ? "\r\n" : "\n", m->columns.ending, e);
}

/* Those that had to wait. */
static int
write_ordered(struct merge *m, struct output *out, struct error *e)
{
	struct order_item item;
	int got;

	while ((got = order_next(m->order, &item, e)) > 0) {
		if (signals_pending() != 0)
			return error_set(e, EXIT_LOCAL, "interrupted");
		if (output_write(out, item.text, item.n, e) != 0)
			return -1;
	}
	return got;
}

int
merge_write(struct merge *m, struct output *out, struct error *e)
{
	struct group g;
	int got;

	if (merge_values_open(&m->values, &m->columns) != 0)
		return no_memory(e);
	if (write_header(m, out, e) != 0)
		return -1;
	while ((got = groups_next(m->groups, &g, e)) > 0) {
		if (signals_pending() != 0)
			return error_set(e, EXIT_LOCAL, "interrupted");
		if (m->order == NULL && !groups_ordered(m->groups)) {
			m->order =
			    order_new(m->options.memory / 4, m->spool, e);
			if (m->order == NULL)
				return -1;
		}
		if (take_group(m, out, &g, e) != 0)
			return -1;
	}
	if (got == 0 && m->order != NULL)
		got = write_ordered(m, out, e);
	return got;
}

uint64_t
merge_ids(const struct merge *m)
{
	return m->ids;
}

void
merge_summarize(const struct merge *m, ndjson *summary)
{
	ndjson *conflicts = ndjson_new();
	size_t i;

	ndjson_set_count(summary, "ids", m->ids);
	ndjson_set_count(summary, "merged", m->merged);
	for (i = 0; m->values.value != NULL && i < m->columns.n; i++)
		if (m->values.value[i].conflicts > 0)
			ndjson_set_count(conflicts, m->columns.column[i].name,
			    m->values.value[i].conflicts);
	ndjson_set(summary, "conflicts", conflicts);
}
