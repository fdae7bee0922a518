/*
 * pace.h: how many calls a minute.
 *
 * The service takes 50 calls a minute to its Admin, Reporting and bulk update
 * APIs together ("Limits"); past that it answers 503.  Every request, resent
 * ones and polls included, waits here for its turn first: no sliding 60
 * seconds ever hold more than the rate.
 */
#ifndef TP_TARGET_PACE_H
#define TP_TARGET_PACE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

enum { PACE_SEND = 45, PACE_MAX = 10000 }; /* calls a minute */

struct pace;

/* rate: calls a minute, 1 to PACE_MAX.  NULL: e says why. */
struct pace *pace_new(unsigned rate, struct error *e);
void pace_free(struct pace *p);

/*
 * Blocks until a call is allowed, and counts it.  1: stop (asked a few times
 * a second; NULL: a signal came) said to give up, nothing is counted.  Any
 * number of threads may wait at once.
 */
int pace_wait(struct pace *p, bool (*stop)(void *arg), void *arg);

/* Seconds until a call would be allowed; 0: now. */
double pace_delay(struct pace *p);

#endif
