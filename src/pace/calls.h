/*
 * calls.h: the calls of the last minute, and those that are booked.
 *
 * What pace.h keeps in a file for all processes of a user, without the file,
 * the lock and the clock: those are the caller's, so that a test can put
 * others in their place.  Nothing here trusts what it is given to read.
 *
 * A call is booked for the first moment that the rate allows, and not before
 * one that was booked earlier.  So turns are taken in the order of asking, and
 * who dies leaves a turn that nobody uses, but holds up nobody any longer.
 *
 * Polls have a share of the calls.  While some are expected, the others leave
 * it to them, and a poll within it need not wait behind those that are booked.
 * More polls than that are made only while most calls are not in use.
 *
 * Which clock: the time since the machine was started, suspended time
 * included.  It is the same for all processes, and no one sets it, as the wall
 * clock is set.  It begins anew with the machine, so the ledger says of which
 * start ("boot") its times are.
 *  - If the clock has run backwards (a machine put back to a snapshot), all
 *    times are moved back with it.
 *  - A ledger of an earlier boot may be an old one, as it is not synced for
 *    each call; but all of those calls were made before this boot.  In the
 *    first window of a boot, it is taken for a full one.
 *  - Past that, a ledger of another boot can only be another machine's, which
 *    shares the folder.  The wall clock, which those machines should agree on,
 *    then says how long ago it was used, and all times are moved to this clock.
 *    If it says that it is to be used in more than a window, no call counts.
 * So a step of the wall clock changes nothing on one machine, and no clock can
 * make anybody wait for more than a window longer.
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

/* Who comes so late for a call that it booked must book anew: that much of the
 * second it may take. */
#define CALLS_LATE (CALLS_SECOND / 4)

enum { CALLS_MAX = 10000 /* no rate may be higher */ };

struct moment {
	uint64_t boot;	  /* id of the machine's start; 0: not known */
	int64_t up, wall; /* nanoseconds since then, and since 1970 */
};

enum calls_kind { CALLS_SEND, CALLS_POLL };

/* Polls in a window that are theirs; of a rate below twice that, half. */
#define CALLS_SHARE 5
/* After a poll, or calls_expect, more are expected for so long. */
#define CALLS_EXPECTED (2 * CALLS_WINDOW)

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
 * rates counted?  0: yes, it is counted, and *booking is 0 again.  Else it is
 * booked for so many nanoseconds from now: ask again then, or before, with the
 * same booking (first: 0).  One that is lost, or that is asked for later than
 * CALLS_LATE, is booked anew.  If CALLS_MAX are booked already, this one is not
 * yet.
 *
 * A booking lies at most a window behind the one before it, or now.  So with k
 * calls booked before, a call is allowed within k + 1 windows, and with equal
 * rates within 1 + k / rate windows.  None holds up one that is booked.
 */
int64_t calls_ask(struct calls *l, uint64_t *booking, enum calls_kind kind,
    unsigned rate, const struct moment *now);

/* Polls are to come. */
void calls_expect(struct calls *l, const struct moment *now);

/* Nobody comes for that call. */
void calls_leave(struct calls *l, uint64_t booking);

/* Nanoseconds until calls_ask would allow a call that is no poll. */
int64_t calls_delay(struct calls *l, unsigned rate, const struct moment *now);

#endif
