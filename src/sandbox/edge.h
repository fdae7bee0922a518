/*
 * edge.h: what all calls share: settings, profiles, the count of calls, the
 * limit, the log, and the end.  Safe for threads.
 */
#ifndef TP_SANDBOX_EDGE_H
#define TP_SANDBOX_EDGE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "base/ndjson.h"
#include "sandbox/fault.h"
#include "sandbox/rows.h"
#include "sandbox/store.h"

/* 50 calls a minute: Target limits, "Admin, Reporting and bulk update". */
#define EDGE_RATE 50
/* The 10 newest statuses of a client are kept: older documentation. */
#define EDGE_KEEP 10

struct edge_settings {
	const char *db;	   /* path, or NULL: in memory */
	const char *log;   /* path, or NULL */
	const char *token; /* that updates must send, or NULL */
	bool token_always; /* other requests must send it too */
	uint64_t rate;	   /* calls in 60 seconds; 0: no limit */
	bool retry_after;  /* the 503 of the limit says when */
	enum rows_order order;
	uint64_t status_delay; /* seconds until a batch is complete */
	uint64_t keep;	       /* statuses of a client */
	struct faults faults;
};

struct edge;

/* settings must outlive it. */
struct edge *edge_open(const struct edge_settings *settings, struct error *e);

/* No call may be open any more.  -1: what failed first, now or before. */
int edge_close(struct edge *edge, struct error *e);

const struct edge_settings *edge_settings(const struct edge *edge);

/* Where it can be reached ("http://127.0.0.1:1234"), for status URLs.  Set
 * once, before the first call. */
void edge_set_address(struct edge *edge, const char *address);
const char *edge_address(const struct edge *edge);

/*
 * Counts a call that is under the limit.  True: it is let through, and its
 * number is in *number.  False: past the limit for another *wait seconds.
 */
bool edge_admit(
    struct edge *edge, enum fault_call kind, uint64_t *number, double *wait);

/* One at a time may use the store. */
struct store *edge_lock(struct edge *edge);
void edge_unlock(struct edge *edge);

/* Writes a line to the log, if there is one; takes line over. */
void edge_log(struct edge *edge, ndjson *line);

/* Sleeps, but not past the end. */
void edge_wait(struct edge *edge, uint64_t seconds);

/* Ends every edge_wait, now and to come. */
void edge_end(struct edge *edge);

/*
 * Disk, memory or the like has failed: keeps the first of these for
 * edge_close, and sends the process SIGTERM, as it is of no more use.
 */
void edge_fail(struct edge *edge, const struct error *e);

/* Adds the counts of a run, for --summary. */
void edge_count(struct edge *edge, const char *state, uint64_t rows);
void edge_counts(struct edge *edge, ndjson *counts);

#endif
