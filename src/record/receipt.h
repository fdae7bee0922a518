/*
 * receipt.h: what became of one batch, or a part of it: one NDJSON object a
 * line, as tp-receipt(5) describes it.  Written and read here only.
 */
#ifndef TP_RECORD_RECEIPT_H
#define TP_RECORD_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "api/endpoint.h"
#include "api/fate.h"
#include "base/error.h"
#include "base/ndjson.h"
#include "record/part.h"

/* What came of it.  Strings are UTF-8, not escaped; "" is null in the line. */
struct result {
	enum receipt_state state; /* by all attempts */
	enum fate fate;		  /* of the last one: its "reason" */
	int http;		  /* status of its answer; 0: none, null */
	unsigned attempts;	  /* requests made */
	char batch_id[256];
	char batch_status[2048]; /* URL to poll */
	char message[1024];	 /* the service's, or why there is none */
	time_t time;		 /* when the state was known */
};

struct receipt {
	struct part part;
	struct result result;
	enum endpoint_api api; /* that it is for; v1 if its line does not say */
};

/* "accepted" */
const char *receipt_state_name(enum receipt_state state);

void result_set_message(struct result *r, const char *text);
/* Adds to the message, which is cut to make room if it is long. */
void result_add_message(struct result *r, const char *more);

/* The line with its line feed, ended by NUL; the caller frees it.  NULL: no
 * memory. */
char *receipt_line(const struct receipt *r, size_t *n);

/* The members of the line, set in and read from an object; -1: not there. */
void receipt_set(ndjson *object, const struct receipt *r);
int receipt_get(struct receipt *r, const ndjson *object);

/*
 * Reads one line, with or without its line feed.  Members that are unknown
 * are passed over.  -1: it is no receipt; e (EXIT_INPUT) says why.
 */
int receipt_parse(
    struct receipt *r, const char *line, size_t n, struct error *e);

#endif
