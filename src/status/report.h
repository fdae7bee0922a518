/*
 * report.h: what a run of tp-status tells: outcomes on stdout, as lines of JSON
 * or as a table, and messages on stderr, which may be the same terminal.
 */
#ifndef TP_STATUS_REPORT_H
#define TP_STATUS_REPORT_H

#include <stdbool.h>
#include "base/error.h"
#include "base/ranges.h"
#include "io/output.h"
#include "status/arrivals.h"
#include "status/counts.h"
#include "status/poller.h"
#include "status/table.h"

enum status_format { STATUS_AUTO, STATUS_JSON, STATUS_TABLE };

/* By the argument of --format: "auto", "json", "table". */
int status_format_set(
    enum status_format *format, const char *arg, struct error *e);

struct status_report {
	struct output *out;
	enum status_format format; /* never STATUS_AUTO */
	bool live;   /* on a terminal where open batches can be shown */
	bool waited; /* that polls wait was told */
	struct table table;
};

/* STATUS_AUTO: a table for a person, at a terminal. */
void status_report_open(
    struct status_report *r, struct output *out, enum status_format format);

/* Before something else goes to stderr: takes the open batches away. */
int status_report_clear(struct status_report *r, struct error *e);

/* The open batches, and how many outcomes there are. */
int status_report_draw(struct status_report *r, const struct poller *p,
    uint64_t outcomes, struct error *e);

/* A batch has its outcome.  -1: it cannot be written. */
int status_report_outcome(
    struct status_report *r, const struct outcome *o, struct error *e);
/* It was asked about, and has none yet. */
void status_report_again(struct status_report *r, const struct outcome *o);
/* The same, on stderr only; from any thread. */
void status_tell_outcome(const struct outcome *o);
void status_tell_again(const struct outcome *o);
/* At the end: what is to be said of all of them. */
void status_tell_counts(const struct status_counts *c);
/* Of a run that ends early, also with --quiet, as nothing else names them: the
 * batches that p (or NULL) has, and those in *open, to which they are added,
 * are without an outcome; others: so are more.  more: what is left besides; or
 * NULL.  how: to go on. */
void status_tell_open(const struct poller *p, struct ranges *open, bool others,
    const char *more, const char *how);
/* A line that is no receipt, or an input that failed. */
int status_report_arrival(
    struct status_report *r, const struct arrival *a, struct error *e);

/* See pace.h and lockfile.h; report is a struct status_report. */
void status_report_pace(void *report, bool warning, const char *text);
void status_report_wait(void *report, const char *text);

/*
 * When all is over: what the receipts said; and if the run ended early, which
 * batches are without an outcome.  unwritten: one whose outcome could not be
 * written; or 0.  unread: not all receipts were read.  p: NULL, or what has the
 * open batches.
 */
void status_report_end(const struct status_counts *c, const struct poller *p,
    uint64_t unwritten, bool unread);

#endif
