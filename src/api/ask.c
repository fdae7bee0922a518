#include "api/ask.h"

#include <stdio.h>
#include "api/httpstatus.h"
#include "base/clock.h"
#include "base/signals.h"

char *
ask_why(const struct http_answer *a, char to[ASK_WHY])
{
	char status[HTTPSTATUS_TEXT];

	snprintf(to, ASK_WHY, "%s",
	    a->end == HTTP_ANSWERED ? httpstatus_text(a->status, status)
				    : a->text);
	return to;
}

/* One attempt.  1: a signal came. */
static int
attempt(struct ask *k, struct http_request *request, struct http_answer *a,
    struct error *e)
{
	int result = 0;

	if (k->pace != NULL)
		result = pace_wait(k->pace, k->kind, NULL, NULL, e);
	if (result != 0)
		return result;
	request->token = bearer_token(k->bearer);
	request->stop = signals_came;
	if (http_run(k->http, request, a, e) != 0)
		return -1;
	return signals_pending() != 0 && a->end != HTTP_ANSWERED;
}

int
ask_run(struct ask *k, struct http_request *request, struct http_answer *a,
    enum fate *fate, struct error *e)
{
	char hint[BEARER_HINT], why[ASK_WHY];
	unsigned n, busy = 0;
	bool renewed = false;

	for (n = 1;; n++) {
		double delay;
		int result = attempt(k, request, a, e);

		if (result != 0)
			return result;
		*fate = fate_of_answer(a);
		if (*fate == FATE_DENIED && !renewed &&
		    bearer_renewed(k->bearer, a->token, hint)) {
			renewed = true;
			continue;
		}
		if (!fate_rule(*fate)->again || n > k->retries)
			return 0;
		busy = *fate == FATE_BUSY ? busy + 1 : 0;
		delay = retry_wait(&k->retry, n, busy, a->retry_after);
		if (k->again != NULL)
			k->again(k->arg, ask_why(a, why), delay);
		if (clock_sleep(delay, NULL, NULL) != 0)
			return 1;
	}
}
