/*
 * fault.h: what is to go wrong, and with which calls.
 *
 *	[status:]CALLS:KIND[=ARG][,retry-after=TEXT]
 *
 * CALLS is N, N-M, N- (from N on) or * (all); calls are counted from 1, bulk
 * updates and, after "status:", requests for a status by themselves.
 */
#ifndef TP_SANDBOX_FAULT_H
#define TP_SANDBOX_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

enum fault_call { FAULT_BATCH, FAULT_STATUS };

enum fault_kind {
	/* The call does nothing: */
	FAULT_CODE,	    /* =CODE */
	FAULT_REDIRECT,	    /* =URL, with 301 */
	FAULT_FALSE,	    /* [=MESSAGE]: success is false */
	FAULT_RESET_BEFORE, /* before any of the body is read */
	FAULT_RESET_MID,    /* when half the body is there */
	/* It is done, but the answer is: */
	FAULT_RESET_AFTER,  /* a reset */
	FAULT_RESET_ANSWER, /* its first half, then a reset */
	FAULT_CUT,	    /* its first half, then the end */
	FAULT_MALFORMED,    /* whole, but no answer */
	FAULT_HUGE,	    /* [=BYTES] long */
	FAULT_EMPTY,
	FAULT_HTML,
	FAULT_AMPERSAND, /* well, but with a bare "&" in its URL */
	FAULT_STUCK,	 /* well, but the batch will never be complete */
	FAULT_DELAY	 /* =TIME late; goes with any other */
};

struct fault {
	enum fault_call call;
	uint64_t first;
	uint64_t last;
	enum fault_kind kind;
	uint64_t number;   /* CODE, BYTES or SECONDS */
	char *text;	   /* URL or MESSAGE; owned */
	char *retry_after; /* header to send; NULL: none; owned */
	bool over;	   /* faults_end came */
	struct fault *next;
};

struct faults {
	struct fault *first;
};

/* Adds what spec says.  -1 with EXIT_USAGE: it cannot be read. */
int faults_add(struct faults *f, const char *spec, struct error *e);
/* Those that there are no longer happen; calls may still hold them. */
void faults_end(struct faults *f);
void faults_free(struct faults *f);

/* The first that was given for this call, FAULT_DELAY left out; or NULL. */
const struct fault *faults_find(
    const struct faults *f, enum fault_call call, uint64_t number);

/* Seconds that the answer to this call is late. */
uint64_t faults_delay(
    const struct faults *f, enum fault_call call, uint64_t number);

/* "reset-mid" */
const char *fault_name(enum fault_kind kind);

#endif
