/*
 * tally.h: what a run of tp-status comes to: counts, and the exit code.
 *
 * The last program of a pipeline is often the only one whose exit status is
 * looked at, so receipts of batches that were not accepted count too.
 */
#ifndef TP_STATUS_TALLY_H
#define TP_STATUS_TALLY_H

#include "base/ndjson.h"
#include "record/receipt.h"
#include "status/status.h"

struct tally {
	enum exit_code code; /* so far */
	uint64_t receipts[RECEIPT_STATES];
	uint64_t denied;    /* … of those refused, by fate_is_denial */
	uint64_t malformed; /* lines */
	uint64_t outcomes[STATUS_STATES];
	uint64_t reconciled;
	uint64_t rows; /* of batches with an outcome */
	uint64_t rows_reconciled;
	uint64_t not_found; /* ids … */
	uint64_t unmade;    /* … of batches for v1, which makes no profiles */
};

void tally_receipt(struct tally *t, const struct receipt *r);

/* A line that is no receipt, or (malformed false) an input that failed. */
void tally_trouble(struct tally *t, bool malformed, enum exit_code code);

/* What an outcome by itself makes the run exit with. */
enum exit_code tally_code(const struct status *s);

/* An outcome; false: it is as it should be. */
bool tally_outcome(struct tally *t, const struct status *s);

/* Receipts of all states. */
uint64_t tally_receipts(const struct tally *t);

/* Accepted, in this run or an earlier one: the service is asked about it. */
bool tally_is_watched(enum receipt_state state);
uint64_t tally_watched(const struct tally *t);

/* … of them without an outcome. */
uint64_t tally_open(const struct tally *t);

/* What a state of receipts means, for a person: "refused by the service". */
const char *tally_meaning(enum receipt_state state);

/* The counts as members of o. */
void tally_set(const struct tally *t, ndjson *o);

#endif
