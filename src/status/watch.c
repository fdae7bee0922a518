#include "status/watch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/diag.h"
#include "base/ndjson.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/safety.h"
#include "base/signals.h"
#include "base/sys.h"
#include "base/wait.h"
#include "status/outcomefile.h"
#include "status/report.h"

enum stage {
	STAGE_SENT,	/* and not known to be accepted or not */
	STAGE_ACCEPTED, /* and not with the poller yet */
	STAGE_TAKEN
};

/* A batch that has no outcome yet. */
struct open {
	struct open *next;
	enum stage stage;
	bool earlier;	 /* an earlier run has sent it */
	uint64_t before; /* that were accepted when it was sent */
	struct receipt receipt;
};

struct watch {
	struct watch_settings settings;
	struct outcomefile *file;
	pthread_t thread;
	bool started;
	int bell[2]; /* readable if there is something new */

	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t changed;
	struct open *first, **last; /* in the order of their coming */
	uint64_t accepted; /* or may be, by an attempt without an answer */
	unsigned sent;	   /* STAGE_SENT */
	double told;	   /* when the oldest was, see poller_told */
	bool untold;	   /* of one that there was no memory for */
	bool closing;	   /* no more will come … */
	bool given_up;	   /* … and nobody waits for the outcomes */
	bool warned;	   /* of the silence */
	struct error error;

	/* The thread's own, until it has ended. */
	struct poller *poller;
	struct status_counts counts;
};

/* ----------------------------------------------------- for the senders */

/* With the lock held, for a tenth of a second at most. */
static void
wait_for_change(struct watch *w)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 100000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_cond_timedwait(&w->changed, &w->lock, &until);
}

/*
 * Would the service forget the status of the oldest, if all that were sent were
 * accepted, and one more?  It keeps those of the newest, with or without an
 * outcome.  Which of those that are sent at once it takes first is not known:
 * newer is what it may have taken since the oldest was sent.  With the lock
 * held.
 */
static bool
is_full(struct watch *w)
{
	const struct open *oldest = w->first;

	/* Itself is either among those accepted or those sent.  What an
	 * earlier run has sent besides is not known. */
	if (oldest == NULL ||
	    (!oldest->earlier &&
		w->accepted - oldest->before + w->sent < w->settings.open))
		return false;
	if (oldest->stage == STAGE_SENT ||
	    clock_monotonic() - w->told < w->settings.patience) {
		w->warned = false;
		return true;
	}
	if (!w->warned)
		diag_warn("the service has not told of batch %llu for %.0f "
			  "minutes; sending goes on, and it may forget the "
			  "status",
		    (unsigned long long)oldest->receipt.part.batch,
		    w->settings.patience / 60);
	w->warned = true;
	return false;
}

/* With the lock held. */
static void
append(struct watch *w, struct open *o)
{
	o->before = w->accepted;
	*w->last = o;
	w->last = &o->next;
}

/* With the lock held. */
static void
drop(struct watch *w, struct open *o)
{
	struct open **at = &w->first;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	if (o->next == NULL)
		w->last = at;
	free(o);
	pthread_cond_broadcast(&w->changed);
}

int
watch_enter(void *watch, void **ticket, bool (*stop)(void *arg), void *arg,
    struct error *e)
{
	struct watch *w = watch;
	struct open *o = sys_calloc(1, sizeof(*o));
	int result = 0;

