/*
 * limits.h: how many calls a minute the service takes, and whether requests
 * for a status count as such, by making as many calls as it takes.
 */
#ifndef TP_PROBE_LIMITS_H
#define TP_PROBE_LIMITS_H

#include "probe/step.h"

/* Of a kind at most so many in a row; the service takes 50 a minute
 * ("Limits"). */
enum { LIMITS_CALLS = 60, LIMITS_MINUTE = 60 /* seconds */ };

/* Notes both findings.  As probe_run (run.h). */
int limits_find(struct probe *p, struct error *e);

#endif
