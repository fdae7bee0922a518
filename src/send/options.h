/*
 * options.h: the options of tp-send alone.
 */
#ifndef TP_SEND_OPTIONS_H
#define TP_SEND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "api/endpoint.h"
#include "base/error.h"
#include "base/options.h"

struct send_options {
	enum endpoint_api api;
	uint64_t jobs, retries, retry_delay, bisect_calls;
	bool retry_given, dry_run;
	const char *failed, *journal;	   /* or NULL */
	const char *outcomes, *rows;	   /* or NULL */
	uint64_t open, interval, deadline; /* see status/watch.h, seconds */
	bool watches;			   /* one of these three was given */
};

/* Keys, and the table for --help. */
enum {
	SEND_KEY_API = OPTION_LONG,
	SEND_KEY_JOBS,
	SEND_KEY_RETRIES,
	SEND_KEY_RETRY_DELAY,
	SEND_KEY_FAILED,
	SEND_KEY_JOURNAL,
	SEND_KEY_ROWS,
	SEND_KEY_BISECT_CALLS,
	SEND_KEY_NO_BISECT,
	SEND_KEY_OUTCOMES,
	SEND_KEY_OPEN,
	SEND_KEY_INTERVAL,
	SEND_KEY_DEADLINE,
	SEND_KEY_DRY_RUN
};
/* clang-format off */
#define SEND_OPTION_ENTRIES \
	{SEND_KEY_API, "api", "VERSION", \
	    "v2, which creates profiles, or v1 (v2)"}, \
	{SEND_KEY_JOBS, "jobs", "N", "batches in flight at once (1: in order)"}, \
	{SEND_KEY_RETRIES, "retries", "N", "times a batch is sent again (8)"}, \
	{SEND_KEY_RETRY_DELAY, "retry-delay", "TIME", \
	    "before the first; doubles (2s)"}, \
	{SEND_KEY_FAILED, "failed", "FILE", "add batches not accepted to FILE"}, \
	{SEND_KEY_JOURNAL, "journal", "FILE", \
	    "record all in FILE, and go on from it"}, \
	{SEND_KEY_ROWS, "rows", "FILE", "add what became of each row to FILE"}, \
	{SEND_KEY_BISECT_CALLS, "bisect-calls", "N", \
	    "calls to find what a batch is refused for (40)"}, \
	{SEND_KEY_NO_BISECT, "no-bisect", NULL, NULL}, \
	{SEND_KEY_OUTCOMES, "outcomes", "FILE", \
	    "ask what became of them; add to FILE"}, \
	{SEND_KEY_OPEN, "open", "N", "at most N batches without an outcome (10)"}, \
	{SEND_KEY_INTERVAL, "interval", "TIME", \
	    "ask about a batch this often (60s)"}, \
	{SEND_KEY_DEADLINE, "deadline", "TIME", "give its outcome up after this (2h)"}, \
	{SEND_KEY_DRY_RUN, "dry-run", NULL, "send nothing, print the plan"}
/* clang-format on */

/* All but open, interval and deadline, which are not of this room. */
void send_options_init(struct send_options *o);

/* 1: it is none of these keys; -1: with EXIT_USAGE. */
int send_options_take(
    struct send_options *o, int key, const char *arg, struct error *e);

/* When all were taken. */
int send_options_check(const struct send_options *o, struct error *e);

#endif
