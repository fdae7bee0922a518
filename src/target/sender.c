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
#include "target/delivery.h"

enum use { SLOT_FREE, SLOT_READY, SLOT_BUSY };

struct slot {
	struct batch batch;
	char sha256[SHA256_HEX];
	enum use use;
};

struct worker {
	struct sender *sender;
	struct http *http;
	pthread_t thread;
	bool started;
};

struct sender {
	const struct sender_settings *settings;
	const struct sender_hooks *hooks;
	struct batch_reader *reader;
	struct sha256 *sha256; /* of the thread that reads */
	struct worker workers[SENDER_JOBS_MAX];

	pthread_mutex_t lock; /* over all below, and the hooks */
	pthread_cond_t changed;
	struct slot *slots; /* jobs + 1 */
	struct sender_counts *counts;
	enum exit_code code;
	unsigned refused_in_row;
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

static int
keep_rest(struct sender *s, struct batch *b, struct error *e)
{
	enum { PIECE = 64 * 1024 };
	char *piece = sys_malloc(PIECE);
	ptrdiff_t n;
	int result = 0;

	if (piece == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	while (result == 0 &&
	       (n = batch_reader_rest(s->reader, b, piece, PIECE, e)) != 0) {
		result = n < 0 ? -1
			       : failed_write(
				     s->settings->failed, piece, (size_t)n, e);
		if (result == 0)
			sha256_add(s->sha256, piece, (size_t)n);
	}
	free(piece);
	return result;
}

/* Puts a batch that was not accepted where it can be sent from again. */
static int
keep(struct sender *s, struct batch *b, struct error *e)
{
	struct failed *f = s->settings->failed;

	if (failed_begin(f, e) != 0 ||
	    failed_write(f, b->body.data, b->body.len, e) != 0)
		return -1;
	if (b->more && keep_rest(s, b, e) != 0) {
		failed_drop(f);
		return -1;
	}
	if (b->cut) {
		failed_drop(f);
		return 0;
	}
	return failed_end(f, e);
}

static void
keep_or_end(struct sender *s, struct batch *b)
{
	struct error e = ERROR_INIT, more = ERROR_INIT;

	if (!atomic_load(&s->unkept) && keep(s, b, &e) == 0)
		return;
	if (e.code != EXIT_COMPLETE)
		trouble(s, &e);
	error_set(&more, EXIT_LOCAL,
	    "batch %llu was not accepted, and could not be kept either: send "
	    "it again from where it came",
	    (unsigned long long)b->number);
	trouble(s, &more);
	atomic_store(&s->unkept, true);
}

static void
count(struct sender *s, const struct receipt *r)
{
	struct sender_counts *c = s->counts;

	c->batches++;
	c->states[r->state]++;
	c->rows += r->rows;
	c->bytes += r->bytes;
	c->calls += r->attempts;
	if (r->state == RECEIPT_ACCEPTED)
		c->rows_accepted += r->rows;
	if (r->state == RECEIPT_UNKNOWN)
		s->code = exit_worse(s->code, EXIT_UNKNOWN);
	if (r->state == RECEIPT_INVALID)
		s->code = exit_worse(s->code, EXIT_INPUT);
	if (r->state == RECEIPT_UNKNOWN) /* it may have been accepted */
		s->refused_in_row = 0;
	if (r->state != RECEIPT_REFUSED)
		return;
	s->code = exit_worse(s->code, EXIT_REJECTED);
	if (++s->refused_in_row >= SENDER_REFUSED_IN_ROW &&
	    c->states[RECEIPT_ACCEPTED] == 0) {
		c->denied = true;
		stop(s, EXIT_SERVICE);
	}
}

/* The batch has a state: keep it if need be, then say so. */
static void
settle(struct sender *s, struct batch *b, const struct receipt *r)
{
	struct error e = ERROR_INIT;

	count(s, r);
	if (r->state != RECEIPT_ACCEPTED && r->state != RECEIPT_INVALID)
		keep_or_end(s, b);
	if (s->hooks->settled(s->hooks->arg, r, b, &e) != 0 && !s->mute) {
		s->mute = true;
		trouble(s, &e);
	}
}

static void
describe(const struct batch *b, const char *sha256, struct receipt *r)
{
	memset(r, 0, sizeof(*r));
	r->batch = b->number;
	r->rows = b->rows;
	r->bytes = b->bytes;
	memcpy(r->sha256, sha256, SHA256_HEX);
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
send_batch(struct sender *s, struct delivery *d, struct slot *slot)
{
	struct error e = ERROR_INIT;
	enum delivery_end end = DELIVERY_SETTLED;
	struct receipt r;

	describe(&slot->batch, slot->sha256, &r);
	(void)delivery_run(
	    d, slot->batch.body.data, slot->batch.body.len, &r, &end, &e);
	pthread_mutex_lock(&s->lock);
	if (e.code != EXIT_COMPLETE)
		trouble(s, &e);
	if (end == DELIVERY_EXHAUSTED)
		stop(s, EXIT_TEMPORARY);
	if (end == DELIVERY_DENIED) {
		s->counts->denied = true;
		stop(s, EXIT_SERVICE);
	}
	settle(s, &slot->batch, &r);
	slot->use = SLOT_FREE;
	pthread_cond_broadcast(&s->changed);
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

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct sender *s = w->sender;
	struct delivery d;
	struct slot *slot;

	memset(&d, 0, sizeof(d));
	d.endpoint = s->settings->endpoint;
	d.token = s->settings->token;
	d.http = w->http;
	d.pace = s->settings->pace;
	d.retries = s->settings->retries;
	d.retry.first = s->settings->retry_first;
	/* Differs between processes and between threads. */
	d.retry.seed = ((uint64_t)time(NULL) << 32 ^ (uint64_t)getpid() << 8) +
		       (uint64_t)(w - s->workers) + 1;
	d.stop = is_stopped;
	d.abort = is_over;
	d.again = tell_again;
	d.arg = s;
	while ((slot = take_ready(s)) != NULL)
		send_batch(s, &d, slot);
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

/* A batch that must not be sent. */
static void
settle_invalid(struct sender *s, struct batch *b)
{
	char digest[SHA256_HEX];
	struct receipt r;

	lock_idle(s);
	sha256_add(s->sha256, b->body.data, b->body.len);
	if (!b->cut && (b->rows > 0 || b->more))
		keep_or_end(s, b);
	sha256_take(s->sha256, digest);
	if (b->cut || b->rows == 0) {
		s->counts->passed++;
		s->code = exit_worse(s->code, EXIT_INPUT);
		s->hooks->passed(s->hooks->arg, b);
	} else {
		describe(b, digest, &r);
		r.state = RECEIPT_INVALID;
		r.time = time(NULL);
		snprintf(r.message, sizeof(r.message), "%s", b->fault.text);
		settle(s, b, &r);
	}
	pthread_mutex_unlock(&s->lock);
}

static void
hand_over(struct sender *s, struct slot *slot)
{
	sha256_add(s->sha256, slot->batch.body.data, slot->batch.body.len);
	sha256_take(s->sha256, slot->sha256);
	pthread_mutex_lock(&s->lock);
	if (slot->batch.id == BATCH_ID_PC && !s->warned &&
	    s->settings->endpoint->api == ENDPOINT_V2) {
		s->warned = true;
		s->hooks->pc_id(s->hooks->arg);
	}
	slot->use = SLOT_READY;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/* Reads all; what comes after the run has stopped goes the same way, and is
 * kept without having been sent. */
static void
read_all(struct sender *s)
{
	struct error e = ERROR_INIT;
	uint64_t read = 0;

	for (;;) {
		struct slot *slot = take_free(s);
		int status = -1;

		if (signals_pending() == 0 && !atomic_load(&s->unkept))
			status = batch_reader_next(s->reader, &slot->batch, &e);
		if (status == 0)
			return;
		if (status < 0)
			break;
		read = slot->batch.number;
		if (slot->batch.fault.code != EXIT_COMPLETE)
			settle_invalid(s, &slot->batch);
		else
			hand_over(s, slot);
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
	for (i = 0; i <= jobs; i++)
		batch_init(&s->slots[i].batch);
	for (i = 0; i < jobs; i++) {
		s->workers[i].sender = s;
		s->workers[i].http = http_new(&s->settings->http, e);
		if (s->workers[i].http == NULL)
			return -1;
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
