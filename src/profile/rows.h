/*
 * rows.h: the records of an export that can be sent, one after another, each
 * with its identifier.  Those that cannot are rejected on the way
 * (check_representable).
 *
 * Most rows are not cut into fields for that: they are given as they lie.
 */
#ifndef TP_PROFILE_ROWS_H
#define TP_PROFILE_ROWS_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "profile/export.h"
#include "profile/quick.h"

struct rows {
	struct export *export;
	struct csv_dialect dialect;
	struct quick quick;
	struct csv_run run;
	size_t next; /* row of the run */
	uint32_t begin, seps;
	uint64_t line; /* where the run begins */
};

/* Good CSV; lives until the next call. */
struct row {
	const char *raw;
	size_t len, ending; /* bytes of it, its line ending included, and of
			       that */
	const char *id;
	size_t id_len;
	uint64_t line;	 /* where it begins */
	uint64_t number; /* of the record in the run of the program, from 1 */
};

/* The export stays the caller's. */
void rows_open(struct rows *r, struct export *x, const struct csv_dialect *d);

/* The next: 1; 0 at the end; -1; 2: none, but another file begins, see
 * export_next. */
int rows_next(struct rows *r, struct row *row, struct error *e);

#endif
