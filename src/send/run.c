#include "send/run.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/safety.h"
#include "base/sha256.h"
#include "base/signals.h"
#include "base/sys.h"
#include "send/deliver.h"
#include "send/desk.h"
#include "send/queue.h"

struct worker {
	struct deliverer deliverer;
	struct queue *queue;
	pthread_t thread;
	bool started;
};

struct run {
	const struct send_settings *settings;
	struct batch_reader *reader;
	struct sha256 *sha256; /* of the thread that reads */
	struct worker workers[SEND_JOBS_MAX];
	struct queue queue; /* jobs + 1 batches */
	struct desk desk;
	bool warned; /* of pcId with v2 */
};

/* ------------------------------------------------------------- reading */

/* Is it the batch that the journal has under its number?  Not known of one
 * that is too large for memory. */
static int
check_input(struct run *run, const struct batch *b, const char *sha256)
{
	const struct journal *j = run->settings->journal;
	struct error e = ERROR_INIT;

	if (j == NULL || b->more ||
	    journal_check(j, b->number, sha256, &e) == 0)
		return 0;
	desk_trouble(&run->desk, &e);
	return -1;
}

/* Has it the kind of identifier that the file of rows has? */
static int
check_kind(struct run *run, const struct batch *b)
{
	struct rowfile *rows = run->settings->rows;
	struct error e = ERROR_INIT;

	if (rows == NULL || rowfile_expect(rows, b, &e) == 0)
		return 0;
	desk_trouble(&run->desk, &e);
	return -1;
}

/* To those that send, or, if it must not be sent, to the desk.  -1: it is not
 * this journal's, or not one for the file of rows. */
static int
hand_over(struct run *run, struct slot *slot)
{
	struct batch *b = &slot->batch;
	bool complies = b->fault.code == EXIT_COMPLETE;

	if (SAFETY("order-of-invalid", !complies, false))
		queue_wait_idle(&run->queue);
	sha256_add(run->sha256, b->body.data, b->body.len);
	sha256_take(run->sha256, slot->sha256);
	if ((complies || (!b->cut && b->rows > 0)) &&
	    check_input(run, b, slot->sha256) != 0)
		return -1;
	if (!complies) {
		desk_settle_invalid(&run->desk, b, slot->sha256);
		return 0;
	}
	if (check_kind(run, b) != 0)
		return -1;
	if (b->id == BATCH_ID_PC && !run->warned &&
	    run->settings->endpoint->api == ENDPOINT_V2) {
		run->warned = true;
		desk_warn_pc_id(&run->desk);
	}
	queue_ready(&run->queue, slot);
	return 0;
}

/* Does the journal know of more than there is? */
static void
check_end(struct run *run, uint64_t read)
{
	const struct journal *j = run->settings->journal;
	struct error e = ERROR_INIT;

	queue_wait_idle(&run->queue);
	if (j != NULL && !desk_stopped(&run->desk) &&
	    journal_check_end(j, read, &e) != 0)
		desk_trouble(&run->desk, &e);
}

/* Reads all; without a journal what comes after the run has stopped goes the
 * same way, and is kept without having been sent. */
static void
read_all(struct run *run)
{
	struct desk *desk = &run->desk;
	struct error e = ERROR_INIT;
	uint64_t read = 0;

	for (;;) {
		struct slot *slot = queue_take_free(&run->queue);
		int status = -1;

		/* With a journal the next run has what was not sent. */
		if (signals_pending() == 0 && !atomic_load(&desk->unkept) &&
		    (run->settings->journal == NULL || !desk_stopped(desk)))
			status =
			    batch_reader_next(run->reader, &slot->batch, &e);
		if (status == 0) {
			check_end(run, read);
			return;
		}
		if (status < 0)
			break;
		if (hand_over(run, slot) != 0)
			return;
		read = slot->batch.number;
	}
	queue_wait_idle(&run->queue);
	desk->counts->unread = SAFETY("unread-is-told", read + 1, 0);
	if (signals_pending() == 0 && e.code != EXIT_COMPLETE)
		desk_trouble(desk, &e);
}

/* ---------------------------------------------------------- the run */

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct slot *slot;

	while ((slot = queue_take_ready(w->queue)) != NULL) {
		deliver(&w->deliverer, &slot->batch, slot->sha256);
		queue_done(w->queue, slot);
	}
	return NULL;
}

static int
prepare(struct run *run, unsigned i, struct error *e)
{
	struct deliverer *by = &run->workers[i].deliverer;

	run->workers[i].queue = &run->queue;
	by->desk = &run->desk;
	by->retry = run->settings->retry;
	/* Differs between processes and between threads. */
	by->retry.seed =
	    ((uint64_t)time(NULL) << 32 ^ (uint64_t)getpid() << 8) + i + 1;
	by->http = http_new(&run->settings->http, e);
	if (by->http == NULL)
		return -1;
	by->sha256 = sha256_new();
	return by->sha256 == NULL ? error_set(e, EXIT_LOCAL, "out of memory")
				  : 0;
}

static int
start(struct run *run, struct error *e)
{
	unsigned i, jobs = run->settings->jobs;

	if (queue_init(&run->queue, jobs + 1, e) != 0)
		return -1;
	run->sha256 = run->desk.sha256 = sha256_new();
	if (run->sha256 == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	for (i = 0; i < jobs; i++) {
		if (prepare(run, i, e) != 0)
			return -1;
	}
	for (i = 0; i < jobs; i++) {
		struct worker *w = &run->workers[i];

		if (sys_thread(&w->thread, work, w) != 0)
			return error_errno(
			    e, EXIT_LOCAL, "cannot start a thread");
		w->started = true;
	}
	return 0;
}

static void
finish(struct run *run)
{
	unsigned i;

	queue_end(&run->queue);
	for (i = 0; i < run->settings->jobs; i++) {
		struct worker *w = &run->workers[i];

		if (w->started)
			pthread_join(w->thread, NULL);
		http_free(w->deliverer.http);
		sha256_free(w->deliverer.sha256);
	}
	queue_free(&run->queue);
	sha256_free(run->sha256);
	desk_close(&run->desk);
}

enum exit_code
run_send(const struct send_settings *settings, struct report *report,
    struct batch_reader *reader, struct counts *counts)
{
	struct error e = ERROR_INIT;
	struct run run;

	memset(&run, 0, sizeof(run));
	run.settings = settings;
	run.reader = reader;
	desk_open(&run.desk, settings, report, reader, counts);
	if (start(&run, &e) == 0)
		read_all(&run);
	else
		desk_trouble(&run.desk, &e); /* the others wait */
	finish(&run);
	return run.desk.code;
}
