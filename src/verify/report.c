#include "verify/report.h"

#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "base/number.h"
#include "base/progress.h"
#include "csv/write.h"
#include "verify/interval.h"

int
report_begin(struct report *r, struct error *e)
{
	const char *name = r->third ? BATCH_NAME_THIRD_PARTY : BATCH_NAME_PC;

	if (r->missing == NULL)
		return 0;
	return csv_write_field(&r->missing->out, name, strlen(name), e) != 0 ||
		       output_write(&r->missing->out, "\n", 1, e) != 0
		   ? -1
		   : 0;
}

/* ------------------------------------------------------------- one row */

static int
write_text(struct report *r, const char *text, struct error *e)
{
	return output_write(r->out, text, strlen(text), e);
}

/* The names of the attributes that `found` has, as far as they fit. */
static void
list_names(const ndjson *found, char *to, size_t size)
{
	const char *name = NULL;
	size_t used = 0;
	char text[160];

	to[0] = '\0';
	while (used < size - 1 && (name = ndjson_next_key(found, name)) != NULL)
		used += (size_t)snprintf(to + used, size - used, "%s%s",
		    used == 0 ? "" : ", ",
		    escape_text(text, sizeof(text), name, strlen(name)));
}

static int
write_row(struct report *r, const struct sample_row *row, enum kept kept,
    const ndjson *attributes, struct error *e)
{
	char id[120], names[300], line[512];

	/* It may be on the same terminal. */
	progress_end();
	if (!r->titled &&
	    write_text(r, "BATCH ROW     FINDING  ID, ATTRIBUTES\n", e) != 0)
		return -1;
	r->titled = true;
	list_names(attributes, names, sizeof(names));
	snprintf(line, sizeof(line), "%5llu %-7llu %-8s %s%s%s\n",
	    (unsigned long long)row->place.batch,
	    (unsigned long long)row->place.row, kept_name(kept),
	    escape_text(id, sizeof(id), row->id, row->id_len),
	    names[0] == '\0' ? "" : ": ", names);
	return write_text(r, line, e);
}

/* Takes attributes over. */
static int
write_object(struct report *r, const struct sample_row *row, enum kept kept,
    ndjson *attributes, struct error *e)
{
	ndjson *object = ndjson_new();
	size_t n = 0;
	char *line;

	ndjson_set_count(object, "batch", row->place.batch);
	ndjson_set_count(object, "row", row->place.row);
	ndjson_set_text(object, "id", row->id, row->id_len);
	ndjson_set_string(object, "finding", kept_name(kept));
	ndjson_set(object, "attributes", attributes);
	line = ndjson_line(object, &n);
	ndjson_free(object);
	return output_line(r->out, line, n, e);
}

/* A row that is not as it was sent.  Takes attributes over. */
static int
report(struct report *r, const struct sample_row *row, enum kept kept,
    ndjson *attributes, struct error *e)
{
	int result;

	r->lines++;
	if (!r->table)
		return write_object(r, row, kept, attributes, e);
	result = write_row(r, row, kept, attributes, e);
	ndjson_free(attributes);
	return result;
}

int
report_row(struct report *r, const struct sample *s,
    const struct sample_row *row, const struct profile *profile, char *room,
    struct error *e)
{
	ndjson *attributes = ndjson_new();
	enum kept kept =
	    compare_row(s, row, profile, r->show_values, room, attributes);

	r->counts[kept]++;
	if (kept == KEPT) {
		ndjson_free(attributes);
		return 0;
	}
	if (report(r, row, kept, attributes, e) != 0)
		return -1;
	if (r->missing != NULL && kept != KEPT_CHANGED &&
	    (csv_write_field(&r->missing->out, row->id, row->id_len, e) != 0 ||
		output_write(&r->missing->out, "\n", 1, e) != 0))
		return -1;
	return 0;
}

int
report_unread(struct report *r, const struct sample_row *row, struct error *e)
{
	r->counts[KEPT_UNREAD]++;
	return report(r, row, KEPT_UNREAD, ndjson_new(), e);
}

