#include "target/score.h"

#include <string.h>

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

	return receipt_denied(r) ? EXIT_SERVICE : codes[r->state];
}

bool
score_add(struct score *s, const struct receipt *r, bool earlier)
{
	struct sender_counts *c = s->counts;

	c->states[r->state]++;
	c->duplicates += r->duplicate;
	c->rows += r->rows;
	c->bytes += r->bytes;
	c->calls += r->attempts;
	if (r->state == RECEIPT_ACCEPTED)
		c->rows_accepted += r->rows;
	if (r->state == RECEIPT_UNKNOWN) /* it may have been accepted */
		s->in_row = 0;
	/* Only what the service said in this run, and of whole batches. */
	if (earlier || r->state != RECEIPT_REFUSED || r->rows_from != 0)
		return false;
	return ++s->in_row >= SCORE_REFUSED_IN_ROW && !was_accepted(s);
}

bool
score_refusal(struct score *s)
{
	return ++s->calls >= SCORE_REFUSED_CALLS && !was_accepted(s);
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
	ndjson_set_count(o, "bytes", c->bytes);
	ndjson_set_count(o, "calls", c->calls);
	ndjson_set_count(o, "possibleDuplicates", c->duplicates);
}
