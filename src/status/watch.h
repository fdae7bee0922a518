/*
 * watch.h: asks what becomes of batches while others are sent: what tp-status
 * does, in a thread of its own.  The service keeps the statuses of the newest
 * batches; so no other is sent that would make it forget that of one which has
 * no outcome yet.
 *
 * Outcomes go to a file.  All but watch_open and watch_finish may be called by
 * any thread.
 */
#ifndef TP_STATUS_WATCH_H
#define TP_STATUS_WATCH_H

#include "status/counts.h"
#include "status/poller.h"

/* The service keeps so many statuses of a client. */
#define WATCH_OPEN 10
/* If the oldest batch cannot be asked about for so long, sending goes on. */
#define WATCH_PATIENCE 600

struct watch_settings {
	const char *path; /* of the file */
	unsigned open;	  /* batches at most, from the oldest one without an
			   * outcome on; > 0 */
	double patience;  /* seconds, WATCH_PATIENCE */
	struct poller_settings poller;
};

struct watch;

/* What settings point to must live as long.  NULL: e says why; nothing was
 * sent. */
struct watch *watch_open(
    const struct watch_settings *settings, struct error *e);

/*
 * May another batch be sent?  Waits until it may, and counts it.  watch is a
 * struct watch.  1: stop (asked
 * a few times a second) said to give up. -1: outcomes cannot be written any
 * more.
 */
int watch_enter(void *watch, void **ticket, bool (*stop)(void *arg), void *arg,
    struct error *e);

/*
 * What came of the one with that ticket, which ends with this.  NULL: of what
 * an earlier run has sent; if the file has its outcome, it does not count.
 */
void watch_settled(void *watch, void *ticket, const struct receipt *r);

/*
 * Nothing more will be accepted: waits until each batch has its outcome, or a
 * signal comes.  -1: outcomes could not be written.  Then *counts says what
 * they came to.
 */
int watch_finish(struct watch *w, struct error *e);
const struct status_counts *watch_counts(const struct watch *w);
/* For --summary. */
ndjson *watch_summary(struct watch *w);

/* After watch_finish, when all is over: which batches are without an outcome.
 */
void watch_tell_open(const struct watch *w);

/* Ends the asking, if it goes on. */
void watch_close(struct watch *w);

#endif
