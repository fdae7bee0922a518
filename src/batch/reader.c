#include "batch/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "base/safety.h"
#include "base/sys.h"
#include "base/utf8.h"
#include "batch/comply.h"
#include "csv/scan.h"
#include "io/input.h"

/*
 * Bytes are read straight into the batch.  What is read of the next one with
 * them, at most a CHUNK, waits in `ahead` and is copied from there in steps
 * that double, so that many small batches cost no more than a large one.
 */
enum { CHUNK = 256 * 1024, STEP = 4096 };

/* From so many bytes on, without an end in them, a batch is too large: an end
 * at BATCH_BYTES would have been seen by its prefix. */
enum { FULL = BATCH_BYTES + 1 + BATCH_PREFIX_LEN };

struct batch_reader {
	char *const *paths;
	size_t n, next;
	struct input *in;     /* the FILE that is read; NULL: between two */
	char name[256];	      /* … its name for messages */
	struct buffer ahead;  /* read, and not given out, from .. */
	size_t first;	      /* .. on */
	bool direct;	      /* the last bytes did not come from ahead */
	bool ended;	      /* in has no more */
	bool sealed;	      /* refuse an input that no seal ends */
	uint64_t line;	      /* of in, that begins at start */
	size_t start, looked; /* in the batch: a line begins; no LF before */
	bool torn;	      /* the batch was not finished */
	size_t columns;	      /* of the header */
	bool more;	      /* inside a batch that is too large … */
	bool line_begins;     /* … and at the beginning of a line */
	uint64_t batches;
};

static char *const only_stdin[] = {"-"};

void
batch_init(struct batch *b)
{
	memset(b, 0, sizeof(*b));
	buffer_init(&b->body, BATCH_MEMORY);
}

void
batch_free(struct batch *b)
{
	buffer_free(&b->body);
}

static void
clear(struct batch *b)
{
	struct buffer body = b->body;

	memset(b, 0, sizeof(*b));
	b->body = body;
	b->body.len = 0;
}

struct batch_reader *
batch_reader_open(char *const *paths, size_t n, struct error *e)
{
	struct batch_reader *r = sys_calloc(1, sizeof(*r));

	if (r == NULL) {
		error_errno(e, EXIT_LOCAL, "cannot read batches");
		return NULL;
	}
	r->paths = n == 0 ? only_stdin : paths;
	r->n = n == 0 ? 1 : n;
	/* What a line may have begun with, a CHUNK, and input_read's least. */
	buffer_init(&r->ahead, CHUNK + 2 * 64);
	return r;
}

void
batch_reader_demand_seal(struct batch_reader *r)
{
	r->sealed = true;
}

static void
close_input(struct batch_reader *r)
{
	input_close(r->in);
	r->in = NULL;
}

void
batch_reader_close(struct batch_reader *r)
{
	if (r == NULL)
		return;
	close_input(r);
	buffer_free(&r->ahead);
	free(r);
}

/* As far as the shorter one goes, the prefix; or, in one that was not
 * finished, NULs in place of any of its bytes. */
static bool
matches(const char *text, size_t n, const char *prefix, bool nuls)
{
	size_t i;

	for (i = 0; i < n && prefix[i] != '\0'; i++)
		if (text[i] != prefix[i] && !(nuls && text[i] == '\0'))
			return false;
	return true;
}

bool
batch_may_begin(const char *text, size_t n)
{
	size_t i;

	if (n == 0 || text[0] != '\0')
		return matches(text, n, BATCH_PREFIX, false);
	if (n > BATCH_PREFIX_LEN)
		n = BATCH_PREFIX_LEN;
	/* One that was not finished; its first bytes, and then a batch. */
	for (i = 1; i <= n; i++)
		if (matches(text, i, BATCH_PREFIX, true) &&
		    matches(text + i, n - i, BATCH_PREFIX, false))
			return true;
	return false;
}

bool
batch_begins(const char *line, size_t n)
{
	return n > 0 && (line[0] == '\0' || (n >= BATCH_PREFIX_LEN &&
						memcmp(line, BATCH_PREFIX,
						    BATCH_PREFIX_LEN) == 0));
}

