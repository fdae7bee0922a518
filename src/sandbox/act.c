#include "sandbox/act.h"

#include <stdio.h>
#include <string.h>
#include "sandbox/answer.h"
#include "sandbox/calldata.h"
#include "sandbox/control.h"
#include "sandbox/single.h"

/* A plain answer of the edge's own, where nothing is documented. */
static void
say(struct call *c, struct call_answer *a, const char *state,
    unsigned int status, const char *text)
{
	calldata_set(c, state, status);
	a->status = status;
	a->type = "text/plain; charset=utf-8";
	a->body.len = 0;
	/* Without memory the answer is empty. */
	(void)answer_text(&a->body, "%s\n", text);
}

void
act_lost(struct call *c, struct call_answer *a)
{
	buffer_free(&a->body);
	say(c, a, "failed", 503,
	    "No room for this: see --memory in tp-sandbox(1)");
}

static void
say_failed(struct call *c, struct call_answer *a, const struct error *e)
{
	if (e->code == EXIT_TEMPORARY) {
		act_lost(c, a);
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
		calldata_set(c, "faulted", 200);
		a->status = 200;
		a->type = "text/xml; charset=utf-8";
		if (answer_refused(&a->body,
			f->text == NULL ? "Unexpected error" : f->text) != 0)
			act_lost(c, a);
		return true;
	case FAULT_RESET_MID: /* of a body that is empty */
		calldata_set(c, "faulted", 0);
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
		act_lost(c, a);
		return;
	}
	failed = update_apply(edge_lock(c->edge), &scope, &rules, c->body.data,
	    c->body.len, &c->result, &e);
	edge_unlock(c->edge);
	if (failed) {
		say_failed(c, a, &e);
		return;
	}
	calldata_set(
	    c, c->result.refused == NULL ? "accepted" : "refused", 200);
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
		calldata_set(c, "answered", 200);
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
	calldata_set(
	    c, code == 200 ? "answered" : "missing", (unsigned int)code);
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
		act_lost(c, a);
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
	calldata_set(c, status == 200 ? "answered" : "refused", status);
	a->status = status;
	a->type = status == 200 ? "application/json; charset=utf-8"
				: "text/plain; charset=utf-8";
}

/* With 400 and XML: that much has been seen. */
static void
say_unknown_client(struct call *c, struct call_answer *a)
{
	calldata_set(c, "refused", 400);
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

void
act_on(struct call *c, struct call_answer *a)
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
	} else if (calldata_is_update(c)) {
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
