#include "send/sender.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/sha256.h"
#include "base/signals.h"
#include "base/sys.h"
#include "send/keeper.h"
#include "send/score.h"
#include "send/shipment.h"
#include "send/slots.h"

struct worker {
	struct sender *sender;
	struct http *http;
	struct sha256 *sha256;
	struct slot *slot; /* that it is busy with */
	pthread_t thread;
	bool started;
};

struct sender {
	const struct sender_settings *settings;
	const struct sender_hooks *hooks;
	struct batch_reader *reader;
	struct sha256 *sha256; /* of the thread that reads */
	struct worker workers[SENDER_JOBS_MAX];

	struct slots slots; /* jobs + 1 */

	/* Over what is written down and told, by one thread at a time: it may
	 * have to wait for a file, a pipe or a terminal. */
	pthread_mutex_t desk;
	struct keeper keeper;
	struct sender_counts *counts;
	struct score score;
	enum exit_code code;
	bool mute;   /* receipts cannot be written any more */
	bool warned; /* of pcId with v2 */

	atomic_bool stopped; /* nothing more is sent */
	atomic_bool unkept;  /* the failed file cannot be written */
};

/* ------------------------------------------------------------ stopping */

static bool
is_stopped(void *arg)
{
	struct sender *s = arg;

	return atomic_load(&s->stopped) || signals_pending() != 0;
}

/* At the desk, as all that follows up to "sending". */
static void
stop(struct sender *s, enum exit_code code)
{
	atomic_store(&s->stopped, true);
	s->code = exit_worse(s->code, code);
}

static void
trouble(struct sender *s, const struct error *e)
{
	s->hooks->trouble(s->hooks->arg, e);
	stop(s, e->code);
}

/* ------------------------------------------------------------ settling */

/* The batch, or a part of it, is neither accepted nor in the failed file. */
static void
leave(struct sender *s, const struct batch *b)
{
	struct error e = ERROR_INIT;

	if (ranges_add(&s->counts->left, b->number) == 0)
		return;
	error_set(&e, EXIT_LOCAL,
	    "out of memory; batch %llu is neither accepted nor kept",
	    (unsigned long long)b->number);
	trouble(s, &e);
}

/* The batch, or a part of it, goes to the failed file, if it can. */
static enum kept
keep(struct sender *s, struct batch *b, size_t at, size_t size,
    struct receipt *r)
{
	struct error e = ERROR_INIT;
	enum kept kept = KEPT_NOT;
	int result = -1;

	if (!atomic_load(&s->unkept))
		result = keeper_keep(&s->keeper, b, at, size, r, &kept, &e);
	if (e.code != EXIT_COMPLETE)
		trouble(s, &e);
	if (result != 0 && kept == KEPT_NOT)
		atomic_store(&s->unkept, true);
	return kept;
}

/* why: the run stops, as all that is left would be refused; or NULL. */
static void
deny(struct sender *s, const char *why)
{
	if (why == NULL)
		return;
	if (s->counts->denied == NULL)
		s->counts->denied = why;
	stop(s, EXIT_SERVICE);
}

/* It has a state: say so. */
static void
tell(struct sender *s, struct batch *b, const struct receipt *r, bool earlier)
{
	struct error e = ERROR_INIT;

	deny(s, score_add(&s->score, r, earlier));
	s->code = exit_worse(s->code, score_code(r));
	if (s->hooks->settled(s->hooks->arg, r, b, earlier, &e) != 0 &&
	    !s->mute) {
		s->mute = true;
		trouble(s, &e);
	}
}

/* ------------------------------------------------------------- sending */

static void
tell_again(void *arg, const struct receipt *r, double delay)
{
	struct sender *s = arg;

	pthread_mutex_lock(&s->desk);
	s->hooks->again(s->hooks->arg, r, delay);
	pthread_mutex_unlock(&s->desk);
}

static void
settled(void *arg, struct shipment_piece *piece)
{
	struct worker *w = arg;
	struct sender *s = w->sender;
	struct batch *b = &w->slot->batch;
	struct receipt *r = &piece->receipt;
	enum kept kept = KEPT_NOT;

	pthread_mutex_lock(&s->desk);
	if (piece->keep)
		kept = keep(s, b, piece->at, piece->size, r);
	if (kept == KEPT_EARLIER)
		piece->earlier = true;
	if (kept == KEPT_NOT && r->state != RECEIPT_ACCEPTED && !piece->earlier)
		leave(s, b);
	tell(s, b, r, piece->earlier);
	pthread_mutex_unlock(&s->desk);
}

static void
repeats(void *arg, const struct receipt *r)
{
	struct worker *w = arg;
	struct sender *s = w->sender;

	pthread_mutex_lock(&s->desk);
	s->hooks->repeats(s->hooks->arg, r);
	pthread_mutex_unlock(&s->desk);
}

static bool
refused(void *arg)
{
	struct worker *w = arg;
	struct sender *s = w->sender;
	const char *why;

	pthread_mutex_lock(&s->desk);
	why = score_refusal(&s->score, w->slot->batch.number);
	deny(s, why);
	pthread_mutex_unlock(&s->desk);
	return why != NULL;
}

