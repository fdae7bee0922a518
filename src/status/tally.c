#include "status/tally.h"

/* What each outcome but complete says about the run. */
static const enum exit_code outcome_codes[STATUS_STATES] = {
    [STATUS_STUCK] = EXIT_UNKNOWN,
    [STATUS_EXPIRED] = EXIT_UNKNOWN,
    [STATUS_DEADLINE] = EXIT_UNKNOWN,
    [STATUS_UNFOLLOWED] = EXIT_UNKNOWN,
    [STATUS_DENIED] = EXIT_SERVICE,
};

static const char *const meanings[] = {
    [RECEIPT_ACCEPTED] = "accepted",
    [RECEIPT_REFUSED] = "refused by the service",
    [RECEIPT_FAILED] = "not sent",
    [RECEIPT_UNKNOWN] = "sent, but not answered",
    [RECEIPT_INVALID] = "not sent, as they do not comply",
    [RECEIPT_SKIPPED] = "accepted in an earlier run",
};
_Static_assert(sizeof(meanings) / sizeof(meanings[0]) == RECEIPT_STATES,
    "each state has one");

void
tally_receipt(struct tally *t, const struct receipt *receipt)
{
	const struct result *r = &receipt->result;

	t->receipts[r->state]++;
	t->denied += fate_is_denial(r->state, r->fate);
	t->code = exit_worse(t->code, fate_code(r->state, r->fate));
}

void
tally_trouble(struct tally *t, bool malformed, enum exit_code code)
{
	t->malformed += malformed;
	t->code = exit_worse(t->code, code);
}

enum exit_code
tally_code(const struct status *s)
{
	if (s->state == STATUS_COMPLETE && !s->reconciled)
		return EXIT_REJECTED;
	return outcome_codes[s->state];
}

bool
tally_outcome(struct tally *t, const struct status *s)
{
	t->code = exit_worse(t->code, tally_code(s));
	t->outcomes[s->state]++;
	t->rows += s->rows;
	t->reconciled += s->reconciled;
	t->rows_reconciled += s->reconciled ? s->rows : 0;
	if (s->counted[STATUS_NOT_FOUND]) {
		t->not_found += s->counts[STATUS_NOT_FOUND];
		if (s->api == ENDPOINT_V1)
			t->unmade += s->counts[STATUS_NOT_FOUND];
	}
	return !s->reconciled;
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
tally_receipts(const struct tally *t)
{
	return sum(t->receipts, RECEIPT_STATES);
}

bool
tally_is_watched(enum receipt_state state)
{
	return state == RECEIPT_ACCEPTED || state == RECEIPT_SKIPPED;
}

uint64_t
tally_watched(const struct tally *t)
{
	return t->receipts[RECEIPT_ACCEPTED] + t->receipts[RECEIPT_SKIPPED];
}

uint64_t
tally_open(const struct tally *t)
{
	return tally_watched(t) - sum(t->outcomes, STATUS_STATES);
}

const char *
tally_meaning(enum receipt_state state)
{
	return meanings[state];
}

void
tally_set(const struct tally *t, ndjson *o)
{
	ndjson *receipts = ndjson_new(), *outcomes = ndjson_new();
	int i;

	for (i = 0; i < RECEIPT_STATES; i++)
		ndjson_set_count(receipts,
		    receipt_state_name((enum receipt_state)i), t->receipts[i]);
	for (i = STATUS_COMPLETE; i < STATUS_STATES; i++)
		ndjson_set_count(outcomes,
		    status_state_name((enum status_state)i), t->outcomes[i]);
	ndjson_set(o, "receipts", receipts);
	ndjson_set_count(o, "malformed", t->malformed);
	ndjson_set(o, "outcomes", outcomes);
	ndjson_set_count(o, "reconciled", t->reconciled);
	ndjson_set_count(o, "open", tally_open(t));
	ndjson_set_count(o, "rows", t->rows);
	ndjson_set_count(o, "rowsReconciled", t->rows_reconciled);
	ndjson_set_count(o, "profilesNotFound", t->not_found);
}
