/*
 * score.h: how a run of tp-send goes: its counts, and when the service refuses
 * so much that it makes no sense to go on.
 */
#ifndef TP_SEND_SCORE_H
#define TP_SEND_SCORE_H

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
	SCORE_REFUSED_IN_ROW = 3,
	SCORE_REFUSED_CALLS = 8,
	SCORE_REFUSED_LATER = 20
};

struct sender_counts {
	uint64_t batches; /* read, those passed over not among them */
	uint64_t states[RECEIPT_SKIPPED + 1]; /* receipts */
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
};

/* The counts as members of o. */
void score_set(const struct sender_counts *c, ndjson *o);

struct score {
	struct sender_counts *counts;
	unsigned in_row; /* whole batches refused */
	unsigned calls;	 /* … refused */
	unsigned later;	 /* calls refused since something was accepted … */
	uint64_t first;	 /* … the first of them for this batch */
};

/* Why a run stops when nothing is taken. */
extern const char score_none_taken[];

void score_start(struct score *s, struct sender_counts *counts);

/* A receipt; earlier: of what an earlier run has settled.  NULL, or why the run
 * is to stop. */
const char *score_add(struct score *s, const struct receipt *r, bool earlier);

/* A call for that batch, or a part of it, was refused.  NULL, or why the run is
 * to stop. */
const char *score_refusal(struct score *s, uint64_t batch);

/* What a receipt by itself makes the run exit with. */
enum exit_code score_code(const struct receipt *r);

#endif
