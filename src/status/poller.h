/*
 * poller.h: the accepted batches whose outcome is not known yet, and the
 * asking about them: one call at a time, of those that are due the one first
 * that came first.
 */
#ifndef TP_STATUS_POLLER_H
#define TP_STATUS_POLLER_H

#include "api/endpoint.h"
#include "api/http.h"
#include "api/token.h"
#include "base/error.h"
#include "pace/pace.h"
#include "record/receipt.h"
#include "status/outcome.h"

struct poller_settings {
	const struct endpoint *endpoint;
	struct bearer *bearer; /* its token is sent along; or NULL */
	struct http_settings http;
	struct pace *polls; /* of polls alone, by pace_new; or NULL */
	struct pace *calls; /* of all calls for this client */
	double interval;    /* seconds, see schedule.h */
	double deadline;
};

/* What a turn came to. */
enum poll_event {
	POLL_NOTHING,
	POLL_AGAIN, /* it was asked about and has none yet; its message, if it
		     * has one, is the trouble */
	POLL_ENDED  /* it has its outcome */
};

struct poller;

/* What settings point to must live as long. */
struct poller *poller_new(
    const struct poller_settings *settings, struct error *e);
void poller_free(struct poller *p);

/*
 * Takes the batch of a receipt that says accepted.  *about: the outcome of what
 * the event is about, until the next call of this or of poller_turn.  -1.
 */
int poller_add(struct poller *p, const struct receipt *r,
    enum poll_event *event, const struct outcome **about, struct error *e);

size_t poller_open(const struct poller *p);
/* One of the open ones, 0 to poller_open - 1, in the order of their coming. */
const struct outcome *poller_get(const struct poller *p, size_t i);
/* When the service last told of the one that came first, or that came, on
 * clock_monotonic; now, if none is open. */
double poller_told(const struct poller *p);
/* Calls made so far. */
uint64_t poller_calls(const struct poller *p);

/* Seconds until poller_turn has something to do; below 0: no batch is open. */
double poller_delay(struct poller *p);

/* Does one thing that is due: gives up a batch that is past its deadline, or
 * makes a call. */
int poller_turn(struct poller *p, enum poll_event *event,
    const struct outcome **about, struct error *e);

#endif
