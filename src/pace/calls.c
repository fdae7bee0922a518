#include "pace/calls.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/sys.h"

struct waiter {
	uint64_t ticket;
	uint64_t rate;
	struct moment seen;
};

/* All fields have 8 bytes: no padding, and the sum is made of whole words. */
struct head {
	uint64_t magic;
	uint64_t sum;  /* of the image without this field */
	uint64_t boot; /* of who wrote it */
	uint64_t next_ticket;
	uint64_t waiters, calls; /* how many of each follow */
	uint64_t is_full;
	struct moment full; /* if is_full: no call within a window after it */
};

struct calls {
	struct head head;
	struct waiter waiters[CALLS_WAITERS]; /* first come first */
	struct moment calls[CALLS_MAX];	      /* oldest first */
	uint64_t image[];
};

/* "tp-pace1", if the machine is little-endian. */
static const uint64_t magic = UINT64_C(0x31656361702d7074);

size_t
calls_size_max(void)
{
	return sizeof(struct calls);
}

struct calls *
calls_new(const struct moment *now)
{
	struct calls *l = sys_calloc(1, sizeof(*l) + calls_size_max());

	if (l == NULL)
		return NULL;
	l->head.boot = now->boot;
	l->head.next_ticket = 1;
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
	size_t waiters = head->waiters * sizeof(l->waiters[0]);
	size_t calls = head->calls * sizeof(l->calls[0]);
	size_t n = sizeof(*head) + waiters + calls;
	char *to = (char *)l->image;

	head->magic = magic;
	head->sum = 0;
	memcpy(to, head, sizeof(*head));
	memcpy(to + sizeof(*head), l->waiters, waiters);
	memcpy(to + sizeof(*head) + waiters, l->calls, calls);
	head->sum = sum_words(l->image, n / sizeof(l->image[0]));
	memcpy(to, head, sizeof(*head));
	*data = l->image;
	return n;
}

/* What stands in l->image, n bytes, is one of ours. */
static bool
is_whole(struct calls *l, size_t n)
{
	struct head head;
	size_t needed;

	if (n < sizeof(head))
		return false;
	memcpy(&head, l->image, sizeof(head));
	if (head.magic != magic || head.waiters > CALLS_WAITERS ||
	    head.calls > CALLS_MAX)
		return false;
	needed = sizeof(head) + head.waiters * sizeof(l->waiters[0]) +
		 head.calls * sizeof(l->calls[0]);
	if (n < needed)
		return false;
	l->head = head;
	head.sum = 0;
	memcpy(l->image, &head, sizeof(head));
	return l->head.sum == sum_words(l->image, needed / sizeof(uint64_t));
}

void
calls_fill(struct calls *l, const struct moment *now)
{
	l->head.is_full = 1;
	l->head.full = *now;
}

int
calls_read(
    struct calls *l, const void *data, size_t n, const struct moment *now)
{
	const char *from = (const char *)l->image + sizeof(l->head);
	struct moment start = *now;
	size_t waiters;

	if (n > calls_size_max())
		n = calls_size_max();
	memcpy(l->image, data, n);
	if (!is_whole(l, n)) {
		memset(&l->head, 0, sizeof(l->head));
		l->head.boot = now->boot;
		/* Not one that somebody still holds. */
		l->head.next_ticket = (uint64_t)now->up | 1;
		calls_fill(l, now);
		return -1;
	}
	waiters = l->head.waiters * sizeof(l->waiters[0]);
	memcpy(l->waiters, from, waiters);
	memcpy(l->calls, from + waiters, l->head.calls * sizeof(l->calls[0]));
	if (l->head.boot != now->boot && now->up < CALLS_WINDOW) {
		start.up = 0;
		start.wall -= now->up;
		calls_fill(l, &start);
	}
	l->head.boot = now->boot;
	return 0;
}

/* -------------------------------------------------------------- the turns */

/* How much is left of a span that began then; at most the span, or twice it
 * if another machine's clock said when. */
