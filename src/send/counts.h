/*
 * counts.h: how a run of tp-send goes: its counts, and when the service refuses
 * so much that it makes no sense to go on.
 */
#ifndef TP_SEND_COUNTS_H
#define TP_SEND_COUNTS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/exit.h"
#include "base/ndjson.h"
#include "base/ranges.h"
#include "record/receipt.h"

/*
 * The run stops when so many batches in a row, or so many calls, were refused
 * and none accepted; later, when so many calls in a row were, over more than
 * one batch: to find the rows for which a single one is refused may take as
 * many.
 */
enum {
	COUNTS_REFUSED_IN_ROW = 3,
	COUNTS_REFUSED_CALLS = 8,
	COUNTS_REFUSED_LATER = 20
};

/* All zero: nothing was counted yet. */
struct counts {
	uint64_t batches; /* read, those passed over not among them */
	uint64_t states[RECEIPT_STATES]; /* receipts */
	uint64_t passed;
	uint64_t rows, bytes;	/* in batches */
	uint64_t duplicates;	/* receipts of what may have been sent twice */
	uint64_t rows_accepted; /* now, or in an earlier run … */
	uint64_t rows_skipped;	/* … so many of them */
	uint64_t calls;
	/* The run ended early: this batch and all behind it were not read
	 * (or not looked at), and are not in the failed file.  0: all were. */
	uint64_t unread;
	struct ranges left; /* batches that are neither accepted nor kept */
	const char *denied; /* why it stopped, as all would be refused; NULL: it
			     * did not */

	unsigned refused_in_row; /* whole batches */
	unsigned refused_calls;	 /* in all */
	unsigned refused_later;	 /* calls since something was accepted … */
	uint64_t refused_first;	 /* … the first of them for this batch */
};

void counts_free(struct counts *c);

/*
 * A receipt (earlier: of what an earlier run has settled); a call for that
 * batch, or a part of it, that was refused; credentials or a certificate that
 * were. True: that is why the run is to stop, and c->denied says so.
 */
bool counts_receipt(struct counts *c, const struct receipt *r, bool earlier);
bool counts_refusal(struct counts *c, uint64_t batch);
bool counts_denial(struct counts *c);

/* What a receipt makes the run exit with. */
enum exit_code counts_code(const struct receipt *r);

/* As members of o. */
void counts_set(const struct counts *c, ndjson *o);

#endif
