#include "status/counts.h"

void
status_counts_receipt(struct status_counts *c, const struct receipt *receipt)
{
	const struct result *r = &receipt->result;

	c->receipts[r->state]++;
	c->denied += fate_is_denial(r->state, r->fate);
	c->code = exit_worse(c->code, fate_code(r->state, r->fate));
}

void
status_counts_trouble(
    struct status_counts *c, bool malformed, enum exit_code code)
{
	c->malformed += malformed;
	c->code = exit_worse(c->code, code);
}

void
status_counts_outcome(struct status_counts *c, const struct outcome *o)
{
	uint64_t not_found =
	    o->counted[OUTCOME_NOT_FOUND] ? o->counts[OUTCOME_NOT_FOUND] : 0;

	c->code = exit_worse(c->code, outcome_code(o));
	c->outcomes[o->state]++;
	c->rows += o->part.rows;
	c->reconciled += o->reconciled;
	c->rows_reconciled += o->reconciled ? o->part.rows : 0;
	c->not_found += not_found;
	c->unmade += o->api == ENDPOINT_V1 ? not_found : 0;
}

static uint64_t
sum(const uint64_t *counts, int n)
{
	uint64_t all = 0;

	while (n > 0)
		all += counts[--n];
	return all;
}

uint64_t
status_counts_receipts(const struct status_counts *c)
{
	return sum(c->receipts, RECEIPT_STATES);
}

uint64_t
status_counts_outcomes(const struct status_counts *c)
{
	return sum(c->outcomes, OUTCOME_STATES);
}

void
status_counts_set(
    const struct status_counts *c, uint64_t open, uint64_t polls, ndjson *o)
{
	ndjson *outcomes = ndjson_new();
	int i;

	for (i = OUTCOME_COMPLETE; i < OUTCOME_STATES; i++)
		ndjson_set_count(outcomes,
		    outcome_state_name((enum outcome_state)i), c->outcomes[i]);
	ndjson_set(o, "outcomes", outcomes);
	ndjson_set_count(o, "reconciled", c->reconciled);
	ndjson_set_count(o, "open", open);
	ndjson_set_count(o, "rows", c->rows);
	ndjson_set_count(o, "rowsReconciled", c->rows_reconciled);
	ndjson_set_count(o, "profilesNotFound", c->not_found);
	ndjson_set_count(o, "polls", polls);
}

ndjson *
status_counts_summary(const struct status_counts *c, uint64_t polls)
{
	ndjson *receipts = ndjson_new(), *o = ndjson_new();
	uint64_t open = c->receipts[RECEIPT_ACCEPTED] +
			c->receipts[RECEIPT_SKIPPED] -
			status_counts_outcomes(c);
	int i;

	for (i = 0; i < RECEIPT_STATES; i++)
		ndjson_set_count(receipts,
		    receipt_state_name((enum receipt_state)i), c->receipts[i]);
	ndjson_set(o, "receipts", receipts);
	ndjson_set_count(o, "malformed", c->malformed);
	status_counts_set(c, open, polls, o);
	return o;
}
