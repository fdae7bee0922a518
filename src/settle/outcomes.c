#include "settle/outcomes.h"

#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/ndjson.h"
#include "base/sys.h"
#include "io/input.h"

/* An outcome may list the ids of 64 KiB of an answer. */
#define LINE_MAX_BYTES ((size_t)1024 * 1024)

struct entry {
	char *batch_id; /* owned; "" if there is none */
	uint64_t batch;
	struct outcome_verdict verdict;
};

struct outcomes {
	struct entry *entry; /* owned; sorted by batchId, then by number */
	size_t n, room;
	int (*take)(void *arg, const char *id, size_t n, struct error *e);
	void *arg;
};

void
outcomes_free(struct outcomes *o)
{
	size_t i;

	if (o == NULL)
		return;
	for (i = 0; i < o->n; i++)
		free(o->entry[i].batch_id);
	free(o->entry);
	free(o);
}

static int
no_memory(struct error *e)
{
	return error_set(e, EXIT_LOCAL, "out of memory");
}

static int
compare_to(const struct entry *entry, const char *id, size_t n, uint64_t batch)
{
	const size_t len = strlen(entry->batch_id);
	int order = memcmp(entry->batch_id, id, len < n ? len : n);

	if (order == 0)
		order = (len > n) - (len < n);
	/* A batchId is enough; without one the number is. */
	if (order == 0 && n == 0)
		order = (entry->batch > batch) - (entry->batch < batch);
	return order;
}

static int
compare(const void *left, const void *right)
{
	const struct entry *b = right;

	return compare_to(left, b->batch_id, strlen(b->batch_id), b->batch);
}

/* A count that is not given is 0. */
static uint64_t
count(const ndjson *object, const char *key)
{
	uint64_t n;

	return ndjson_get_count(object, key, &n) == 0 ? n : 0;
}

/* Of a batch that is complete: whether the failures that the service counts are
 * all that is wrong with it, and it lists as many. */
static bool
is_accounted(const ndjson *object)
{
	const uint64_t size = count(object, "batchSize");
	const uint64_t failed = count(object, "failedUpdates");

	return failed > 0 && size == count(object, "rows") &&
	       count(object, "successfulUpdates") +
		       count(object, "profilesNotFound") + failed ==
		   size &&
	       (!ndjson_has(object, "consumedCount") ||
		   count(object, "consumedCount") == size) &&
	       ndjson_length(object, "failedIds") == failed &&
	       !ndjson_get_bool(object, "failedIdsCut");
}

/* Which rows count: all of a batch that is reconciled, or whose status is no
 * longer kept; or all but those that are listed. */
static int
judge(struct outcomes *o, const ndjson *object, struct outcome_verdict *v,
    struct error *e)
{
	const char *state = ndjson_get_string(object, "state");
	uint64_t missing;
	size_t i, n;

	if (state == NULL)
		state = "";
	v->all_found =
	    ndjson_get_count(object, "profilesNotFound", &missing) == 0 &&
	    missing == 0;
	v->kept = ndjson_get_bool(object, "reconciled") ||
		  strcmp(state, "expired") == 0;
	if (v->kept || strcmp(state, "complete") != 0 || !is_accounted(object))
		return 0;
	for (i = 0; i < ndjson_length(object, "failedIds"); i++) {
		const char *id = ndjson_get_item(object, "failedIds", i, &n);

		if (id == NULL)
			return 0;
		if (o->take(o->arg, id, n, e) != 0)
			return -1;
	}
	v->kept = true;
	return 0;
}

static int
add(struct outcomes *o, const char *batch_id, uint64_t batch,
    const struct outcome_verdict *v, struct error *e)
{
	struct entry *all;

	if (o->n == o->room) {
		size_t room = o->room == 0 ? 64 : 2 * o->room;

		all = sys_realloc(o->entry, room * sizeof(*all));
		if (all == NULL)
			return no_memory(e);
		o->entry = all;
		o->room = room;
	}
	o->entry[o->n].batch_id = sys_strdup(batch_id);
	if (o->entry[o->n].batch_id == NULL)
		return no_memory(e);
	o->entry[o->n].batch = batch;
	o->entry[o->n].verdict = *v;
	o->n++;
	return 0;
}

