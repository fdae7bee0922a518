#include "send/shipment.h"

#include <stdio.h>
#include <string.h>

/* While a batch is under way. */
struct voyage {
	struct shipment *s;
	const struct batch *batch;
	const char *sha256;
	struct halving halving;
	struct receipt whole; /* what came of sending all of it */
	unsigned calls;	      /* made for halves, in earlier runs too */
	unsigned attempts;    /* not in a receipt yet */
	bool over;    /* nothing more of it is to be sent: refused … */
	bool stopped; /* … or the run has stopped */
	bool broken;  /* by an attempt, of which broke has what came of it */
	struct receipt broke;
};

static void
stop(struct voyage *v, enum delivery_end why, const struct error *e)
{
	v->stopped = true;
	v->s->stopped(v->s->arg, why, e);
}

/* ------------------------------------------------------------ one part */

static bool
is_whole(const struct voyage *v, const struct halving_part *part)
{
	return part->rows == v->batch->rows;
}

/* A part is marked if an earlier run may have sent it. */
static void
describe(struct voyage *v, const struct halving_part *part, struct receipt *r)
{
	const struct batch *b = v->batch;
	struct sha256 *h = v->s->sha256;

	memset(r, 0, sizeof(*r));
	/* Until more is known. */
	r->state = part->marked ? RECEIPT_UNKNOWN : RECEIPT_FAILED;
	r->time = time(NULL);
	r->batch = b->number;
	r->rows_from = is_whole(v, part) ? 0 : part->from;
	r->rows = part->rows;
	r->bytes = b->header + part->size;
	r->api = v->s->delivery.endpoint->api;
	r->duplicate = part->marked;
	if (is_whole(v, part)) {
		memcpy(r->sha256, v->sha256, SHA256_HEX);
		return;
	}
	sha256_add(h, b->body.data, b->header);
	sha256_add(h, b->body.data + part->at, part->size);
	sha256_take(h, r->sha256);
}

static void
settle(struct voyage *v, const struct halving_part *part, struct receipt *r,
    bool keep, bool earlier)
{
	struct shipment_piece piece;

	r->attempts = v->attempts;
	v->attempts = 0;
	memset(&piece, 0, sizeof(piece));
	piece.receipt = *r;
	piece.at = part->at;
	piece.size = part->size;
	piece.keep = keep;
	piece.earlier = earlier;
	v->s->settled(v->s->arg, &piece);
}

/* Sends it.  What is neither taken nor refused stops the halving. */
static enum halving_verdict
deliver(struct voyage *v, const struct halving_part *part, struct receipt *r)
{
	const struct batch *b = v->batch;
	const struct delivery_body body = {
	    b->body.data, b->body.data + part->at, b->header, part->size};
	enum delivery_end end = DELIVERY_SETTLED;
	struct error e = ERROR_INIT;
	bool broken;

	(void)delivery_run(&v->s->delivery, &body, r, &end, &e);
	v->attempts += r->attempts;
	broken = end == DELIVERY_DENIED || end == DELIVERY_EXHAUSTED ||
		 end == DELIVERY_STOPPED;
	if (broken || e.code != EXIT_COMPLETE)
		stop(v, end, &e);
	if (broken && r->attempts > 0) {
		v->broken = true;
		v->broke = *r;
	}
	if (r->state == RECEIPT_ACCEPTED) {
		settle(v, part, r, false, false);
		return HALVING_TAKEN;
	}
	if (end == DELIVERY_REFUSED || end == DELIVERY_DIVISIBLE) {
		if (v->s->refused(v->s->arg))
			v->over = true;
		return end == DELIVERY_DIVISIBLE ? HALVING_REFUSED
						 : HALVING_LEFT;
	}
	return r->state == RECEIPT_UNKNOWN ? HALVING_UNKNOWN : HALVING_FAILED;
}

/* It is not sent in this run; but an earlier one may have sent it. */
static enum halving_verdict
leave(const struct halving_part *part)
{
	return part->marked ? HALVING_UNKNOWN : HALVING_FAILED;
}

/* What an earlier run came to; false: nothing that would do.  What is in doubt
 * is sent again, if it may be sent. */
static bool
recall(struct voyage *v, struct halving_part *part, struct receipt *r,
    bool may_send, enum halving_verdict *verdict)
{
	struct journal *j = v->s->delivery.journal;
	const struct history_entry *entry;
	struct history_past past;
	struct error e = ERROR_INIT;

	if (j == NULL)
		return false;
	history_find(
	    journal_history(j), r->batch, r->rows_from, r->rows, &past);
	if (past.doubt != NULL || past.above != NULL) {
		r->duplicate = part->marked = true;
		r->state = RECEIPT_UNKNOWN;
	}
	entry = past.accepted != NULL ? past.accepted : past.kept;
	if (entry == NULL && (past.doubt == NULL || !may_send))
		entry = past.refused;
	if (entry == NULL)
		return false;
	if (journal_recall(j, entry, r, &e) != 0) {
		stop(v, DELIVERY_SETTLED, &e);
		describe(v, part, r);
		snprintf(r->message, sizeof(r->message),
		    "not sent: the journal cannot be read");
		*verdict = leave(part);
	} else if (entry == past.accepted) {
		r->state = RECEIPT_SKIPPED;
		settle(v, part, r, false, true);
		*verdict = HALVING_TAKEN;
	} else if (entry == past.kept) {
		*verdict = HALVING_KEPT;
	} else {
		*verdict =
		    receipt_divisible(r) ? HALVING_REFUSED : HALVING_LEFT;
	}
	return true;
}

