#include "base/safety.h"
#include "send/counts.h"

#include <stddef.h>

void
counts_free(struct counts *c)
{
	ranges_free(&c->left);
}

/* Has the service taken anything?  In an earlier run will do. */
static bool
was_accepted(const struct counts *c)
{
	return c->states[RECEIPT_ACCEPTED] + c->states[RECEIPT_SKIPPED] > 0;
}

/* The first reason stays.  True: the run is to stop. */
static bool
deny(struct counts *c, const char *why)
{
	if (c->denied == NULL)
		c->denied = why;
	return true;
}

bool
counts_denial(struct counts *c)
{
	return deny(c,
	    "the service refuses these batches: see that client code, token "
	    "and certificate are right");
}

enum exit_code
counts_code(const struct receipt *r)
{
	/* What was not sent is not why the run stopped. */
	if (r->result.state == RECEIPT_FAILED && r->result.attempts == 0)
		return EXIT_COMPLETE;
	return fate_code(r->result.state, r->result.fate);
}

bool
counts_receipt(struct counts *c, const struct receipt *r, bool earlier)
{
	enum receipt_state state = r->result.state;

	c->states[state]++;
	c->duplicates += r->part.doubtful;
	c->rows += r->part.rows;
	c->bytes += r->part.bytes;
	c->calls += r->result.attempts;
	if (state == RECEIPT_ACCEPTED || state == RECEIPT_SKIPPED)
		c->rows_accepted += r->part.rows;
	if (state == RECEIPT_SKIPPED)
		c->rows_skipped += r->part.rows;
	if (state == RECEIPT_ACCEPTED)
		c->refused_later = 0;
	if (state == RECEIPT_UNKNOWN) /* it may have been accepted */
		c->refused_in_row = c->refused_later = 0;
	/* Only what the service said in this run, and of whole batches. */
	if (!earlier && state == RECEIPT_REFUSED && r->part.from == 0 &&
	    ++c->refused_in_row >= COUNTS_REFUSED_IN_ROW && !was_accepted(c))
		return counts_denial(c);
	return false;
}

bool
counts_refusal(struct counts *c, uint64_t batch)
{
	if (c->refused_later++ == 0)
		c->refused_first = batch;
	if (++c->refused_calls >= COUNTS_REFUSED_CALLS && !was_accepted(c))
		return counts_denial(c);
	if (SAFETY("later-refusals-stop",
		c->refused_later >= COUNTS_REFUSED_LATER, false) &&
	    c->refused_first != batch)
		return deny(c,
		    "the service refused 20 calls in a row: see why it refuses "
		    "these batches");
	return false;
}

void
counts_set(const struct counts *c, ndjson *o)
{
	int i;

	ndjson_set_count(o, "batches", c->batches);
	for (i = 0; i < RECEIPT_STATES; i++)
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
