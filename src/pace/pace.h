/*
 * pace.h: how many calls a minute.
 *
 * The service takes 50 calls a minute to its Admin, Reporting and bulk update
 * APIs together ("Limits"); past that it answers 503.  Every request, resent
 * ones and polls included, waits here for its turn first: no sliding 60
 * seconds ever hold more turns than the rate.  When a call then arrives is not
 * known here: CALLS_WINDOW allows for a second of difference.
 *
 * All processes of a user share one ledger for a client at an endpoint, a
 * file that the caller names, so this holds for all their calls together.  Each
 * obeys its own rate.
 * Turns are taken in order, but polls have a share; see calls.h.
 */
#ifndef TP_PACE_PACE_H
#define TP_PACE_PACE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "pace/calls.h"

/* calls a minute; PACE_SERVICE: what the service takes ("Limits") */
enum { PACE_SEND = 45, PACE_SERVICE = 50, PACE_MAX = CALLS_MAX };

/*
 * What a user should know of a wait: a warning, or a detail of one that is
 * only long.  Called by whichever thread waits; say NULL: nobody is told.
 */
struct pace_teller {
	void (*say)(void *arg, bool warning, const char *text);
	void *arg;
};

struct pace;

/* Of the calls of this pace alone.  rate: calls a minute, 1 to PACE_MAX.
 * NULL: e says why. */
struct pace *pace_new(unsigned rate, struct error *e);

/*
 * Of all calls of the user that have the ledger of that name, a file in the
 * state folder; one in a process, as a second one's end would take the lock
 * from the first.  NULL with EXIT_USAGE if the ledger cannot be made, or is not
 * the user's.  teller must live as long.
 */
struct pace *pace_open(const char *name, unsigned rate,
    const struct pace_teller *teller, struct error *e);

/* Would pace_open succeed?  Makes nothing, and counts no call. */
int pace_look(
    const char *name, const struct pace_teller *teller, struct error *e);

void pace_free(struct pace *p);

/*
 * Blocks until a call is allowed, and counts it.  1: stop (asked a few times
 * a second; NULL: a signal came) said to give up, nothing is counted.  -1 with
 * EXIT_LOCAL: the ledger cannot be read or written; no call may be made.  Any
 * number of threads may wait at once.
 */
int pace_wait(struct pace *p, enum calls_kind kind, bool (*stop)(void *arg),
    void *arg, struct error *e);

/* Polls are to come: from now on they have their share.  -1 with EXIT_LOCAL, 1:
 * a signal came. */
int pace_expect_polls(struct pace *p, struct error *e);

/* Of pace_new only: seconds until a call would be allowed; 0: now. */
double pace_delay(struct pace *p);

#endif