static enum halving_verdict
try_part(struct voyage *v, struct halving_part *part, struct receipt *r)
{
	bool half = !is_whole(v, part);
	bool left = half && (v->over || v->calls >= v->s->calls);
	enum halving_verdict verdict;

	describe(v, part, r);
	if (recall(v, part, r, !v->stopped && !left, &verdict)) {
		v->calls += half;
		return verdict;
	}
	if (v->stopped)
		return leave(part);
	if (left)
		return HALVING_LEFT;
	v->calls += half;
	if (r->duplicate)
		v->s->repeats(v->s->arg, r);
	return deliver(v, part, r);
}

/* ----------------------------------------------------------- the batch */

static const char *
explain(const struct halving_piece *p)
{
	if (p->message[0] != '\0')
		return p->message;
	if (p->kind == HALVING_LEFT)
		return "refused with its batch, and not sent apart: the calls "
		       "for this batch are used up";
	if (p->kind == HALVING_FAILED || p->kind == HALVING_UNKNOWN)
		return "not sent: the run had stopped";
	return "";
}

/* What is marked and was refused may be there all the same. */
static enum receipt_state
get_state(const struct voyage *v, const struct halving_piece *p)
{
	if (p->kind == HALVING_KEPT)
		return RECEIPT_REFUSED;
	if (p->kind == HALVING_UNKNOWN || p->part.marked)
		return RECEIPT_UNKNOWN;
	if (p->kind != HALVING_FAILED)
		return RECEIPT_REFUSED;
	/* With the credentials, or not sent. */
	return v->broken && receipt_denied(&v->broke) &&
		       p->http == v->broke.http
		   ? RECEIPT_REFUSED
		   : RECEIPT_FAILED;
}

static void
settle_piece(struct voyage *v, const struct halving_piece *p)
{
	bool earlier = p->kind == HALVING_KEPT;
	struct receipt r;
	bool final;

	describe(v, &p->part, &r);
	r.state = get_state(v, p);
	r.http = p->http;
	final =
	    r.state == RECEIPT_REFUSED && !earlier && p->kind != HALVING_FAILED;
	if (final && r.http == 0)
		r.http = v->whole.http;
	snprintf(r.message, sizeof(r.message), "%s", explain(p));
	settle(v, &p->part, &r,
	    final || (!earlier && v->s->delivery.journal == NULL), earlier);
}

/* Nothing of it was taken: it stays whole.  It has the answer that it got, or
 * the one by which the run was stopped while its halves were sent. */
static void
settle_whole(struct voyage *v)
{
	static const char not_halved[] =
	    " (not sent in halves: the run had stopped)";
	const struct halving_part all = {1, v->batch->rows, v->batch->header,
	    v->batch->body.len - v->batch->header, false};
	bool journal = v->s->delivery.journal != NULL;
	struct receipt *r = &v->whole;
	bool final;

	if (v->broken) {
		r->state = v->broke.state;
		r->http = v->broke.http;
		r->time = v->broke.time;
		memcpy(r->message, v->broke.message, sizeof(r->message));
	} else if (journal && v->stopped && r->state == RECEIPT_REFUSED) {
		/* The next run goes on with its halves. */
		r->state = RECEIPT_FAILED;
		receipt_add_message(r, not_halved);
	}
	final = r->state == RECEIPT_REFUSED && !receipt_denied(r);
	settle(v, &all, r, final || !journal, false);
}

static void
settle_rest(struct voyage *v)
{
	const struct halving_piece *p;
	size_t i;

	if (halving_piece(&v->halving, 0) != NULL && !v->halving.divided) {
		settle_whole(v);
		return;
	}
	for (i = 0; (p = halving_piece(&v->halving, i)) != NULL; i++)
		settle_piece(v, p);
}

void
shipment_run(struct shipment *s, const struct batch *b, const char *sha256)
{
	struct error e = ERROR_INIT;
	struct halving_part part;
	struct receipt r;
	struct voyage v;

	memset(&v, 0, sizeof(v));
	v.s = s;
	v.batch = b;
	v.sha256 = sha256;
	halving_start(
	    &v.halving, b->body.data, b->header, b->body.len, b->rows);
	while (halving_next(&v.halving, &part)) {
		enum halving_verdict verdict = try_part(&v, &part, &r);

		if (is_whole(&v, &part))
			v.whole = r;
		if (halving_tell(
			&v.halving, &part, verdict, r.http, r.message, &e) != 0)
			stop(&v, DELIVERY_SETTLED, &e);
	}
	settle_rest(&v);
	halving_free(&v.halving);
}
