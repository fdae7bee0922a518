#include "pace/calls.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/sys.h"

struct call {
	uint64_t booking;
	int64_t when;
	uint32_t rate; /* that of who makes it */
	uint32_t poll; /* 1: it is one */
};

/* All fields have 8 bytes: no padding, and the sum is made of whole words. */
struct head {
	uint64_t magic;
	uint64_t sum;	    /* of the image without this field */
	struct moment used; /* when, the last time: all times are of its boot */
	int64_t closed;	    /* no call before then */
	int64_t expected;   /* polls, until then */
	uint64_t next_booking;
	uint64_t calls; /* how many follow */
};

struct calls {
	struct head head;
	struct call calls[CALLS_MAX]; /* oldest first, and then those to come */
	uint64_t image[];
};

/* "tp-pace3", if the machine is little-endian. */
static const uint64_t magic = UINT64_C(0x33656361702d7074);

size_t
calls_size_max(void)
{
	return sizeof(struct calls);
}

/* Without a call; none is allowed for so long. */
static void
clear(struct calls *l, const struct moment *now, int64_t closed)
{
	l->head.used = *now;
	l->head.closed = now->up + closed;
	l->head.expected = now->up;
	l->head.calls = 0;
}

struct calls *
calls_new(const struct moment *now)
{
	struct calls *l = sys_calloc(1, sizeof(*l) + calls_size_max());

	if (l == NULL)
		return NULL;
	l->head.next_booking = 1;
	clear(l, now, 0);
	return l;
}

void
calls_free(struct calls *l)
{
	free(l);
}

/* ------------------------------------------------------------- the image */

/* FNV-1a, by words: it is there for accidents, not for enemies. */
static uint64_t
sum_words(const uint64_t *words, size_t n)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < n; i++) {
		sum = (sum ^ words[i]) * UINT64_C(0x100000001b3);
		sum ^= sum >> 32;
	}
	return sum;
}

size_t
calls_image(struct calls *l, const void **data)
{
	struct head *head = &l->head;
	size_t calls = head->calls * sizeof(l->calls[0]);
	size_t n = sizeof(*head) + calls;
	char *to = (char *)l->image;

	head->magic = magic;
	head->sum = 0;
	memcpy(to, head, sizeof(*head));
	memcpy(to + sizeof(*head), l->calls, calls);
	head->sum = sum_words(l->image, n / sizeof(l->image[0]));
	memcpy(to, head, sizeof(*head));
	*data = l->image;
	return n;
}

/* So that no sum of two of them, or difference, is too large. */
static bool
is_time(int64_t t)
{
	return t > INT64_MIN / 4 && t < INT64_MAX / 4;
}

/* What stands in l->image, n bytes, is one of ours: takes it over. */
static bool
take(struct calls *l, size_t n)
{
	struct head head;
	size_t i, needed;

	if (n < sizeof(head))
		return false;
	memcpy(&head, l->image, sizeof(head));
	if (head.magic != magic || head.calls > CALLS_MAX ||
	    !is_time(head.used.up) || !is_time(head.used.wall) ||
	    !is_time(head.closed) || !is_time(head.expected))
		return false;
	needed = sizeof(head) + head.calls * sizeof(l->calls[0]);
	if (n < needed)
		return false;
	l->head = head;
	head.sum = 0;
	memcpy(l->image, &head, sizeof(head));
	memcpy(l->calls, (const char *)l->image + sizeof(head),
	    needed - sizeof(head));
	for (i = 0; i < head.calls; i++) {
		if (!is_time(l->calls[i].when) ||
		    (i > 0 && l->calls[i].when < l->calls[i - 1].when))
			return false;
	}
	return l->head.sum == sum_words(l->image, needed / sizeof(uint64_t));
}

/* -------------------------------------------------------------- the clock */

static void
move(struct calls *l, int64_t by)
{
	size_t i;

	for (i = 0; i < l->head.calls; i++)
		l->calls[i].when += by;
	l->head.closed += by;
	l->head.expected += by;
}

/* All times become those of this boot; calls that count no more are dropped. */
static void
catch_up(struct calls *l, const struct moment *now)
{
	const struct moment *used = &l->head.used;
	int64_t passed = now->wall - used->wall;
	size_t old = 0;

	if (used->boot == now->boot) {
		if (now->up < used->up)
			move(l, now->up - used->up);
	} else if (now->up < CALLS_WINDOW) {
		clear(l, now, CALLS_WINDOW);
	} else if (passed < -CALLS_WINDOW) {
		clear(l, now, 0);
	} else {
		move(l, now->up - passed - used->up);
	}
	l->head.used = *now;
	while (
	    old < l->head.calls && l->calls[old].when <= now->up - CALLS_WINDOW)
		old++;
	l->head.calls -= old;
	memmove(l->calls, l->calls + old, l->head.calls * sizeof(l->calls[0]));
}

void
calls_fill(struct calls *l, const struct moment *now)
{
	catch_up(l, now);
	l->head.closed = now->up + CALLS_WINDOW;
}

int
calls_read(
    struct calls *l, const void *data, size_t n, const struct moment *now)
{
	if (n > calls_size_max())
		n = calls_size_max();
	memcpy(l->image, data, n);
	if (take(l, n))
		return 0;
	clear(l, now, CALLS_WINDOW);
	/* Not one that somebody still holds. */
	l->head.next_booking = sum_words((const uint64_t *)now, 3) | 1;
	return -1;
}

int64_t
calls_blind(struct calls *l, const struct moment *now)
{
	catch_up(l, now);
	return l->head.closed > now->up ? l->head.closed - now->up : 0;
}

