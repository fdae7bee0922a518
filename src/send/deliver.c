#include "send/deliver.h"

#include <string.h>
#include <time.h>
#include "api/answer.h"
#include "base/clock.h"
#include "base/safety.h"
#include "base/signals.h"
#include "send/halving.h"

static const char not_sent[] = "not sent: the run had stopped";

/* While a batch is under way. */
struct delivery {
	struct deliverer *by;
	const struct send_settings *settings;
	struct batch *batch;
	struct halving halving;
	struct part whole;	    /* all of it, and … */
	struct result whole_result; /* … what came of sending that */
	unsigned calls;		    /* made for halves, in earlier runs too */
	unsigned attempts;	    /* not in a receipt yet */
	bool over;    /* nothing more of it is to be sent: refused … */
	bool stopped; /* … or the run has stopped */
	bool broken;  /* by an attempt, of which broke has what came of it */
	struct result broke;
	const char *token; /* that the last attempt went with; or NULL */
};

/* ---------------------------------------------------------- one attempt */

static int
request(struct delivery *d, const struct part *p, struct http_answer *a,
    struct error *e)
{
	const struct endpoint *ep = d->settings->endpoint;
	const struct http_request q = {
	    .url = ep->url,
	    .token = d->token,
	    .head = d->batch->body.data,
	    .head_size = d->batch->header,
	    .body = d->batch->body.data + p->at,
	    .size = p->size,
	    .direct = ep->origin.loopback,
	    .stop = signals_overdue,
	};

	return http_run(d->by->http, &q, a, e);
}

static void
record_result(
    struct delivery *d, uint64_t id, const struct receipt *r, struct error *e)
{
	if (SAFETY("journal-result", d->settings->journal != NULL, false))
		(void)journal_result(d->settings->journal, id, r, e);
}

/* The lines of the rows of a part that was accepted, before that is in the
 * journal: while it is not, the next run sends the part again, and writes them.
 * Else as rowfile_add. */
static int
write_rows(struct delivery *d, struct receipt *r, struct error *e)
{
	struct rowfile *rows = d->settings->rows;
	int result;

	if (rows == NULL || r->result.state != RECEIPT_ACCEPTED)
		return 0;
	result =
	    SAFETY("rows-of-accepted", rowfile_add(rows, d->batch, r, e), 0);
	if (result == 0)
		return 0;
	r->result.fate = FATE_BROKEN;
	r->result.state = fate_state(r->result.fate, false);
	result_set_message(
	    &r->result, "accepted, but its rows cannot be written to --rows");
	return result;
}

/* Trouble on this machine.  If nothing has left, the next run need not take the
 * attempt for one that the service may know of. */
static void
record_trouble(struct delivery *d, uint64_t id, struct receipt *r, bool left,
    const struct error *e)
{
	struct error more = ERROR_INIT;

	r->result.fate = left ? FATE_BROKEN : FATE_LOCAL;
	r->result.state = fate_state(r->result.fate, false);
	r->result.time = time(NULL);
	result_set_message(&r->result, e->text);
	/* If this cannot be written, the attempt stays open: the safe side. */
	if (SAFETY("unsent-is-not-open", !left, false))
		record_result(d, id, r, &more);
}

/*
 * One request, and what became of it by itself, in r->result.  It is in the
 * journal before its first byte leaves.  1: it was not made, as the run stops,
 * or was accepted when rows could not be written any more.  -1: no answer was
 * looked for, or its rows cannot be written.  If only its result cannot be
 * recorded, e says so.  What has no result is open for the next run.
 */
static int
attempt(
    struct delivery *d, struct receipt *r, double *retry_after, struct error *e)
{
	struct result *result = &r->result;
	struct http_answer a;
	struct answer answer;
	uint64_t id = 0;
	int status = 0;

	if (SAFETY(
		"journal-attempt-first", d->settings->journal != NULL, false))
		status =
		    journal_attempt(d->settings->journal, &r->part, &id, e);
	if (status < 0) {
		result->fate = FATE_LOCAL;
		result_set_message(result, e->text);
	}
	if (status != 0)
		return status;
	memset(&a, 0, sizeof(a));
	d->token = bearer_token(d->settings->bearer);
	if (request(d, &r->part, &a, e) != 0) {
		record_trouble(d, id, r, a.body_left, e);
		return -1;
	}
	answer_read(&answer, &a);
	*retry_after = a.retry_after;
	result->attempts++;
	result->fate = answer.fate;
	result->state = fate_state(answer.fate, false);
	result->http = a.status;
	memcpy(result->batch_id, answer.batch_id, sizeof(result->batch_id));
	memcpy(result->batch_status, answer.batch_status,
	    sizeof(result->batch_status));
	memcpy(result->message, answer.message, sizeof(result->message));
	/* The one time that is told: in the journal and in the receipt. */
	result->time = time(NULL);
	status = write_rows(d, r, e);
	if (status == 0)
		record_result(d, id, r, e);
	return status;
}

