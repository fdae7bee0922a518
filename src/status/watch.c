#include "status/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "api/fate.h"
#include "api/httpstatus.h"
#include "api/proxy.h"
#include "api/retry.h"
#include "api/statusurl.h"
#include "api/xml.h"
#include "base/clock.h"
#include "base/signals.h"
#include "base/sys.h"
#include "status/schedule.h"

struct batch {
	struct status status;
	struct schedule schedule;
	bool seen;    /* the service has told of it */
	bool missing; /* the last time it was asked, it did not know it */
	bool direct;  /* as in struct statusurl */
	char *id;     /* behind the URL */
	char url[];
};

struct watch {
	struct watch_settings s;
	struct watch_hooks hooks;
	struct http *http;
	struct batch **list; /* in the order of their coming */
	size_t n, room;
	uint64_t calls;
	double held_until; /* the service wants no calls before */
};

/* What came of a call. */
enum answer {
	ANSWER_STATUS,	/* read */
	ANSWER_MISSING, /* it does not know the batch */
	ANSWER_DENIED,
	ANSWER_BUSY, /* too many calls */
	ANSWER_AGAIN /* of no use; another may be */
};

struct watch *
watch_new(const struct watch_settings *settings,
    const struct watch_hooks *hooks, struct error *e)
{
	struct watch *w = sys_calloc(1, sizeof(*w));

	if (w == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	w->s = *settings;
	w->hooks = *hooks;
	w->http = http_new(&settings->http, e);
	if (w->http == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

void
watch_free(struct watch *w)
{
	size_t i;

	if (w == NULL)
		return;
	for (i = 0; i < w->n; i++)
		free(w->list[i]);
	free(w->list);
	http_free(w->http);
	free(w);
}

static void
explain(struct status *s, const char *why)
{
	snprintf(s->message, sizeof(s->message), "%s", why);
}

/* Tells the outcome. */
static int
end(struct watch *w, struct status *s, enum status_state state, struct error *e)
{
	s->state = state;
	s->time = time(NULL);
	return w->hooks.ended(w->hooks.arg, s, e);
}

static void
describe(struct status *s, const struct receipt *r, const char *id)
{
	memset(s, 0, sizeof(*s));
	s->batch = r->part.batch;
	s->rows_from = r->part.from;
	s->rows = r->part.rows;
	s->api = r->api;
	s->id = id;
}

static int
make_room(struct watch *w)
{
	size_t room = w->room == 0 ? 16 : 2 * w->room;
	struct batch **list;

	if (w->n < w->room)
		return 0;
	list = sys_realloc(w->list, room * sizeof(struct batch *));
	if (list == NULL)
		return -1;
	w->list = list;
	w->room = room;
	return 0;
}

static struct batch *
make_batch(const struct receipt *r, const struct statusurl *u)
{
	size_t url = strlen(u->url) + 1, id = strlen(u->id) + 1;
	struct batch *b = sys_calloc(1, sizeof(*b) + url + id);

	if (b == NULL)
		return NULL;
	memcpy(b->url, u->url, url);
	b->id = b->url + url;
	memcpy(b->id, u->id, id);
	b->direct = u->direct;
	describe(&b->status, r, b->id);
	return b;
}

/* It may be another host than the endpoint's. */
static int
check_proxy(const struct statusurl *u, struct error *e)
{
	struct origin o;
	const char *rest;

	if (u->direct || origin_parse(&o, u->url, &rest) != 0)
		return 0;
	return proxy_check(o.host, http_has_tls_proxy(), e) < 0 ? -1 : 0;
}

int
watch_add(struct watch *w, const struct receipt *r, struct error *e)
{
	struct statusurl u;
	struct status s;
	struct batch *b;
	char why[STATUSURL_WHY];

	if (statusurl_make(&u, w->s.endpoint, r->result.batch_status, why) !=
	    0) {
		describe(&s, r, r->result.batch_id);
		explain(&s, why);
		return end(w, &s, STATUS_UNFOLLOWED, e);
	}
	if (check_proxy(&u, e) != 0)
		return -1;
	b = make_room(w) != 0 ? NULL : make_batch(r, &u);
	if (b == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	schedule_start(
	    &b->schedule, clock_monotonic(), w->s.interval, w->s.deadline);
	w->list[w->n++] = b;
	return 0;
}

size_t
watch_open(const struct watch *w)
{
	return w->n;
}

const struct status *
watch_get(const struct watch *w, size_t i)
{
	return &w->list[i]->status;
}

uint64_t
watch_calls(const struct watch *w)
{
	return w->calls;
}

/* Takes the batch off the list and tells its outcome. */
static int
finish(struct watch *w, size_t i, enum status_state state, struct error *e)
{
	struct batch *b = w->list[i];
	int result;

	memmove(&w->list[i], &w->list[i + 1],
	    (--w->n - i) * sizeof(struct batch *));
	result = end(w, &b->status, state, e);
	free(b);
	return result;
}

static double
latest(double a, double b)
{
	return a > b ? a : b;
}

/* When the next call may be made, whichever batch it is for. */
static double
next_call(const struct watch *w, double now)
{
	return latest(now + pace_delay(w->s.polls), w->held_until);
}

double
watch_delay(struct watch *w)
{
	double now = clock_monotonic(), call, at, soonest = -1;
	size_t i;

	if (w->n == 0)
		return -1;
	call = next_call(w, now);
	for (i = 0; i < w->n; i++) {
		const struct schedule *s = &w->list[i]->schedule;

		at = latest(s->due, call);
		if (at > s->deadline)
			at = s->deadline;
		if (soonest < 0 || at < soonest)
			soonest = at;
	}
	return latest(soonest - now, 0);
}

static enum answer
judge(struct status *s, const struct http_answer *a)
{
	const struct xml_span body = {a->body.data, a->body.len};
	enum fate fate = fate_of_answer(a);
	const char *why;

	if (a->end != HTTP_ANSWERED) {
		explain(s, a->text);
		return fate == FATE_UNTRUSTED ? ANSWER_DENIED : ANSWER_AGAIN;
	}
	s->message[0] = '\0';
	switch (fate) {
	case FATE_DENIED:
		return ANSWER_DENIED;
	case FATE_NOT_FOUND:
		return ANSWER_MISSING;
	case FATE_BUSY:
		return ANSWER_BUSY;
	case FATE_ACCEPTED:
		break;
	default:
		return ANSWER_AGAIN;
	}
	if (status_read(s, body, a->too_long, a->token, &why) == 0)
		return ANSWER_STATUS;
	snprintf(s->message, sizeof(s->message),
	    "the answer cannot be read: %s", why);
	return ANSWER_AGAIN;
}

/* What an answer by itself means; "": nothing more than its status says. */
static const char *
find_hint(const struct watch *w, enum answer answer)
{
	switch (answer) {
	case ANSWER_DENIED:
		return w->s.token == NULL
			   ? "no token was sent, see --token-to-status"
			   : "the token is missing or wrong";
	case ANSWER_MISSING:
		return "the service does not know the batch, or no longer "
		       "keeps its status";
	default:
		return "";
	}
}

/* Says what the status means, and what the service says itself. */
static void
explain_http(const struct watch *w, struct status *s, enum answer answer,
    const struct http_answer *a)
{
	const struct xml_span body = {a->body.data, a->body.len};
	const char *hint = find_hint(w, answer), *why;
	char text[256], status[HTTPSTATUS_TEXT];
	struct xml_span root;

	if (s->message[0] != '\0')
		return;
	(void)xml_root(body, a->too_long, "response", &root, &why);
	(void)xml_get(root, "message", text, sizeof(text));
	xml_hide(text, a->token);
	snprintf(s->message, sizeof(s->message), "%s%s%s%s%s",
	    httpstatus_text(a->status, status), text[0] == '\0' ? "" : ": ",
	    text,
	    hint[0] == '\0'   ? ""
	    : text[0] == '\0' ? ": "
			      : "; ",
	    hint);
}

/* No outcome yet. */
static void
put_off(struct watch *w, struct batch *b, double after)
{
	double now = clock_monotonic();

	if (after >= 0 && after < RETRY_AFTER_MIN)
		after = RETRY_AFTER_MIN;
	if (after > RETRY_AFTER_MAX)
		after = RETRY_AFTER_MAX;
	schedule_again(&b->schedule, now, w->s.interval, after);
	w->hooks.polled(w->hooks.arg, &b->status, b->status.message);
}

/* Acts on an answer about the batch at i. */
static int
settle(struct watch *w, size_t i, const struct http_answer *a, struct error *e)
{
	struct batch *b = w->list[i];
	enum answer answer = judge(&b->status, a);
	bool known = b->seen || b->missing;

	if (answer != ANSWER_STATUS)
		explain_http(w, &b->status, answer, a);
	/* One that was never seen may not be there yet: it is asked twice. */
	b->missing = answer == ANSWER_MISSING;
	if (answer == ANSWER_DENIED)
		return finish(w, i, STATUS_DENIED, e);
	if (answer == ANSWER_MISSING && known)
		return finish(w, i, STATUS_EXPIRED, e);
	if (answer == ANSWER_STATUS) {
		b->seen = true;
		if (b->status.state != STATUS_INCOMPLETE)
			return finish(w, i, b->status.state, e);
	}
	put_off(w, b, a->retry_after);
	if (answer == ANSWER_BUSY)
		w->held_until = b->schedule.due;
	return 0;
}

/* The user wants an end, or the batch's time is over. */
static bool
is_over(void *arg)
{
	const struct batch *b = arg;

	return signals_pending() != 0 ||
	       clock_monotonic() >= b->schedule.deadline;
}

static int
ask(struct watch *w, size_t i, struct error *e)
{
	struct batch *b = w->list[i];
	struct http_request request;
	struct http_answer a;
	int turn;

	/* Among all processes; a poll of this one was free just now. */
	turn = pace_wait(w->s.calls, is_over, b, e);
	if (turn == 0)
		turn = pace_wait(w->s.polls, is_over, b, e);
	if (turn != 0)
		return turn < 0 ? -1 : 0;
	memset(&request, 0, sizeof(request));
	request.url = b->url;
	request.token = w->s.token;
	request.direct = b->direct;
	request.stop = is_over;
	request.stop_arg = b;
	b->status.polls++;
	w->calls++;
	if (http_run(w->http, &request, &a, e) != 0)
		return -1;
	/* What breaks off here tells nothing of the batch. */
	if (a.end == HTTP_STOPPED || (a.end == HTTP_CUT && is_over(b)))
		return 0;
	return settle(w, i, &a, e);
}

static void
explain_deadline(struct batch *b)
{
	if (b->status.message[0] != '\0' || b->seen)
		return;
	explain(&b->status,
	    b->status.polls == 0
		? "there was no time to ask about it, see --poll-rate and "
		  "--rate"
		: "no answer came in that time");
}

static int
give_up(struct watch *w, double now, struct error *e)
{
	size_t i = 0;

	while (i < w->n) {
		if (w->list[i]->schedule.deadline > now) {
			i++;
			continue;
		}
		explain_deadline(w->list[i]);
		if (finish(w, i, STATUS_DEADLINE, e) != 0)
			return -1;
	}
	return 0;
}

int
watch_turn(struct watch *w, struct error *e)
{
	double now = clock_monotonic();
	size_t i, first = 0;

	if (give_up(w, now, e) != 0)
		return -1;
	if (w->n == 0 || next_call(w, now) > now)
		return 0;
	for (i = 1; i < w->n; i++) {
		if (w->list[i]->schedule.due < w->list[first]->schedule.due)
			first = i;
	}
	return w->list[first]->schedule.due > now ? 0 : ask(w, first, e);
}
