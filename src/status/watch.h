/*
 * watch.h: the accepted batches whose outcome is not known yet, and the
 * asking about them: one call at a time, the batch first that is due first.
 */
#ifndef TP_STATUS_WATCH_H
#define TP_STATUS_WATCH_H

#include "api/endpoint.h"
#include "api/http.h"
#include "base/error.h"
#include "pace/pace.h"
#include "record/receipt.h"
#include "status/status.h"

/* A minute, of the service's 50; so the sender is hardly slowed. */
#define WATCH_POLLS 5

struct watch_settings {
	const struct endpoint *endpoint;
	const char *token; /* to be sent with each call; or NULL */
	struct http_settings http;
	struct pace *polls; /* of polls alone, by pace_new … */
	struct pace *calls; /* … and of all calls for this client */
	double interval;    /* seconds, see schedule.h */
	double deadline;
};

struct watch_hooks {
	void *arg;
	/* A batch has its outcome; s is valid during the call.  -1: stop. */
	int (*ended)(void *arg, const struct status *s, struct error *e);
	/* It was asked about and has none yet; why: "", or the trouble. */
	void (*polled)(void *arg, const struct status *s, const char *why);
};

struct watch;

/* What settings and hooks point to must live as long. */
struct watch *watch_new(const struct watch_settings *settings,
    const struct watch_hooks *hooks, struct error *e);
void watch_free(struct watch *w);

/* Watches the batch of a receipt that says accepted. */
int watch_add(struct watch *w, const struct receipt *r, struct error *e);

size_t watch_open(const struct watch *w);
/* One of the open ones, 0 to watch_open - 1, in the order of their coming. */
const struct status *watch_get(const struct watch *w, size_t i);
/* Calls made so far. */
uint64_t watch_calls(const struct watch *w);

/* Seconds until watch_turn has something to do; below 0: no batch is open. */
double watch_delay(struct watch *w);

/* Does what is due: gives up what is past its deadline; one call at most. */
int watch_turn(struct watch *w, struct error *e);

#endif
