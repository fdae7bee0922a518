#include "send/delivery.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "api/outcome.h"

/* What one attempt by itself tells of the batch. */
static enum receipt_state
judge_attempt(enum outcome_kind kind, bool body_left)
{
	switch (kind) {
	case OUTCOME_ACCEPTED:
		return RECEIPT_ACCEPTED;
	case OUTCOME_DENIED:
	case OUTCOME_REFUSED:
	case OUTCOME_DIVISIBLE:
		return RECEIPT_REFUSED;
	case OUTCOME_AGAIN:
		return RECEIPT_FAILED;
	case OUTCOME_UNREADABLE:
		return RECEIPT_UNKNOWN;
	default:
		return body_left ? RECEIPT_UNKNOWN : RECEIPT_FAILED;
	}
}

static int
request(struct delivery *d, const struct delivery_body *body,
    struct http_answer *a, struct error *e)
{
	struct http_request q;

	memset(&q, 0, sizeof(q));
	q.url = d->endpoint->url;
	q.token = d->token;
	q.head = body->head;
	q.head_size = body->head_size;
	q.body = body->body;
	q.size = body->size;
	q.direct = d->endpoint->origin.loopback;
	q.stop = d->abort;
	q.stop_arg = d->arg;
	return http_run(d->http, &q, a, e);
}

/* Something on this machine kept the request from leaving: the next run need
 * not take the attempt for one that the service may know of. */
static void
record_unsent(
    struct delivery *d, struct receipt *r, uint64_t id, const struct error *e)
{
	struct error more = ERROR_INIT;

	r->state = RECEIPT_FAILED;
	r->time = time(NULL);
	snprintf(r->message, sizeof(r->message), "%s", e->text);
	/* If this cannot be written, the attempt stays open: the safe side. */
	(void)journal_result(d->journal, id, r, &more);
}

/*
 * One request, and what became of it.  It is in the journal before its first
 * byte leaves.  -1: no answer was looked for.  If only its result cannot be
 * recorded, e says so, and the next run will take the attempt for open.
 */
static int
attempt(struct delivery *d, const struct delivery_body *body, struct receipt *r,
    struct http_answer *a, struct outcome *o, struct error *e)
{
	uint64_t id = 0;

	memset(a, 0, sizeof(*a));
	if (d->journal != NULL && journal_attempt(d->journal, r, &id, e) != 0)
		return -1;
	if (request(d, body, a, e) != 0) {
		if (d->journal != NULL && !a->body_left)
			record_unsent(d, r, id, e);
		return -1;
	}
	outcome_judge(o, a);
	r->attempts++;
	r->http = a->status;
	memcpy(r->batch_id, o->batch_id, sizeof(r->batch_id));
	memcpy(r->batch_status, o->batch_status, sizeof(r->batch_status));
	memcpy(r->message, o->message, sizeof(r->message));
	r->state = judge_attempt(o->kind, a->body_left);
	/* The one time that is told: in the journal and in the receipt. */
	r->time = time(NULL);
	if (d->journal != NULL)
		(void)journal_result(d->journal, id, r, e);
	return 0;
}

static void
set_message(struct receipt *r, const char *text)
{
	snprintf(r->message, sizeof(r->message), "%s", text);
}

/* What all attempts together come to, of which *r has the last.  doubt: an
 * earlier one may have brought the batch there. */
static void
settle(struct receipt *r, bool doubt)
{
	if (!doubt || r->state == RECEIPT_ACCEPTED ||
	    r->state == RECEIPT_UNKNOWN)
		return;
	r->state = RECEIPT_UNKNOWN;
	receipt_add_message(r,
	    " (but the service may have taken it from an earlier attempt, "
	    "which got no usable answer)");
}

/* Why no further attempt follows, if none does.  sent: an earlier one of this
 * run is in doubt. */
static bool
is_last(enum outcome_kind kind, bool sent, enum delivery_end *end)
{
	switch (kind) {
	case OUTCOME_DENIED:
		*end = DELIVERY_DENIED;
		return true;
	case OUTCOME_REFUSED:
		*end = sent ? DELIVERY_SETTLED : DELIVERY_REFUSED;
		return true;
	case OUTCOME_DIVISIBLE:
		*end = sent ? DELIVERY_SETTLED : DELIVERY_DIVISIBLE;
		return true;
	case OUTCOME_ACCEPTED:
	case OUTCOME_UNREADABLE:
		*end = DELIVERY_SETTLED;
		return true;
	case OUTCOME_STOPPED:
		*end = DELIVERY_STOPPED;
		return true;
	default:
		return false;
	}
}

/* Waits for the time and the turn of the next attempt.  1: it is not to be
 * made, as the run stops. */
static int
wait_turn(struct delivery *d, double delay, struct error *e)
{
	if (clock_sleep(delay, d->stop, d->arg) != 0)
		return 1;
	return pace_wait(d->pace, d->stop, d->arg, e);
}

int
delivery_run(struct delivery *d, const struct delivery_body *body,
    struct receipt *r, enum delivery_end *end, struct error *e)
{
	/* An attempt may have brought it there: of this run, or any. */
	bool sent = false, doubt = r->duplicate;
	double delay = 0;

	*end = DELIVERY_STOPPED;
	r->state = RECEIPT_FAILED;
	for (;;) {
		struct http_answer a;
		struct outcome o;
		int result = wait_turn(d, delay, e);

		if (result > 0 && r->attempts == 0)
			set_message(r, "not sent: the run had stopped");
		if (result < 0)
			set_message(r, e->text);
		if (result != 0)
			break;
		result = attempt(d, body, r, &a, &o, e);
		if (result == 0 && is_last(o.kind, sent, end))
			break;
		if (a.body_left && (result != 0 || o.kind != OUTCOME_AGAIN))
			sent = doubt = true;
		if (result != 0)
			set_message(r, e->text);
		if (e->code != EXIT_COMPLETE)
			break;
		if (r->attempts > d->retries) {
			*end = sent ? DELIVERY_SETTLED : DELIVERY_EXHAUSTED;
			break;
		}
		delay = retry_delay(&d->retry, r->attempts, a.retry_after);
		d->again(d->arg, r, delay);
	}
	settle(r, doubt);
	return e->code == EXIT_COMPLETE ? 0 : -1;
}