/* -------------------------------------------------------------- the turns */

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* When the next call can be made, behind all that are booked, if at most so
 * many are to be made in a window. */
static int64_t
next_time(const struct calls *l, size_t most, const struct moment *now)
{
	int64_t when = later(now->up, l->head.closed);
	size_t n = l->head.calls;

	if (n > 0)
		when = later(when, l->calls[n - 1].when);
	if (n >= most)
		when = later(when, l->calls[n - most].when + CALLS_WINDOW);
	return when;
}

/* When so many calls of that kind at most, one more included, are in a
 * window. */
static int64_t
time_of_kind(const struct calls *l, enum calls_kind kind, size_t most)
{
	size_t i = l->head.calls;

	while (i > 0) {
		if (l->calls[--i].poll == (kind == CALLS_POLL) && --most == 0)
			return l->calls[i].when + CALLS_WINDOW;
	}
	return INT64_MIN;
}

/* Whether a call can be made at t, among those that are booked, so that each of
 * them keeps to its own rate, and this one to this. */
static bool
fits(const struct calls *l, size_t rate, int64_t t)
{
	size_t i, at = l->head.calls;

	while (at > 0 && l->calls[at - 1].when > t)
		at--;
	if (at >= rate && t - l->calls[at - rate].when < CALLS_WINDOW)
		return false;
	for (i = at; i < l->head.calls; i++) {
		/* The call that is the first one too many for its window. */
		size_t most = l->calls[i].rate, first = i + 1 - most;

		if (i + 1 < most || first > at)
			continue;
		if (l->calls[i].when -
			(first == at ? t : l->calls[first].when) <
		    CALLS_WINDOW)
			return false;
	}
	return true;
}

/* The first time from t on at which a call fits: one at which another leaves
 * the window, or was booked. */
static int64_t
first_fit(const struct calls *l, size_t rate, int64_t t)
{
	int64_t next;
	size_t i;

	while (!fits(l, rate, t)) {
		next = INT64_MAX;
		for (i = 0; i < l->head.calls; i++) {
			int64_t when = l->calls[i].when;

			if (when <= t)
				when += CALLS_WINDOW;
			if (when > t && when < next)
				next = when;
		}
		t = next;
	}
	return t;
}

/* So many polls a window are not held up by what is booked. */
static size_t
share_of(size_t rate)
{
	return rate < 2 * CALLS_SHARE ? rate / 2 : CALLS_SHARE;
}

/* Many calls are soon over, and to look where one fits would take long. */
enum { FEW = 500 };

static int64_t
book(const struct calls *l, enum calls_kind kind, size_t rate,
    const struct moment *now)
{
	const size_t share = share_of(rate);
	int64_t when = next_time(l, rate, now), apart;

	if (kind == CALLS_SEND)
		return l->head.expected > now->up && rate > share
			   ? later(when,
				 time_of_kind(l, CALLS_SEND, rate - share))
			   : when;
	if (share == 0 || l->head.calls > FEW)
		return when;
	when = next_time(l, (rate + 1) / 2, now);
	apart = later(now->up, l->head.closed);
	apart = later(apart, time_of_kind(l, CALLS_POLL, share));
	apart = first_fit(l, rate, apart);
	return when < apart ? when : apart;
}

static size_t
find(const struct calls *l, uint64_t booking)
{
	size_t i;

	for (i = 0; i < l->head.calls; i++) {
		if (l->calls[i].booking == booking)
			break;
	}
	return i;
}

static void
drop(struct calls *l, size_t at)
{
	l->head.calls--;
	memmove(&l->calls[at], &l->calls[at + 1],
	    (l->head.calls - at) * sizeof(l->calls[0]));
}

/* Among those that are booked. */
static void
insert(struct calls *l, const struct call *call)
{
	size_t at = l->head.calls++;

	while (at > 0 && l->calls[at - 1].when > call->when)
		at--;
	memmove(&l->calls[at + 1], &l->calls[at],
	    (l->head.calls - 1 - at) * sizeof(l->calls[0]));
	l->calls[at] = *call;
}

void
calls_expect(struct calls *l, const struct moment *now)
{
	catch_up(l, now);
	l->head.expected = now->up + CALLS_EXPECTED;
}

int64_t
calls_ask(struct calls *l, uint64_t *booking, enum calls_kind kind,
    unsigned rate, const struct moment *now)
{
	struct call call = {0, 0, 0, 0};
	size_t at;

	catch_up(l, now);
	if (kind == CALLS_POLL)
		calls_expect(l, now);
	at = find(l, *booking);
	if (at < l->head.calls)
		call = l->calls[at];
	if (at == l->head.calls || call.when < now->up - CALLS_LATE) {
		call.booking = l->head.next_booking;
		call.when = book(l, kind, rate, now);
		call.rate = rate;
		call.poll = kind == CALLS_POLL;
		/* The oldest of so many matters to no rate. */
		if (l->head.calls == CALLS_MAX && l->calls[0].when <= now->up)
			drop(l, 0);
		if (l->head.calls == CALLS_MAX)
			return CALLS_SECOND;
		l->head.next_booking++;
		insert(l, &call);
	}
	*booking = call.when > now->up ? call.booking : 0;
	return later(call.when - now->up, 0);
}

void
calls_leave(struct calls *l, uint64_t booking)
{
	size_t at = find(l, booking);

	if (at < l->head.calls)
		drop(l, at);
}

int64_t
calls_delay(struct calls *l, unsigned rate, const struct moment *now)
{
	catch_up(l, now);
	return next_time(l, rate, now) - now->up;
}
