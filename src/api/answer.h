/*
 * answer.h: what the service answers to a batch.  Success is what the body
 * says, not the status: HTTP 200 with <success>false</success> is a refusal.
 */
#ifndef TP_API_ANSWER_H
#define TP_API_ANSWER_H

#include "api/fate.h"
#include "api/http.h"

/* Texts are UTF-8 of the service or ours, not escaped; "": none. */
struct answer {
	enum fate fate;
	char batch_id[256];
	char batch_status[2048]; /* URL to poll */
	char message[1024];	 /* the service's, or why there is none */
};

void answer_read(struct answer *to, const struct http_answer *a);

#endif
