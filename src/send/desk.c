#include "send/desk.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/safety.h"
#include "base/signals.h"
#include "base/sys.h"

void
desk_open(struct desk *d, const struct send_settings *settings,
    struct report *report, struct batch_reader *reader, struct counts *counts)
{
	memset(d, 0, sizeof(*d));
	d->settings = settings;
	d->report = report;
	d->reader = reader;
	d->counts = counts;
	pthread_mutex_init(&d->lock, NULL);
}

void
desk_close(struct desk *d)
{
	pthread_mutex_destroy(&d->lock);
}

/* ------------------------------------------------------------ stopping */

bool
desk_stopped(void *desk)
{
	struct desk *d = desk;

	return atomic_load(&d->stopped) || signals_pending() != 0;
}

/* With the lock held, as all static functions here. */
static void
stop_run(struct desk *d, enum exit_code code)
{
	atomic_store(&d->stopped, true);
	d->code = exit_worse(d->code, code);
}

static void
tell_trouble(struct desk *d, const struct error *e)
{
	(void)emit(d->report,
	    &(struct event){.kind = EVENT_TROUBLE, .error = e}, NULL);
	stop_run(d, e->code);
}

void
desk_stop(struct desk *d, enum exit_code code)
{
	pthread_mutex_lock(&d->lock);
	stop_run(d, code);
	pthread_mutex_unlock(&d->lock);
}

void
desk_trouble(struct desk *d, const struct error *e)
{
	pthread_mutex_lock(&d->lock);
	tell_trouble(d, e);
	pthread_mutex_unlock(&d->lock);
}

void
desk_denied(struct desk *d)
{
	pthread_mutex_lock(&d->lock);
	(void)counts_denial(d->counts);
	stop_run(d, EXIT_SERVICE);
	pthread_mutex_unlock(&d->lock);
}

bool
desk_refused(struct desk *d, uint64_t batch)
{
	bool stops;

	pthread_mutex_lock(&d->lock);
	stops = counts_refusal(d->counts, batch);
	if (stops)
		stop_run(d, EXIT_SERVICE);
	pthread_mutex_unlock(&d->lock);
	return stops;
}

/* ------------------------------------------------------------- keeping */

enum kept {
	KEPT_NOT,
	KEPT_NOW,
	KEPT_EARLIER /* by a run that could not say so any more */
};

/* Did an earlier run put it there, and die before it could say so? */
static bool
is_there(struct desk *d, const struct part *p, uint64_t *id)
{
	const struct journal *j = d->settings->journal;
	struct past_found found;
	const struct past *past;

	if (j == NULL)
		return false;
	past = journal_past(j);
	past_find(past, p, &found);
	if (found.keeping == NULL)
		return false;
	*id = past_number(past, found.keeping);
	return SAFETY("kept-once",
	    failed_holds(d->settings->failed, past_file(past, found.keeping),
		found.keeping->offset, p->bytes, p->sha256),
	    false);
}

