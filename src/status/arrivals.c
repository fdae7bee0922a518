#include "status/arrivals.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/safety.h"
#include "base/signals.h"
#include "base/sys.h"
#include "base/wait.h"
#include "io/input.h"
#include "record/past.h"

/* Items held for the caller; room to read into behind a whole line. */
enum { HELD = 16, ROOM = 4096 };

struct arrivals {
	char *const *files;
	size_t n;
	bool sealed;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* there is room, or closing */
	int bell[2];		/* readable if items are held */
	/* Under the lock: items[first .. first + held), a ring. */
	struct arrival items[HELD];
	size_t first, held;
	bool closing;
	bool reading; /* the thread waits for input */
	bool left;    /* it was left to itself, and frees this at its end */

	/* The thread's own. */
	struct input *input;
	struct arrival item; /* being made */
	uint64_t line;
	bool passing;	  /* over the rest of a line that is too long */
	struct past past; /* of a journal, if its version is not 0 */
	bool damaged;	  /* the rest of that journal is of no use */
	uint64_t torn;	  /* a line of it, which must be the last */
	char *data;	  /* ARRIVALS_LINE bytes, … */
	size_t len;	  /* … of which so many are in use */
};

static char standard[] = "-";
static char *const only_standard[] = {standard};

/* Hands in->item over.  -1: nobody wants it any more. */
static int
give(struct arrivals *in, enum arrival_kind kind)
{
	int result;

	pthread_mutex_lock(&in->lock);
	while (in->held == HELD && !in->closing)
		pthread_cond_wait(&in->changed, &in->lock);
	result = in->closing ? -1 : 0;
	if (result == 0) {
		in->item.kind = kind;
		in->items[(in->first + in->held++) % HELD] = in->item;
		if (in->held == 1)
			(void)sys_put(in->bell[1], "", 1);
	}
	pthread_mutex_unlock(&in->lock);
	memset(&in->item, 0, sizeof(in->item));
	return result;
}

static bool
is_blank(const char *line, size_t n)
{
	while (n > 0 && strchr(" \t\r\n", line[n - 1]) != NULL && line[n - 1])
		n--;
	return n == 0;
}

static int
read_journal_line(struct arrivals *in, const char *line, size_t n,
    enum journalline_kind *kind, struct error *e)
{
	if (in->torn != 0)
		return error_set(e, EXIT_INPUT,
		    "line %llu of this journal is damaged: there are NULs in "
		    "it",
		    (unsigned long long)in->torn);
	return past_add(&in->past, line, n, 0, kind, &in->item.receipt, e);
}

/* A line of a journal: what is settled is given out. */
static int
give_journal_line(struct arrivals *in, const char *line, size_t n)
{
	struct error *e = &in->item.error;
	enum journalline_kind kind;

	/* What was not finished when the power went: none, if the last. */
	if (in->torn == 0 && memchr(line, '\0', n) != NULL) {
		in->torn = in->line;
		return 0;
	}
	if (read_journal_line(in, line, n, &kind, e) != 0) {
		error_place(e, input_name(in->input), in->line, 0);
		in->damaged = true;
		return give(in, ARRIVAL_MALFORMED);
	}
	if (kind == JOURNALLINE_KEPT ||
	    (kind == JOURNALLINE_RESULT &&
		in->item.receipt.result.state == RECEIPT_ACCEPTED))
		return give(in, ARRIVAL_RECEIPT);
	memset(&in->item, 0, sizeof(in->item));
	return 0;
}

/* At the end of a journal: what is not settled. */
static int
give_unsettled(struct arrivals *in)
{
	struct past *h = &in->past;
	struct receipt *r = &in->item.receipt;
	size_t i;

	if (past_sort(h, &in->item.error) != 0)
		return give(in, ARRIVAL_FAILED);
	for (i = 0; i < h->n; i++) {
		if (past_unsettled(h, i, r) && give(in, ARRIVAL_RECEIPT) != 0)
			return -1;
	}
	return 0;
}

static int
give_line(struct arrivals *in, const char *line, size_t n)
{
	struct error *e = &in->item.error;

	/* What follows in a journal that cannot be read is no receipt. */
	if (is_blank(line, n) || in->damaged)
		return 0;
	if (in->line == 1 && journalline_begins(line, n)) {
		/* A journal is appended to, and so has no seal. */
		input_waive_seal(in->input);
		return give_journal_line(in, line, n);
	}
	if (in->past.headed)
		return give_journal_line(in, line, n);
	if (receipt_parse(&in->item.receipt, line, n, e) == 0)
		return give(in, ARRIVAL_RECEIPT);
	error_place(e, input_name(in->input), in->line, 0);
	return give(in, ARRIVAL_MALFORMED);
}

static int
give_too_long(struct arrivals *in)
{
	error_set(&in->item.error, EXIT_INPUT,
	    "not a receipt: the line is longer than 64 KiB");
	error_place(&in->item.error, input_name(in->input), in->line, 0);
	return give(in, ARRIVAL_MALFORMED);
}

