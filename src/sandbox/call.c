#include "sandbox/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/number.h"
#include "base/sha256.h"
#include "base/sys.h"
#include "sandbox/act.h"
#include "sandbox/answer.h"
#include "sandbox/calldata.h"
#include "sandbox/control.h"
#include "sandbox/form.h"
#include "sandbox/single.h"

/* So much of each body and answer is always let in: a small call goes through
 * however much others send. */
#define CALL_SMALL ((size_t)64 * 1024)

/* What is more than a batch may have is read so far, for its answer to arrive;
 * then the connection is closed. */
#define CALL_MAX_READ ((uint64_t)2 * UPDATE_MAX_BYTES)

/* So many bytes of a path are in the log; one that is right has fewer. */
enum { LOG_PATH = 2048 };

/* What there is a small body for, or a query that is a form. */
static bool
is_form(const struct call *c)
{
	return c->route.kind == ROUTE_SINGLE || c->route.kind == ROUTE_CONTROL;
}

/* Bulk updates and requests for a status are what counts, and what faults
 * are for. */
static void
admit(struct call *c)
{
	enum fault_call kind =
	    calldata_is_update(c) ? FAULT_BATCH : FAULT_STATUS;

	if (!route_takes(c->route.kind, c->method) ||
	    (!calldata_is_update(c) && c->route.kind != ROUTE_STATUS))
		return;
	c->limited = !edge_admit(c->edge, kind, &c->number, &c->wait);
	if (c->limited)
		return;
	c->fault = edge_fault(c->edge, kind, c->number, &c->delay);
}

static void
check_token(struct call *c, const char *authorization)
{
	static const char scheme[] = "Bearer ";
	const size_t n = sizeof(scheme) - 1;
	bool needed = c->settings->token_file != NULL &&
		      c->route.kind != ROUTE_CONTROL &&
		      (calldata_is_update(c) || c->route.kind == ROUTE_SINGLE ||
			  c->settings->token_always);

	c->token_sent = authorization != NULL;
	c->token_good =
	    !needed ||
	    (authorization != NULL && strncmp(authorization, scheme, n) == 0 &&
		edge_token_good(c->edge, authorization + n));
}

static void
call_free(struct call *c)
{
	free(c->method);
	free(c->path);
	free(c->batch_id);
	free(c->query);
	buffer_free(&c->body);
	edge_give(c->edge, c->taken);
	free(c);
}

struct call *
call_open(struct edge *edge, const struct call_head *head)
{
	struct call *c = sys_calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->edge = edge;
	c->settings = edge_settings(edge);
	c->method = sys_strdup(head->method);
	c->path = sys_strdup(head->path);
	if (head->batch_id != NULL)
		c->batch_id = sys_strdup(head->batch_id);
	c->query = sys_strdup(head->query == NULL ? "" : head->query);
	c->target = head->target;
	c->foreign = control_is_foreign(edge, head->host, head->origin);
	buffer_init(&c->body, UPDATE_MAX_BYTES);
	/* Even an empty body is somewhere. */
	if (c->method == NULL || c->path == NULL || c->query == NULL ||
	    (head->batch_id != NULL && c->batch_id == NULL) ||
	    buffer_reserve(&c->body, 1) != 0) {
		call_free(c);
		return NULL;
	}
	route_find(&c->route, c->path);
	/* A profile's path names none. */
	if (c->route.client[0] == '\0' && head->client != NULL &&
	    route_is_client(head->client))
		snprintf(c->route.client, sizeof(c->route.client), "%s",
		    head->client);
	c->details = head->show_details != NULL &&
		     strcmp(head->show_details, "true") == 0;
	if (head->content_length != NULL)
		(void)number_parse(
		    head->content_length, 0, UINT64_MAX, &c->expected);
	c->form = form_is_type(head->content_type);
	check_token(c, head->authorization);
	admit(c);
	return c;
}

static void
log_call(struct call *c)
{
	ndjson *line = ndjson_new();
	char text[CLOCK_TEXT];

	ndjson_set_string(
	    line, "time", clock_text((time_t)(edge_now(c->edge) / 1000), text));
	ndjson_set_string(line, "method", c->method);
	/* The end of the path for changes is a secret. */
	ndjson_set_text(line, "path", c->path,
	    c->route.kind == ROUTE_CONTROL ? strlen("/control/")
					   : strnlen(c->path, LOG_PATH));
	if (c->number > 0)
		ndjson_set_count(line, "call", c->number);
	ndjson_set_string(line, "state", c->state);
	ndjson_set_count(line, "status", c->status);
	if (c->fault != NULL)
		ndjson_set_string(line, "fault", fault_name(c->fault->kind));
	ndjson_set_bool(line, "token", c->token_sent);
	ndjson_set_count(line, "bytes", c->bytes);
	if (c->result.batch.size > 0)
		ndjson_set_count(line, "rows", c->result.batch.size);
	if (c->result.dropped > 0)
		ndjson_set_count(line, "dropped", c->result.dropped);
	if (c->result.lost > 0)
		ndjson_set_count(line, "lost", c->result.lost);
	if (c->sha256[0] != '\0')
		ndjson_set_string(line, "sha256", c->sha256);
	if (c->result.batch.id[0] != '\0')
		ndjson_set_string(line, "batchId", c->result.batch.id);
	edge_log(c->edge, line);
	edge_count(c->edge, c->state,
	    c->result.batch.id[0] == '\0' ? 0 : c->result.batch.consumed);
}

