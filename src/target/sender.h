/*
 * sender.h: one run of tp-send: takes each batch of a stream, sends it, and
 * sees to it that what was not accepted is kept.
 *
 * One thread reads, `jobs` threads send; at most jobs + 1 batches are in
 * memory.  With one job batches are settled in the order of the stream.
 */
#ifndef TP_TARGET_SENDER_H
#define TP_TARGET_SENDER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "batch/reader.h"
#include "target/endpoint.h"
#include "target/failed.h"
#include "target/http.h"
#include "target/pace.h"
#include "target/receipt.h"

/* People see no gain beyond about 5 uploads at once. */
enum { SENDER_JOBS_MAX = 16 };

/* Seconds that what is in flight gets after a signal. */
enum { SENDER_GRACE = 10 };

/* So many batches refused in a row, and none accepted: the run stops. */
enum { SENDER_REFUSED_IN_ROW = 3 };

struct sender_settings {
	const struct endpoint *endpoint;
	const char *token; /* or NULL */
	struct http_settings http;
	struct pace *pace;
	struct failed *failed;
	unsigned jobs;
	unsigned retries;
	double retry_first; /* seconds */
};

/* What the run tells while it goes; one call at a time, from any thread. */
struct sender_hooks {
	void *arg;
	/* A receipt.  -1: it cannot be written; the run stops with e. */
	int (*settled)(void *arg, const struct receipt *r,
	    const struct batch *b, struct error *e);
	/* An attempt did not settle it; another one comes in delay seconds. */
	void (*again)(void *arg, const struct receipt *r, double delay);
	/* Neither sent nor kept: cut short, or without rows (b->fault). */
	void (*passed)(void *arg, const struct batch *b);
	/* The first batch that has pcId, with v2. */
	void (*pc_id)(void *arg);
	void (*trouble)(void *arg, const struct error *e);
};

struct sender_counts {
	uint64_t batches; /* read, those passed over not among them */
	uint64_t states[RECEIPT_SKIPPED + 1];
	uint64_t passed;
	uint64_t rows, bytes; /* in batches */
	uint64_t rows_accepted;
	uint64_t calls;
	/* The run ended early: this batch and all behind it were not read,
	 * and are not in the failed file.  0: all were. */
	uint64_t unread;
	bool denied; /* it stopped because all would be refused */
};

/* Runs until the stream ends, or a signal came. */
enum exit_code sender_run(const struct sender_settings *settings,
    const struct sender_hooks *hooks, struct batch_reader *reader,
    struct sender_counts *counts);

#endif