	if (o == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	pthread_mutex_lock(&w->lock);
	while (result == 0 && w->error.code == EXIT_COMPLETE &&
	       SAFETY("few-are-open", is_full(w), false)) {
		wait_for_change(w);
		pthread_mutex_unlock(&w->lock);
		result = stop(arg) ? 1 : 0;
		pthread_mutex_lock(&w->lock);
	}
	if (w->error.code != EXIT_COMPLETE) {
		*e = w->error;
		result = -1;
	}
	if (result == 0) {
		append(w, o);
		w->sent++;
	} else {
		free(o);
	}
	pthread_mutex_unlock(&w->lock);
	*ticket = result == 0 ? o : NULL;
	return result;
}

void
watch_settled(void *watch, void *ticket, const struct receipt *r)
{
	struct watch *w = watch;
	struct open *o = ticket;
	const bool earlier = o == NULL;

	if (earlier) {
		if (SAFETY("outcome-once",
			outcomefile_has(w->file, r->result.batch_id), false))
			return;
		o = sys_calloc(1, sizeof(*o));
	}
	pthread_mutex_lock(&w->lock);
	w->sent -= !earlier;
	if (!earlier && r->result.attempts > 1)
		w->accepted += r->result.attempts - 1;
	if (o == NULL) {
		w->untold = true;
	} else if (!earlier && r->result.state != RECEIPT_ACCEPTED) {
		drop(w, o);
	} else {
		o->receipt = *r;
		o->stage = STAGE_ACCEPTED;
		o->earlier = earlier;
		if (earlier)
			append(w, o);
		w->accepted++;
	}
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	(void)sys_put(w->bell[1], "", 1);
}

/* ------------------------------------------------------------ the thread */

/* The next one that the poller does not have; it stays in the list. */
static struct open *
take(struct watch *w)
{
	struct open *o;

	pthread_mutex_lock(&w->lock);
	o = w->first;
	while (o != NULL && o->stage != STAGE_ACCEPTED)
		o = o->next;
	if (o != NULL)
		o->stage = STAGE_TAKEN;
	pthread_mutex_unlock(&w->lock);
	return o;
}

/* It has its outcome. */
static void
end(struct watch *w, const struct part *p)
{
	struct open *o;

	pthread_mutex_lock(&w->lock);
	for (o = w->first; o != NULL; o = o->next) {
		if (o->stage == STAGE_TAKEN &&
		    o->receipt.part.batch == p->batch &&
		    o->receipt.part.from == p->from)
			break;
	}
	if (o != NULL)
		drop(w, o);
	pthread_mutex_unlock(&w->lock);
}

/* What has happened to a batch. */
static int
record(struct watch *w, enum poll_event event, const struct outcome *about,
    struct error *e)
{
	if (event == POLL_AGAIN)
		status_tell_again(about);
	if (event != POLL_ENDED)
		return 0;
	if (outcomefile_add(w->file, about, e) != 0)
		return -1;
	status_tell_outcome(about);
	status_counts_outcome(&w->counts, about);
	end(w, &about->part);
	return 0;
}

static int
take_all(struct watch *w, struct error *e)
{
	const struct outcome *about;
	enum poll_event event;
	struct open *o;

	while ((o = take(w)) != NULL) {
		if (poller_add(w->poller, &o->receipt, &event, &about, e) !=
			0 ||
		    record(w, event, about, e) != 0)
			return -1;
	}
	return 0;
}

/* Is there nothing more to do?  Notes when the oldest was told of. */
static bool
is_over(struct watch *w)
{
	bool over;

	pthread_mutex_lock(&w->lock);
	w->told = poller_told(w->poller);
	over = w->given_up || (w->closing && w->first == NULL);
	pthread_mutex_unlock(&w->lock);
	return over || signals_pending() != 0;
}

static void
await_news(struct watch *w)
{
	double delay = poller_delay(w->poller);
	char bytes[64];

	if (delay < 0 || delay > 1)
		delay = 1;
	if (wait_for(w->bell[0], POLLIN, delay, NULL, NULL) == WAIT_READY)
		(void)sys_read(w->bell[0], bytes, sizeof(bytes));
}

static void *
run(void *arg)
{
	struct watch *w = arg;
	const struct outcome *about;
	struct error e = ERROR_INIT;
	enum poll_event event;

	while (!is_over(w)) {
		if (take_all(w, &e) != 0 ||
		    poller_turn(w->poller, &event, &about, &e) != 0 ||
		    record(w, event, about, &e) != 0)
			break;
		await_news(w);
	}
	pthread_mutex_lock(&w->lock);
	w->error = e;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* --------------------------------------------------- beginning and end */

struct watch *
watch_open(const struct watch_settings *settings, struct error *e)
{
	struct watch *w = sys_calloc(1, sizeof(*w));

	if (w == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	w->settings = *settings;
	w->last = &w->first;
	w->told = clock_monotonic();
	w->bell[0] = w->bell[1] = -1;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->file = outcomefile_open(settings->path, e);
	if (w->file != NULL)
		w->poller = poller_new(&settings->poller, e);
	if (w->poller != NULL && sys_pipe(w->bell) != 0)
		error_errno(e, EXIT_LOCAL, "cannot make a pipe");
	else if (w->poller != NULL && sys_thread(&w->thread, run, w) != 0)
		error_errno(e, EXIT_LOCAL, "cannot start a thread");
	else if (w->poller != NULL) {
		w->started = true;
		if (outcomefile_torn(w->file) > 0)
			diag_warn("%s: the last outcome was not whole, and was "
				  "cut off: %llu %s",
			    settings->path,
			    (unsigned long long)outcomefile_torn(w->file),
			    number_form(
				outcomefile_torn(w->file), "byte", "bytes"));
		return w;
	}
	watch_close(w);
	return NULL;
}

static void
end_thread(struct watch *w, bool give_up)
{
	if (!w->started)
		return;
	pthread_mutex_lock(&w->lock);
	w->closing = true;
	w->given_up = give_up;
	pthread_mutex_unlock(&w->lock);
	(void)sys_put(w->bell[1], "", 1);
	pthread_join(w->thread, NULL);
	w->started = false;
}

static uint64_t
count_open(struct watch *w)
{
	const struct open *o;
	uint64_t n = 0;

	pthread_mutex_lock(&w->lock);
	for (o = w->first; o != NULL; o = o->next)
		n++;
	pthread_mutex_unlock(&w->lock);
	return n;
}

int
watch_finish(struct watch *w, struct error *e)
{
	uint64_t open = count_open(w);

	if (open > 0 && signals_pending() == 0) {
		progress_end();
		diag_note("waits for %s of %llu %s",
		    number_form(open, "the outcome", "the outcomes"),
		    (unsigned long long)open,
		    number_form(open, "batch", "batches"));
	}
	end_thread(w, false);
	*e = w->error;
	return e->code == EXIT_COMPLETE ? 0 : -1;
}

const struct status_counts *
watch_counts(const struct watch *w)
{
	return &w->counts;
}

ndjson *
watch_summary(struct watch *w)
{
	ndjson *o = ndjson_new();

	status_counts_set(
	    &w->counts, count_open(w), poller_calls(w->poller), o);
	return o;
}

void
watch_tell_open(const struct watch *w)
{
	const struct open *o;
	struct ranges open = {NULL, 0, 0};
	bool others = w->untold;

	for (o = w->first; o != NULL; o = o->next)
		others |= ranges_add(&open, o->receipt.part.batch) != 0;
	status_tell_open(NULL, &open, others, NULL,
	    "run again with the same --journal and --outcomes, or give the "
	    "receipts to tp-status");
	ranges_free(&open);
}

void
watch_close(struct watch *w)
{
	struct open *o;

	if (w == NULL)
		return;
	end_thread(w, true);
	while ((o = w->first) != NULL) {
		w->first = o->next;
		free(o);
	}
	poller_free(w->poller);
	outcomefile_free(w->file);
	if (w->bell[0] >= 0)
		(void)sys_close(w->bell[0]);
	if (w->bell[1] >= 0)
		(void)sys_close(w->bell[1]);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
