#include "verify/sent.h"

#include <string.h>
#include "base/progress.h"
#include "base/sha256.h"

/* What is read at the moment. */
struct reading {
	struct sent *sent;
	struct accepted *accepted;
	struct sample *sample;
	struct sha256 *digest;
	const struct batch *batch;
	const struct sample_header *header;
};

/* The row of that number, from 1, or the end behind the last. */
static const char *
find_row(const struct batch *b, uint64_t number)
{
	const char *at = b->body.data + b->header;
	const char *end = b->body.data + b->body.len;

	for (; number > 1 && at < end; number--) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at == NULL ? end : at + 1;
	}
	return at;
}

/* Does the part consist of these rows of the batch? */
static bool
has_digest(struct reading *r, const struct part *p, const char *rows, size_t n)
{
	char hex[SHA256_HEX];

	sha256_add(r->digest, r->batch->body.data, r->batch->header);
	sha256_add(r->digest, rows, n);
	sha256_take(r->digest, hex);
	return strcmp(hex, p->sha256) == 0;
}

static int
take_rows(struct reading *r, const struct accepted_part *p, const char *rows,
    const char *end, struct error *e)
{
	struct sample_place place = {.header = r->header,
	    .batch = r->batch->number,
	    .row = p->part.from == 0 ? 1 : p->part.from,
	    .accepted = p->time};

	while (rows < end) {
		const char *lf = memchr(rows, '\n', (size_t)(end - rows));

		if (lf == NULL)
			lf = end;
		if (sample_add(
			r->sample, rows, (size_t)(lf - rows), &place, e) != 0)
			return -1;
		r->sent->accepted++;
		place.row++;
		rows = lf + 1;
	}
	if (p->time > r->sent->newest)
		r->sent->newest = p->time;
	return 0;
}

/* If the part is in the batch.  whole: the digest of all of it. */
static int
take_part(struct reading *r, struct accepted_part *p, const char *whole,
    struct error *e)
{
	const struct batch *b = r->batch;
	const uint64_t from = p->part.from == 0 ? 1 : p->part.from;
	const bool known = p->part.sha256[0] != '\0';
	const char *rows, *end;

	if (p->part.from == 0 && known) {
		if (strcmp(p->part.sha256, whole) != 0)
			return 0;
	} else if (p->part.batch != b->number ||
		   p->part.rows > b->rows - (from - 1) || from > b->rows ||
		   (p->part.from == 0 && p->part.rows != b->rows)) {
		return 0;
	}
	rows = find_row(b, from);
	end = p->part.from == 0 ? b->body.data + b->body.len
				: find_row(b, from + p->part.rows);
	if (p->part.from != 0 && known &&
	    !has_digest(r, &p->part, rows, (size_t)(end - rows)))
		return 0;
	p->found = true;
	return take_rows(r, p, rows, end, e);
}

static int
take_batch(struct reading *r, struct error *e)
{
	const struct batch *b = r->batch;
	char whole[SHA256_HEX];
	size_t i;

	r->sent->batches++;
	r->sent->rows += b->rows;
	/* tp-send does not send what does not comply. */
	if (b->fault.code != EXIT_COMPLETE || b->more || b->cut)
		return 0;
	if (r->sent->id != BATCH_ID_NONE && r->sent->id != b->id)
		return error_set(e, EXIT_INPUT,
		    "%s: batch %llu has another identifier than those before "
		    "it: verify those with " BATCH_NAME_PC
		    " and those with " BATCH_NAME_THIRD_PARTY " in two runs",
		    b->file, (unsigned long long)b->number);
	r->sent->id = b->id;
	r->header = sample_header(r->sample, b->body.data + BATCH_PREFIX_LEN,
	    b->header - BATCH_PREFIX_LEN - 1, e);
	if (r->header == NULL)
		return -1;
	sha256_add(r->digest, b->body.data, b->body.len);
	sha256_take(r->digest, whole);
	for (i = 0; i < r->accepted->n; i++) {
		if (take_part(r, &r->accepted->parts[i], whole, e) != 0)
			return -1;
	}
	return 0;
}

static void
count_unmatched(struct sent *t, const struct accepted *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		t->unmatched += !a->parts[i].found;
}

int
sent_read(struct sent *t, struct batch_reader *reader, struct accepted *a,
    struct sample *s, struct error *e)
{
	struct reading r = {t, a, s, sha256_new(), NULL, NULL};
	uint64_t bytes = 0;
	struct batch b;
	int got = -1;

	memset(t, 0, sizeof(*t));
	batch_init(&b);
	r.batch = &b;
	if (r.digest == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
	} else {
		while ((got = batch_reader_next(reader, &b, e)) > 0) {
			if (take_batch(&r, e) != 0) {
				got = -1;
				break;
			}
			bytes += b.bytes;
			progress_show(t->rows, bytes);
		}
	}
	if (got == 0)
		count_unmatched(t, a);
	sha256_free(r.digest);
	batch_free(&b);
	return got;
}