static int
take_line(struct outcomes *o, const char *line, size_t n, struct error *e)
{
	struct outcome_verdict verdict = {false, false};
	ndjson *object = ndjson_parse(line, n);
	const char *id = ndjson_get_string(object, "batchId");
	uint64_t batch;
	int result;

	if (!ndjson_has(object, "reconciled") ||
	    ndjson_get_count(object, "batch", &batch) != 0)
		result = error_set(e, EXIT_INPUT,
		    "not an outcome, as tp-send --outcomes and tp-status write "
		    "them");
	else if (judge(o, object, &verdict, e) != 0)
		result = -1;
	else
		result = add(o, id == NULL ? "" : id, batch, &verdict, e);
	ndjson_free(object);
	return result;
}

static int
read_lines(struct outcomes *o, struct input *in, struct buffer *b,
    uint64_t *number, struct error *e)
{
	ptrdiff_t got;

	do {
		char *line = b->data, *end = b->data + b->len, *lf;

		while (
		    (lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
			++*number;
			if (lf > line &&
			    take_line(o, line, (size_t)(lf - line), e) != 0)
				return -1;
			line = lf + 1;
		}
		b->len = (size_t)(end - line);
		memmove(b->data, line, b->len);
		if (b->size - b->len < INPUT_LEAST) {
			++*number;
			return error_set(e, EXIT_INPUT,
			    "this line is too long for an outcome");
		}
		got = input_read(in, b->data + b->len, b->size - b->len, e);
		if (got > 0)
			b->len += (size_t)got;
	} while (got > 0);
	if (got == 0 && b->len > 0) {
		++*number;
		return error_set(e, EXIT_INPUT,
		    "this last line is torn: run tp-send again with the same "
		    "journal and files, or tp-status");
	}
	return got < 0 ? -1 : 0;
}

/* What is asked about twice is known by the better answer: the other one came
 * before the batch was complete, or after its status was kept. */
static void
unite(struct outcomes *o)
{
	size_t i, n = 0;

	if (o->n == 0)
		return;
	qsort(o->entry, o->n, sizeof(*o->entry), compare);
	for (i = 1; i < o->n; i++) {
		struct entry *one = &o->entry[n], *other = &o->entry[i];

		if (compare(one, other) != 0) {
			o->entry[++n] = *other;
			continue;
		}
		one->verdict.kept |= other->verdict.kept;
		one->verdict.all_found |= other->verdict.all_found;
		free(other->batch_id);
	}
	o->n = n + 1;
}

struct outcomes *
outcomes_read(const char *path,
    int (*take)(void *arg, const char *id, size_t n, struct error *e),
    void *arg, struct error *e)
{
	struct outcomes *o = sys_calloc(1, sizeof(*o));
	struct input *in = NULL;
	struct buffer b;
	uint64_t line = 0;
	int result = -1;

	if (o == NULL) {
		no_memory(e);
		return NULL;
	}
	o->take = take;
	o->arg = arg;
	buffer_init(&b, LINE_MAX_BYTES);
	in = input_open(path, e);
	if (in != NULL && buffer_reserve(&b, LINE_MAX_BYTES) != 0)
		no_memory(e);
	else if (in != NULL)
		result = read_lines(o, in, &b, &line, e);
	if (result != 0 && in != NULL)
		error_place(e, input_name(in), line, 0);
	buffer_free(&b);
	input_close(in);
	if (result != 0) {
		outcomes_free(o);
		return NULL;
	}
	unite(o);
	return o;
}

const struct outcome_verdict *
outcomes_find(
    const struct outcomes *o, const char *batch_id, size_t n, uint64_t batch)
{
	size_t low = 0, high = o->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_to(&o->entry[middle], batch_id, n, batch);

		if (order == 0)
			return &o->entry[middle].verdict;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
