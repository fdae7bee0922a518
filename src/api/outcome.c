#include "api/outcome.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "api/httpstatus.h"
#include "api/xml.h"

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

static enum outcome_kind
judge_status(int status, const char **why)
{
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (status >= rules[i].first && status <= rules[i].last)
			return rules[i].kind;
	}
	*why = "no such status is known";
	return OUTCOME_UNREADABLE;
}

/* What the service says in <success>; no other word is known. */
static enum outcome_kind
judge_word(struct xml_span root, const char **why)
{
	char word[16];

	root.hide = NULL; /* no word of these is shown */
	switch (xml_get(root, "success", word, sizeof(word))) {
	case XML_ABSENT:
		*why = "it has no <success>";
		return OUTCOME_UNREADABLE;
	case XML_CONTRADICTED:
		*why = "it has <success> twice, with different words";
		return OUTCOME_UNREADABLE;
	case XML_CUT: /* longer than any word that is known, or with a NUL */
		word[0] = '\0';
		break;
	case XML_GIVEN:
		break;
	}
	if (strcasecmp(word, "true") == 0)
		return OUTCOME_ACCEPTED;
	if (strcasecmp(word, "false") == 0)
		return OUTCOME_DIVISIBLE;
	*why = "its <success> is neither true nor false";
	return OUTCOME_UNREADABLE;
}

/* Opens the answer, too, as far as it has come: *root is empty if it is none of
 * the service's, and *why then says so. */
static enum outcome_kind
judge(const struct http_answer *a, struct xml_span *root, const char **why)
{
	const struct xml_span body = {a->body.data, a->body.len, a->token};
	bool success = a->status >= 200 && a->status <= 299;
	bool cut = a->too_long || a->end == HTTP_CUT;

	(void)xml_root(body, cut, "response", root, why);
	switch (a->end) {
	case HTTP_UNTRUSTED:
		return OUTCOME_DENIED;
	case HTTP_STOPPED:
		return OUTCOME_STOPPED;
	case HTTP_LOST:
		return OUTCOME_UNANSWERED;
	case HTTP_CUT:
		/* Other statuses say enough by themselves. */
		return success ? OUTCOME_UNANSWERED
			       : judge_status(a->status, why);
	default:
		break;
	}
	if (!success)
		return judge_status(a->status, why);
	if (a->too_long)
		*why = "it is longer than 64 KiB";
	return *why == NULL ? judge_word(*root, why) : OUTCOME_UNREADABLE;
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

/* What the message is where the service gave none that can be used. */
static void
explain(struct outcome *o, const struct http_answer *a, const char *unreadable,
    bool several)
{
	char status[HTTPSTATUS_TEXT];
	const char *before = "", *why, *behind = "";

	if (a->end == HTTP_STOPPED) {
		why = "no answer came in the time that a signal leaves";
	} else if (a->end != HTTP_ANSWERED) {
		why = a->text;
	} else if (o->kind == OUTCOME_UNREADABLE) {
		before = "the answer cannot be read: ";
		why = unreadable;
	} else if (o->kind == OUTCOME_DENIED) {
		why = a->token == NULL ? "no token was sent"
				       : "the token is missing or wrong";
	} else {
		why = a->status >= 200 && a->status <= 299
			  ? "<success> is false"
			  : httpstatus_text(a->status, status);
		behind = several ? ", with several messages that differ"
				 : ", without a message";
	}
	snprintf(o->message, sizeof(o->message), "%s%s%s", before, why, behind);
}

/* Where the outcome of the batch will be. */
static void
read_status_url(struct outcome *o, struct xml_span root)
{
	enum xml_found found = xml_get(
	    root, "batchStatus", o->batch_status, sizeof(o->batch_status));

	if (found == XML_CUT)
		o->batch_status[0] = '\0'; /* a part of it is no use */
	if (found == XML_CUT || found == XML_CONTRADICTED)
		snprintf(o->message, sizeof(o->message),
		    found == XML_CUT ? "its status URL is too long"
				     : "there is more than one status URL");
	find_id(o);
}

void
outcome_judge(struct outcome *o, const struct http_answer *a)
{
	enum xml_found message = XML_ABSENT;
	struct xml_span root;
	const char *why;

	memset(o, 0, sizeof(*o));
	o->kind = judge(a, &root, &why);
	if (o->kind == OUTCOME_ACCEPTED)
		read_status_url(o, root);
	if (o->message[0] != '\0')
		return;
	/* What says that all is well must not stand where it is not. */
	if (o->kind != OUTCOME_UNREADABLE && o->kind != OUTCOME_UNANSWERED)
		message =
		    xml_get(root, "message", o->message, sizeof(o->message));
	if (o->message[0] == '\0' && o->kind != OUTCOME_ACCEPTED)
		explain(o, a, why, message == XML_CONTRADICTED);
}
