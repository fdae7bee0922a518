#include "api/fate.h"
#include "base/safety.h"

#include <string.h>

/* clang-format off */
#define RULE(name, state, divisible, again, later, stops, code) \
	{name, RECEIPT_##state, divisible, again, later, stops, EXIT_##code}
static const struct fate_rule rules[FATES] = {
	/*   name           state     divis. again  later  stops  code */
    [FATE_ACCEPTED] =
	RULE("accepted",    ACCEPTED, false, false, false, false, COMPLETE),
    [FATE_NOT_SUCCESS] =
	RULE("not-success", REFUSED,  true,  false, false, false, REJECTED),
    [FATE_TOO_LARGE] =
	RULE("too-large",   REFUSED,  true,  false, false, false, REJECTED),
    [FATE_NOT_FOUND] =
	RULE("not-found",   REFUSED,  false, false, false, false, REJECTED),
    [FATE_REFUSED] =
	RULE("refused",     REFUSED,  false, false, false, false, REJECTED),
    [FATE_DENIED] =
	RULE("denied",      REFUSED,  false, false, true,  true,  SERVICE),
    [FATE_BUSY] =
	RULE("busy",        FAILED,   false, true,  true,  false, TEMPORARY),
    [FATE_TEMPORARY] =
	RULE("temporary",   FAILED,   false, true,  true,  false, TEMPORARY),
    [FATE_GATEWAY] =
	RULE("gateway",     UNKNOWN,  false, true,  true,  false, UNKNOWN),
    [FATE_UNREADABLE] =
	RULE("unreadable",  UNKNOWN,  false, false, true,  false, UNKNOWN),
    [FATE_UNTRUSTED] =
	RULE("untrusted",   REFUSED,  false, false, true,  true,  SERVICE),
    [FATE_UNANSWERED] =
	RULE("unanswered",  UNKNOWN,  false, true,  true,  false, UNKNOWN),
    [FATE_UNREACHED] =
	RULE("unreached",   FAILED,   false, true,  true,  false, TEMPORARY),
    [FATE_INTERRUPTED] =
	RULE("interrupted", UNKNOWN,  false, false, true,  false, UNKNOWN),
    [FATE_STOPPED] =
	RULE("stopped",     FAILED,   false, false, true,  false, TEMPORARY),
    [FATE_BROKEN] =
	RULE("broken",      UNKNOWN,  false, false, true,  false, UNKNOWN),
    [FATE_LOCAL] =
	RULE("local",       FAILED,   false, false, true,  false, TEMPORARY),
    [FATE_NOT_SENT] =
	RULE("not-sent",    FAILED,   false, false, true,  false, TEMPORARY),
    [FATE_NOT_APART] =
	RULE("not-apart",   REFUSED,  false, false, false, false, REJECTED),
    [FATE_INVALID] =
	RULE("invalid",     INVALID,  false, false, false, false, INPUT),
};
/* clang-format on */

/* By status, where the body has no say; the first row that fits. */
static const struct {
	int first, last;
	enum fate fate;
} statuses[] = {
    {200, 299, FATE_ACCEPTED}, /* if the body says so */
    {300, 399, FATE_REFUSED},  /* never followed */
    {401, 401, FATE_DENIED},
    {403, 403, FATE_DENIED},
    {404, 404, FATE_NOT_FOUND},
    {408, 408, FATE_TEMPORARY},
    {410, 410, FATE_NOT_FOUND},
    {413, 413, FATE_TOO_LARGE},
    {425, 425, FATE_TEMPORARY},
    {429, 429, FATE_BUSY},
    {400, 499, FATE_REFUSED},
    {502, 502, FATE_GATEWAY},
    {503, 503, FATE_BUSY},
    {504, 504, FATE_GATEWAY},
    {500, 599, FATE_TEMPORARY},
};

const struct fate_rule *
fate_rule(enum fate fate)
{
	return &rules[fate];
}

int
fate_find(const char *text, enum fate *fate)
{
	int i;

	for (i = 0; text != NULL && i < FATES; i++) {
		if (strcmp(text, rules[i].name) == 0) {
			*fate = (enum fate)i;
			return 0;
		}
	}
	return -1;
}

/* A status that the table does not have says nothing. */
static enum fate
find_status(int status)
{
	size_t i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (status >= statuses[i].first && status <= statuses[i].last)
			return statuses[i].fate;
	}
	return FATE_UNREADABLE;
}

enum fate
fate_of_answer(const struct http_answer *a)
{
	enum fate fate = find_status(a->status);

	switch (a->end) {
	case HTTP_UNTRUSTED:
		return SAFETY(
		    "certificate-stops", FATE_UNTRUSTED, FATE_REFUSED);
	case HTTP_STOPPED:
		return a->body_left ? FATE_INTERRUPTED : FATE_STOPPED;
	case HTTP_LOST:
		return a->body_left ? FATE_UNANSWERED : FATE_UNREACHED;
	case HTTP_CUT:
		/* Other statuses say enough by themselves. */
		if (fate == FATE_ACCEPTED)
			return a->body_left ? FATE_UNANSWERED : FATE_UNREACHED;
		break;
	case HTTP_ANSWERED:
		break;
	}
	/* What it did not get it cannot have passed on. */
	if (fate == FATE_GATEWAY &&
	    SAFETY("gateway-is-unknown", !a->body_left, true))
		return FATE_TEMPORARY;
	return fate;
}

enum fate
fate_of_old(enum receipt_state state, int http)
{
	enum fate fate = http == 0 ? FATE_NOT_SENT : find_status(http);

	switch (state) {
	case RECEIPT_ACCEPTED:
	case RECEIPT_SKIPPED:
		return FATE_ACCEPTED;
	case RECEIPT_INVALID:
		return FATE_INVALID;
	case RECEIPT_REFUSED:
		if (http == 0)
			return FATE_UNTRUSTED;
		return fate == FATE_ACCEPTED ? FATE_NOT_SUCCESS : fate;
	case RECEIPT_UNKNOWN:
		if (http == 0)
			return FATE_UNANSWERED;
		return fate == FATE_ACCEPTED ? FATE_UNREADABLE : fate;
	case RECEIPT_FAILED:
		return fate == FATE_ACCEPTED ? FATE_UNREACHED : fate;
	}
	return fate;
}

enum receipt_state
fate_state(enum fate last, bool doubt)
{
	return SAFETY("doubt-outlives-refusals", doubt, false) &&
		       last != FATE_ACCEPTED
		   ? RECEIPT_UNKNOWN
		   : rules[last].state;
}

enum exit_code
fate_code(enum receipt_state state, enum fate fate)
{
	/* What several attempts came to is not what the last one did. */
	if (state == rules[fate].state)
		return rules[fate].code;
	switch (state) {
	case RECEIPT_ACCEPTED:
	case RECEIPT_SKIPPED:
		return EXIT_COMPLETE;
	case RECEIPT_REFUSED:
		return EXIT_REJECTED;
	case RECEIPT_FAILED:
		return EXIT_TEMPORARY;
	case RECEIPT_UNKNOWN:
		return EXIT_UNKNOWN;
	case RECEIPT_INVALID:
		return EXIT_INPUT;
	}
	return EXIT_UNKNOWN;
}

bool
fate_is_final(enum receipt_state state, enum fate fate)
{
	return state == RECEIPT_REFUSED && !rules[fate].later;
}

bool
fate_is_denial(enum receipt_state state, enum fate fate)
{
	return state == RECEIPT_REFUSED && rules[fate].stops;
}
