/*
 * desk.h: where a run of tp-send writes down and tells what comes of its
 * batches: the failed file, the journal's part in that, counts, the exit code,
 * receipts and messages; and where it is decided that the run stops.
 *
 * Any thread may call these; what is told is told by one at a time, which may
 * have to wait for a file, a pipe or a terminal.
 */
#ifndef TP_SEND_DESK_H
#define TP_SEND_DESK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "base/error.h"
#include "base/sha256.h"
#include "batch/reader.h"
#include "send/counts.h"
#include "send/report.h"
#include "send/settings.h"

struct desk {
	const struct send_settings *settings;
	struct report *report;
	struct batch_reader *reader; /* for what a batch has beyond memory … */
	struct sha256 *sha256;	     /* … of the thread that reads */
	pthread_mutex_t lock;	     /* over all that follows */
	struct counts *counts;
	enum exit_code code;
	bool mute; /* receipts cannot be written any more */

	atomic_bool stopped; /* nothing more is sent */
	atomic_bool unkept;  /* the failed file cannot be written */
};

/* counts is empty, and is to be freed by its owner. */
void desk_open(struct desk *d, const struct send_settings *settings,
    struct report *report, struct batch_reader *reader, struct counts *counts);
void desk_close(struct desk *d);

/* Whether no request is to begin any more; desk is a struct desk. */
bool desk_stopped(void *desk);
/* The run stops, with that code, or what e says, which is told. */
void desk_stop(struct desk *d, enum exit_code code);
void desk_trouble(struct desk *d, const struct error *e);
/* … as the credentials are refused. */
void desk_denied(struct desk *d);

/* A call for that batch was refused.  True: with it so many were that the run
 * stops. */
bool desk_refused(struct desk *d, uint64_t batch);

/* What an earlier run may have sent is sent again. */
void desk_repeats(struct desk *d, const struct part *p);
/* An attempt did not settle it; in so many seconds another one comes. */
void desk_again(struct desk *d, const struct receipt *r, double delay);

/*
 * What came of a batch, or a part of it.  keep: it goes to the failed file;
 * earlier: an earlier run has settled it.
 */
void desk_settle(struct desk *d, struct batch *b, const struct receipt *r,
    bool keep, bool earlier);

/* All of a batch was settled. */
void desk_end_batch(struct desk *d);

/* By the thread that reads, while no other one sends: a batch that must not be
 * sent, with that digest of what is in memory. */
void desk_settle_invalid(
    struct desk *d, struct batch *b, const char sha256[SHA256_HEX]);
/* The first batch with pcId, with v2. */
void desk_warn_pc_id(struct desk *d);

#endif
