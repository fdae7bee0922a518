#include "target/outcome.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "target/httpstatus.h"
#include "target/xml.h"

/* By status, where the body has no say; the first row that fits. */
static const struct {
	int first, last;
	enum outcome_kind kind;
} rules[] = {
    {300, 399, OUTCOME_REFUSED}, /* never followed */
    {401, 401, OUTCOME_DENIED},
    {403, 403, OUTCOME_DENIED},
    {408, 408, OUTCOME_AGAIN},
    {413, 413, OUTCOME_DIVISIBLE},
    {425, 425, OUTCOME_AGAIN},
    {429, 429, OUTCOME_AGAIN},
    {400, 499, OUTCOME_REFUSED},
    {502, 502, OUTCOME_GATEWAY},
    {504, 504, OUTCOME_GATEWAY},
    {500, 599, OUTCOME_AGAIN},
};

/* The text of the first element of that name.  -1: there is none, or its
 * beginning is all that `to` takes. */
static int
get_text(const struct http_answer *a, const char *name, char *to, size_t size)
{
	struct xml_span rest = {a->body.data, a->body.len, a->token}, content;

	to[0] = '\0';
	return xml_next(&rest, name, &content) ? xml_text(content, to, size)
					       : -1;
}

static enum outcome_kind
judge_status(int status)
{
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (status >= rules[i].first && status <= rules[i].last)
			return rules[i].kind;
	}
	return OUTCOME_UNREADABLE;
}

/* What the service says in <success>; no other word is known. */
static enum outcome_kind
judge_body(const struct http_answer *a)
{
	char word[16];

	if (a->too_long || get_text(a, "success", word, sizeof(word)) != 0)
		return OUTCOME_UNREADABLE;
	if (strcasecmp(word, "true") == 0)
		return OUTCOME_ACCEPTED;
	if (strcasecmp(word, "false") == 0)
		return OUTCOME_DIVISIBLE;
	return OUTCOME_UNREADABLE;
}

static enum outcome_kind
judge(const struct http_answer *a)
{
	bool success = a->status >= 200 && a->status <= 299;

	switch (a->end) {
	case HTTP_UNTRUSTED:
		return OUTCOME_DENIED;
	case HTTP_STOPPED:
		return OUTCOME_STOPPED;
	case HTTP_LOST:
		return OUTCOME_UNANSWERED;
	case HTTP_CUT:
		/* Other statuses say enough by themselves. */
		return success ? OUTCOME_UNANSWERED : judge_status(a->status);
	default:
		return success ? judge_body(a) : judge_status(a->status);
	}
}

/* Of "http://…/batchStatus?batchId=demo-1&m2Node=00": "demo-1". */
static void
find_id(struct outcome *o)
{
	static const char name[] = "batchId=";
	const char *p = o->batch_status;
	size_t n;

	while ((p = strstr(p, name)) != NULL &&
	       (p == o->batch_status || (p[-1] != '?' && p[-1] != '&')))
		p++;
	if (p == NULL)
		return;
	p += sizeof(name) - 1;
	n = strcspn(p, "&#");
	if (n < sizeof(o->batch_id)) {
		memcpy(o->batch_id, p, n);
		o->batch_id[n] = '\0';
	}
}

/* What the message of an answer without one is. */
static void
explain(struct outcome *o, const struct http_answer *a)
{
	char status[HTTPSTATUS_TEXT];
	const char *why = NULL;

	if (a->end == HTTP_STOPPED)
		why = "no answer came in the time that a signal leaves";
	else if (a->end != HTTP_ANSWERED)
		why = a->text;
	else if (o->kind == OUTCOME_UNREADABLE)
		why = a->too_long ? "the answer is longer than 64 KiB"
				  : "the answer cannot be read";
	else if (o->kind == OUTCOME_DENIED)
		why = a->token == NULL ? "no token was sent"
				       : "the token is missing or wrong";
	else if (a->status >= 200 && a->status <= 299)
		why = "<success> is false, without a message";
	if (why != NULL)
		snprintf(o->message, sizeof(o->message), "%s", why);
	else
		snprintf(o->message, sizeof(o->message),
		    "%s, without a message",
		    httpstatus_text(a->status, status));
}

void
outcome_judge(struct outcome *o, const struct http_answer *a)
{
	memset(o, 0, sizeof(*o));
	o->kind = judge(a);
	if (o->kind == OUTCOME_ACCEPTED) {
		if (get_text(a, "batchStatus", o->batch_status,
			sizeof(o->batch_status)) == 0)
			find_id(o);
		else
			o->batch_status[0] = '\0'; /* a part of it is no use */
	}
	/* What says that all is well must not stand where it is not. */
	if (o->kind != OUTCOME_UNREADABLE && o->kind != OUTCOME_UNANSWERED)
		(void)get_text(a, "message", o->message, sizeof(o->message));
	if (o->message[0] != '\0')
		return;
	if (o->kind != OUTCOME_ACCEPTED)
		explain(o, a);
}
