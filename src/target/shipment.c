#include "target/shipment.h"

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
	r->state = RECEIPT_FAILED; /* until more is known */
	r->time = time(NULL);
	r->batch = b->number;
	r->rows_from = is_whole(v, part) ? 0 : part->from;
	r->rows = part->rows;
	r->bytes = b->header + part->size;
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

	(void)delivery_run(&v->s->delivery, &body, r, &end, &e);
	v->attempts += r->attempts;
	if (end != DELIVERY_SETTLED || e.code != EXIT_COMPLETE)
		stop(v, end, &e);
	if (r->state == RECEIPT_ACCEPTED) {
		settle(v, part, r, false, false);
		return HALVING_TAKEN;
	}
	if (r->state == RECEIPT_UNKNOWN)
		return HALVING_UNKNOWN;
	if (r->state == RECEIPT_FAILED || receipt_denied(r))
		return HALVING_FAILED;
	if (v->s->refused(v->s->arg))
		v->over = true;
	return receipt_divisible(r) ? HALVING_REFUSED : HALVING_LEFT;
}

/* What an earlier run came to; false: it is to be sent. */
static bool
recall(struct voyage *v, struct halving_part *part, struct receipt *r,
    enum halving_verdict *verdict)
{
	struct journal *j = v->s->delivery.journal;
	const struct history_entry *entry;
	struct history_past past;
	struct error e = ERROR_INIT;

	if (j == NULL)
		return false;
	history_find(
	    journal_history(j), r->batch, r->rows_from, r->rows, &past);
	if (past.doubt != NULL)
		r->duplicate = part->marked = true;
	entry = past.accepted != NULL ? past.accepted
		: past.kept != NULL   ? past.kept
				      : past.refused;
	if (entry == NULL)
		return false;
	if (journal_recall(j, entry, r, &e) != 0) {
		stop(v, DELIVERY_SETTLED, &e);
		describe(v, part, r);
		snprintf(r->message, sizeof(r->message),
		    "not sent: the journal cannot be read");
		*verdict = HALVING_FAILED;
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
	enum halving_verdict verdict;

	describe(v, part, r);
	if (recall(v, part, r, &verdict)) {
		v->calls += half;
		return verdict;
	}
	if (v->stopped)
		return HALVING_FAILED;
	if (half && (v->over || v->calls >= v->s->calls))
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
	return p->kind == HALVING_FAILED ? "not sent: the run had stopped" : "";
}

static enum receipt_state
get_state(const struct halving_piece *p)
{
	if (p->kind == HALVING_UNKNOWN)
		return RECEIPT_UNKNOWN;
	return p->kind == HALVING_FAILED ? RECEIPT_FAILED : RECEIPT_REFUSED;
}

static void
settle_piece(struct voyage *v, const struct halving_piece *p)
{
	bool final = p->kind == HALVING_REFUSED || p->kind == HALVING_LEFT;
	bool earlier = p->kind == HALVING_KEPT;
	struct receipt r;

	describe(v, &p->part, &r);
	r.state = get_state(p);
	r.http = p->http;
	if (r.state == RECEIPT_REFUSED && r.http == 0)
		r.http = v->whole.http;
	snprintf(r.message, sizeof(r.message), "%s", explain(p));
	settle(v, &p->part, &r,
	    final || (!earlier && v->s->delivery.journal == NULL), earlier);
}

/* Nothing of it was taken: it stays whole, with the answer that it got. */
static void
settle_whole(struct voyage *v)
{
	const struct halving_part all = {1, v->batch->rows, v->batch->header,
	    v->batch->body.len - v->batch->header, false};
	bool journal = v->s->delivery.journal != NULL;
	struct receipt *r = &v->whole;
	bool final = r->state == RECEIPT_REFUSED && !receipt_denied(r);
	const struct halving_piece *p;
	size_t i;

	for (i = 0; (p = halving_piece(&v->halving, i)) != NULL; i++)
		r->duplicate |= p->part.marked;
	if (final && journal && v->stopped) {
		/* The next run goes on with its halves. */
		final = false;
		r->state = RECEIPT_FAILED;
	}
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
