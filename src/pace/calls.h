/*
 * calls.h: the calls of the last minute, and who waits for the next.
 *
 * What pace.h keeps in a file for all processes of a user, without the file,
 * the lock and the clock: those are the caller's, so that a test can put
 * others in their place.  Nothing here trusts what it is given to read.
 *
 * Which clock: the time since the machine was started, suspended time
 * included.  It is the same for all processes, and no one sets it, as the wall
 * clock is set.  It begins anew with the machine, so each time is kept with
 * the id of that start ("boot").
 *  - A time of this boot that lies ahead (a machine put back to a snapshot) is
 *    taken for now.
 *  - A ledger that an earlier boot wrote last may be an old one, as it is not
 *    synced for each call; but all of those calls were made before this boot:
 *    nothing is allowed in its first minute.
 *  - Past that, times of another boot can only be another machine's, which
 *    shares the folder.  The wall clock, which those machines should agree on,
 *    then says how old they are; if it says that they lie a minute ahead or
 *    more, they do not count.
 * So a step of the wall clock changes nothing on one machine, and no clock can
 * make anybody wait for more than two minutes.
 */
#ifndef TP_PACE_CALLS_H
#define TP_PACE_CALLS_H

#include <stddef.h>
#include <stdint.h>

#define CALLS_SECOND INT64_C(1000000000)

/*
 * A call counts for so long: a second more than the service's minute, as one
 * request may take longer to arrive than the next.
 */
#define CALLS_WINDOW (61 * CALLS_SECOND)

/* A waiter that was not heard of for so long is dead. */
#define CALLS_LEASE (10 * CALLS_SECOND)

enum {
	CALLS_MAX = 10000,  /* no rate may be higher */
	CALLS_WAITERS = 256 /* more than these are not kept in order */
};

struct moment {
	uint64_t boot;	  /* id of the machine's start; 0: not known */
	int64_t up, wall; /* nanoseconds since then, and since 1970 */
};

struct calls;

/* Empty: no calls were made.  NULL: no memory. */
struct calls *calls_new(const struct moment *now);
void calls_free(struct calls *l);

/*
 * Takes over what calls_image gave.  Anything else (torn, corrupt, empty) is
 * taken for a full ledger: no call for a whole window; -1.
 */
int calls_read(
    struct calls *l, const void *data, size_t n, const struct moment *now);

/* The longest image, in bytes. */
size_t calls_size_max(void);

/* *data is valid until the next call here.  Returns how many bytes it has. */
size_t calls_image(struct calls *l, const void **data);

/* Calls that it does not know of may have been made until now. */
void calls_fill(struct calls *l, const struct moment *now);

/* Nanoseconds for which it allows no call because of that; 0: it knows all. */
int64_t calls_blind(struct calls *l, const struct moment *now);

/*
 * May a call be made now, at this rate (1 to CALLS_MAX), all calls of all
 * rates counted?  0: yes, it is counted, and *ticket is 0 again.  Else not
 * before so many nanoseconds have passed, but less if others give up; ask
 * again with the same ticket (first: 0) within the lease.
 *
 * Turns are taken in the order of the first asking: nobody's call delays one
 * that was asked for before.  So with k waiters ahead, who live, a call is
 * allowed within (k + 1) windows, and with equal rates within
 * 1 + k / rate windows, and a lease for those who died.
 */
int64_t calls_ask(
    struct calls *l, uint64_t *ticket, unsigned rate, const struct moment *now);

/* The holder of the ticket waits no longer. */
void calls_leave(struct calls *l, uint64_t ticket);

/* Nanoseconds until calls_ask would allow a call, if none else asked. */
int64_t calls_delay(struct calls *l, unsigned rate, const struct moment *now);

#endif
