#include "sandbox/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/number.h"
#include "base/sha256.h"
#include "base/sys.h"
#include "sandbox/answer.h"
#include "sandbox/control.h"
#include "sandbox/form.h"
#include "sandbox/route.h"
#include "sandbox/single.h"
#include "sandbox/update.h"

/* So much of each body and answer is always let in: a small call goes through
 * however much others send. */
#define CALL_SMALL ((size_t)64 * 1024)

/* What is more than a batch may have is read so far, for its answer to arrive;
 * then the connection is closed. */
#define CALL_MAX_READ ((uint64_t)2 * UPDATE_MAX_BYTES)

/* So many bytes of a path are in the log; one that is right has fewer. */
enum { LOG_PATH = 2048 };

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

static bool
is_update(const struct call *c)
{
	return c->route.kind == ROUTE_UPDATE ||
	       c->route.kind == ROUTE_UPDATE_V2;
}

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
	enum fault_call kind = is_update(c) ? FAULT_BATCH : FAULT_STATUS;

	if (!route_takes(c->route.kind, c->method) ||
	    (!is_update(c) && c->route.kind != ROUTE_STATUS))
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
		      (is_update(c) || c->route.kind == ROUTE_SINGLE ||
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

static void
set_state(struct call *c, const char *state, unsigned int status)
{
	c->state = state;
	c->status = status;
}

int
call_body(struct call *c, const void *data, size_t n)
{
	c->bytes += n;
	if (c->bytes > CALL_MAX_READ) {
		set_state(c, "refused", 0);
		log_call(c);
		return -1;
	}
	if (!is_update(c) && (!is_form(c) || c->bytes > SINGLE_MAX_POST))
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
		set_state(c, "faulted", 0);
		log_call(c);
	}
	return now;
}

/* A plain answer of the edge's own, where nothing is documented. */
static void
say(struct call *c, struct call_answer *a, const char *state,
    unsigned int status, const char *text)
{
	set_state(c, state, status);
	a->status = status;
	a->type = "text/plain; charset=utf-8";
	a->body.len = 0;
	/* Without memory the answer is empty. */
	(void)answer_text(&a->body, "%s\n", text);
}

/* There was no memory, or no room, for what was asked. */
static void
say_lost(struct call *c, struct call_answer *a)
{
	buffer_free(&a->body);
	say(c, a, "failed", 503,
	    "No room for this: see --memory in tp-sandbox(1)");
}

static void
say_failed(struct call *c, struct call_answer *a, const struct error *e)
{
	if (e->code == EXIT_TEMPORARY) {
		say_lost(c, a);
		return;
	}
	say(c, a, "failed", 500, "The sandbox has failed");
	edge_fail(c->edge, e);
}

/* Faults in whose place nothing else is done. */
static bool
say_fault(struct call *c, struct call_answer *a)
{
	const struct fault *f = c->fault;

	switch (f->kind) {
	case FAULT_CODE:
		say(c, a, "faulted", (unsigned int)f->number,
		    "A fault on demand");
		if (f->retry_after != NULL)
			snprintf(a->retry_after, sizeof(a->retry_after), "%s",
			    f->retry_after);
		return true;
	case FAULT_REDIRECT:
		say(c, a, "faulted", 301, "A fault on demand");
		a->location = f->text;
		return true;
	case FAULT_FALSE:
		set_state(c, "faulted", 200);
		a->status = 200;
		a->type = "text/xml; charset=utf-8";
		if (answer_refused(&a->body,
			f->text == NULL ? "Unexpected error" : f->text) != 0)
			say_lost(c, a);
		return true;
	case FAULT_RESET_MID: /* of a body that is empty */
		set_state(c, "faulted", 0);
		a->end = CALL_RESET;
		return true;
	default:
		return false;
	}
}

