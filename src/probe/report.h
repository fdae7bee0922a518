/*
 * report.h: what a run of tp-probe has found out, and the options that follow
 * from it: a table on a terminal, else lines of JSON.
 */
#ifndef TP_PROBE_REPORT_H
#define TP_PROBE_REPORT_H

#include "io/output.h"
#include "probe/check.h"
#include "probe/notes.h"

/* The number of lines, as a seal would count them, or -1. */
int report_check(const struct check *c, struct output *out, struct error *e);
/* *code: COMPLETE, or REJECTED if something is not known. */
int report_notes(const struct notes *n, struct output *out,
    enum exit_code *code, struct error *e);

/* For --summary: a member for each check. */
ndjson *report_summary_check(const struct check *c);
ndjson *report_summary_notes(const struct notes *n);

#endif
