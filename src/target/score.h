/*
 * score.h: how a run of tp-send goes: its counts, and when the service refuses
 * so much that it makes no sense to go on.
 */
#ifndef TP_TARGET_SCORE_H
#define TP_TARGET_SCORE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/exit.h"
#include "base/ndjson.h"
#include "target/receipt.h"

/* So many batches refused in a row, or so many calls, and none accepted: the
 * run stops. */
enum { SCORE_REFUSED_IN_ROW = 3, SCORE_REFUSED_CALLS = 8 };

struct sender_counts {
	uint64_t batches; /* read, those passed over not among them */
	uint64_t states[RECEIPT_SKIPPED + 1]; /* receipts */
	uint64_t passed;
	uint64_t rows, bytes; /* in batches */
	uint64_t duplicates;  /* receipts of what may have been sent twice */
	uint64_t rows_accepted;
	uint64_t calls;
	/* The run ended early: this batch and all behind it were not read
	 * (or not looked at), and are not in the failed file.  0: all were. */
	uint64_t unread;
	bool denied; /* it stopped because all would be refused */
};

/* The counts as members of o. */
void score_set(const struct sender_counts *c, ndjson *o);

struct score {
	struct sender_counts *counts;
	unsigned in_row; /* whole batches refused */
	unsigned calls;	 /* … refused */
};

void score_start(struct score *s, struct sender_counts *counts);

/* A receipt; earlier: of what an earlier run has settled.  True: the run is to
 * stop. */
bool score_add(struct score *s, const struct receipt *r, bool earlier);

/* A call was refused.  True: the run is to stop. */
bool score_refusal(struct score *s);

/* What a receipt by itself makes the run exit with. */
enum exit_code score_code(const struct receipt *r);

#endif