/* ------------------------------------------------------------- one part */

/* Waits until one more batch may be accepted.  1: it is not to be, as the run
 * stops. */
static int
enter_window(struct delivery *d, void **ticket, struct error *e)
{
	const struct send_window *w = &d->settings->window;

	return w->enter == NULL
		   ? 0
		   : w->enter(w->arg, ticket, desk_stopped, d->by->desk, e);
}

static void
tell_window(struct delivery *d, void *ticket, const struct receipt *r)
{
	const struct send_window *w = &d->settings->window;

	if (w->settled != NULL)
		w->settled(w->arg, ticket, r);
}

/* Waits for the time and the turn of the next attempt.  1: it is not to be
 * made, as the run stops. */
static int
wait_turn(struct delivery *d, double delay, struct error *e)
{
	struct desk *desk = d->by->desk;

	if (clock_sleep(delay, desk_stopped, desk) != 0)
		return 1;
	return pace_wait(d->settings->pace, CALLS_SEND, desk_stopped, desk, e);
}

/* What attempts at a part came to. */
enum end {
	END_ANSWERED,  /* or in doubt: other batches may do better */
	END_STOPPED,   /* the run does, or this machine is in trouble */
	END_EXHAUSTED, /* no attempt is left; the service cannot be reached */
};

/* The token was refused.  Is there another one now? */
static bool
has_new_token(struct delivery *d, struct result *r)
{
	char hint[BEARER_HINT];
	bool renewed = bearer_renewed(d->settings->bearer, d->token, hint);

	result_add_message(r, hint);
	return renewed;
}

/*
 * Sends a part, the same bytes again after what is temporary, and once after
 * the token was refused, if there is another one now.  r->result becomes what
 * all attempts together came to, as the receipt says it; *sent: an attempt of
 * this run may have brought it to the service.
 */
static enum end
send_part(struct delivery *d, struct receipt *r, bool *sent, struct error *e)
{
	struct result *result = &r->result;
	double delay = 0, after = -1;
	enum end end = END_STOPPED;
	unsigned busy = 0;
	bool renewed = false;

	*sent = false;
	for (;;) {
		int status = wait_turn(d, delay, e);

		if (status < 0) {
			result->fate = FATE_LOCAL;
			result_set_message(result, e->text);
			break;
		}
		if (status == 0)
			status = attempt(d, r, &after, e);
		if (status > 0) {
			if (result->attempts == 0)
				result_set_message(result, not_sent);
			break;
		}
		if (status == 0 && e->code == EXIT_COMPLETE &&
		    result->fate == FATE_DENIED && !renewed &&
		    has_new_token(d, result)) {
			renewed = true;
			delay = 0;
			desk_again(d->by->desk, r, delay);
			continue;
		}
		if (status == 0 && !fate_rule(result->fate)->again) {
			if (result->fate != FATE_INTERRUPTED &&
			    result->fate != FATE_STOPPED)
				end = END_ANSWERED;
			break;
		}
		if (fate_rule(result->fate)->state == RECEIPT_UNKNOWN)
			*sent = SAFETY("lost-is-unknown", true, false);
		if (e->code != EXIT_COMPLETE)
			break;
		if (result->attempts > d->settings->retries) {
			end = *sent ? END_ANSWERED : END_EXHAUSTED;
			break;
		}
		busy = result->fate == FATE_BUSY ? busy + 1 : 0;
		delay =
		    retry_wait(&d->by->retry, result->attempts, busy, after);
		desk_again(d->by->desk, r, delay);
	}
	result->state = fate_state(result->fate, *sent || r->part.doubtful);
	if (result->state == RECEIPT_UNKNOWN &&
	    fate_rule(result->fate)->state != RECEIPT_UNKNOWN)
		result_add_message(result,
		    " (but the service may have taken it from an earlier "
		    "attempt, which got no usable answer)");
	return end;
}

