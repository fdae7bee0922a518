/*
 * store.h: profiles and the statuses of batches, in SQLite; the one place
 * that knows SQLite.
 *
 * Not safe for threads: the caller lets in one at a time.  A batch is one
 * transaction: store_begin, rows, then store_commit or store_rollback.
 * Everything returns -1 when the database fails: with EXIT_TEMPORARY if memory
 * or the room for it has run out, or after store_stop; it can be used further
 * then.  With EXIT_LOCAL it is of no more use.
 */
#ifndef TP_SANDBOX_STORE_H
#define TP_SANDBOX_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

enum store_kind { STORE_PCID, STORE_THIRD_PARTY_ID };

/* A client code: letters, digits, "-", "_", "."; and its NUL. */
#define STORE_CLIENT 65
/* CLIENT-MILLISECONDS-NUMBER and its NUL. */
#define STORE_BATCH_ID (STORE_CLIENT + 48)

struct store_batch {
	char id[STORE_BATCH_ID]; /* set by store_begin */
	bool lists_failed;	 /* v2: its status lists the ids that failed */
	uint64_t size;		 /* data rows */
	uint64_t consumed;
	uint64_t successful;
	uint64_t not_found;
	uint64_t failed;
	int64_t ready; /* complete from then on: milliseconds since 1970 */
	bool stuck;
};

/*
 * What a profile may hold, names and values together: Target limits, "64 KB
 * of external data".  KB or KiB is not said: the smaller.
 */
#define STORE_PROFILE_BYTES 64000
/* Of a batch, so many ids that failed are kept, and so many bytes of each. */
#define STORE_FAILED 500
#define STORE_FAILED_BYTES 1024

/* Of an attribute. */
struct store_name {
	int64_t number;
	size_t n; /* bytes */
};

struct store;

/* path NULL: in memory, in room bytes.  NULL: e says why, with EXIT_LOCAL. */
struct store *store_open(const char *path, uint64_t room, struct error *e);
int store_close(struct store *s, struct error *e);

/* From any thread: what is going on, and all that follows, fails soon. */
void store_stop(struct store *s);

/* Milliseconds since 1970. */
int64_t store_now(void);

int store_begin(struct store *s, const char *client, enum store_kind kind,
    struct store_batch *batch, struct error *e);
/* The name of an attribute, for store_set. */
int store_name(struct store *s, const char *text, size_t n,
    struct store_name *name, struct error *e);
/* 1: *profile is the one with that id, made if create says so; 0: none. */
int store_profile(struct store *s, const char *id, size_t n, bool create,
    int64_t *profile, struct error *e);
/* Sets an attribute of the profile that store_profile found last. */
int store_set(struct store *s, int64_t profile, const struct store_name *name,
    const char *value, size_t n, struct error *e);
/*
 * The same profile is complete: if it holds more than STORE_PROFILE_BYTES,
 * drops its oldest attributes until it does not, and adds to *dropped how
 * many.  Of attributes that one batch set, the later name is the newer.
 */
int store_fit(
    struct store *s, int64_t profile, uint64_t *dropped, struct error *e);
/* Notes that the row of this id failed. */
int store_fail(struct store *s, const char *id, size_t n, struct error *e);
/* Of this client, the keep newest batches keep their status. */
int store_commit(struct store *s, const struct store_batch *batch,
    uint64_t keep, struct error *e);
void store_rollback(struct store *s);

/* 1: found, 0: not there or no longer. */
int store_status(struct store *s, const char *client, const char *batch_id,
    struct store_batch *batch, struct error *e);
/* Calls visit for the ids that failed, as far as they were kept; its -1 ends
 * it. */
int store_failed(struct store *s, const char *batch_id,
    int (*visit)(void *arg, const char *id, size_t n), void *arg,
    struct error *e);

struct store_attribute {
	const char *name;
	const char *value;
	size_t value_len;
	int64_t modified; /* milliseconds since 1970 */
};

/*
 * Calls visit for each attribute of a profile, by name; its -1 ends it.
 * Returns how many there were: 0 if there is no such profile, as none is made
 * without an attribute.
 */
int store_fetch(struct store *s, const char *client, enum store_kind kind,
    const char *id,
    int (*visit)(void *arg, const struct store_attribute *attribute), void *arg,
    struct error *e);

/* "3.40.1" */
const char *store_version(void);

#endif
