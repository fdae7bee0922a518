/*
 * outcome.h: what became of an accepted batch: read from the service's
 * answers, and written as an outcome, one NDJSON object a line, as
 * tp-outcome(5) describes it.
 */
#ifndef TP_STATUS_OUTCOME_H
#define TP_STATUS_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "api/endpoint.h"
#include "api/xml.h"
#include "base/exit.h"
#include "record/part.h"

enum outcome_state {
	OUTCOME_INCOMPLETE, /* the service is still at it: no outcome yet */
	OUTCOME_COMPLETE,
	OUTCOME_STUCK,	   /* the service says so */
	OUTCOME_EXPIRED,   /* the service does not keep it any more */
	OUTCOME_DEADLINE,  /* it did not end in the time that there was */
	OUTCOME_DENIED,	   /* credentials or a certificate are not good */
	OUTCOME_UNFOLLOWED /* there is no status URL that may be followed */
};
enum { OUTCOME_STATES = OUTCOME_UNFOLLOWED + 1 };

enum outcome_count {
	OUTCOME_SIZE,	   /* rows that the service found */
	OUTCOME_CONSUMED,  /* … and has looked at */
	OUTCOME_UPDATED,   /* … and took over */
	OUTCOME_NOT_FOUND, /* … of ids that it does not know (v1) */
	OUTCOME_FAILED,
	OUTCOME_COUNTS
};

struct outcome {
	/* From the receipt. */
	struct part part;
	enum endpoint_api api;
	const char *id; /* of the batch, at the service; "" if unknown */
	/* From the service. */
	enum outcome_state state;
	bool counted[OUTCOME_COUNTS]; /* whether it gave this count, readably */
	uint64_t counts[OUTCOME_COUNTS];
	struct xml_span profiles; /* where ids are listed; in the answer */
	const char *token;	  /* that these do not show; or NULL */
	uint64_t listed;	  /* of these, how many failed */
	bool more;		  /* the list was longer than is read */
	bool reconciled;	  /* complete, and all that it says fits */
	char message[512];	  /* why it is not, or why there is no more;
				   * UTF-8; "": nothing */
	/* Ours. */
	unsigned polls; /* calls made for it */
	time_t time;	/* when this was known */
};

/* "complete" */
const char *outcome_state_name(enum outcome_state state);

/* What an outcome by itself makes the run exit with. */
enum exit_code outcome_code(const struct outcome *o);

/*
 * Reads an answer about the batch s->id into the members that come from the
 * service; s->profiles, empty unless there is an outcome, stays in body.  cut:
 * body is only the first part of a longer answer.  -1: it cannot be read, or is
 * about another batch; *why says which, and s is not changed.
 *
 * A complete batch is reconciled if batchSize is the number of rows that were
 * sent, and nothing else that the service says is at odds with that: none
 * failed, consumedCount is batchSize, and successfulUpdates, profilesNotFound
 * (above 0 with v1 only) and failedUpdates come to batchSize; of these three
 * one that is not given is 0, or all, if successfulUpdates is not given.
 */
int outcome_read(struct outcome *s, struct xml_span body, bool cut,
    const char *token, const char **why);

/* For a person, escaped: why it is not reconciled.  Returns to. */
enum { OUTCOME_WHY = 1200 };
char *outcome_why(const struct outcome *s, char to[OUTCOME_WHY]);

/* The outcome with its line feed; the caller frees it.  NULL: no memory. */
char *outcome_line(const struct outcome *s, size_t *n);

#endif