void
call_close(struct call *c)
{
	if (c == NULL)
		return;
	if (c->state == NULL) {
		c->state = "aborted";
		log_call(c);
	}
	call_free(c);
}

/* Has n bytes of the edge's memory for this call, no longer or more; but for
 * the first CALL_SMALL, which are always there.  False: there are not. */
static bool
take(struct call *c, size_t n)
{
	n = n > CALL_SMALL ? n - CALL_SMALL : 0;
	if (n > c->taken && !edge_take(c->edge, n - c->taken))
		return false;
	if (n < c->taken)
		edge_give(c->edge, c->taken - n);
	c->taken = n;
	return true;
}

static void
drop_body(struct call *c)
{
	buffer_free(&c->body);
	(void)take(c, 0);
}

int
call_body(struct call *c, const void *data, size_t n)
{
	c->bytes += n;
	if (c->bytes > CALL_MAX_READ) {
		calldata_set(c, "refused", 0);
		log_call(c);
		return -1;
	}
	if (!calldata_is_update(c) &&
	    (!is_form(c) || c->bytes > SINGLE_MAX_POST))
		return 0;
	if (!c->lost && c->bytes <= UPDATE_MAX_BYTES &&
	    take(c, c->body.len + n) && buffer_add(&c->body, data, n) == 0)
		return 0;
	c->lost = true;
	drop_body(c);
	return 0;
}

bool
call_resets(struct call *c)
{
	bool now = c->fault != NULL &&
		   (c->fault->kind == FAULT_RESET_BEFORE ||
		       (c->fault->kind == FAULT_RESET_MID && c->bytes > 0 &&
			   c->bytes >= c->expected / 2));

	if (now) {
		calldata_set(c, "faulted", 0);
		log_call(c);
	}
	return now;
}

/* Faults that spoil the answer to what was done.  What they say is small. */
static void
spoil(struct call *c, struct call_answer *a)
{
	switch (c->fault->kind) {
	case FAULT_RESET_AFTER:
		c->status = 0;
		a->end = CALL_RESET;
		break;
	case FAULT_RESET_ANSWER:
		a->end = CALL_RESET_HALF;
		break;
	case FAULT_CUT:
		a->end = CALL_CUT;
		break;
	case FAULT_MALFORMED:
		a->body.len = 0;
		(void)answer_text(&a->body, "<response><success>tr");
		break;
	case FAULT_HUGE:
		a->length = (size_t)c->fault->number;
		break;
	case FAULT_EMPTY:
		a->body.len = 0;
		break;
	case FAULT_HTML:
		a->type = "text/html; charset=utf-8";
		a->body.len = 0;
		(void)answer_text(&a->body,
		    "<!DOCTYPE html>\n<html><head><title>Please wait</title>"
		    "</head><body><h1>Please wait</h1></body></html>\n");
		break;
	default:
		break;
	}
}

/* Of the body as it came: update_apply changes it. */
static void
take_sha256(struct call *c)
{
	struct sha256 *h;

	if (c->settings->log == NULL || !calldata_is_update(c) || c->lost)
		return;
	h = sha256_new();
	if (h == NULL) {
		c->lost = true;
		return;
	}
	sha256_add(h, c->body.data, c->body.len);
	sha256_take(h, c->sha256);
	sha256_free(h);
}

void
call_answer(struct call *c, struct call_answer *a)
{
	memset(a, 0, sizeof(*a));
	buffer_init(&a->body, ANSWER_MAX);
	take_sha256(c);
	/* What is done must not fail for want of memory to say so. */
	if (buffer_reserve(&a->body, ANSWER_SMALL) != 0)
		act_lost(c, a);
	else
		act_on(c, a);
	drop_body(c);
	if (!take(c, a->body.len))
		act_lost(c, a);
	a->length = 0;
	if (c->fault != NULL)
		spoil(c, a);
	if (a->length < a->body.len)
		a->length = a->body.len;
	log_call(c);
	edge_wait(c->edge, c->delay);
}
