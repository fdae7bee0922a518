#include "api/answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "api/httpstatus.h"
#include "api/xml.h"

/* What the service says in <success>; no other word is known. */
static enum fate
read_word(struct xml_span root, const char **why)
{
	char word[16];

	switch (xml_get(root, "success", word, sizeof(word))) {
	case XML_ABSENT:
		*why = "it has no <success>";
		return FATE_UNREADABLE;
	case XML_CONTRADICTED:
		*why = "it has <success> twice, with different words";
		return FATE_UNREADABLE;
	case XML_CUT: /* longer than any word that is known, or with a NUL */
		word[0] = '\0';
		break;
	case XML_GIVEN:
		break;
	}
	if (strcasecmp(word, "true") == 0)
		return FATE_ACCEPTED;
	if (strcasecmp(word, "false") == 0)
		return FATE_NOT_SUCCESS;
	*why = "its <success> is neither true nor false";
	return FATE_UNREADABLE;
}

/* Opens the answer, too, as far as it has come: *root is empty if it is none of
 * the service's, and *why then says so. */
static enum fate
judge(const struct http_answer *a, struct xml_span *root, const char **why)
{
	const struct xml_span body = {a->body.data, a->body.len};
	bool cut = a->too_long || a->end == HTTP_CUT;
	enum fate fate = fate_of_answer(a);

	(void)xml_root(body, cut, "response", root, why);
	if (fate == FATE_UNREADABLE)
		*why = "no such status is known";
	if (fate != FATE_ACCEPTED)
		return fate;
	if (a->too_long)
		*why = "it is longer than 64 KiB";
	return *why == NULL ? read_word(*root, why) : FATE_UNREADABLE;
}

/* Of "http://…/batchStatus?batchId=demo-1&m2Node=00": "demo-1". */
static void
find_id(struct answer *o)
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
explain(struct answer *o, const struct http_answer *a, const char *unreadable,
    bool several)
{
	char status[HTTPSTATUS_TEXT];
	const char *before = "", *why, *behind = "";

	if (a->end == HTTP_STOPPED) {
		why = "no answer came in the time that a signal leaves";
	} else if (a->end != HTTP_ANSWERED) {
		why = a->text;
	} else if (o->fate == FATE_UNREADABLE) {
		before = "the answer cannot be read: ";
		why = unreadable;
	} else if (o->fate == FATE_DENIED) {
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
read_status_url(struct answer *o, struct xml_span root, const char *token)
{
	enum xml_found found = xml_get(
	    root, "batchStatus", o->batch_status, sizeof(o->batch_status));

	xml_hide(o->batch_status, token);
	if (found == XML_CUT)
		o->batch_status[0] = '\0'; /* a part of it is no use */
	if (found == XML_CUT || found == XML_CONTRADICTED)
		snprintf(o->message, sizeof(o->message),
		    found == XML_CUT ? "its status URL is too long"
				     : "there is more than one status URL");
	find_id(o);
}

void
answer_read(struct answer *to, const struct http_answer *a)
{
	enum xml_found message = XML_ABSENT;
	struct xml_span root;
	const char *why;

	memset(to, 0, sizeof(*to));
	to->fate = judge(a, &root, &why);
	if (to->fate == FATE_ACCEPTED)
		read_status_url(to, root, a->token);
	if (to->message[0] != '\0')
		return;
	/* What says that all is well must not stand where it is not. */
	if (to->fate != FATE_UNREADABLE && to->fate != FATE_UNANSWERED &&
	    to->fate != FATE_UNREACHED)
		message =
		    xml_get(root, "message", to->message, sizeof(to->message));
	xml_hide(to->message, a->token);
	if (to->message[0] == '\0' && to->fate != FATE_ACCEPTED)
		explain(to, a, why, message == XML_CONTRADICTED);
}