size_t
batch_find(const char *text, size_t n)
{
	const char *at = text, *end = text + n;

	while ((at = memchr(at, BATCH_PREFIX[0], (size_t)(end - at))) != NULL) {
		if (matches(at, (size_t)(end - at), BATCH_PREFIX, false))
			return (size_t)(at - text);
		at++;
	}
	return n;
}

/* May a line become the beginning of a batch when more is read? */
static bool
may_begin_batch(const char *line, size_t n)
{
	return n < BATCH_PREFIX_LEN && matches(line, n, BATCH_PREFIX, false);
}

/* Reads into `to`, which must have room for a CHUNK.  0: the FILE ended. */
static ptrdiff_t
read_chunk(struct batch_reader *r, struct buffer *to, struct error *e)
{
	ptrdiff_t got;

	if (r->ended)
		return 0;
	if (buffer_reserve(to, CHUNK) != 0)
		return error_errno(e, EXIT_LOCAL, "no memory for a batch");
	got = input_read(r->in, to->data + to->len, CHUNK, e);
	if (got > 0)
		to->len += (size_t)got;
	r->ended = got == 0;
	return got;
}

/* More bytes of the batch; 0: the FILE ended. */
static ptrdiff_t
fill(struct batch_reader *r, struct batch *b, struct error *e)
{
	size_t n = r->ahead.len - r->first;
	size_t step = b->body.len < STEP ? STEP : b->body.len;

	r->direct = n == 0;
	if (n == 0)
		return read_chunk(r, &b->body, e);
	if (n > step)
		n = step;
	if (buffer_add(&b->body, r->ahead.data + r->first, n) != 0)
		return error_errno(e, EXIT_LOCAL, "no memory for a batch");
	r->first += n;
	return (ptrdiff_t)n;
}

/* The batch ends at `end`; what was read behind it waits. */
static int
give_back(struct batch_reader *r, struct batch *b, size_t end, struct error *e)
{
	size_t n = b->body.len - end;

	b->body.len = end;
	if (!r->direct) {
		r->first -= n;
		return 0;
	}
	r->ahead.len = r->first = 0;
	if (buffer_add(&r->ahead, b->body.data + end, n) != 0)
		return error_errno(e, EXIT_LOCAL, "no memory for a batch");
	return 0;
}

static void
check_line(struct batch_reader *r, struct batch *b, size_t end)
{
	const char *line = b->body.data + r->start;
	size_t n = end - r->start, at = 0;
	struct error *e = &b->fault;

	if (r->start == 0) {
		at = BATCH_PREFIX_LEN;
		b->header = end + 1;
		if (comply_header(
			line + at, n - at, &b->id, &r->columns, &at, e) != 0)
			at += BATCH_PREFIX_LEN;
	} else if (++b->rows > BATCH_ROWS) {
		error_set(
		    e, EXIT_INPUT, "a batch of more than %d rows", BATCH_ROWS);
	} else if (end >= BATCH_BYTES) {
		error_set(e, EXIT_INPUT, "a batch of more than %d bytes",
		    BATCH_BYTES);
	} else {
		SAFETY("batch-checked", comply_row(line, n, r->columns, &at, e),
		    0);
	}
	if (e->code != EXIT_COMPLETE)
		error_place(e, r->name, r->line, at + 1);
}

