/*
 * calldata.h: what is known of a call: call.c leads it from its headers to its
 * line in the log, act.c does what it asks for.  Nothing else includes this.
 */
#ifndef TP_SANDBOX_CALLDATA_H
#define TP_SANDBOX_CALLDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/sha256.h"
#include "sandbox/call.h"
#include "sandbox/edge.h"
#include "sandbox/route.h"
#include "sandbox/update.h"

struct call {
	struct edge *edge;
	const struct edge_settings *settings;
	char *method;
	char *path;
	struct route route; /* its id is within path */
	char *batch_id;	    /* NULL: none */
	char *query;	    /* encoded; "": none */
	size_t target;	    /* as in struct call_head */
	bool foreign;	    /* control_is_foreign */
	bool details;
	bool form; /* the body's Content-Type is the one of a batch */
	bool token_sent;
	bool token_good;
	bool limited;
	double wait;	 /* seconds until the limit lets calls through */
	uint64_t number; /* of its kind; 0: is not counted */
	const struct fault *fault;
	uint64_t delay;
	uint64_t expected;  /* bytes; 0: not said */
	uint64_t bytes;	    /* that came */
	struct buffer body; /* them, as long as they are no more than a batch */
	size_t taken;	    /* of the edge's memory */
	bool lost;	    /* there was no room for the body */

	/* For the log: */
	const char *state; /* NULL: has not been answered */
	unsigned int status;
	struct update_result result;
	char sha256[SHA256_HEX]; /* "" unless it is an update */
};

static inline bool
calldata_is_update(const struct call *c)
{
	return c->route.kind == ROUTE_UPDATE ||
	       c->route.kind == ROUTE_UPDATE_V2;
}

/* What becomes of it, for the log; status 0: nothing is sent. */
static inline void
calldata_set(struct call *c, const char *state, unsigned int status)
{
	c->state = state;
	c->status = status;
}

#endif