static int
add_accepted(struct call *c, struct buffer *out)
{
	char url[512];

	snprintf(url, sizeof(url), "%s/m2/%s/profile/batchStatus?batchId=%s%s",
	    edge_address(c->edge), c->route.client, c->result.batch.id,
	    c->fault != NULL && c->fault->kind == FAULT_AMPERSAND ? "&m2Node=00"
								  : "");
	return answer_accepted(out, url);
}

static void
update(struct call *c, struct call_answer *a)
{
	const struct update_rules rules = {
	    .create = c->route.kind == ROUTE_UPDATE_V2,
	    .stuck = c->fault != NULL && c->fault->kind == FAULT_STUCK,
	    .order = c->settings->order,
	    .delay = c->settings->status_delay,
	    .keep = c->settings->keep,
	    .override_all = c->settings->override_all,
	    .first_wins = c->settings->first_wins,
	    .lose = edge_lose(c->edge),
	    .seed = c->settings->seed,
	};
	struct store_scope scope =
	    edge_scope(c->edge, c->route.client, STORE_THIRD_PARTY_ID);
	struct error e = ERROR_INIT;
	int failed;

	if (!c->form) {
		say(c, a, "refused", 415,
		    "Content-Type is not application/x-www-form-urlencoded");
		return;
	}
	if (c->bytes > UPDATE_MAX_BYTES) {
		say(c, a, "refused", 413, "The batch is 50 MB or more");
		return;
	}
	if (c->lost) {
		say_lost(c, a);
		return;
	}
	failed = update_apply(edge_lock(c->edge), &scope, &rules, c->body.data,
	    c->body.len, &c->result, &e);
	edge_unlock(c->edge);
	if (failed) {
		say_failed(c, a, &e);
		return;
	}
	set_state(c, c->result.refused == NULL ? "accepted" : "refused", 200);
	a->status = 200;
	a->type = "text/xml; charset=utf-8";
	/* Both are small: the room for them is there. */
	if (c->result.refused != NULL)
		(void)answer_refused(&a->body, c->result.refused);
	else
		(void)add_accepted(c, &a->body);
}

static void
status(struct call *c, struct call_answer *a)
{
	const int64_t now = edge_now(c->edge);
	struct store_batch batch;
	struct store *store;
	struct error e = ERROR_INIT;
	int found;

	if (c->batch_id == NULL) {
		say(c, a, "refused", 400, "batchId is missing");
		return;
	}
	store = edge_lock(c->edge);
	found =
	    store_status(store, c->route.client, c->batch_id, now, &batch, &e);
	if (found == 1 &&
	    answer_status(&a->body, store, &batch, now, c->details, &e) != 0)
		found = -1;
	edge_unlock(c->edge);
	if (found < 0) {
		say_failed(c, a, &e);
	} else if (found == 0) {
		say(c, a, "missing", 404, "No such batch, or no longer kept");
	} else {
		set_state(c, "answered", 200);
		a->status = 200;
		a->type = "text/xml; charset=utf-8";
	}
}

static void
profile(struct call *c, struct call_answer *a)
{
	const struct store_scope scope = edge_scope(c->edge, c->route.client,
	    c->route.kind == ROUTE_PROFILE ? STORE_PCID : STORE_THIRD_PARTY_ID);
	struct error e = ERROR_INIT;
	int code;

	if (c->route.client[0] == '\0') {
		say(c, a, "refused", 400, "client is missing, or no such code");
		return;
	}
	code = answer_profile(
	    &a->body, edge_lock(c->edge), &scope, c->route.id, &e);
	edge_unlock(c->edge);
	if (code < 0) {
		say_failed(c, a, &e);
		return;
	}
	set_state(c, code == 200 ? "answered" : "missing", (unsigned int)code);
	a->status = (unsigned int)code;
	a->type = "application/json; charset=utf-8";
}

/* Makes a text of a small body.  False: it was said why not. */
static bool
end_body(struct call *c, struct call_answer *a)
{
	if (c->bytes > SINGLE_MAX_POST) {
		say(c, a, "refused", 413, "The request has more than 60 KB");
		return false;
	}
	if (c->lost || buffer_add(&c->body, "", 1) != 0) {
		say_lost(c, a);
		return false;
	}
	return true;
}

