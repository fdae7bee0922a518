#include "target/plan.h"

#include <string.h>
#include "base/ndjson.h"

static void
add(struct plan *p, const struct batch *b, void (*fault)(const struct batch *))
{
	if (b->fault.code != EXIT_COMPLETE) {
		p->invalid++;
		fault(b);
		return;
	}
	p->batches++;
	p->rows += b->rows;
	p->bytes += b->bytes;
}

int
plan_make(struct plan *p, struct batch_reader *reader, unsigned rate,
    void (*fault)(const struct batch *b), struct error *e)
{
	struct batch b;
	int status;

	memset(p, 0, sizeof(*p));
	batch_init(&b);
	while ((status = batch_reader_next(reader, &b, e)) == 1)
		add(p, &b, fault);
	batch_free(&b);
	p->minutes = (p->batches + rate - 1) / rate;
	return status;
}

char *
plan_line(const struct plan *p, const char *url, size_t *n)
{
	ndjson *o = ndjson_new();
	char *line;

	ndjson_set_string(o, "url", url);
	ndjson_set_count(o, "batches", p->batches);
	ndjson_set_count(o, "rows", p->rows);
	ndjson_set_count(o, "bytes", p->bytes);
	ndjson_set_count(o, "calls", p->batches);
	ndjson_set_count(o, "minutes", p->minutes);
	ndjson_set_count(o, "invalid", p->invalid);
	line = ndjson_line(o, n);
	ndjson_free(o);
	return line;
}