/* What is known of a part before anything is done about it. */
static void
begin_receipt(struct delivery *d, const struct part *part, struct receipt *r)
{
	const struct batch *b = d->batch;

	memset(r, 0, sizeof(*r));
	r->api = d->settings->endpoint->api;
	r->result.state = part->doubtful ? RECEIPT_UNKNOWN : RECEIPT_FAILED;
	r->result.fate = FATE_NOT_SENT;
	r->result.time = time(NULL);
	r->part = *part;
	if (part->rows == b->rows) {
		r->part = d->whole;
		r->part.doubtful = part->doubtful;
	} else if (part->sha256[0] == '\0') {
		r->part.bytes = b->header + part->size;
		sha256_add(d->by->sha256, b->body.data, b->header);
		sha256_add(d->by->sha256, b->body.data + part->at, part->size);
		sha256_take(d->by->sha256, r->part.sha256);
	}
}

static void
settle(struct delivery *d, struct receipt *r, bool keep, bool earlier)
{
	r->result.attempts = d->attempts;
	d->attempts = 0;
	desk_settle(d->by->desk, d->batch, r, keep, earlier);
}

/* Sends it, and stops what makes no sense any more.  True: its halves may be
 * taken.  r->result.state becomes what this run knows. */
static bool
try_to_send(struct delivery *d, struct receipt *r)
{
	const struct fate_rule *rule;
	struct error e = ERROR_INIT;
	bool sent = false, broken, refused;
	enum end end = END_STOPPED;
	void *ticket = NULL;
	int entered = enter_window(d, &ticket, &e);

	if (entered == 0) {
		end = send_part(d, r, &sent, &e);
		tell_window(d, ticket, r);
	} else {
		result_set_message(&r->result, entered < 0 ? e.text : not_sent);
		if (entered < 0)
			r->result.fate = FATE_LOCAL;
	}
	rule = fate_rule(r->result.fate);
	d->attempts += r->result.attempts;
	broken = end != END_ANSWERED || rule->stops;
	if (e.code != EXIT_COMPLETE)
		desk_trouble(d->by->desk, &e);
	if (end == END_EXHAUSTED)
		desk_stop(d->by->desk, EXIT_TEMPORARY);
	if (end == END_ANSWERED && rule->stops)
		desk_denied(d->by->desk);
	if (broken || e.code != EXIT_COMPLETE)
		d->stopped = true;
	if (broken && r->result.attempts > 0) {
		d->broken = true;
		d->broke = r->result;
	}
	if (r->result.state == RECEIPT_ACCEPTED) {
		settle(d, r, false, false);
		return false;
	}
	r->result.state = fate_state(r->result.fate, sent);
	refused = !broken && r->result.state == RECEIPT_REFUSED;
	if (refused && desk_refused(d->by->desk, r->part.batch))
		d->over = true;
	return refused && rule->divisible;
}

/* What the journal says of it. */
enum recalled {
	RECALLED_NOTHING, /* that would do: it is to be sent */
	RECALLED_SETTLED, /* and told */
	RECALLED_KEPT,
	RECALLED_REFUSED,
	RECALLED_UNREADABLE
};

/* What is in doubt is sent again, if it may be sent. */
static enum recalled
recall(struct delivery *d, struct receipt *r, bool may_send)
{
	struct journal *j = d->settings->journal;
	const struct past_entry *entry;
	struct error e = ERROR_INIT;
	struct past_found found;
	struct part part;

	if (j == NULL)
		return RECALLED_NOTHING;
	past_find(journal_past(j), &r->part, &found);
	if (SAFETY("doubt-outlives-runs",
		found.doubt != NULL || found.above != NULL, false)) {
		r->part.doubtful = true;
		r->result.state = RECEIPT_UNKNOWN;
	}
	entry = SAFETY("journal-skips-accepted", found.accepted, NULL);
	if (entry == NULL)
		entry = SAFETY("journal-skips-kept", found.kept, NULL);
	if (entry == NULL && SAFETY("doubt-is-sent-again",
				 found.doubt == NULL || !may_send, true))
		entry = found.refused;
	if (entry == NULL)
		return RECALLED_NOTHING;
	if (journal_recall(j, entry, &r->result, &e) != 0) {
		desk_trouble(d->by->desk, &e);
		d->stopped = true;
		part = r->part;
		begin_receipt(d, &part, r);
		r->result.fate = FATE_LOCAL;
		result_set_message(
		    &r->result, "not sent: the journal cannot be read");
		return RECALLED_UNREADABLE;
	}
	if (entry == found.kept)
		return RECALLED_KEPT;
	if (entry == found.refused)
		return RECALLED_REFUSED;
	r->part.doubtful = entry->part.doubtful;
	r->result.state = RECEIPT_SKIPPED;
	tell_window(d, NULL, r);
	settle(d, r, false, true);
	return RECALLED_SETTLED;
}

