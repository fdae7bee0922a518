/*
 * report.h: what tp-validate tells of a run: warnings and notes, and the
 * summary.
 */
#ifndef TP_VALIDATE_REPORT_H
#define TP_VALIDATE_REPORT_H

#include <stdint.h>
#include "base/ndjson.h"
#include "validate/pass.h"

/* How many records were passed on. */
uint64_t report_passed(const struct pass *t);

void report_warn(const struct pass *t);

/* The summary, for so many bytes that were written; the caller's. */
ndjson *report_summarize(const struct pass *t, uint64_t bytes);

#endif
