#include "target/sender.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/sha256.h"
#include "base/signals.h"
#include "base/sys.h"
#include "target/keeper.h"
#include "target/score.h"
#include "target/shipment.h"

enum use { SLOT_FREE, SLOT_READY, SLOT_BUSY };

struct slot {
	struct batch batch;
	char sha256[SHA256_HEX];
	enum use use;
};

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
	struct keeper keeper;  /* used with the lock held */
	struct worker workers[SENDER_JOBS_MAX];

	pthread_mutex_t lock; /* over all below, and the hooks */
	pthread_cond_t changed;
	struct slot *slots; /* jobs + 1 */
	struct sender_counts *counts;
	enum exit_code code;
	struct score score;
	bool ended;	     /* no more batches will be READY */
	bool mute;	     /* receipts cannot be written any more */
	bool warned;	     /* of pcId with v2 */
	atomic_bool stopped; /* nothing more is sent */
	atomic_bool unkept;  /* the failed file cannot be written */
	atomic_bool signalled;
	double signal_time; /* when that was seen */
};

/* ------------------------------------------------------------ stopping */

static bool
is_stopped(void *arg)
{
	struct sender *s = arg;

	return atomic_load(&s->stopped) || signals_pending() != 0;
}

/* What is in flight gets some time after a signal. */
static bool
is_over(void *arg)
{
	struct sender *s = arg;

	if (signals_pending() == 0)
		return false;
	pthread_mutex_lock(&s->lock);
	if (!atomic_exchange(&s->signalled, true))
		s->signal_time = clock_monotonic();
	pthread_mutex_unlock(&s->lock);
	return clock_monotonic() - s->signal_time > SENDER_GRACE;
}

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

/* The batch, or a part of it, goes to the failed file; or it is said that it
 * cannot.  True: an earlier run has put it there. */
static bool
keep_or_end(struct sender *s, struct batch *b, size_t at, size_t size,
    struct receipt *r)
{
	struct error e = ERROR_INIT, more = ERROR_INIT;
	enum kept kept = KEPT_NOT;
	int result = -1;

	if (!atomic_load(&s->unkept))
		result = keeper_keep(&s->keeper, b, at, size, r, &kept, &e);
	if (e.code != EXIT_COMPLETE)
		trouble(s, &e);
	if (result == 0 || kept != KEPT_NOT)
		return kept == KEPT_EARLIER;
	error_set(&more, EXIT_LOCAL,
	    "batch %llu was not accepted, and could not be kept either: send "
	    "it again from where it came",
	    (unsigned long long)b->number);
	trouble(s, &more);
	atomic_store(&s->unkept, true);
	return false;
}

static void
deny(struct sender *s)
{
	s->counts->denied = true;
	stop(s, EXIT_SERVICE);
}

/* It has a state: say so. */
static void
tell(struct sender *s, struct batch *b, const struct receipt *r, bool earlier)
{
	struct error e = ERROR_INIT;

	if (score_add(&s->score, r, earlier))
		deny(s);
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

	pthread_mutex_lock(&s->lock);
	s->hooks->again(s->hooks->arg, r, delay);
	pthread_mutex_unlock(&s->lock);
}

static void
settled(void *arg, struct shipment_piece *piece)
{
	struct worker *w = arg;
	struct sender *s = w->sender;
	struct batch *b = &w->slot->batch;

	pthread_mutex_lock(&s->lock);
	if (piece->keep &&
	    keep_or_end(s, b, piece->at, piece->size, &piece->receipt))
		piece->earlier = true;
	tell(s, b, &piece->receipt, piece->earlier);
	pthread_mutex_unlock(&s->lock);
}

static void
repeats(void *arg, const struct receipt *r)
{
	struct worker *w = arg;
	struct sender *s = w->sender;

	pthread_mutex_lock(&s->lock);
	s->hooks->repeats(s->hooks->arg, r);
	pthread_mutex_unlock(&s->lock);
}

static bool
refused(void *arg)
{
	struct worker *w = arg;
	struct sender *s = w->sender;
	bool over;

	pthread_mutex_lock(&s->lock);
	over = score_refusal(&s->score);
	if (over)
		deny(s);
	pthread_mutex_unlock(&s->lock);
	return over;
}

static void
stopped(void *arg, enum delivery_end why, const struct error *e)
{
	struct worker *w = arg;
	struct sender *s = w->sender;

	pthread_mutex_lock(&s->lock);
	if (e->code != EXIT_COMPLETE)
		trouble(s, e);
	if (why == DELIVERY_EXHAUSTED)
		stop(s, EXIT_TEMPORARY);
	if (why == DELIVERY_DENIED)
		deny(s);
	pthread_mutex_unlock(&s->lock);
}

/* The first in the stream of those that wait; or NULL. */
static struct slot *
find_ready(struct sender *s)
{
	struct slot *found = NULL;
	unsigned i;

	for (i = 0; i <= s->settings->jobs; i++) {
		struct slot *slot = &s->slots[i];

		if (slot->use == SLOT_READY &&
		    (found == NULL || slot->batch.number < found->batch.number))
			found = slot;
	}
	return found;
}

