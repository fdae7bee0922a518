/*
 * counts.h: what a run of tp-status comes to: counts, and the exit code.
 *
 * The last program of a pipeline is often the only one whose exit status is
 * looked at, so receipts of batches that were not accepted count too.
 */
#ifndef TP_STATUS_COUNTS_H
#define TP_STATUS_COUNTS_H

#include "base/ndjson.h"
#include "record/receipt.h"
#include "status/outcome.h"

struct status_counts {
	enum exit_code code; /* so far */
	uint64_t receipts[RECEIPT_STATES];
	uint64_t denied;    /* … of those refused, by fate_is_denial */
	uint64_t malformed; /* lines */
	uint64_t outcomes[OUTCOME_STATES];
	uint64_t reconciled;
	uint64_t rows; /* of batches with an outcome */
	uint64_t rows_reconciled;
	uint64_t not_found; /* ids … */
	uint64_t unmade;    /* … of batches for v1, which makes no profiles */
};

void status_counts_receipt(struct status_counts *c, const struct receipt *r);

/* A line that is no receipt, or (malformed false) an input that failed. */
void status_counts_trouble(
    struct status_counts *c, bool malformed, enum exit_code code);

void status_counts_outcome(struct status_counts *c, const struct outcome *o);

/* Receipts, and outcomes, of all states. */
uint64_t status_counts_receipts(const struct status_counts *c);
uint64_t status_counts_outcomes(const struct status_counts *c);

/* Members of o: outcomes by state, and what they come to; batches that are
 * open, and calls that were made. */
void status_counts_set(
    const struct status_counts *c, uint64_t open, uint64_t polls, ndjson *o);

/* For --summary; polls: calls that were made. */
ndjson *status_counts_summary(const struct status_counts *c, uint64_t polls);

#endif
