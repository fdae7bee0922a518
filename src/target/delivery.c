#include "target/delivery.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "target/outcome.h"

/* What one attempt by itself tells of the batch. */
static enum receipt_state
tell(enum outcome_kind kind, bool body_left)
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
	if (request(d, body, a, e) != 0)
		return -1;
	outcome_judge(o, a);
	r->attempts++;
	r->http = a->status;
	memcpy(r->batch_id, o->batch_id, sizeof(r->batch_id));
	memcpy(r->batch_status, o->batch_status, sizeof(r->batch_status));
	memcpy(r->message, o->message, sizeof(r->message));
	r->state = tell(o->kind, a->body_left);
	r->time = time(NULL);
	if (d->journal != NULL)
		(void)journal_result(d->journal, id, r, e);
	return 0;
}

static void
settle(struct receipt *r, enum receipt_state state)
{
	r->state = state;
	r->time = time(NULL);
}

/* True unless the same bytes are to be sent again. */
static bool
decide(enum outcome_kind kind, struct receipt *r, enum delivery_end *end)
{
	*end = DELIVERY_SETTLED;
	switch (kind) {
	case OUTCOME_ACCEPTED:
		settle(r, RECEIPT_ACCEPTED);
		return true;
	case OUTCOME_DENIED:
		*end = DELIVERY_DENIED;
		settle(r, RECEIPT_REFUSED);
		return true;
	case OUTCOME_REFUSED:
	case OUTCOME_DIVISIBLE:
		settle(r, RECEIPT_REFUSED);
		return true;
	case OUTCOME_UNREADABLE:
		settle(r, RECEIPT_UNKNOWN);
		return true;
	default:
		return false;
	}
}

/* No answer settled it: what is known then? */
static void
give_up(struct receipt *r, bool may_be_there, enum delivery_end *end,
    enum delivery_end why)
{
	settle(r, may_be_there ? RECEIPT_UNKNOWN : RECEIPT_FAILED);
	*end =
	    may_be_there && why == DELIVERY_EXHAUSTED ? DELIVERY_SETTLED : why;
}

/* What is wrong here, not with the service. */
static int
fail(struct receipt *r, bool may_be_there, enum delivery_end *end,
    const struct error *e)
{
	give_up(r, may_be_there, end, DELIVERY_STOPPED);
	snprintf(r->message, sizeof(r->message), "%s", e->text);
	return -1;
}

int
delivery_run(struct delivery *d, const struct delivery_body *body,
    struct receipt *r, enum delivery_end *end, struct error *e)
{
	/* An attempt took the body away and brought no answer back: the
	 * service may have it, whatever the later ones say. */
	bool may_be_there = false;

	for (;;) {
		struct http_answer a;
		struct outcome o;
		double delay;
		int turn;

		turn = d->stop(d->arg) ? 1
				       : pace_wait(d->pace, d->stop, d->arg, e);
		if (turn > 0)
			break;
		if (turn < 0)
			return fail(r, may_be_there, end, e);
		if (attempt(d, body, r, &a, &o, e) != 0)
			return fail(r, may_be_there || a.body_left, end, e);
		if (decide(o.kind, r, end))
			return e->code == EXIT_COMPLETE ? 0 : -1;
		if (o.kind != OUTCOME_AGAIN && a.body_left)
			may_be_there = true;
		if (o.kind == OUTCOME_STOPPED || e->code != EXIT_COMPLETE)
			break;
		if (r->attempts > d->retries) {
			give_up(r, may_be_there, end, DELIVERY_EXHAUSTED);
			return 0;
		}
		delay = retry_delay(&d->retry, r->attempts, a.retry_after);
		d->again(d->arg, r, delay);
		if (clock_sleep(delay, d->stop, d->arg) != 0)
			break;
	}
	give_up(r, may_be_there, end, DELIVERY_STOPPED);
	if (r->attempts == 0)
		snprintf(r->message, sizeof(r->message),
		    "not sent: the run had stopped");
	return 0;
}
