/*
 * delivery.h: one body, sent until it is settled: paced, and the same bytes
 * again after what is temporary.
 */
#ifndef TP_SEND_DELIVERY_H
#define TP_SEND_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "api/endpoint.h"
#include "api/http.h"
#include "record/journal.h"
#include "pace/pace.h"
#include "record/receipt.h"
#include "api/retry.h"

struct delivery {
	const struct endpoint *endpoint;
	const char *token; /* or NULL */
	struct http *http;
	struct pace *pace;
	struct journal *journal; /* or NULL */
	unsigned retries;
	struct retry retry;
	bool (*stop)(void *arg);  /* true: no new attempt */
	bool (*abort)(void *arg); /* true: what is in flight ends too */
	/* Told before each wait for another attempt. */
	void (*again)(void *arg, const struct receipt *r, double delay);
	void *arg;
};

enum delivery_end {
	DELIVERY_SETTLED,   /* r->state is accepted or unknown */
	DELIVERY_REFUSED,   /* … and no attempt of this run is in doubt */
	DELIVERY_DIVISIBLE, /* … but parts of it may be taken */
	DELIVERY_DENIED,    /* refused, and so would be all others */
	DELIVERY_EXHAUSTED, /* failed: the service cannot be reached */
	DELIVERY_STOPPED    /* failed or unknown: stop or abort said so */
};

/* What is sent: head, and body behind it. */
struct delivery_body {
	const char *head, *body;
	size_t head_size, size;
};

/*
 * Sends body.  *r says which one it is; of it, state, http, attempts, batch_id,
 * batch_status, message and time are filled in.
 *
 * r->state is what all attempts together come to.  Once one of them, or one of
 * an earlier run (r->duplicate), may have brought the batch to the service, it
 * is unknown, unless a later one is accepted: no refusal takes that back.
 *
 * -1: trouble on this machine; r->state is failed or unknown all the same.
 */
int delivery_run(struct delivery *d, const struct delivery_body *body,
    struct receipt *r, enum delivery_end *end, struct error *e);

#endif
