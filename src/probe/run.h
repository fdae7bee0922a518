/*
 * run.h: the calls of tp-probe, one step after another.  What each step found
 * out is a note (notes.h), so that a run can be stopped anywhere and go on.
 *
 * A finding is the note of its check: "finding" (cases.h), "text", and for
 * some "number".
 */
#ifndef TP_PROBE_RUN_H
#define TP_PROBE_RUN_H

#include <time.h>
#include "api/ask.h"
#include "api/service.h"
#include "probe/cases.h"
#include "probe/notes.h"

/* The checks that are no case. */
#define CHECK_STATUS_TOKEN "token-for-status"
#define CHECK_STATUSES "statuses-kept"
#define CHECK_STATUS_CALLS "status-calls"
#define CHECK_CALLS "calls-a-minute"

/*
 * What a run may take: of each kind so many requests.  The service promises no
 * time in which a batch is complete; people report 5 minutes.
 */
enum { RUN_POLLS = 22, RUN_POLL_LONGEST = 30 /* seconds */ };

struct probe {
	struct service *service; /* prepared; with an open pace */
	struct notes *notes;
	uint64_t after; /* seconds until profiles are expected to show */
	bool limits;	/* use up the calls of a minute */

	struct ask ask;	    /* updates and statuses */
	struct http *fetch; /* profiles */
	char id[CASE_RUN];  /* "tp-probe-RANDOM" */
};

/* Begins, or goes on with, what the notes are of.  -1 with EXIT_USAGE: another
 * client's or endpoint's. */
int probe_open(struct probe *p, struct error *e);
void probe_close(struct probe *p);

/* All steps.  0: everything that can be known is noted; 1: a signal came; -1:
 * e says why it cannot go on now (EXIT_TEMPORARY) or at all. */
int probe_run(struct probe *p, struct error *e);

/* Notes a finding; number below 0: none. */
int probe_find(struct probe *p, const char *check, enum finding finding,
    int number, struct error *e, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* When the last call was made, as far as it is noted. */
time_t probe_last_call(const struct probe *p);

/* The body of a batch of a case: 0 or 1. */
void probe_body(
    const struct probe *p, enum case_id c, int k, char to[CASE_TEXT]);

/* Of the newest batch that was accepted; "": there is none.  */
const char *probe_newest(const struct probe *p);

/*
 * Asks once for a status, with the token if `token`.  *state: "complete", …;
 * "" if the answer is none.
 */
enum { RUN_STATE = 32 };
int probe_status(struct probe *p, const char *batch_status, bool token,
    enum fate *fate, struct http_answer *a, char state[RUN_STATE],
    struct error *e);

/* An update, once or until it is answered (k->retries). */
int probe_update(struct probe *p, const char *body, enum fate *fate,
    struct http_answer *a, struct error *e);

#endif
