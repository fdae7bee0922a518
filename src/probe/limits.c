#include "probe/limits.h"

#include <stdio.h>
#include "base/clock.h"
#include "base/diag.h"

/* What a series of calls came to. */
struct series {
	int taken;    /* calls before one was refused, or all */
	bool refused; /* as too many */
	bool usable;  /* it says something: no other trouble, and fast enough */
	char why[ASK_WHY];
	double retry_after; /* below 0: it does not say */
};

/* No call of ours may be among those that the service still counts. */
static int
wait_for_silence(struct probe *p)
{
	time_t when = step_last_call(p) + LIMITS_MINUTE + 1;

	if (when <= time(NULL))
		return 0;
	diag_note("waits for a minute without calls");
	return clock_sleep_until(when);
}

static int
one_call(struct probe *p, bool update, enum fate *fate, struct http_answer *a,
    struct error *e)
{
	char body[CASE_TEXT], state[STEP_STATE];

	if (!update)
		return step_status(p, step_newest(p), true, fate, a, state, e);
	step_body(p, CASE_PLAIN, 0, body);
	return step_update(p, body, fate, a, e);
}

static int
call_in_series(struct probe *p, bool update, struct series *s, struct error *e)
{
	double began = clock_monotonic();
	struct http_answer a;
	enum fate fate;

	s->refused = false;
	s->usable = true;
	for (s->taken = 0; s->taken < LIMITS_CALLS; s->taken++) {
		int result = one_call(p, update, &fate, &a, e);

		if (result != 0)
			return result;
		if (fate != FATE_ACCEPTED) {
			s->refused = fate == FATE_BUSY;
			s->usable = s->refused;
			s->retry_after = a.retry_after;
			ask_why(&a, s->why);
			return 0;
		}
	}
	/* A minute in which the first of them was no longer counted? */
	s->usable = clock_monotonic() - began < LIMITS_MINUTE - 1;
	snprintf(s->why, sizeof(s->why), "%d calls took more than a minute",
	    s->taken);
	return 0;
}

static int
note_limit(struct probe *p, const struct series *s, struct error *e)
{
	char after[64] = "without Retry-After";

	if (!s->usable)
		return step_find(p, CHECK_CALLS, FINDING_UNKNOWN, -1, e,
		    "it cannot be told: %s", s->why);
	if (!s->refused)
		return step_find(p, CHECK_CALLS, FINDING_UNLIMITED, s->taken, e,
		    "%d calls in a row were answered", s->taken);
	if (s->retry_after >= 0)
		snprintf(after, sizeof(after), "with Retry-After: %.0f",
		    s->retry_after);
	return step_find(p, CHECK_CALLS, FINDING_LIMITED, s->taken, e,
	    "%d calls in a row were answered, the next one with %s, %s",
	    s->taken, s->why, after);
}

static int
note_statuses(struct probe *p, const struct series *s, struct error *e)
{
	if (!s->usable)
		return step_find(p, CHECK_STATUS_CALLS, FINDING_UNKNOWN, -1, e,
		    "it cannot be told: %s", s->why);
	return s->refused
		   ? step_find(p, CHECK_STATUS_CALLS, FINDING_COUNTED, -1, e,
			 "requests for a status count as calls")
		   : step_find(p, CHECK_STATUS_CALLS, FINDING_UNCOUNTED, -1, e,
			 "%d requests for a status in a row were answered: "
			 "they do not count as calls",
			 s->taken);
}

static int
find_both(struct probe *p, struct error *e)
{
	struct series s = {.retry_after = -1};
	int result = call_in_series(p, false, &s, e);

	if (result == 0)
		result = note_statuses(p, &s, e);
	/* Updates count in any case. */
	if (result == 0 && !s.refused)
		result = call_in_series(p, true, &s, e);
	return result != 0 ? result : note_limit(p, &s, e);
}

int
limits_find(struct probe *p, struct error *e)
{
	const unsigned retries = p->ask.retries;
	int result;

	if (notes_find(p->notes, CHECK_CALLS) != NULL)
		return 0;
	if (wait_for_silence(p) != 0)
		return 1;
	/* For the others of this user these calls are in the ledger all the
	 * same. */
	pace_free(p->service->pace);
	p->service->pace = NULL;
	p->service->rate = PACE_MAX;
	p->ask.pace = NULL;
	if (service_open_pace(p->service, e) != 0)
		return -1;
	p->ask.pace = p->service->pace;
	p->ask.retries = 0;
	result = find_both(p, e);
	p->ask.retries = retries;
	return result;
}