/* ------------------------------------------------------------ the whole */

static uint64_t
fetched(const struct report *r)
{
	uint64_t n = 0;
	int i;

	/* What was not read says nothing. */
	for (i = 0; i < KEPT_UNREAD; i++)
		n += r->counts[i];
	return n;
}

static uint64_t
lost(const struct report *r)
{
	return r->counts[KEPT_MISSING] + r->counts[KEPT_DIFFERS];
}

/* If all were fetched there is nothing to estimate. */
static struct interval
find_interval(const struct report *r, const struct sample *s)
{
	const uint64_t n = fetched(r), k = lost(r);
	double share;

	if (!sample_is_all(s) || r->counts[KEPT_UNREAD] > 0)
		return interval_of(k, n);
	share = n == 0 ? 0 : (double)k / (double)n;
	return (struct interval){share, share, share};
}

ndjson *
report_summary(
    const struct report *r, const struct sample *s, const struct sent *t)
{
	const struct interval i = find_interval(r, s);
	ndjson *o = ndjson_new();
	int k;

	ndjson_set_count(o, "batches", t->batches);
	ndjson_set_count(o, "rows", t->rows);
	ndjson_set_count(o, "rowsAccepted", t->accepted);
	ndjson_set_count(o, "ids", (uint64_t)sample_ids(s));
	ndjson_set_bool(o, "idsEstimated", !sample_is_all(s));
	ndjson_set_count(o, "fetched", fetched(r));
	for (k = 0; k < KEPTS; k++)
		ndjson_set_count(o, kept_name((enum kept)k), r->counts[k]);
	ndjson_set_real(o, "lossUpper95", i.upper);
	ndjson_set_real(o, "lossLow95", i.low);
	ndjson_set_real(o, "lossHigh95", i.high);
	return o;
}

static int
write_words(struct report *r, const struct sample *s, struct error *e)
{
	const struct interval i = find_interval(r, s);
	const uint64_t n = fetched(r);
	char text[700];
	size_t used;

	used = (size_t)snprintf(text, sizeof(text),
	    "%s%llu of %s%.0f %s: %llu kept, %llu missing, %llu %s, %llu "
	    "changed later, %llu not read\n",
	    r->titled ? "\n" : "", (unsigned long long)n,
	    sample_is_all(s) ? "" : "about ", sample_ids(s),
	    number_form((uint64_t)sample_ids(s), "id", "ids"),
	    (unsigned long long)r->counts[KEPT],
	    (unsigned long long)r->counts[KEPT_MISSING],
	    (unsigned long long)r->counts[KEPT_DIFFERS],
	    number_form(r->counts[KEPT_DIFFERS], "differs", "differ"),
	    (unsigned long long)r->counts[KEPT_CHANGED],
	    (unsigned long long)r->counts[KEPT_UNREAD]);
	if (sample_is_all(s) && r->counts[KEPT_UNREAD] == 0)
		snprintf(text + used, sizeof(text) - used,
		    "All were fetched: %.4g%% were not kept.\n", 100 * i.upper);
	else
		snprintf(text + used, sizeof(text) - used,
		    "With 95%% confidence at most %.4g%% of all were not kept "
		    "(two-sided: %.4g%% to %.4g%%).\n",
		    100 * i.upper, 100 * i.low, 100 * i.high);
	return write_text(r, text, e);
}

int
report_end(struct report *r, const struct sample *s, const struct sent *t,
    struct error *e)
{
	ndjson *object;
	size_t n = 0;
	char *line;

	if (r->table)
		return write_words(r, s, e);
	r->lines++;
	object = ndjson_new();
	ndjson_set(object, "verified", report_summary(r, s, t));
	line = ndjson_line(object, &n);
	ndjson_free(object);
	return output_line(r->out, line, n, e);
}

enum exit_code
report_code(const struct report *r)
{
	return lost(r) + r->counts[KEPT_UNREAD] > 0 ? EXIT_REJECTED
						    : EXIT_COMPLETE;
}
