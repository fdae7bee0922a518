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
/* A profile expires after 14 days: "Visitor profile lifetime". */
#define EDGE_LIFETIME ((uint64_t)14 * 86400)
/* Bytes that what clients send may take in memory: the half for profiles, if
 * they are not in a file, and the half for bodies and answers on their way.
 * A batch must fit. */
#define EDGE_MEMORY ((uint64_t)2 << 30)
#define EDGE_MEMORY_LEAST ((uint64_t)128 << 20)
#define EDGE_MEMORY_MOST ((uint64_t)1 << 40)

struct edge_settings {
	const char *db;		 /* path, or NULL: in memory */
	const char *log;	 /* path, or NULL */
	const char *token;	 /* that updates must send; NULL: none */
	const char *token_file;	 /* where it comes from, and others will */
	uint64_t token_lifetime; /* seconds that a token is good; 0: for ever */
	bool token_always;	 /* other requests must send it too */
	const char *const *clients; /* that there are; NULL: all */
	size_t n_clients;
	uint64_t rate;	  /* calls in 60 seconds; 0: no limit */
	bool retry_after; /* the 503 of the limit says when */
	enum rows_order order;
	uint64_t status_delay; /* seconds until a batch is complete */
	uint64_t keep;	       /* statuses of a client */
	uint64_t memory;       /* as EDGE_MEMORY */
	uint64_t lifetime;     /* of a profile, in seconds */
	bool override_all;     /* as in struct update_rules, and so are: */
	bool first_wins;
	double lose;
	uint64_t seed;
	bool control;	       /* there is a path for changes */
	struct faults *faults; /* more may come */
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

/* The path for changes, "/control/SECRET"; "": there is none. */
const char *edge_control(const struct edge *edge);

/* Milliseconds since 1970, as the clock of the edge says; it can be moved
 * forward. */
int64_t edge_now(struct edge *edge);
void edge_move_clock(struct edge *edge, uint64_t seconds);

/* The profiles of a client, as of now; client must live as long. */
struct store_scope edge_scope(
    struct edge *edge, const char *client, enum store_kind kind);

/* The share of rows that is lost. */
double edge_lose(struct edge *edge);
void edge_set_lose(struct edge *edge, double share);

/* Whether this client code is one of those that there are. */
bool edge_knows(const struct edge *edge, const char *client);

/* Whether this is the token, as of now. */
bool edge_token_good(struct edge *edge, const char *token);

/* The fault of a call, or NULL, and the seconds by which its answer is late. */
const struct fault *edge_fault(
    struct edge *edge, enum fault_call kind, uint64_t number, uint64_t *delay);
int edge_add_fault(struct edge *edge, const char *spec, struct error *e);
void edge_end_faults(struct edge *edge);

/*
 * Counts a call that is under the limit.  True: it is let through, and its
 * number is in *number.  False: past the limit for another *wait seconds.
 */
bool edge_admit(
    struct edge *edge, enum fault_call kind, uint64_t *number, double *wait);

/* One at a time may use the store. */
struct store *edge_lock(struct edge *edge);
void edge_unlock(struct edge *edge);

/* Takes n bytes of the memory for bodies and answers, if there are so many. */
bool edge_take(struct edge *edge, size_t n);
void edge_give(struct edge *edge, size_t n);

/* Writes a line to the log, if there is one; takes line over.  If there is no
 * memory for it, it is missing there, as edge_close will say. */
void edge_log(struct edge *edge, ndjson *line);

/* Sleeps, but not past the end. */
void edge_wait(struct edge *edge, uint64_t seconds);

/* Ends every edge_wait and what the store is doing, now and to come. */
void edge_end(struct edge *edge);

/*
 * The database or the log has failed: keeps the first of these for edge_close,
 * and sends the process SIGTERM, as it is of no more use.  Not for want of
 * memory: what clients send must not end it.
 */
void edge_fail(struct edge *edge, const struct error *e);

/* Adds the counts of a run, for --summary. */
void edge_count(struct edge *edge, const char *state, uint64_t rows);
void edge_counts(struct edge *edge, ndjson *counts);

#endif
