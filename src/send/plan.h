/*
 * plan.h: what a run would send, for --dry-run.
 */
#ifndef TP_SEND_PLAN_H
#define TP_SEND_PLAN_H

#include "base/error.h"
#include "batch/reader.h"
#include "record/journal.h"
#include "send/report.h"

/*
 * Reads all of the stream, and writes the plan as one NDJSON line to
 * report->out. The report is told of each batch that would not be sent.
 * journal: NULL, or the one whose input it is to be; rows: NULL, or the file of
 * rows, looked at; rate: calls a minute.  *batches becomes how many there are.
 * 1: some of them would not be sent.  -1: it could not be read to its end, is
 * another one than the journal's, has another identifier than the rows, or the
 * line could not be written.
 */
int plan_run(struct batch_reader *reader, const struct journal *journal,
    struct rowfile *rows, const char *url, unsigned rate, struct report *report,
    uint64_t *batches, struct error *e);

#endif