/* Gives out the whole lines of what is in use; keeps the rest. */
static int
give_lines(struct arrivals *in)
{
	char *line = in->data, *end;
	size_t left = in->len;

	while ((end = memchr(line, '\n', left)) != NULL) {
		size_t n = (size_t)(end - line);

		in->line++;
		if (!in->passing &&
		    (n >= ARRIVALS_LINE ? give_too_long(in)
					: give_line(in, line, n)) != 0)
			return -1;
		in->passing = false;
		line += n + 1;
		left -= n + 1;
	}
	memmove(in->data, line, left);
	in->len = left;
	if (in->len < ARRIVALS_LINE)
		return 0;
	in->len = 0;
	if (in->passing)
		return 0;
	in->passing = true;
	in->line++;
	if (give_too_long(in) != 0)
		return -1;
	in->line--; /* its end is still to be counted */
	return 0;
}

/* While it is set, how long the thread takes is not ours to say. */
static void
set_reading(struct arrivals *in, bool reading)
{
	pthread_mutex_lock(&in->lock);
	in->reading = reading;
	pthread_mutex_unlock(&in->lock);
}

static ptrdiff_t
read_more(struct arrivals *in)
{
	ptrdiff_t n;

	set_reading(in, true);
	n = input_read(in->input, in->data + in->len,
	    ARRIVALS_LINE + ROOM - in->len, &in->item.error);
	set_reading(in, false);
	return n;
}

static struct input *
open_input(struct arrivals *in, const char *path)
{
	struct input *input;

	set_reading(in, true);
	input = input_open(path, &in->item.error);
	set_reading(in, false);
	if (input == NULL ||
	    SAFETY("seal-demanded-status", !in->sealed, true) ||
	    input_demand_seal(input, &in->item.error) == 0)
		return input;
	input_close(input);
	return NULL;
}

/* A signal is no trouble of the input: the caller knows of it. */
static int
give_failed(struct arrivals *in)
{
	return signals_pending() != 0 ? -1 : give(in, ARRIVAL_FAILED);
}

static int
read_lines(struct arrivals *in)
{
	ptrdiff_t n;

	in->line = 0;
	in->len = 0;
	in->passing = in->damaged = false;
	in->torn = 0;
	past_free(&in->past);
	while ((n = read_more(in)) > 0) {
		in->len += (size_t)n;
		if (give_lines(in) != 0)
			return -1;
	}
	if (n < 0)
		return give_failed(in);
	in->line++;
	if (in->past.headed) /* a torn line at its end is none */
		return give_unsettled(in);
	return in->passing ? 0 : give_line(in, in->data, in->len);
}

static void
destroy(struct arrivals *in)
{
	pthread_cond_destroy(&in->changed);
	pthread_mutex_destroy(&in->lock);
	(void)sys_close(in->bell[0]);
	(void)sys_close(in->bell[1]);
	past_free(&in->past);
	free(in->data);
	free(in);
}

static void *
run(void *arg)
{
	struct arrivals *in = arg;
	int result = 0;
	bool left;
	size_t i;

	for (i = 0; i < in->n && result == 0; i++) {
		in->input = open_input(in, in->files[i]);
		if (in->input == NULL) {
			result = give_failed(in);
			continue;
		}
		result = read_lines(in);
		input_close(in->input);
		in->input = NULL;
	}
	if (result == 0)
		(void)give(in, ARRIVAL_END);
	pthread_mutex_lock(&in->lock);
	left = in->left;
	pthread_mutex_unlock(&in->lock);
	if (left)
		destroy(in);
	return NULL;
}

struct arrivals *
arrivals_open(char *const *files, size_t n, bool sealed, struct error *e)
{
	struct arrivals *in = sys_calloc(1, sizeof(*in));

	if (in != NULL)
		in->data = sys_malloc(ARRIVALS_LINE + ROOM);
	if (in == NULL || in->data == NULL) {
		free(in);
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	in->files = n == 0 ? only_standard : files;
	in->n = n == 0 ? 1 : n;
	in->sealed = sealed;
	if (sys_pipe(in->bell) != 0) {
		error_errno(e, EXIT_LOCAL, "cannot make a pipe");
		free(in->data);
		free(in);
		return NULL;
	}
	pthread_mutex_init(&in->lock, NULL);
	pthread_cond_init(&in->changed, NULL);
	if (sys_thread(&in->thread, run, in) == 0)
		return in;
	error_errno(e, EXIT_LOCAL, "cannot start a thread");
	destroy(in);
	return NULL;
}

void
arrivals_close(struct arrivals *in)
{
	pthread_t thread;
	bool left;

	if (in == NULL)
		return;
	thread = in->thread; /* when left, in may be gone at any time */
	pthread_mutex_lock(&in->lock);
	in->closing = true;
	left = in->left = in->reading;
	pthread_cond_broadcast(&in->changed);
	pthread_mutex_unlock(&in->lock);
	if (left) {
		pthread_detach(thread);
		return;
	}
	pthread_join(thread, NULL);
	destroy(in);
}

static bool
take(struct arrivals *in, struct arrival *item)
{
	bool held;
	char byte;

	pthread_mutex_lock(&in->lock);
	held = in->held > 0;
	if (held) {
		*item = in->items[in->first];
		in->first = (in->first + 1) % HELD;
		if (--in->held == 0)
			(void)sys_read(in->bell[0], &byte, 1);
		pthread_cond_signal(&in->changed);
	}
	pthread_mutex_unlock(&in->lock);
	return held;
}

void
arrivals_take(struct arrivals *in, double seconds, struct arrival *item)
{
	item->kind = ARRIVAL_NOTHING;
	if (!take(in, item) &&
	    wait_for(in->bell[0], POLLIN, seconds, NULL, NULL) == WAIT_READY)
		(void)take(in, item);
}