/* What of the batch is not in memory. */
static int
copy_rest(struct desk *d, struct batch *b, struct error *e)
{
	enum { PIECE = 64 * 1024 };
	char *piece = sys_malloc(PIECE);
	ptrdiff_t n;
	int result = 0;

	if (piece == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	while (result == 0 &&
	       (n = batch_reader_rest(d->reader, b, piece, PIECE, e)) != 0) {
		result = n < 0 ? -1
			       : failed_write(
				     d->settings->failed, piece, (size_t)n, e);
		if (result == 0)
			sha256_add(d->sha256, piece, (size_t)n);
	}
	free(piece);
	return result;
}

static int
write_all(struct desk *d, struct batch *b, struct part *p, struct error *e)
{
	struct failed *f = d->settings->failed;
	int result;

	if (failed_begin(f, e) != 0 ||
	    failed_write(f, b->body.data, b->header, e) != 0 ||
	    failed_write(f, b->body.data + p->at, p->size, e) != 0)
		return -1;
	if (!b->more)
		return 0;
	sha256_add(d->sha256, b->body.data, b->body.len);
	result = copy_rest(d, b, e);
	if (result != 0)
		failed_drop(f);
	sha256_take(d->sha256, p->sha256);
	p->rows = b->rows;
	p->bytes = b->bytes;
	return result;
}

/*
 * Puts it into the failed file, and has the journal say so: what is there is
 * settled, and is not sent again by a run with that journal.  It is on disk
 * when this returns, in the file and then in the journal.  An earlier run may
 * have died between the two: what it has put there is not put there again.
 *
 * Of a batch with b->more the rest is read, and rows, bytes and digest of
 * r->part are set; if it turns out that it is cut, it is dropped.  -1
 * (EXIT_LOCAL): nothing of it is in the failed file; or, *kept being another
 * than KEPT_NOT, only the journal does not know.
 */
static int
put_away(struct desk *d, struct batch *b, struct receipt *r, enum kept *kept,
    struct error *e)
{
	struct journal *j = d->settings->journal;
	struct failed *f = d->settings->failed;
	uint64_t id = 0;
	bool there = !b->more && is_there(d, &r->part, &id);

	if (!there) {
		if (write_all(d, b, &r->part, e) != 0)
			return -1;
		/* What it is was not known before all of it was read. */
		there = b->more && !b->cut &&
			SAFETY("kept-once-large", is_there(d, &r->part, &id),
			    false);
		if (b->cut || there)
			failed_drop(f);
		if (b->cut)
			return 0;
	}
	if (there) {
		*kept = KEPT_EARLIER;
		return journal_kept(j, id, r, e);
	}
	if (j != NULL && journal_keep(j, &r->part, failed_path(f),
			     failed_begun(f), &id, e) != 0) {
		failed_drop(f);
		return -1;
	}
	if (failed_end(f, e) != 0)
		return -1;
	*kept = KEPT_NOW;
	return j == NULL ? 0 : journal_kept(j, id, r, e);
}

/* It goes to the failed file, if it can. */
static enum kept
keep(struct desk *d, struct batch *b, struct receipt *r)
{
	struct error e = ERROR_INIT;
	enum kept kept = KEPT_NOT;
	int result = -1;

	if (!atomic_load(&d->unkept))
		result = put_away(d, b, r, &kept, &e);
	if (e.code != EXIT_COMPLETE)
		tell_trouble(d, &e);
	if (result != 0 && kept == KEPT_NOT)
		atomic_store(&d->unkept, true);
	return kept;
}

/* The batch, or a part of it, is neither accepted nor in the failed file. */
static void
note_left(struct desk *d, const struct batch *b)
{
	struct error e = ERROR_INIT;

	if (SAFETY("left-is-named",
		ranges_add(&d->counts->left, b->number) == 0, true))
		return;
	error_set(&e, EXIT_LOCAL,
	    "out of memory; batch %llu is neither accepted nor kept",
	    (unsigned long long)b->number);
	tell_trouble(d, &e);
}

/* ------------------------------------------------------------- telling */

static void
write_receipt(struct desk *d, const struct batch *b, const struct receipt *r,
    bool earlier)
{
	const struct event event = {.kind = EVENT_SETTLED,
	    .receipt = r,
	    .batch = b,
	    .earlier = earlier};
	struct error e = ERROR_INIT;

	if (counts_receipt(d->counts, r, earlier))
		stop_run(d, EXIT_SERVICE);
	d->code = exit_worse(d->code, counts_code(r));
	if (emit(d->report, &event, &e) != 0 && !d->mute) {
		d->mute = true;
		tell_trouble(d, &e);
	}
}

void
desk_repeats(struct desk *d, const struct part *p)
{
	const struct receipt r = {.part = *p};

	pthread_mutex_lock(&d->lock);
	(void)emit(d->report,
	    &(struct event){.kind = EVENT_REPEATED, .receipt = &r}, NULL);
	pthread_mutex_unlock(&d->lock);
}

void
desk_again(struct desk *d, const struct receipt *r, double delay)
{
	const struct event event = {
	    .kind = EVENT_AGAIN, .receipt = r, .delay = delay};

	pthread_mutex_lock(&d->lock);
	(void)emit(d->report, &event, NULL);
	pthread_mutex_unlock(&d->lock);
}

void
desk_warn_pc_id(struct desk *d)
{
	pthread_mutex_lock(&d->lock);
	(void)emit(d->report, &(struct event){.kind = EVENT_PC_ID}, NULL);
	pthread_mutex_unlock(&d->lock);
}

/* The lines of its rows; of what was accepted they are there already. */
static int
write_rows(struct desk *d, const struct batch *b, const struct receipt *r)
{
	enum receipt_state state = r->result.state;
	struct rowfile *rows = d->settings->rows;
	struct error e = ERROR_INIT;
	int result;

	if (rows == NULL || state == RECEIPT_ACCEPTED ||
	    state == RECEIPT_SKIPPED)
		return 0;
	result = SAFETY("rows-of-each-state", rowfile_add(rows, b, r, &e), 0);
	if (result < 0)
		tell_trouble(d, &e);
	return result;
}

/* A refusal without its rows is left to the next run. */
static void
leave_open(struct result *r)
{
	if (r->state != RECEIPT_REFUSED)
		return;
	r->state = RECEIPT_FAILED;
	result_add_message(r, " (but its rows cannot be written to --rows)");
}

void
desk_settle(struct desk *d, struct batch *b, const struct receipt *receipt,
    bool keep_it, bool earlier)
{
	struct receipt r = *receipt;
	enum kept kept = KEPT_NOT;

	pthread_mutex_lock(&d->lock);
	/* Before the journal says that it is kept.  What an earlier run has
	 * settled has its lines from then. */
	if (write_rows(d, b, &r) != 0 && !earlier) {
		leave_open(&r.result);
		keep_it = false;
	}
	if (SAFETY("kept-if-not-accepted", keep_it, false))
		kept = keep(d, b, &r);
	if (kept == KEPT_EARLIER)
		earlier = true;
	if (kept == KEPT_NOT && r.result.state != RECEIPT_ACCEPTED && !earlier)
		note_left(d, b);
	write_receipt(d, b, &r, earlier);
	pthread_mutex_unlock(&d->lock);
}

void
desk_end_batch(struct desk *d)
{
	pthread_mutex_lock(&d->lock);
	d->counts->batches++;
	pthread_mutex_unlock(&d->lock);
}

/* ------------------------------------------------------ invalid batches */

/* An earlier run has kept it. */
static bool
recall_invalid(struct desk *d, struct batch *b, const struct part *p)
{
	struct journal *j = d->settings->journal;
	struct receipt r = {.part = *p, .api = d->settings->endpoint->api};
	struct error e = ERROR_INIT;
	struct past_found found;

	if (j == NULL)
		return false;
	past_find(journal_past(j), p, &found);
	if (found.kept == NULL)
		return false;
	r.part = found.kept->part;
	if (journal_recall(j, found.kept, &r.result, &e) != 0) {
		tell_trouble(d, &e); /* the next run will tell of it */
		return true;
	}
	r.result.attempts = 0;
	write_receipt(d, b, &r, true);
	return true;
}

static void
keep_invalid(struct desk *d, struct batch *b, const struct part *p)
{
	struct receipt r = {.part = *p, .api = d->settings->endpoint->api};
	enum kept kept;

	r.result.state = RECEIPT_INVALID;
	r.result.fate = FATE_INVALID;
	r.result.time = time(NULL);
	result_set_message(&r.result, b->fault.text);
	kept = keep(d, b, &r);
	if (kept == KEPT_NOT)
		note_left(d, b);
	if (!b->cut && b->rows > 0)
		write_receipt(d, b, &r, kept == KEPT_EARLIER);
}

void
desk_settle_invalid(
    struct desk *d, struct batch *b, const char sha256[SHA256_HEX])
{
	struct part p = {.batch = b->number,
	    .rows = b->rows,
	    .bytes = b->bytes,
	    .at = b->header,
	    .size = b->body.len - b->header};

	if (!b->more)
		memcpy(p.sha256, sha256, SHA256_HEX);
	pthread_mutex_lock(&d->lock);
	if (!b->cut && (b->rows > 0 || b->more) && !recall_invalid(d, b, &p))
		keep_invalid(d, b, &p);
	/* That may be known only now that all of it was read. */
	if (b->cut || (b->rows == 0 && !b->more)) {
		d->counts->passed++;
		note_left(d, b);
		d->code = exit_worse(d->code, EXIT_INPUT);
		(void)emit(d->report,
		    &(struct event){.kind = EVENT_PASSED, .batch = b}, NULL);
	} else {
		d->counts->batches++;
	}
	pthread_mutex_unlock(&d->lock);
}