/*
 * What came of a part, told if it is accepted: by the journal, or by sending
 * it. *divide, *earlier: see halving_tell.
 */
static void
try_part(struct delivery *d, struct receipt *r, bool *divide, bool *earlier)
{
	bool half = r->part.from != 0;
	bool left = half && (d->over || d->calls >= d->settings->halving);
	enum recalled recalled = recall(d, r, !d->stopped && !left);

	*divide = recalled == RECALLED_REFUSED &&
		  fate_rule(r->result.fate)->divisible;
	*earlier = recalled == RECALLED_KEPT;
	if (recalled != RECALLED_NOTHING) {
		d->calls += half;
	} else if (d->stopped) {
		result_set_message(&r->result, not_sent);
	} else if (left) {
		r->result.fate = FATE_NOT_APART;
		r->result.state = RECEIPT_REFUSED;
		r->result.http = d->whole_result.http;
		result_set_message(&r->result,
		    "refused with its batch, and not sent apart: the calls for "
		    "this batch are used up");
	} else {
		d->calls += half;
		if (r->part.doubtful)
			desk_repeats(d->by->desk, &r->part);
		*divide = try_to_send(d, r);
	}
}

/* ----------------------------------------------------------- the batch */

/* A part that was not taken. */
static void
settle_left(struct delivery *d, const struct halving_left *l)
{
	bool journal = d->settings->journal != NULL, final;
	struct receipt r;

	begin_receipt(d, &l->part, &r);
	/* What is doubtful and was refused may be there all the same. */
	r.result.state = l->earlier	    ? RECEIPT_REFUSED
			 : l->part.doubtful ? RECEIPT_UNKNOWN
					    : l->state;
	r.result.fate = l->fate;
	r.result.http = l->http;
	result_set_message(&r.result, l->message);
	final = !l->earlier && fate_is_final(r.result.state, l->fate);
	settle(d, &r,
	    SAFETY("part-is-kept", final, false) ||
		(!l->earlier && SAFETY("unknown-not-kept", !journal, true)),
	    l->earlier);
}

/* Nothing of it was taken: it stays whole.  It has the answer that it got, or
 * the one by which the run was stopped while its halves were sent. */
static void
settle_whole(struct delivery *d)
{
	bool journal = d->settings->journal != NULL, final;
	struct receipt r;

	begin_receipt(d, &d->whole, &r);
	r.result = d->broken ? d->broke : d->whole_result;
	if (!d->broken && journal && d->stopped &&
	    r.result.state == RECEIPT_REFUSED) {
		/* The next run goes on with its halves. */
		r.result.state = RECEIPT_FAILED;
		result_add_message(
		    &r.result, " (not sent in halves: the run had stopped)");
	}
	final = fate_is_final(r.result.state, r.result.fate);
	settle(
	    d, &r, SAFETY("refused-is-kept", final, false) || !journal, false);
}

static void
settle_rest(struct delivery *d)
{
	const struct halving_left *l;
	size_t i;

	if (halving_left(&d->halving, 0) != NULL && !d->halving.divided) {
		settle_whole(d);
		return;
	}
	for (i = 0; (l = halving_left(&d->halving, i)) != NULL; i++)
		settle_left(d, l);
}

void
deliver(struct deliverer *by, struct batch *b, const char sha256[SHA256_HEX])
{
	struct delivery d = {
	    .by = by, .settings = by->desk->settings, .batch = b};
	struct error e = ERROR_INIT;
	bool divide, earlier;
	struct receipt r;
	struct part part;

	d.whole.batch = b->number;
	d.whole.rows = b->rows;
	d.whole.bytes = b->body.len;
	d.whole.at = b->header;
	d.whole.size = b->body.len - b->header;
	memcpy(d.whole.sha256, sha256, SHA256_HEX);
	halving_start(&d.halving, &d.whole, b->body.data, b->header);
	while (halving_next(&d.halving, &part)) {
		begin_receipt(&d, &part, &r);
		try_part(&d, &r, &divide, &earlier);
		if (part.from == 0)
			d.whole_result = r.result;
		if (halving_tell(&d.halving, &r.part, &r.result, divide,
			earlier, &e) != 0) {
			desk_trouble(by->desk, &e);
			d.stopped = true;
		}
	}
	settle_rest(&d);
	halving_free(&d.halving);
	desk_end_batch(by->desk);
}