static void
single(struct call *c, struct call_answer *a)
{
	struct store_scope scope =
	    edge_scope(c->edge, c->route.client, STORE_PCID);
	struct error e = ERROR_INIT;
	const char *refused;
	int result;

	if (strcmp(c->method, "GET") == 0 && c->target > SINGLE_MAX_GET) {
		say(c, a, "refused", 414, "The request has more than 8 KB");
		return;
	}
	if (!end_body(c, a))
		return;
	result = single_apply(
	    edge_lock(c->edge), &scope, c->query, c->body.data, &refused, &e);
	edge_unlock(c->edge);
	if (result != 0)
		say_failed(c, a, &e);
	else if (refused != NULL)
		say(c, a, "refused", 400, refused);
	else
		say(c, a, "accepted", 200,
		    "trueRequest successfully submitted");
}

static void
control(struct call *c, struct call_answer *a)
{
	struct error e = ERROR_INIT;
	unsigned int status;

	if (c->foreign) {
		say(c, a, "refused", 403,
		    "Not for pages of a browser, nor for other host names");
		return;
	}
	if (!end_body(c, a))
		return;
	status = control_apply(c->edge, c->query, c->body.data, &a->body, &e);
	if (status == 0) {
		say_failed(c, a, &e);
		return;
	}
	set_state(c, status == 200 ? "answered" : "refused", status);
	a->status = status;
	a->type = status == 200 ? "application/json; charset=utf-8"
				: "text/plain; charset=utf-8";
}

/* With 400 and XML: that much has been seen. */
static void
say_unknown_client(struct call *c, struct call_answer *a)
{
	set_state(c, "refused", 400);
	a->status = 400;
	a->type = "text/xml; charset=utf-8";
	(void)answer_refused(&a->body, "No such client");
}

static bool
is_there(const struct call *c)
{
	return c->route.kind != ROUTE_NONE &&
	       (c->route.kind != ROUTE_CONTROL ||
		   (edge_control(c->edge)[0] != '\0' &&
		       strcmp(c->path, edge_control(c->edge)) == 0));
}

static void
act(struct call *c, struct call_answer *a)
{
	if (!is_there(c)) {
		say(c, a, "missing", 404, "No such path");
	} else if (!route_takes(c->route.kind, c->method)) {
		say(c, a, "refused", 405, "No such method for this path");
		a->allow = route_methods(c->route.kind);
	} else if (c->limited) {
		say(c, a, "limited", 503, "Too many calls in a minute");
		if (c->settings->retry_after)
			snprintf(a->retry_after, sizeof(a->retry_after), "%d",
			    (int)c->wait + 1);
	} else if (c->fault != NULL && say_fault(c, a)) {
		;
	} else if (c->route.client[0] != '\0' &&
		   !edge_knows(c->edge, c->route.client)) {
		say_unknown_client(c, a);
	} else if (!c->token_good) {
		say(c, a, "denied", 401, "The token is missing or wrong");
	} else if (is_update(c)) {
		update(c, a);
	} else if (c->route.kind == ROUTE_STATUS) {
		status(c, a);
	} else if (c->route.kind == ROUTE_SINGLE) {
		single(c, a);
	} else if (c->route.kind == ROUTE_CONTROL) {
		control(c, a);
	} else {
		profile(c, a);
	}
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

	if (c->settings->log == NULL || !is_update(c) || c->lost)
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
		say_lost(c, a);
	else
		act(c, a);
	drop_body(c);
	if (!take(c, a->body.len))
		say_lost(c, a);
	a->length = 0;
	if (c->fault != NULL)
		spoil(c, a);
	if (a->length < a->body.len)
		a->length = a->body.len;
	log_call(c);
	edge_wait(c->edge, c->delay);
}
