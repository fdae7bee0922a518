#include "target/delivery.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "target/outcome.h"

/* One request, and what became of it. */
static int
attempt(struct delivery *d, const void *body, size_t size, struct receipt *r,
    struct http_answer *a, struct outcome *o, struct error *e)
{
	struct http_request q;

	memset(&q, 0, sizeof(q));
	q.url = d->endpoint->url;
	q.token = d->token;
	q.body = body;
	q.size = size;
	q.direct = d->endpoint->origin.loopback;
	q.stop = d->abort;
	q.stop_arg = d->arg;
	if (http_run(d->http, &q, a, e) != 0)
		return -1;
	outcome_judge(o, a);
	r->attempts++;
	r->http = a->status;
	memcpy(r->batch_id, o->batch_id, sizeof(r->batch_id));
	memcpy(r->batch_status, o->batch_status, sizeof(r->batch_status));
	memcpy(r->message, o->message, sizeof(r->message));
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

int
delivery_run(struct delivery *d, const void *body, size_t size,
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
		if (turn < 0) {
			give_up(r, may_be_there, end, DELIVERY_STOPPED);
			return -1;
		}
		if (attempt(d, body, size, r, &a, &o, e) != 0) {
			give_up(r, may_be_there || a.body_left, end,
			    DELIVERY_STOPPED);
			return -1;
		}
		if (decide(o.kind, r, end))
			return 0;
		if (o.kind != OUTCOME_AGAIN && a.body_left)
			may_be_there = true;
		if (o.kind == OUTCOME_STOPPED)
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
