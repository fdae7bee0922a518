/*
 * step.h: what the steps of a run of tp-probe have in common: their calls, and
 * the notes of what each found out (notes.h), so that a run can be stopped
 * anywhere and go on.
 *
 * A finding is the note of its check: "finding" (cases.h), "text", and for
 * some "number".
 */
#ifndef TP_PROBE_STEP_H
#define TP_PROBE_STEP_H

#include <stdint.h>
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

struct probe {
	struct service *service; /* prepared; with an open pace */
	struct notes *notes;
	uint64_t after; /* seconds until profiles are expected to show */
	bool limits;	/* use up the calls of a minute */

	struct ask ask;	    /* updates and statuses */
	struct http *fetch; /* profiles */
	char id[CASE_RUN];  /* "tp-probe-RANDOM" */
};

/* A new note, which says when it was made. */
ndjson *step_note(void);

/* Notes a finding; number below 0: none. */
int step_find(struct probe *p, const char *check, enum finding finding,
    int number, struct error *e, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The step that sends a batch of a case, 0 or 1: its name, its note, and the
 * URL of its status (NULL: it was not accepted, or not sent). */
enum { STEP_NAME = 64 };
const char *step_sent(enum case_id c, int k, char to[STEP_NAME]);
const ndjson *step_find_sent(const struct probe *p, enum case_id c, int k);
const char *step_find_accepted(const struct probe *p, enum case_id c, int k);

/* That URL of the newest batch that was accepted; "": there is none. */
const char *step_newest(const struct probe *p);

/* When the last call was made, as far as it is noted. */
time_t step_last_call(const struct probe *p);

/* The body of a batch. */
void step_body(
    const struct probe *p, enum case_id c, int k, char to[CASE_TEXT]);

/* Sends it, until it is answered or p->ask has no more attempts.  1: a signal
 * came; -1. */
int step_update(struct probe *p, const char *body, enum fate *fate,
    struct http_answer *a, struct error *e);

/*
 * Asks for a status, with the token if `token`.  *state: "complete", …; "" if
 * the answer is none.
 */
enum { STEP_STATE = 32 };
int step_status(struct probe *p, const char *batch_status, bool token,
    enum fate *fate, struct http_answer *a, char state[STEP_STATE],
    struct error *e);

#endif
