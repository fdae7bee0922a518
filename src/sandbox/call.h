/*
 * call.h: one request, from its headers to what is to be sent back.  Knows
 * nothing of the network: server.c hands in and takes out.
 */
#ifndef TP_SANDBOX_CALL_H
#define TP_SANDBOX_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "sandbox/edge.h"

/* What the headers said; nothing of it is needed after call_open. */
struct call_head {
	const char *method;
	const char *path; /* decoded, without the query */
	/* From the query; NULL: not there. */
	const char *client;
	const char *batch_id;
	const char *show_details;
	const char *query; /* as it came; NULL: there is none */
	size_t target;	   /* bytes of path and query, as they came */
	/* From the headers; NULL: not there. */
	const char *authorization;
	const char *content_length;
	const char *content_type;
	const char *host;
	const char *origin;
};

enum call_end {
	CALL_WHOLE,
	CALL_CUT,	 /* send half of it, then close */
	CALL_RESET_HALF, /* send half of it, then reset */
	CALL_RESET	 /* send nothing */
};

struct call_answer {
	unsigned int status;
	const char *type;
	struct buffer body;    /* call_answer fills it; to be freed */
	size_t length;	       /* the body, and spaces behind it */
	const char *location;  /* header; NULL: none; lives with the edge */
	char retry_after[256]; /* header; "": none */
	const char *allow;     /* header; NULL: none */
	enum call_end end;
};

struct call;

/* NULL: no memory. */
struct call *call_open(struct edge *edge, const struct call_head *head);

/* A call that was not answered goes into the log as "aborted". */
void call_close(struct call *c);

/* Takes the next part of the body.  -1: it will not end; the connection is to
 * be closed. */
int call_body(struct call *c, const void *data, size_t n);

/* True: the connection is to be reset at this point of the request. */
bool call_resets(struct call *c);

/* The body is whole: does what was asked for, and says what to send; waits
 * if a fault says so. */
void call_answer(struct call *c, struct call_answer *a);

#endif
