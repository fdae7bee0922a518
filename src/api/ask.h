/*
 * ask.h: one request, made again while what comes back is temporary.
 *
 * For what may be sent twice without harm, and is not recorded attempt by
 * attempt: fetching a profile, asking for a status, a batch of tp-probe.
 * tp-send and tp-status have rules of their own for that.
 */
#ifndef TP_API_ASK_H
#define TP_API_ASK_H

#include <stdbool.h>
#include "api/fate.h"
#include "api/http.h"
#include "api/retry.h"
#include "api/token.h"
#include "base/error.h"
#include "pace/pace.h"

struct ask {
	struct http *http;
	struct pace *pace; /* each request waits for its turn there; or NULL */
	enum calls_kind kind;  /* … as one of these */
	struct bearer *bearer; /* NULL: without a token */
	unsigned retries;      /* attempts after the first */
	struct retry retry;

	/* Told before it waits to try again; why is escaped.  Or NULL. */
	void (*again)(void *arg, const char *why, double delay);
	void *arg;
};

/*
 * Makes the request until its answer is final or no attempt is left: *a is the
 * last answer, as http_run gives it, and *fate what it comes to.  The token in
 * *request is set here.  0; 1: a signal came; -1: trouble on this machine.
 */
int ask_run(struct ask *k, struct http_request *request, struct http_answer *a,
    enum fate *fate, struct error *e);

/* Why an answer is no good, for a person: "HTTP 503 Service Unavailable", or
 * why there is none.  Returns to. */
enum { ASK_WHY = 320 };
char *ask_why(const struct http_answer *a, char to[ASK_WHY]);

#endif