static size_t
count_lines(const char *text, size_t n)
{
	size_t i, lines = 0;

	for (i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

/* Looks for what comes behind a batch that was not finished.  1: another batch
 * begins at r->start, maybe in the middle of a line. */
static int
scan_torn(struct batch_reader *r, struct batch *b)
{
	const char *data = b->body.data + r->looked;
	size_t n = b->body.len - r->looked, at = batch_find(data, n);

	r->line += count_lines(data, at);
	r->start = r->looked += at;
	return n - at >= BATCH_PREFIX_LEN;
}

/* Checks the lines that are whole.  1: another batch begins at r->start. */
static int
scan(struct batch_reader *r, struct batch *b)
{
	const char *data = b->body.data;

	while (r->looked < b->body.len) {
		const char *lf =
		    memchr(data + r->looked, '\n', b->body.len - r->looked);
		if (r->start > 0 &&
		    batch_begins(data + r->start, b->body.len - r->start))
			return 1;
		if (lf == NULL) {
			r->looked = b->body.len;
			break;
		}
		if (b->fault.code == EXIT_COMPLETE)
			check_line(r, b, (size_t)(lf - data));
		else if (r->start > 0)
			b->rows++;
		r->looked = r->start = (size_t)(lf - data) + 1;
		r->line++;
	}
	return 0;
}

static int
open_next(struct batch_reader *r, struct error *e)
{
	const char *path = r->paths[r->next++];

	r->in = input_open(path, e);
	if (r->in == NULL ||
	    (SAFETY("seal-demanded-send",
		r->sealed && input_demand_seal(r->in, e) != 0, false)))
		return -1;
	escape_text(r->name, sizeof(r->name), path, strlen(path));
	r->ended = false;
	r->line = 1;
	return 0;
}

/* 1: the FILE holds (more) batches, of which b has some bytes; 0: no more. */
static int
begin(struct batch_reader *r, struct batch *b, struct error *e)
{
	uint64_t line = r->line;

	while (b->body.len < BATCH_PREFIX_LEN) {
		ptrdiff_t got = fill(r, b, e);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
	}
	if (b->body.len == 0)
		return 0;
	/* A NUL in front of a FILE may be that of anything. */
	if (!batch_begins(b->body.data, b->body.len) ||
	    (line == 1 && !batch_may_begin(b->body.data, b->body.len))) {
		error_set(e, EXIT_INPUT,
		    "this does not begin with \"" BATCH_PREFIX
		    "\": it is not a batch stream; make one with tp-split");
		error_place(e, r->name, line, 1);
		return -1;
	}
	b->cut = r->torn =
	    SAFETY("batch-not-finished", b->body.data[0] == '\0', false);
	if (b->cut) {
		error_set(&b->fault, EXIT_INPUT,
		    "this batch was not finished: the tp-send that kept it "
		    "here has died, or the file was not copied to its end; "
		    "send it from where it came");
		error_place(&b->fault, r->name, line, 1);
	}
	return 1;
}

static int
too_large(struct batch_reader *r, struct batch *b, struct error *e)
{
	size_t n = b->body.len - r->start, end = b->body.len;

	/* batch_reader_rest reads there. */
	if (buffer_reserve(&r->ahead, BATCH_PREFIX_LEN) != 0)
		return error_errno(e, EXIT_LOCAL, "no memory for a batch");
	if (may_begin_batch(b->body.data + r->start, n))
		end = r->start;
	r->line_begins = end == r->start;
	r->more = b->more = true;
	error_set(&b->fault, EXIT_INPUT, "a batch of more than %d bytes",
	    BATCH_BYTES);
	error_place(&b->fault, r->name, r->line, 1);
	return give_back(r, b, end, e);
}

/* All of the batch is there. */
static void
finish(struct batch_reader *r, struct batch *b)
{
	b->cut |= SAFETY("batch-cut-short", r->start < b->body.len, false);
	if (b->cut)
		error_set(&b->fault, EXIT_INPUT,
		    "the last line has no line feed: the batch was cut short");
	else if (b->rows == 0)
		error_set(&b->fault, EXIT_INPUT, "a batch without rows");
	if (b->fault.code != EXIT_COMPLETE)
		error_place(&b->fault, r->name, b->cut ? r->line : b->line, 1);
}

static int
read_batch(struct batch_reader *r, struct batch *b, struct error *e)
{
	for (;;) {
		int next = SAFETY("batch-behind-not-finished", r->torn, false)
			       ? scan_torn(r, b)
			       : scan(r, b);
		ptrdiff_t got;

		/* Not the batch's fault. */
		if (SAFETY("memory-is-not-invalid", b->fault.code == EXIT_LOCAL,
			false)) {
			*e = b->fault;
			return -1;
		}
		if (next == 1) {
			if (give_back(r, b, r->start, e) != 0)
				return -1;
			break;
		}
		if (b->body.len >= FULL)
			return too_large(r, b, e);
		got = fill(r, b, e);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
	}
	finish(r, b);
	return 0;
}

/* Reads on until there is a prefix, or the FILE ends. */
static int
rest_fill(struct batch_reader *r, struct error *e)
{
	size_t n = r->ahead.len - r->first;
	ptrdiff_t got = 1;

	if (n >= BATCH_PREFIX_LEN)
		return 0;
	memmove(r->ahead.data, r->ahead.data + r->first, n);
	r->ahead.len = n;
	r->first = 0;
	while (got > 0 && r->ahead.len < BATCH_PREFIX_LEN)
		got = read_chunk(r, &r->ahead, e);
	return got < 0 ? -1 : 0;
}

/* The bytes in ahead that are surely the batch's; 0: it ends here. */
static ptrdiff_t
rest_run(struct batch_reader *r, struct error *e)
{
	const char *data;
	size_t n, next;

	if (rest_fill(r, e) != 0)
		return -1;
	data = r->ahead.data + r->first;
	n = r->ahead.len - r->first;
	if (r->torn) {
		next = batch_find(data, n);
		/* Less than a prefix is one no more: the FILE has ended. */
		return (ptrdiff_t)(n < BATCH_PREFIX_LEN ? n : next);
	}
	if (r->line_begins && batch_begins(data, n))
		return 0;
	for (next = 0; next < n;) {
		const char *lf = memchr(data + next, '\n', n - next);
		if (lf == NULL)
			break;
		next = (size_t)(lf - data) + 1;
		if (batch_begins(data + next, n - next) ||
		    may_begin_batch(data + next, n - next))
			return (ptrdiff_t)next;
	}
	return (ptrdiff_t)n;
}

static void
rest_take(struct batch_reader *r, struct batch *b, size_t n)
{
	const char *data = r->ahead.data + r->first;
	size_t lines = count_lines(data, n);

	r->line_begins = data[n - 1] == '\n';
	r->line += lines;
	r->first += n;
	b->rows += lines;
	b->bytes += n;
}

ptrdiff_t
batch_reader_rest(struct batch_reader *r, struct batch *b, char *buf,
    size_t size, struct error *e)
{
	ptrdiff_t n;

	if (!r->more)
		return 0;
	n = rest_run(r, e);
	if (n < 0)
		return -1;
	if (n == 0) {
		r->more = false;
		b->cut |= !r->line_begins;
		return 0;
	}
	if ((size_t)n > size)
		n = (ptrdiff_t)size;
	if (buf != NULL)
		memcpy(buf, r->ahead.data + r->first, (size_t)n);
	rest_take(r, b, (size_t)n);
	return n;
}

/* Drops what was not asked for of a batch that was too large. */
static int
drop_rest(struct batch_reader *r, struct batch *b, struct error *e)
{
	ptrdiff_t n = 1;

	while (n > 0)
		n = batch_reader_rest(r, b, NULL, CHUNK, e);
	return (int)n;
}

int
batch_reader_next(struct batch_reader *r, struct batch *b, struct error *e)
{
	int status = 0;

	if (r->more && drop_rest(r, b, e) != 0)
		return -1;
	clear(b);
	for (;;) {
		r->start = r->looked = 0;
		if (r->in == NULL) {
			if (r->next == r->n)
				return 0;
			if (open_next(r, e) != 0)
				return -1;
		}
		status = begin(r, b, e);
		if (status != 0)
			break;
		close_input(r);
	}
	if (status < 0)
		return -1;
	snprintf(b->file, sizeof(b->file), "%s", r->name);
	b->number = ++r->batches;
	b->line = r->line;
	if (read_batch(r, b, e) != 0)
		return -1;
	b->bytes = b->body.len;
	return 1;
}
