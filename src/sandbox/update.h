/*
 * update.h: what a bulk update does: form, rows, checks, profiles, status.
 * Sources: Bulk Profile Update API; where it is silent, what is chosen here
 * is said in tp-sandbox(1).
 */
#ifndef TP_SANDBOX_UPDATE_H
#define TP_SANDBOX_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "sandbox/rows.h"
#include "sandbox/store.h"

/* Less than 50 MB and at most 500,000 rows: "Caveats".  Whether MB or MiB is
 * meant is not said: the smaller. */
#define UPDATE_MAX_BYTES 49999999
#define UPDATE_MAX_ROWS 500000
/* Nothing is said of columns.  More than these cannot all have a value in a
 * profile: each takes a byte of its 64 KB, and so does its name. */
#define UPDATE_MAX_COLUMNS (DOCUMENT_MAX / 2)

struct update_rules {
	bool create; /* v2: unknown ids get a profile */
	bool stuck;  /* its status will never be complete */
	enum rows_order order;
	/* v2: drop what such updates have set since the last page visit, and
	 * not only what has the same names. */
	bool override_all;
	bool first_wins; /* of rows with the same id; else the last */
	double lose;	 /* so many of the rows, 0 to 1, are not kept */
	uint64_t seed;	 /* decides which */
	uint64_t delay;	 /* seconds until its status is complete */
	uint64_t keep;	 /* statuses of a client */
};

struct update_result {
	const char *refused; /* message; NULL: accepted and committed */
	struct store_batch batch;
	uint64_t dropped; /* attributes that made profiles too large */
	uint64_t lost;	  /* rows that count and were not kept */
};

/*
 * Takes the body of a batch (changed in doing so); scope's kind is set here. -1
 * only when the database or memory fails, as in store.h; nothing is changed
 * then, nor when it is refused.
 */
int update_apply(struct store *s, struct store_scope *scope,
    const struct update_rules *rules, char *body, size_t n,
    struct update_result *result, struct error *e);

#endif
