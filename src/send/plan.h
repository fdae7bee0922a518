/*
 * plan.h: what a run would send, for --dry-run.
 */
#ifndef TP_SEND_PLAN_H
#define TP_SEND_PLAN_H

#include <stdint.h>
#include "base/error.h"
#include "batch/reader.h"
#include "record/journal.h"
#include "send/report.h"

struct plan {
	uint64_t batches; /* that comply: one call each */
	uint64_t rows;
	uint64_t bytes;
	uint64_t minutes; /* that the calls take at least, begun ones too */
	uint64_t invalid; /* … that do not, or are cut short */
};

/*
 * Reads all of the stream.  The report is told of each batch that would not be
 * sent.  journal: NULL, or the one whose input it is to be.  -1: it could not
 * be read to its end, or it is another one than the journal's.
 */
int plan_make(struct plan *p, struct batch_reader *reader,
    const struct journal *journal, unsigned rate, struct report *report,
    struct error *e);

/* As one NDJSON line. */
int plan_write(
    const struct plan *p, const char *url, struct output *out, struct error *e);

#endif