static struct slot *
take_ready(struct sender *s)
{
	struct slot *slot;

	pthread_mutex_lock(&s->lock);
	while ((slot = find_ready(s)) == NULL && !s->ended)
		pthread_cond_wait(&s->changed, &s->lock);
	if (slot != NULL)
		slot->use = SLOT_BUSY;
	pthread_mutex_unlock(&s->lock);
	return slot;
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
	d->abort = is_over;
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
	while ((w->slot = take_ready(s)) != NULL) {
		shipment_run(&shipment, &w->slot->batch, w->slot->sha256);
		pthread_mutex_lock(&s->lock);
		s->counts->batches++;
		w->slot->use = SLOT_FREE;
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

/* ------------------------------------------------------------- reading */

static struct slot *
take_free(struct sender *s)
{
	struct slot *slot = NULL;
	unsigned i;

	pthread_mutex_lock(&s->lock);
	while (slot == NULL) {
		for (i = 0; i <= s->settings->jobs && slot == NULL; i++) {
			if (s->slots[i].use == SLOT_FREE)
				slot = &s->slots[i];
		}
		if (slot == NULL)
			pthread_cond_wait(&s->changed, &s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return slot;
}

/* Waits until all that was read is settled; returns with the lock held. */
static void
lock_idle(struct sender *s)
{
	unsigned i;

	pthread_mutex_lock(&s->lock);
	for (i = 0; i <= s->settings->jobs;) {
		if (s->slots[i].use == SLOT_FREE) {
			i++;
			continue;
		}
		pthread_cond_wait(&s->changed, &s->lock);
		i = 0;
	}
}

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
	pthread_mutex_lock(&s->lock);
	trouble(s, &e);
	pthread_mutex_unlock(&s->lock);
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
	struct receipt r;
	bool earlier;

	memset(&r, 0, sizeof(r));
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
	earlier = keep_or_end(s, b, b->header, b->body.len - b->header, &r);
	if (!b->cut && b->rows > 0)
		tell(s, b, &r, earlier);
}

/* A batch that must not be sent. */
static int
settle_invalid(struct sender *s, struct batch *b)
{
	char digest[SHA256_HEX];
	bool usable = !b->cut && (b->rows > 0 || b->more);

	lock_idle(s);
	pthread_mutex_unlock(&s->lock);
	sha256_add(s->sha256, b->body.data, b->body.len);
	sha256_take(s->sha256, digest);
	if (usable && check_input(s, b, digest) != 0)
		return -1;
	pthread_mutex_lock(&s->lock);
	if (usable && !recall_invalid(s, b))
		keep_invalid(s, b, digest);
	if (b->cut || (b->rows == 0 && !b->more)) {
		s->counts->passed++;
		s->code = exit_worse(s->code, EXIT_INPUT);
		s->hooks->passed(s->hooks->arg, b);
	} else {
		s->counts->batches++;
	}
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static int
hand_over(struct sender *s, struct slot *slot)
{
	sha256_add(s->sha256, slot->batch.body.data, slot->batch.body.len);
	sha256_take(s->sha256, slot->sha256);
	if (check_input(s, &slot->batch, slot->sha256) != 0)
		return -1;
	pthread_mutex_lock(&s->lock);
	if (slot->batch.id == BATCH_ID_PC && !s->warned &&
	    s->settings->endpoint->api == ENDPOINT_V2) {
		s->warned = true;
		s->hooks->pc_id(s->hooks->arg);
	}
	slot->use = SLOT_READY;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
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

	lock_idle(s);
	if (j != NULL && !atomic_load(&s->stopped) &&
	    journal_check_end(j, read, &e) != 0)
		trouble(s, &e);
	pthread_mutex_unlock(&s->lock);
}

/* Reads all; without a journal what comes after the run has stopped goes the
 * same way, and is kept without having been sent. */
static void
read_all(struct sender *s)
{
	struct error e = ERROR_INIT;
	uint64_t read = 0;

	for (;;) {
		struct slot *slot = take_free(s);
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
	s->counts->unread = read + 1;
	if (signals_pending() != 0 || e.code == EXIT_COMPLETE)
		return;
	lock_idle(s);
	s->hooks->trouble(s->hooks->arg, &e);
	s->code = exit_worse(s->code, e.code);
	pthread_mutex_unlock(&s->lock);
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

	s->sha256 = sha256_new();
	s->slots = sys_calloc(jobs + 1, sizeof(*s->slots));
	if (s->sha256 == NULL || s->slots == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	s->keeper.failed = s->settings->failed;
	s->keeper.journal = s->settings->journal;
	s->keeper.reader = s->reader;
	s->keeper.sha256 = s->sha256;
	for (i = 0; i <= jobs; i++)
		batch_init(&s->slots[i].batch);
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

	pthread_mutex_lock(&s->lock);
	s->ended = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	for (i = 0; i < s->settings->jobs; i++) {
		if (s->workers[i].started)
			pthread_join(s->workers[i].thread, NULL);
		http_free(s->workers[i].http);
		sha256_free(s->workers[i].sha256);
	}
	for (i = 0; s->slots != NULL && i <= s->settings->jobs; i++)
		batch_free(&s->slots[i].batch);
	free(s->slots);
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
	pthread_mutex_init(&s.lock, NULL);
	pthread_cond_init(&s.changed, NULL);
	if (start(&s, &e) == 0) {
		read_all(&s);
	} else {
		pthread_mutex_lock(&s.lock);
		trouble(&s, &e);
		pthread_mutex_unlock(&s.lock);
	}
	finish(&s);
	pthread_cond_destroy(&s.changed);
	pthread_mutex_destroy(&s.lock);
	return s.code;
}
