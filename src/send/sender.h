/*
 * sender.h: one run of tp-send: takes each batch of a stream, sends it, and
 * sees to it that what was not accepted is kept.
 *
 * One thread reads, `jobs` threads send; at most jobs + 1 batches are in
 * memory.  With one job batches are settled in the order of the stream.
 */
#ifndef TP_SEND_SENDER_H
#define TP_SEND_SENDER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "batch/reader.h"
#include "api/endpoint.h"
#include "record/failed.h"
#include "api/http.h"
#include "record/journal.h"
#include "pace/pace.h"
#include "record/receipt.h"
#include "send/score.h"

/* People see no gain beyond about 5 uploads at once. */
enum { SENDER_JOBS_MAX = 16 };

struct sender_settings {
	const struct endpoint *endpoint;
	const char *token; /* or NULL */
	struct http_settings http;
	struct pace *pace;
	struct failed *failed;
	struct journal *journal; /* or NULL */
	unsigned jobs;
	unsigned halving; /* calls for a batch that is refused; 0: none */
	unsigned retries;
	double retry_first; /* seconds */
};

/* What the run tells while it goes; one call at a time, from any thread. */
struct sender_hooks {
	void *arg;
	/* A receipt.  -1: it cannot be written; the run stops with e.
	 * earlier: an earlier run has settled it. */
	int (*settled)(void *arg, const struct receipt *r,
	    const struct batch *b, bool earlier, struct error *e);
	/* What an earlier run may have sent is sent again. */
	void (*repeats)(void *arg, const struct receipt *r);
	/* An attempt did not settle it; another one comes in delay seconds. */
	void (*again)(void *arg, const struct receipt *r, double delay);
	/* Neither sent nor kept: cut short, or without rows (b->fault). */
	void (*passed)(void *arg, const struct batch *b);
	/* The first batch that has pcId, with v2. */
	void (*pc_id)(void *arg);
	void (*trouble)(void *arg, const struct error *e);
};

/* Runs until the stream ends, or a signal came.  counts->left is to be freed
 * by ranges_free. */
enum exit_code sender_run(const struct sender_settings *settings,
    const struct sender_hooks *hooks, struct batch_reader *reader,
    struct sender_counts *counts);

#endif