static void
stopped(void *arg, enum delivery_end why, const struct error *e)
{
	struct worker *w = arg;
	struct sender *s = w->sender;

	pthread_mutex_lock(&s->desk);
	if (e->code != EXIT_COMPLETE)
		trouble(s, e);
	if (why == DELIVERY_EXHAUSTED)
		stop(s, EXIT_TEMPORARY);
	if (why == DELIVERY_DENIED)
		deny(s, score_none_taken);
	pthread_mutex_unlock(&s->desk);
}

static void
prepare(struct worker *w, struct shipment *shipment)
{
	struct sender *s = w->sender;
	struct delivery *d = &shipment->delivery;

	memset(shipment, 0, sizeof(*shipment));
	d->endpoint = s->settings->endpoint;
	d->token = s->settings->token;
	d->http = w->http;
	d->pace = s->settings->pace;
	d->journal = s->settings->journal;
	d->retries = s->settings->retries;
	d->retry.first = s->settings->retry_first;
	/* Differs between processes and between threads. */
	d->retry.seed = ((uint64_t)time(NULL) << 32 ^ (uint64_t)getpid() << 8) +
			(uint64_t)(w - s->workers) + 1;
	d->stop = is_stopped;
	d->abort = signals_overdue;
	d->again = tell_again;
	d->arg = s;
	shipment->sha256 = w->sha256;
	shipment->calls = s->settings->halving;
	shipment->settled = settled;
	shipment->repeats = repeats;
	shipment->refused = refused;
	shipment->stopped = stopped;
	shipment->arg = w;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct sender *s = w->sender;
	struct shipment shipment;

	prepare(w, &shipment);
	while ((w->slot = slots_take_ready(&s->slots)) != NULL) {
		shipment_run(&shipment, &w->slot->batch, w->slot->sha256);
		pthread_mutex_lock(&s->desk);
		s->counts->batches++;
		pthread_mutex_unlock(&s->desk);
		slots_done(&s->slots, w->slot);
	}
	return NULL;
}

/* ------------------------------------------------------------- reading */

/* Is it the batch that the journal has under its number?  Not known of one
 * that is too large for memory. */
static int
check_input(struct sender *s, const struct batch *b, const char *sha256)
{
	const struct journal *j = s->settings->journal;
	struct error e = ERROR_INIT;

	if (j == NULL || b->more ||
	    journal_check(j, b->number, sha256, &e) == 0)
		return 0;
	pthread_mutex_lock(&s->desk);
	trouble(s, &e);
	pthread_mutex_unlock(&s->desk);
	return -1;
}

/* An earlier run has kept it. */
static bool
recall_invalid(struct sender *s, struct batch *b)
{
	struct journal *j = s->settings->journal;
	struct error e = ERROR_INIT;
	struct history_past past;
	struct receipt r;

	if (j == NULL)
		return false;
	history_find(journal_history(j), b->number, 0, 0, &past);
	if (past.kept == NULL)
		return false;
	if (journal_recall(j, past.kept, &r, &e) != 0) {
		trouble(s, &e); /* the next run will tell of it */
		return true;
	}
	r.attempts = 0;
	tell(s, b, &r, true);
	return true;
}

static void
keep_invalid(struct sender *s, struct batch *b, const char *sha256)
{
	struct receipt r = {.api = s->settings->endpoint->api};
	enum kept kept;

	r.batch = b->number;
	r.rows = b->rows;
	r.bytes = b->bytes;
	if (!b->more)
		memcpy(r.sha256, sha256, SHA256_HEX);
	r.state = RECEIPT_INVALID;
	r.time = time(NULL);
	snprintf(r.message, sizeof(r.message), "%s", b->fault.text);
	if (b->more) /* its digest goes on */
		sha256_add(s->sha256, b->body.data, b->body.len);
	kept = keep(s, b, b->header, b->body.len - b->header, &r);
	if (kept == KEPT_NOT)
		leave(s, b);
	if (!b->cut && b->rows > 0)
		tell(s, b, &r, kept == KEPT_EARLIER);
}

/* A batch that must not be sent. */
static int
settle_invalid(struct sender *s, struct batch *b)
{
	char digest[SHA256_HEX];
	bool usable = !b->cut && (b->rows > 0 || b->more);

	slots_wait_idle(&s->slots);
	sha256_add(s->sha256, b->body.data, b->body.len);
	sha256_take(s->sha256, digest);
	if (usable && check_input(s, b, digest) != 0)
		return -1;
	pthread_mutex_lock(&s->desk);
	if (usable && !recall_invalid(s, b))
		keep_invalid(s, b, digest);
	if (b->cut || (b->rows == 0 && !b->more)) {
		s->counts->passed++;
		leave(s, b);
		s->code = exit_worse(s->code, EXIT_INPUT);
		s->hooks->passed(s->hooks->arg, b);
	} else {
		s->counts->batches++;
	}
	pthread_mutex_unlock(&s->desk);
	return 0;
}

