/*
 * store.h: profiles and the statuses of batches, in SQLite; the one place
 * that knows SQLite.
 *
 * Not safe for threads: the caller lets in one at a time.  What changes
 * profiles is one transaction: store_begin, then store_commit or
 * store_rollback.
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
#include "sandbox/document.h"

enum store_kind { STORE_PCID, STORE_THIRD_PARTY_ID };

/* A client code: letters, digits, "-", "_", "."; and its NUL. */
#define STORE_CLIENT 65
/* CLIENT-MILLISECONDS-NUMBER and its NUL. */
#define STORE_BATCH_ID (STORE_CLIENT + 48)

struct store_batch {
	/* Set by store_begin_batch: */
	char id[STORE_BATCH_ID];
	int64_t number;	 /* from 1 on */
	int64_t created; /* milliseconds since 1970 */
	/* By the caller: */
	bool lists_failed; /* v2: its status lists the ids that failed */
	uint64_t size;	   /* data rows */
	uint64_t consumed;
	uint64_t successful;
	uint64_t not_found;
	uint64_t failed;
	int64_t ready; /* complete from then on: milliseconds since 1970 */
	bool stuck;
};

/* A status is kept for 24 hours at most: older documentation. */
#define STORE_STATUS_LIFE ((int64_t)24 * 3600 * 1000)
/* Of a batch, so many ids that failed are kept, and so many bytes of each. */
#define STORE_FAILED 500
#define STORE_FAILED_BYTES 1024

struct store;

/* path NULL: in memory, in room bytes.  NULL: e says why, with EXIT_LOCAL. */
struct store *store_open(const char *path, uint64_t room, struct error *e);
int store_close(struct store *s, struct error *e);

/* From any thread: what is going on, and all that follows, fails soon. */
void store_stop(struct store *s);

/* Whose profiles are meant, and when it is. */
struct store_scope {
	const char *client;
	enum store_kind kind;
	int64_t now;	  /* milliseconds since 1970 */
	int64_t lifetime; /* of a profile after it was last touched: the same */
};

/* A profile that is being changed. */
struct store_profile {
	bool found;
	int64_t number; /* if it was found */
	int64_t batch;	/* that touched it last; 0: none did */
	struct document document;
};

int store_begin(
    struct store *s, const struct store_scope *scope, struct error *e);
/* What changes profiles is a batch: its status is kept from the end on. */
int store_begin_batch(
    struct store *s, struct store_batch *batch, struct error *e);
/* The name of an attribute. */
int store_name(struct store *s, const char *text, size_t n,
    struct document_name *name, struct error *e);
/* Loads the profile with this id, if there is one that still lives. */
int store_find(struct store *s, const char *id, size_t n,
    struct store_profile *profile, struct error *e);
/* Keeps it under this id; it is touched, now and by this batch. */
int store_keep(struct store *s, const char *id, size_t n,
    const struct store_profile *profile, struct error *e);
/* Notes that the row of this id failed, or was not kept though it counts. */
int store_fail(struct store *s, const char *id, size_t n, struct error *e);
int store_lose(struct store *s, const char *id, size_t n, struct error *e);
/* Of this client, the keep newest batches keep their status. */
int store_end_batch(struct store *s, const struct store_batch *batch,
    uint64_t keep, struct error *e);
/* Rolls back if it fails. */
int store_commit(struct store *s, struct error *e);
void store_rollback(struct store *s);

/* 1: found, 0: not there or no longer. */
int store_status(struct store *s, const char *client, const char *batch_id,
    int64_t now, struct store_batch *batch, struct error *e);
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
 * Returns how many there were: 0 if there is no such profile, or it holds
 * nothing.
 */
int store_fetch(struct store *s, const struct store_scope *scope,
    const char *id,
    int (*visit)(void *arg, const struct store_attribute *attribute), void *arg,
    struct error *e);

/* "3.40.1" */
const char *store_version(void);

#endif
