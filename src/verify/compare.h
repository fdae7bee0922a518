/*
 * compare.h: a row that was sent, and the profile that the service holds: what
 * of it was kept.
 */
#ifndef TP_VERIFY_COMPARE_H
#define TP_VERIFY_COMPARE_H

#include "api/profile.h"
#include "base/ndjson.h"
#include "verify/sample.h"

enum kept {
	KEPT,
	KEPT_CHANGED, /* another value, which somebody has set later */
	KEPT_DIFFERS, /* another value, or not all of the values */
	KEPT_MISSING, /* there is no profile */
	KEPT_UNREAD,  /* the answer was no profile; nothing was compared */
	KEPTS
};

/* "missing" */
const char *kept_name(enum kept kept);

/*
 * An attribute was set later, by somebody else, if it was modified more than a
 * minute after the row was accepted, and after the newest of the attributes
 * that have the value of the row.  Where there is none of these, it counts only
 * an hour after the row was accepted: so long it may take until a row is
 * applied.  Seconds.
 */
enum { COMPARE_SLACK = 60, COMPARE_APPLIED = PROFILE_SHOWS };

/*
 * Compares each value.  profile NULL: there is none.  Into `attributes`, if it
 * is not NULL, goes a member for each that is not as it was sent; values are in
 * it if `values`.  room: row->len bytes.
 */
enum kept compare_row(const struct sample *s, const struct sample_row *row,
    const struct profile *profile, bool values, char *room, ndjson *attributes);

#endif
