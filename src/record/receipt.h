/*
 * receipt.h: what became of one batch; one NDJSON object a line, as
 * tp-receipt(5) describes it.  Written and read here only.
 */
#ifndef TP_RECORD_RECEIPT_H
#define TP_RECORD_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/error.h"
#include "base/ndjson.h"
#include "base/sha256.h"
#include "api/endpoint.h"

enum receipt_state {
	RECEIPT_ACCEPTED, /* the service took it */
	RECEIPT_REFUSED,  /* the service answered, and did not */
	RECEIPT_FAILED,	  /* it never got there, or was not sent at all */
	RECEIPT_UNKNOWN,  /* it was sent, and no usable answer came */
	RECEIPT_INVALID,  /* it does not comply, and was not sent */
	RECEIPT_SKIPPED	  /* the journal says it was accepted before */
};

/* Strings are UTF-8, not escaped; "" is null in the line. */
struct receipt {
	uint64_t batch;	    /* its number in the input, from 1 */
	uint64_t rows_from; /* of a part: its first row in the batch, from 1;
			     * 0: the whole batch */
	char sha256[SHA256_HEX];
	uint64_t rows;
	uint64_t bytes;
	enum endpoint_api api; /* that it is for; v1 if its line does not say */
	enum receipt_state state;
	int http;	   /* status of the last answer; 0: none, null */
	unsigned attempts; /* requests made */
	char batch_id[256];
	char batch_status[2048]; /* URL to poll */
	char message[1024];	 /* the service's, or why there is none */
	time_t time;		 /* when the state was known */
	bool duplicate;		 /* an earlier run may have sent it too */
};

/* "accepted" */
const char *receipt_state_name(enum receipt_state state);

/* What it is of, for messages: "batch 3" or "batch 3, rows 5 to 7".  Returns
 * to. */
enum { RECEIPT_NAME = 96 };
char *receipt_name(const struct receipt *r, char to[RECEIPT_NAME]);

/* Adds to the message, which is cut to make room if it is long. */
void receipt_add_message(struct receipt *r, const char *more);

/* The line with its line feed, ended by NUL; the caller frees it.  NULL: no
 * memory. */
char *receipt_line(const struct receipt *r, size_t *n);

/* The members of the line, set in and read from an object; -1: not there. */
void receipt_set(ndjson *object, const struct receipt *r);
int receipt_get(struct receipt *r, const ndjson *object);

/* Refused, and so would be all others: credentials, or (without a status) a
 * certificate. */
bool receipt_denied(const struct receipt *r);

/* Refused for something in it, so that parts of it may be taken: with success
 * false, or as too large. */
bool receipt_divisible(const struct receipt *r);

/*
 * Reads one line, with or without its line feed.  Members that are unknown
 * are passed over.  -1: it is no receipt; e (EXIT_INPUT) says why.
 */
int receipt_parse(
    struct receipt *r, const char *line, size_t n, struct error *e);

#endif