static int
hand_over(struct sender *s, struct slot *slot)
{
	sha256_add(s->sha256, slot->batch.body.data, slot->batch.body.len);
	sha256_take(s->sha256, slot->sha256);
	if (check_input(s, &slot->batch, slot->sha256) != 0)
		return -1;
	if (slot->batch.id == BATCH_ID_PC && !s->warned &&
	    s->settings->endpoint->api == ENDPOINT_V2) {
		pthread_mutex_lock(&s->desk);
		s->warned = true;
		s->hooks->pc_id(s->hooks->arg);
		pthread_mutex_unlock(&s->desk);
	}
	slots_ready(&s->slots, slot);
	return 0;
}

/* With a journal, what was not sent need not be kept: the next run has it. */
static bool
may_leave(const struct sender *s)
{
	return s->settings->journal != NULL && atomic_load(&s->stopped);
}

/* Does the journal know of more than there is? */
static void
check_end(struct sender *s, uint64_t read)
{
	const struct journal *j = s->settings->journal;
	struct error e = ERROR_INIT;

	slots_wait_idle(&s->slots);
	pthread_mutex_lock(&s->desk);
	if (j != NULL && !atomic_load(&s->stopped) &&
	    journal_check_end(j, read, &e) != 0)
		trouble(s, &e);
	pthread_mutex_unlock(&s->desk);
}

/* Reads all; without a journal what comes after the run has stopped goes the
 * same way, and is kept without having been sent. */
static void
read_all(struct sender *s)
{
	struct error e = ERROR_INIT;
	uint64_t read = 0;

	for (;;) {
		struct slot *slot = slots_take_free(&s->slots);
		int status = -1;

		if (signals_pending() == 0 && !atomic_load(&s->unkept) &&
		    !may_leave(s))
			status = batch_reader_next(s->reader, &slot->batch, &e);
		if (status == 0) {
			check_end(s, read);
			return;
		}
		if (status < 0)
			break;
		if ((slot->batch.fault.code != EXIT_COMPLETE
			    ? settle_invalid(s, &slot->batch)
			    : hand_over(s, slot)) != 0)
			return; /* it is not this journal's */
		read = slot->batch.number;
	}
	slots_wait_idle(&s->slots);
	s->counts->unread = read + 1;
	if (signals_pending() != 0 || e.code == EXIT_COMPLETE)
		return;
	s->hooks->trouble(s->hooks->arg, &e);
	s->code = exit_worse(s->code, e.code);
}

/* ---------------------------------------------------------- the run */

/* Signals go to the thread that reads, whose read they interrupt. */
static int
start_thread(struct worker *w, struct error *e)
{
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = sys_thread(&w->thread, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result != 0)
		return error_errno(e, EXIT_LOCAL, "cannot start a thread");
	w->started = true;
	return 0;
}

static int
start(struct sender *s, struct error *e)
{
	unsigned i, jobs = s->settings->jobs;

	if (slots_init(&s->slots, jobs + 1, e) != 0)
		return -1;
	s->sha256 = sha256_new();
	if (s->sha256 == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	s->keeper.failed = s->settings->failed;
	s->keeper.journal = s->settings->journal;
	s->keeper.reader = s->reader;
	s->keeper.sha256 = s->sha256;
	for (i = 0; i < jobs; i++) {
		s->workers[i].sender = s;
		s->workers[i].http = http_new(&s->settings->http, e);
		if (s->workers[i].http == NULL)
			return -1;
		s->workers[i].sha256 = sha256_new();
		if (s->workers[i].sha256 == NULL)
			return error_set(e, EXIT_LOCAL, "out of memory");
	}
	for (i = 0; i < jobs; i++) {
		if (start_thread(&s->workers[i], e) != 0)
			return -1;
	}
	return 0;
}

static void
finish(struct sender *s)
{
	unsigned i;

	slots_end(&s->slots);
	for (i = 0; i < s->settings->jobs; i++) {
		if (s->workers[i].started)
			pthread_join(s->workers[i].thread, NULL);
		http_free(s->workers[i].http);
		sha256_free(s->workers[i].sha256);
	}
	slots_free(&s->slots);
	sha256_free(s->sha256);
}

enum exit_code
sender_run(const struct sender_settings *settings,
    const struct sender_hooks *hooks, struct batch_reader *reader,
    struct sender_counts *counts)
{
	struct error e = ERROR_INIT;
	struct sender s;

	memset(&s, 0, sizeof(s));
	memset(counts, 0, sizeof(*counts));
	s.settings = settings;
	s.hooks = hooks;
	s.reader = reader;
	s.counts = counts;
	score_start(&s.score, counts);
	pthread_mutex_init(&s.desk, NULL);
	if (start(&s, &e) == 0) {
		read_all(&s);
	} else {
		trouble(&s, &e); /* the only thread, or all others wait */
	}
	finish(&s);
	pthread_mutex_destroy(&s.desk);
	return s.code;
}
