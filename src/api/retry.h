/*
 * retry.h: how long to wait before the same bytes are sent again.
 */
#ifndef TP_API_RETRY_H
#define TP_API_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* No figures are documented; 30 to 60 s are reported to recover from the
 * limit of calls.  All in seconds. */
#define RETRY_TIMES 8	    /* attempts after the first */
#define RETRY_FIRST 2	    /* … doubling … */
#define RETRY_LONGEST 60    /* … to this */
#define RETRY_BUSY 30	    /* after too many calls: so much, and up to … */
#define RETRY_BUSY_MORE 15  /* … so much more, the first time */
#define RETRY_AFTER_MIN 1   /* what Retry-After asks for is kept within … */
#define RETRY_AFTER_MAX 300 /* … these */

struct retry {
	double first;  /* RETRY_FIRST, unless the user says otherwise … */
	bool given;    /* … and does */
	uint64_t seed; /* of the jitter; not 0 */
};

/*
 * Seconds to wait before the next attempt, when `busy` in a row, this one
 * included, were refused for too many calls and the service does not say how
 * long to wait.  The minute that it counts must be over: RETRY_BUSY and more,
 * then RETRY_LONGEST.
 */
double retry_busy(struct retry *r, unsigned busy);

/*
 * Seconds to wait after the nth attempt (n >= 1) failed: first * 2^(n-1), of
 * which up to a half is taken off at random, so that senders which failed
 * together do not come back together.  after: what Retry-After asked for;
 * below 0: nothing.
 */
double retry_delay(struct retry *r, unsigned n, double after);

/*
 * The one of the two that holds after the nth attempt: the first, if `busy` in
 * a row were refused for too many calls, and neither the service nor the user
 * says how long to wait.  busy 0: it was not refused for that.
 */
double retry_wait(struct retry *r, unsigned n, unsigned busy, double after);

#endif