static int64_t
left_of(struct moment *then, int64_t span, const struct moment *now)
{
	uint64_t age;

	if (then->boot == now->boot) {
		if (then->up > now->up)
			*then = *now;
		age = (uint64_t)now->up - (uint64_t)then->up;
		return age < (uint64_t)span ? span - (int64_t)age : 0;
	}
	if (then->wall > now->wall) {
		age = (uint64_t)then->wall - (uint64_t)now->wall;
		return age < (uint64_t)span ? span + (int64_t)age : 0;
	}
	age = (uint64_t)now->wall - (uint64_t)then->wall;
	return age < (uint64_t)span ? span - (int64_t)age : 0;
}

int64_t
calls_blind(struct calls *l, const struct moment *now)
{
	return l->head.is_full ? left_of(&l->head.full, CALLS_WINDOW, now) : 0;
}

/* Drops calls that count no more, and waiters that are gone. */
static void
sweep(struct calls *l, const struct moment *now)
{
	size_t i, kept = 0;

	for (i = 0; i < l->head.calls; i++) {
		if (left_of(&l->calls[i], CALLS_WINDOW, now) > 0)
			l->calls[kept++] = l->calls[i];
	}
	l->head.calls = kept;
	for (kept = 0, i = 0; i < l->head.waiters; i++) {
		if (left_of(&l->waiters[i].seen, CALLS_LEASE, now) > 0)
			l->waiters[kept++] = l->waiters[i];
	}
	l->head.waiters = kept;
	if (l->head.is_full && left_of(&l->head.full, CALLS_WINDOW, now) == 0)
		l->head.is_full = 0;
}

/*
 * How long until so many calls more, all at once, would keep within the rate.
 * It is the caller and all who came before: then none of them is held up.
 */
static int64_t
delay_of(struct calls *l, size_t more, size_t rate, const struct moment *now)
{
	size_t i, excess = 0;
	int64_t left, delay = 0;

	if (l->head.calls + more > rate)
		excess = l->head.calls + more - rate;
	if (excess > l->head.calls)
		return CALLS_WINDOW;
	for (i = 0; i < excess; i++) {
		left = left_of(&l->calls[i], CALLS_WINDOW, now);
		delay = left > delay ? left : delay;
	}
	left = calls_blind(l, now);
	return left > delay ? left : delay;
}

static size_t
find(const struct calls *l, uint64_t ticket)
{
	size_t i;

	for (i = 0; i < l->head.waiters; i++) {
		if (l->waiters[i].ticket == ticket)
			break;
	}
	return i;
}

static void
drop(struct calls *l, size_t at)
{
	l->head.waiters--;
	memmove(&l->waiters[at], &l->waiters[at + 1],
	    (l->head.waiters - at) * sizeof(l->waiters[0]));
}

/* The lowest rate of the first n waiters, and this one: who asks for less
 * would wait for ever behind those who ask for more. */
static size_t
lowest_rate(const struct calls *l, size_t n, size_t rate)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (l->waiters[i].rate < rate)
			rate = (size_t)l->waiters[i].rate;
	}
	return rate;
}

int64_t
calls_ask(
    struct calls *l, uint64_t *ticket, unsigned rate, const struct moment *now)
{
	int64_t delay;
	size_t at;

	sweep(l, now);
	at = *ticket == 0 ? l->head.waiters : find(l, *ticket);
	if (at == CALLS_WAITERS)
		return CALLS_WINDOW;
	if (at == l->head.waiters) {
		*ticket = l->head.next_ticket++;
		l->head.waiters++;
		l->waiters[at].ticket = *ticket;
		l->waiters[at].rate = rate;
	}
	l->waiters[at].seen = *now;
	delay = delay_of(l, at + 1, lowest_rate(l, at, rate), now);
	if (delay > 0)
		return delay;
	drop(l, at);
	*ticket = 0;
	l->calls[l->head.calls++] = *now;
	return 0;
}

void
calls_leave(struct calls *l, uint64_t ticket)
{
	size_t at = find(l, ticket);

	if (at < l->head.waiters)
		drop(l, at);
}

int64_t
calls_delay(struct calls *l, unsigned rate, const struct moment *now)
{
	size_t n;

	sweep(l, now);
	n = l->head.waiters;
	return delay_of(l, n + 1, lowest_rate(l, n, rate), now);
}
