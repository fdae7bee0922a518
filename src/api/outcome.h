/*
 * outcome.h: what an answer means.  Success is what the body says, not the
 * status: HTTP 200 with <success>false</success> is a refusal.
 */
#ifndef TP_API_OUTCOME_H
#define TP_API_OUTCOME_H

#include "api/http.h"

enum outcome_kind {
	OUTCOME_ACCEPTED,
	OUTCOME_REFUSED,   /* this batch, by the status */
	OUTCOME_DIVISIBLE, /* refused for something in it: success false, 413 */
	OUTCOME_DENIED,	   /* every batch would be: credentials, certificate */
	OUTCOME_AGAIN,	   /* temporary, and an answer says so */
	OUTCOME_GATEWAY,   /* temporary: a gateway answers, which may have
			    * passed the request on */
	OUTCOME_UNANSWERED, /* temporary: no answer, or a part of one */
	OUTCOME_UNREADABLE, /* an answer of success that cannot be read */
	OUTCOME_STOPPED	    /* cut off from here */
};

/* Texts are UTF-8 of the service or ours, not escaped; "": none. */
struct outcome {
	enum outcome_kind kind;
	char batch_id[256];
	char batch_status[2048];
	char message[1024];
};

void outcome_judge(struct outcome *o, const struct http_answer *a);

#endif
