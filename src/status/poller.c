#include "status/poller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "api/fate.h"
#include "api/httpstatus.h"
#include "api/retry.h"
#include "api/statusurl.h"
#include "api/xml.h"
#include "base/clock.h"
#include "base/signals.h"
#include "base/sys.h"
#include "status/schedule.h"

struct open_batch {
	struct outcome outcome;
	struct schedule schedule;
	bool seen;    /* the service has told of it … */
	double told;  /* … then, or it came then */
	bool missing; /* the last time it was asked, it did not know it */
	bool direct, trusted; /* as in struct statusurl */
	bool renewed;	      /* it was asked about again with another token */
	char *id;	      /* behind the URL */
	char url[];
};

struct poller {
	struct poller_settings settings;
	struct http *http;
	struct open_batch **list; /* in the order of their coming */
	size_t n, room;
	struct open_batch
	    *ended; /* the last one that has, until the next turn */
	struct outcome unfollowed; /* of one that was never in the list */
	uint64_t calls;
	double held_until; /* the service wants no calls before */
};

struct poller *
poller_new(const struct poller_settings *settings, struct error *e)
{
	struct poller *p = sys_calloc(1, sizeof(*p));

	if (p == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	p->settings = *settings;
	p->http = http_new(&settings->http, e);
	if (p->http == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

void
poller_free(struct poller *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->n; i++)
		free(p->list[i]);
	free(p->list);
	free(p->ended);
	http_free(p->http);
	free(p);
}

size_t
poller_open(const struct poller *p)
{
	return p->n;
}

const struct outcome *
poller_get(const struct poller *p, size_t i)
{
	return &p->list[i]->outcome;
}

double
poller_told(const struct poller *p)
{
	return p->n == 0 ? clock_monotonic() : p->list[0]->told;
}

uint64_t
poller_calls(const struct poller *p)
{
	return p->calls;
}

/* ------------------------------------------------------------- adding one */

static void
describe(struct outcome *o, const struct receipt *r, const char *id)
{
	memset(o, 0, sizeof(*o));
	o->part = r->part;
	o->api = r->api;
	o->id = id;
}

static void
explain(struct outcome *o, const char *why)
{
	snprintf(o->message, sizeof(o->message), "%s", why);
}

static void
set_state(struct outcome *o, enum outcome_state state)
{
	o->state = state;
	o->time = time(NULL);
}

static int
make_room(struct poller *p)
{
	size_t room = p->room == 0 ? 16 : 2 * p->room;
	struct open_batch **list;

	if (p->n < p->room)
		return 0;
	list = sys_realloc(p->list, room * sizeof(struct open_batch *));
	if (list == NULL)
		return -1;
	p->list = list;
	p->room = room;
	return 0;
}

static struct open_batch *
make_batch(const struct receipt *r, const struct statusurl *u)
{
	size_t url = strlen(u->url) + 1, id = strlen(u->id) + 1;
	struct open_batch *b = sys_calloc(1, sizeof(*b) + url + id);

	if (b == NULL)
		return NULL;
	memcpy(b->url, u->url, url);
	b->id = b->url + url;
	memcpy(b->id, u->id, id);
	b->direct = u->direct;
	b->trusted = u->trusted;
	describe(&b->outcome, r, b->id);
	return b;
}

int
poller_add(struct poller *p, const struct receipt *r, enum poll_event *event,
    const struct outcome **about, struct error *e)
{
	char why[STATUSURL_WHY];
	struct statusurl u;
	struct open_batch *b;

	*event = POLL_NOTHING;
	if (statusurl_make(
		&u, p->settings.endpoint, r->result.batch_status, why) != 0) {
		describe(&p->unfollowed, r, r->result.batch_id);
		explain(&p->unfollowed, why);
		set_state(&p->unfollowed, OUTCOME_UNFOLLOWED);
		*event = POLL_ENDED;
		*about = &p->unfollowed;
		return 0;
	}
	if (statusurl_check_way(&u, e) != 0)
		return -1;
	b = make_room(p) != 0 ? NULL : make_batch(r, &u);
	if (b == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	schedule_start(&b->schedule, clock_monotonic(),
	    p->settings.endpoint->origin.loopback ? 0 : SCHEDULE_FIRST,
	    p->settings.interval, p->settings.deadline);
	b->told = clock_monotonic();
	p->list[p->n++] = b;
	return 0;
}

/* ------------------------------------------------------------ when to ask */

static double
latest(double a, double b)
{
	return a > b ? a : b;
}

/* When the next call may be made, whichever batch it is for. */
static double
next_call(const struct poller *p, double now)
{
	double own =
	    p->settings.polls == NULL ? 0 : pace_delay(p->settings.polls);

	return latest(now + own, p->held_until);
}

double
poller_delay(struct poller *p)
{
	double now = clock_monotonic(), call, at, soonest = -1;
	size_t i;

	if (p->n == 0)
		return -1;
	call = next_call(p, now);
	for (i = 0; i < p->n; i++) {
		const struct schedule *s = &p->list[i]->schedule;

		at = latest(s->due, call);
		if (at > s->deadline)
			at = s->deadline;
		if (soonest < 0 || at < soonest)
			soonest = at;
	}
	return latest(soonest - now, 0);
}

/* ------------------------------------------------------------ one answer */

/* Reads an answer about the batch.  What it came to: FATE_ACCEPTED if it could
 * be read; s->message says what is to be said of any other. */
static enum fate
read_answer(struct outcome *o, const struct http_answer *a)
{
	const struct xml_span body = {a->body.data, a->body.len};
	enum fate fate = fate_of_answer(a);
	const char *why;

	o->message[0] = '\0';
	if (a->end != HTTP_ANSWERED) {
		explain(o, a->text);
		return fate == FATE_UNTRUSTED ? fate : FATE_UNANSWERED;
	}
	if (fate != FATE_ACCEPTED ||
	    outcome_read(o, body, a->too_long, a->token, &why) == 0)
		return fate;
	snprintf(o->message, sizeof(o->message),
	    "the answer cannot be read: %s", why);
	return FATE_UNREADABLE;
}

/* What a fate by itself means; "": nothing more than its status says. */
static const char *
find_hint(const struct poller *p, const struct open_batch *b, enum fate fate)
{
	switch (fate) {
	case FATE_DENIED:
		if (p->settings.bearer == NULL)
			return "no token was sent, see --token-file";
		return b->trusted ? "the token is missing or wrong"
				  : "the token of an endpoint on this machine "
				    "is not sent to another";
	case FATE_NOT_FOUND:
		return "accepted, but the service does not know the batch, or "
		       "no longer keeps its status: unconfirmed";
	default:
		return "";
	}
}

/* Says what the status means, and what the service says itself. */
static void
explain_http(const struct poller *p, struct open_batch *b, enum fate fate,
    const struct http_answer *a)
{
	struct outcome *o = &b->outcome;
	const struct xml_span body = {a->body.data, a->body.len};
	const char *hint = find_hint(p, b, fate), *why;
	char text[256], status[HTTPSTATUS_TEXT];
	struct xml_span root;

	(void)xml_root(body, a->too_long, "response", &root, &why);
	(void)xml_get(root, "message", text, sizeof(text));
	xml_hide(text, a->token);
	snprintf(o->message, sizeof(o->message), "%s%s%s%s%s",
	    httpstatus_text(a->status, status), text[0] == '\0' ? "" : ": ",
	    text,
	    hint[0] == '\0'   ? ""
	    : text[0] == '\0' ? ": "
			      : "; ",
	    hint);
}

/* ---------------------------------------------------------------- a turn */

/* Takes the batch off the list: it has its outcome. */
static void
finish(struct poller *p, size_t i, enum outcome_state state,
    enum poll_event *event, const struct outcome **about)
{
	p->ended = p->list[i];
	memmove(&p->list[i], &p->list[i + 1],
	    (--p->n - i) * sizeof(struct open_batch *));
	set_state(&p->ended->outcome, state);
	*event = POLL_ENDED;
	*about = &p->ended->outcome;
}

/* No outcome yet: it is asked about again, later. */
static void
put_off(struct poller *p, struct open_batch *b, double after)
{
	if (after >= 0 && after < RETRY_AFTER_MIN)
		after = RETRY_AFTER_MIN;
	if (after > RETRY_AFTER_MAX)
		after = RETRY_AFTER_MAX;
	schedule_again(
	    &b->schedule, clock_monotonic(), p->settings.interval, after);
}

/* The token was refused.  Is there another one now? */
static bool
has_new_token(struct poller *p, const struct http_answer *a, struct outcome *o)
{
	char hint[BEARER_HINT];
	size_t used = strlen(o->message);
	bool renewed = bearer_renewed(p->settings.bearer, a->token, hint);

	snprintf(o->message + used, sizeof(o->message) - used, "%s", hint);
	return renewed;
}

/* Acts on an answer about the batch at i. */
static void
act_on(struct poller *p, size_t i, const struct http_answer *a,
    enum poll_event *event, const struct outcome **about)
{
	struct open_batch *b = p->list[i];
	struct outcome *o = &b->outcome;
	bool known = b->seen || b->missing;
	enum fate fate = read_answer(o, a);

	if (fate != FATE_ACCEPTED && o->message[0] == '\0')
		explain_http(p, b, fate, a);
	/* One that was never seen may not be there yet: it is asked twice. */
	b->missing = fate == FATE_NOT_FOUND;
	if (fate == FATE_ACCEPTED) {
		b->seen = true;
		b->told = clock_monotonic();
	}
	if (fate == FATE_DENIED && !b->renewed && has_new_token(p, a, o)) {
		b->renewed = true;
		b->schedule.due = clock_monotonic();
		*event = POLL_AGAIN;
		*about = o;
	} else if (fate_rule(fate)->stops) {
		finish(p, i, OUTCOME_DENIED, event, about);
	} else if (fate == FATE_NOT_FOUND && known) {
		finish(p, i, OUTCOME_EXPIRED, event, about);
	} else if (fate == FATE_ACCEPTED && o->state != OUTCOME_INCOMPLETE) {
		finish(p, i, o->state, event, about);
	} else {
		put_off(p, b, a->retry_after);
		if (fate == FATE_BUSY)
			p->held_until = b->schedule.due;
		*event = POLL_AGAIN;
		*about = o;
	}
}

/* The user wants an end, or the batch's time is over. */
static bool
is_over(void *arg)
{
	const struct open_batch *b = arg;

	return signals_pending() != 0 ||
	       clock_monotonic() >= b->schedule.deadline;
}

static int
ask(struct poller *p, size_t i, enum poll_event *event,
    const struct outcome **about, struct error *e)
{
	struct open_batch *b = p->list[i];
	const struct http_request request = {.url = b->url,
	    .token = b->trusted ? bearer_token(p->settings.bearer) : NULL,
	    .direct = b->direct,
	    .stop = is_over,
	    .stop_arg = b};
	struct http_answer a;
	int turn;

	/* Among all processes; a poll of this one was free just now. */
	turn = pace_wait(p->settings.calls, CALLS_POLL, is_over, b, e);
	if (turn == 0 && p->settings.polls != NULL)
		turn = pace_wait(p->settings.polls, CALLS_SEND, is_over, b, e);
	if (turn != 0)
		return turn < 0 ? -1 : 0;
	b->outcome.polls++;
	p->calls++;
	if (http_run(p->http, &request, &a, e) != 0)
		return -1;
	/* What breaks off here tells nothing of the batch. */
	if (a.end != HTTP_STOPPED && !(a.end == HTTP_CUT && is_over(b)))
		act_on(p, i, &a, event, about);
	return 0;
}

static void
explain_deadline(struct open_batch *b)
{
	if (b->outcome.message[0] != '\0' || b->seen)
		return;
	explain(&b->outcome,
	    b->outcome.polls == 0
		? "there was no time to ask about it, see --poll-rate and "
		  "--rate"
		: "no answer came in that time");
}

int
poller_turn(struct poller *p, enum poll_event *event,
    const struct outcome **about, struct error *e)
{
	double now = clock_monotonic();
	size_t i, first = p->n;

	*event = POLL_NOTHING;
	free(p->ended);
	p->ended = NULL;
	for (i = 0; i < p->n; i++) {
		if (p->list[i]->schedule.deadline <= now) {
			explain_deadline(p->list[i]);
			finish(p, i, OUTCOME_DEADLINE, event, about);
			return 0;
		}
		/* The service keeps the newest: the status of the one that
		 * came first is the next to be forgotten. */
		if (first == p->n && p->list[i]->schedule.due <= now)
			first = i;
	}
	if (first == p->n || next_call(p, now) > now)
		return 0;
	return ask(p, first, event, about, e);
}
