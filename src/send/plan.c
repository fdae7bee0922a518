#include "send/plan.h"

#include <string.h>
#include "base/ndjson.h"
#include "base/sha256.h"

struct plan {
	uint64_t batches; /* that comply: one call each */
	uint64_t rows;
	uint64_t bytes;
	uint64_t minutes; /* that the calls take at least, begun ones too */
	uint64_t invalid; /* … that do not, or are cut short */
};

static void
add_batch(struct plan *p, const struct batch *b, struct report *report)
{
	if (b->fault.code != EXIT_COMPLETE) {
		p->invalid++;
		(void)emit(report,
		    &(struct event){.kind = EVENT_PASSED, .batch = b}, NULL);
		return;
	}
	p->batches++;
	p->rows += b->rows;
	p->bytes += b->bytes;
}

/* Is it the one that a run would compare with the journal, and does it? */
static int
check_input(const struct journal *j, const struct batch *b, struct sha256 *h,
    struct error *e)
{
	char digest[SHA256_HEX];

	if (j == NULL || b->more || b->cut || b->rows == 0)
		return 0;
	sha256_add(h, b->body.data, b->body.len);
	sha256_take(h, digest);
	return journal_check(j, b->number, digest, e);
}

static int
make(struct plan *p, struct batch_reader *reader, const struct journal *journal,
    struct rowfile *rows, unsigned rate, struct report *report, struct error *e)
{
	struct sha256 *h = sha256_new();
	struct batch b;
	uint64_t read = 0;
	int status;

	if (h == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	memset(p, 0, sizeof(*p));
	batch_init(&b);
	while ((status = batch_reader_next(reader, &b, e)) == 1) {
		if (check_input(journal, &b, h, e) != 0 ||
		    (rows != NULL && b.fault.code == EXIT_COMPLETE &&
			rowfile_expect(rows, &b, e) != 0)) {
			status = -1;
			break;
		}
		add_batch(p, &b, report);
		read = b.number;
	}
	if (status == 0 && journal != NULL)
		status = journal_check_end(journal, read, e);
	batch_free(&b);
	sha256_free(h);
	p->minutes = (p->batches + rate - 1) / rate;
	return status;
}

static int
write_line(
    const struct plan *p, const char *url, struct output *out, struct error *e)
{
	ndjson *o = ndjson_new();
	char *line;
	size_t n;

	ndjson_set_string(o, "url", url);
	ndjson_set_count(o, "batches", p->batches);
	ndjson_set_count(o, "rows", p->rows);
	ndjson_set_count(o, "bytes", p->bytes);
	ndjson_set_count(o, "calls", p->batches);
	ndjson_set_count(o, "minutes", p->minutes);
	ndjson_set_count(o, "invalid", p->invalid);
	line = ndjson_line(o, &n);
	ndjson_free(o);
	return output_line(out, line, n, e);
}

int
plan_run(struct batch_reader *reader, const struct journal *journal,
    struct rowfile *rows, const char *url, unsigned rate, struct report *report,
    uint64_t *batches, struct error *e)
{
	struct plan p;

	if (make(&p, reader, journal, rows, rate, report, e) != 0 ||
	    write_line(&p, url, report->out, e) != 0)
		return -1;
	report->lines++;
	*batches = p.batches + p.invalid;
	return p.invalid > 0 ? 1 : 0;
}
