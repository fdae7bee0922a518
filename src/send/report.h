/*
 * report.h: what a run of tp-send tells: receipts on stdout, messages on
 * stderr.
 *
 * By one thread at a time, but for report_pace and report_wait.
 */
#ifndef TP_SEND_REPORT_H
#define TP_SEND_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "batch/reader.h"
#include "io/output.h"
#include "record/failed.h"
#include "record/journal.h"
#include "record/receipt.h"
#include "record/rowfile.h"
#include "send/counts.h"

enum event_kind {
	EVENT_SETTLED,	/* a receipt; earlier: an earlier run has settled it */
	EVENT_AGAIN,	/* an attempt did not settle it; in delay seconds
			 * another one comes */
	EVENT_REPEATED, /* what an earlier run may have sent is sent again */
	EVENT_PASSED,	/* a batch is neither sent nor kept: cut short, or
			 * without rows (batch->fault) */
	EVENT_PC_ID,	/* the first batch that has pcId, with v2 */
	EVENT_TROUBLE	/* error says which */
};

/* What is not named for its kind is NULL, false or 0. */
struct event {
	enum event_kind kind;
	const struct receipt *receipt;
	const struct batch *batch; /* with EVENT_SETTLED, EVENT_PASSED */
	bool earlier;
	double delay;
	const struct error *error;
};

struct report {
	struct output *out;
	const struct counts *counts;
	const char *failed_path, *journal_path; /* or NULL */
	/* By report_begin; NULL: there is none. */
	const struct failed *failed;
	const struct journal *journal;
	uint64_t lines;	     /* receipts written */
	const char *earlier; /* the failed file of an earlier run that a
			      * receipt of this one was about; or NULL */
};

/* The run begins; tells what was cut off of what an earlier one left. */
void report_begin(struct report *r, const struct failed *failed,
    const struct journal *journal, const struct rowfile *rows);

/* From any thread that waits for its turn, or for a lock: see pace.h and
 * lockfile.h. */
void report_pace(void *unused, bool warning, const char *text);
void report_wait(void *unused, const char *text);

/* -1: a receipt cannot be written, as e says; all else is told as well as
 * possible. */
int emit(struct report *r, const struct event *event, struct error *e);

/*
 * When all is over: why the run stopped, what is left, what was kept.  command:
 * what sends a failed file, but for its name.
 */
void report_end(const struct report *r, const char *command);

/* For --summary. */
ndjson *report_summary(const struct report *r);

#endif
