#include "send/score.h"

#include <string.h>

const char score_none_taken[] =
    "the service refuses these batches: see that client code, token and "
    "certificate are right";

void
score_start(struct score *s, struct sender_counts *counts)
{
	memset(s, 0, sizeof(*s));
	s->counts = counts;
}

/* Has the service taken anything?  In an earlier run will do. */
static bool
was_accepted(const struct score *s)
{
	const uint64_t *states = s->counts->states;

	return states[RECEIPT_ACCEPTED] + states[RECEIPT_SKIPPED] > 0;
}

enum exit_code
score_code(const struct receipt *r)
{
	static const enum exit_code codes[RECEIPT_SKIPPED + 1] = {
	    [RECEIPT_REFUSED] = EXIT_REJECTED,
	    [RECEIPT_UNKNOWN] = EXIT_UNKNOWN,
	    [RECEIPT_INVALID] = EXIT_INPUT,
	};

	if (r->state == RECEIPT_FAILED && r->attempts > 0)
		return EXIT_TEMPORARY; /* else it is not why the run stopped */
	return receipt_denied(r) ? EXIT_SERVICE : codes[r->state];
}

const char *
score_add(struct score *s, const struct receipt *r, bool earlier)
{
	struct sender_counts *c = s->counts;

	c->states[r->state]++;
	c->duplicates += r->duplicate;
	c->rows += r->rows;
	c->bytes += r->bytes;
	c->calls += r->attempts;
	if (r->state == RECEIPT_ACCEPTED || r->state == RECEIPT_SKIPPED)
		c->rows_accepted += r->rows;
	if (r->state == RECEIPT_SKIPPED)
		c->rows_skipped += r->rows;
	if (r->state == RECEIPT_ACCEPTED)
		s->later = 0;
	if (r->state == RECEIPT_UNKNOWN) /* it may have been accepted */
		s->in_row = s->later = 0;
	/* Only what the service said in this run, and of whole batches. */
	if (earlier || r->state != RECEIPT_REFUSED || r->rows_from != 0)
		return NULL;
	return ++s->in_row >= SCORE_REFUSED_IN_ROW && !was_accepted(s)
		   ? score_none_taken
		   : NULL;
}

const char *
score_refusal(struct score *s, uint64_t batch)
{
	if (s->later++ == 0)
		s->first = batch;
	if (++s->calls >= SCORE_REFUSED_CALLS && !was_accepted(s))
		return score_none_taken;
	return s->later >= SCORE_REFUSED_LATER && s->first != batch
		   ? "the service refused 20 calls in a row: see why it "
		     "refuses "
		     "these batches"
		   : NULL;
}

void
score_set(const struct sender_counts *c, ndjson *o)
{
	int i;

	ndjson_set_count(o, "batches", c->batches);
	for (i = 0; i <= RECEIPT_SKIPPED; i++)
		ndjson_set_count(
		    o, receipt_state_name((enum receipt_state)i), c->states[i]);
	ndjson_set_count(o, "passedOver", c->passed);
	ndjson_set_count(o, "rows", c->rows);
	ndjson_set_count(o, "rowsAccepted", c->rows_accepted);
	ndjson_set_count(o, "rowsSkipped", c->rows_skipped);
	ndjson_set_count(o, "bytes", c->bytes);
	ndjson_set_count(o, "calls", c->calls);
	ndjson_set_count(o, "possibleDuplicates", c->duplicates);
}
