#include "verify/accepted.h"

#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/clock.h"
#include "base/sys.h"
#include "io/input.h"
#include "record/past.h"
#include "record/receipt.h"

/* An outcome may list the ids of 64 KiB of an answer. */
#define LINE_MAX_BYTES ((size_t)1024 * 1024)

struct reading {
	struct accepted *to;
	struct input *input;
	struct past past; /* of a journal, if it is headed */
	uint64_t line;
};

static bool
same(const struct part *a, const struct part *b)
{
	return a->batch == b->batch && a->from == b->from &&
	       a->rows == b->rows &&
	       (a->sha256[0] == '\0' || b->sha256[0] == '\0' ||
		   strcmp(a->sha256, b->sha256) == 0);
}

/* A file may tell of a part several times, and so may two files. */
static int
add(struct accepted *a, const struct part *p, time_t when, struct error *e)
{
	size_t i, room = a->room == 0 ? 64 : 2 * a->room;
	struct accepted_part *parts;

	for (i = 0; i < a->n && !same(&a->parts[i].part, p); i++)
		;
	if (i == a->n && a->n == a->room) {
		parts = sys_realloc(a->parts, room * sizeof(*parts));
		if (parts == NULL)
			return error_set(e, EXIT_LOCAL, "out of memory");
		a->parts = parts;
		a->room = room;
	}
	if (i == a->n || a->parts[i].part.sha256[0] == '\0') {
		time_t before = i == a->n ? when : a->parts[i].time;

		a->parts[i] = (struct accepted_part){
		    .part = *p, .time = before < when ? before : when};
	} else if (when < a->parts[i].time) {
		a->parts[i].time = when;
	}
	a->n += i == a->n;
	return 0;
}

static int
take_receipt(struct reading *r, const struct receipt *receipt, struct error *e)
{
	const struct result *result = &receipt->result;

	if (result->state != RECEIPT_ACCEPTED &&
	    result->state != RECEIPT_SKIPPED) {
		r->to->others++;
		return 0;
	}
	/* It decides what a later change is. */
	if (result->time == 0)
		return error_set(e, EXIT_INPUT,
		    "this receipt has no time at which the batch was accepted; "
		    "tp-send writes one");
	return add(r->to, &receipt->part, result->time, e);
}

/* There is one for what was accepted only. */
static int
take_outcome(struct reading *r, const ndjson *o, struct error *e)
{
	const char *sha256 = ndjson_get_string(o, "sha256");
	time_t when = clock_parse(ndjson_get_string(o, "time"));
	struct part p;

	memset(&p, 0, sizeof(p));
	if (ndjson_get_count(o, "batch", &p.batch) != 0 ||
	    ndjson_get_count(o, "rows", &p.rows) != 0 || when == 0 ||
	    (sha256 != NULL && strlen(sha256) >= sizeof(p.sha256)))
		return error_set(e, EXIT_INPUT,
		    "not an outcome: expected batch, rows and time, as "
		    "tp-status and tp-send write them");
	(void)ndjson_get_count(o, "rowsFrom", &p.from);
	if (sha256 != NULL)
		memcpy(p.sha256, sha256, strlen(sha256));
	return add(r->to, &p, when, e);
}

static int
take_journal_line(
    struct reading *r, const char *line, size_t n, struct error *e)
{
	enum journalline_kind kind;
	struct receipt receipt;

	if (past_add(&r->past, line, n, 0, &kind, &receipt, e) != 0)
		return -1;
	return kind == JOURNALLINE_RESULT ? take_receipt(r, &receipt, e) : 0;
}

static int
take_line(struct reading *r, const char *line, size_t n, struct error *e)
{
	struct receipt receipt;
	ndjson *object;
	int result;

	r->line++;
	if (n == 0)
		return 0;
	if (r->line == 1 && journalline_begins(line, n)) {
		input_waive_seal(r->input);
		return take_journal_line(r, line, n, e);
	}
	if (r->past.headed)
		return take_journal_line(r, line, n, e);
	object = ndjson_parse(line, n);
	if (ndjson_has(object, "reconciled"))
		result = take_outcome(r, object, e);
	else if (receipt_parse(&receipt, line, n, e) != 0)
		result = -1;
	else
		result = take_receipt(r, &receipt, e);
	ndjson_free(object);
	return result;
}

static int
read_lines(struct reading *r, struct buffer *b, struct error *e)
{
	ptrdiff_t got;

	for (;;) {
		char *line = b->data, *end = b->data + b->len, *lf;

		while (
		    (lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
			if (take_line(r, line, (size_t)(lf - line), e) != 0)
				return -1;
			line = lf + 1;
		}
		b->len = (size_t)(end - line);
		memmove(b->data, line, b->len);
		if (b->size - b->len < INPUT_LEAST) {
			r->line++;
			return error_set(e, EXIT_INPUT,
			    "this line is too long for a receipt or an "
			    "outcome");
		}
		got =
		    input_read(r->input, b->data + b->len, b->size - b->len, e);
		if (got <= 0)
			break;
		b->len += (size_t)got;
	}
	/* What is not whole in a journal is none. */
	if (got == 0 && b->len > 0 && !r->past.headed)
		return take_line(r, b->data, b->len, e);
	return got < 0 ? -1 : 0;
}

int
accepted_read(
    struct accepted *a, const char *path, bool sealed, struct error *e)
{
	struct reading r = {.to = a, .input = input_open(path, e)};
	struct buffer b;
	int result = -1;

	if (r.input == NULL)
		return -1;
	buffer_init(&b, LINE_MAX_BYTES);
	if (buffer_reserve(&b, LINE_MAX_BYTES) != 0)
		error_set(e, EXIT_LOCAL, "out of memory");
	else if (!sealed || input_demand_seal(r.input, e) == 0)
		result = read_lines(&r, &b, e);
	if (result != 0)
		error_place(e, input_name(r.input), r.line, 0);
	buffer_free(&b);
	past_free(&r.past);
	input_close(r.input);
	return result;
}

void
accepted_free(struct accepted *a)
{
	free(a->parts);
	memset(a, 0, sizeof(*a));
}
