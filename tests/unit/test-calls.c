/*
 * The ledger of calls under a clock, a disk and processes of the test's own:
 * a million calls among kills, torn files, reboots, power cuts, suspends and
 * clocks that are set.  No sliding 60 seconds ever hold more calls than the
 * rate, and nobody waits longer than calls.h says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pace/calls.h"

static const int64_t second = CALLS_SECOND;
static const int64_t minute = 60 * CALLS_SECOND;

/* As pace.c does; see ask_again there. */
static const int64_t poll = CALLS_SECOND;

enum { PROCESSES = 16 };

struct process {
	unsigned rate;
	enum calls_kind kind;
	int64_t next; /* when it does something, in true time */
	uint64_t booking;
	int64_t booked; /* for when; its call must be made until then */
};

struct world {
	int64_t truth; /* true time, which nobody can see */
	struct moment now;
	struct calls *calls_made; /* of whichever process runs */
	char *disk, *synced;	  /* the file, and what a power cut leaves */
	size_t size, synced_size;
	struct process p[PROCESSES];
	int n;
	bool equal;	    /* all rates are the same */
	int64_t idle;	    /* at most so long between calls */
	int64_t last;	    /* the last booking, whoever made it */
	int64_t *calls;	    /* when, a ring of CALLS_MAX */
	unsigned long made; /* calls so far */
	unsigned long asked, troubles;
};

static uint64_t seed;

static uint64_t
pick(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % below;
}

/* True once in so many times. */
static bool
chance(uint64_t times)
{
	return pick(times) == 0;
}

static void
pass(struct world *w, int64_t time)
{
	w->truth += time;
	w->now.up += time;
	w->now.wall += time;
}

static void
keep(struct world *w)
{
	const void *image;

	w->size = calls_image(w->calls_made, &image);
	memcpy(w->disk, image, w->size);
}

/* ------------------------------------------------------------ the waiting */

/* Something has upset the order: each may have to book anew, and what was
 * booked may lie later, by a window and the time for which nothing was asked.
 */
static void
upset(struct world *w)
{
	int i;

	w->troubles++;
	w->last = (w->last > w->truth ? w->last : w->truth) + 5 * CALLS_WINDOW;
	for (i = 0; i < w->n; i++) {
		w->p[i].booked = INT64_MAX;
		if (w->p[i].next < w->truth)
			w->p[i].next = w->truth;
	}
}

/* Nobody comes for what it has booked. */
static void
die(struct world *w, struct process *p)
{
	p->booking = 0;
	p->next = w->truth + (int64_t)pick(20) * second;
	w->troubles++;
}

/* -------------------------------------------------------------- the calls */

/*
 * Of calls with different rates that were booked for one moment, one may come
 * before another that was booked earlier, and obeys a lower rate.
 */
static void
call(struct world *w, const struct process *p)
{
	unsigned long before = w->made;

	while (!w->equal && before > 0 &&
	       w->truth - w->calls[(before - 1) % CALLS_MAX] <= CALLS_LATE)
		before--;
	if (before >= p->rate)
		assert_true(
		    w->truth - w->calls[(before - p->rate) % CALLS_MAX] >=
		    minute);
	w->calls[w->made++ % CALLS_MAX] = w->truth;
}

/* The write of what is in w->calls_made ends somewhere. */
static void
tear(struct world *w)
{
	const void *image;
	size_t n = calls_image(w->calls_made, &image), at = pick(n);

	memcpy(w->disk, image, at);
	if (at > w->size)
		w->size = at;
}

/* It has booked, for so long from now: no more than a window after the last. */
static void
note(struct world *w, struct process *p, int64_t delay)
{
	int64_t last = w->last > w->truth ? w->last : w->truth;

	assert_true(delay <= last - w->truth + CALLS_WINDOW);
	p->booked = w->truth + delay;
	if (p->booked > w->last)
		w->last = p->booked;
}

static void
run(struct world *w, struct process *p)
{
	uint64_t booking = p->booking;
	int64_t delay;

	w->asked++;
	pass(w, 1000);
	calls_read(w->calls_made, w->disk, w->size, &w->now);
	if (chance(5000)) {
		die(w, p);
		return;
	}
	if (booking != 0 && chance(2000)) {
		calls_leave(w->calls_made, booking);
		keep(w);
		die(w, p);
		return;
	}
	delay =
	    calls_ask(w->calls_made, &p->booking, p->kind, p->rate, &w->now);
	if (chance(20000)) {
		tear(w);
		die(w, p);
		upset(w);
		return;
	}
	keep(w);
	if (delay > 0) {
		if (p->booking != booking)
			note(w, p, delay);
		else
			assert_true(w->truth + delay <= p->booked);
		p->next = w->truth + (delay < poll ? delay : poll);
		if (chance(1000)) /* it was slow */
			p->next += second / 10 * (int64_t)pick(20);
		return;
	}
	if (chance(5000)) { /* the call is not made */
		die(w, p);
		return;
	}
	call(w, p);
	p->next = w->truth + (int64_t)pick((uint64_t)w->idle);
}

/* ------------------------------------------------------------ the troubles */

static void
corrupt(struct world *w)
{
	size_t i, n;

	switch (pick(4)) {
	case 0:
		w->size = pick(w->size + 1);
		break;
	case 1:
		memset(w->disk, 0, w->size);
		break;
	case 2: /* the head, so that it is not in what is not used */
		w->disk[pick(72)] ^= (char)(1 << pick(8));
		break;
	default:
		n = pick(w->size) + 1;
		for (i = 0; i < n; i++)
			w->disk[i] = (char)pick(256);
	}
}

/* Off and on again; a power cut may bring an old file back. */
static void
reboot(struct world *w)
{
	int i;

	if (chance(2)) {
		memcpy(w->disk, w->synced, w->synced_size);
		w->size = w->synced_size;
	}
	w->now.boot = pick(1000000) + 1;
	w->now.up = 0;
	if (chance(2))
		w->now.wall -= (int64_t)pick(100) * second;
	pass(w, (int64_t)pick(chance(2) ? 20 : 100) * second);
	for (i = 0; i < w->n; i++)
		die(w, &w->p[i]);
}

static void
trouble(struct world *w)
{
	/* steps of the wall clock: seconds, or years */
	int64_t step = (int64_t)pick(chance(2) ? 200 : 100000000) * second;

	switch (pick(7)) {
	case 0:
		w->now.wall += step;
		break;
	case 1:
		w->now.wall -= step;
		break;
	case 2:
		corrupt(w);
		break;
	case 3:
		reboot(w);
		break;
	case 4: /* suspended */
		pass(w, (int64_t)pick(600) * second);
		break;
	case 5: /* put back to a snapshot of its memory */
		w->now.up -= (int64_t)pick((uint64_t)w->now.up + 1);
		break;
	default:
		memcpy(w->synced, w->disk, w->size);
		w->synced_size = w->size;
		return;
	}
	upset(w);
}

/* ----------------------------------------------------------- the scenarios */

static void
setup(struct world *w, int n, const unsigned *rates, int kinds)
{
	int i;

	memset(w, 0, sizeof(*w));
	w->now.boot = 1;
	w->now.up = 1000 * second;
	w->now.wall = 1800000000 * second;
	w->calls_made = calls_new(&w->now);
	w->disk = calloc(1, calls_size_max());
	w->synced = calloc(1, calls_size_max());
	w->calls = calloc(CALLS_MAX, sizeof(*w->calls));
	assert_non_null(w->calls_made);
	assert_non_null(w->disk);
	assert_non_null(w->synced);
	assert_non_null(w->calls);
	w->n = n;
	w->equal = kinds == 1;
	for (i = 0; i < n; i++) {
		w->p[i].rate = rates[i % kinds];
		w->p[i].kind = i % 4 == 3 ? CALLS_POLL : CALLS_SEND;
	}
	keep(w);
	memcpy(w->synced, w->disk, w->size);
	w->synced_size = w->size;
}

static void
teardown(struct world *w)
{
	calls_free(w->calls_made);
	free(w->disk);
	free(w->synced);
	free(w->calls);
}

static unsigned long
scale(unsigned long calls)
{
	const char *records = getenv("TP_TEST_RECORDS");
	unsigned long n = records == NULL ? 0 : strtoul(records, NULL, 10);

	return n > 0 && n < calls ? n : calls;
}

/* n processes, whose rates are those given in turn, until so many calls. */
static void
simulate(
    int n, const unsigned *rates, int kinds, int64_t idle, unsigned long until)
{
	struct world w;
	int i, first;

	setup(&w, n, rates, kinds);
	w.idle = idle;
	until = scale(until);
	while (w.made < until) {
		for (first = 0, i = 1; i < n; i++) {
			if (w.p[i].next < w.p[first].next)
				first = i;
		}
		if (w.p[first].next > w.truth)
			pass(&w, w.p[first].next - w.truth);
		if (chance(1000))
			trouble(&w);
		else
			run(&w, &w.p[first]);
	}
	print_message("%lu calls, %lu asked, %lu troubles, %.0f days\n", w.made,
	    w.asked, w.troubles, (double)w.truth / 86400e9);
	teardown(&w);
}

static void
test_one_rate(void **state)
{
	static const unsigned few[] = {1}, usual[] = {45}, many[] = {300};

	(void)state;
	simulate(3, few, 1, 100 * second, 5000);
	simulate(1, usual, 1, second, 100000);
	simulate(8, usual, 1, 2 * second, 40000);
	simulate(16, usual, 1, 50 * second, 245000);
	simulate(8, many, 1, 3 * second, 610000);
}

static void
test_many_rates(void **state)
{
	static const unsigned rates[] = {45, 5, 300, 1, 50};

	(void)state;
	simulate(10, rates, 5, 60 * second, 2000);
	simulate(8, rates, 3, 10 * second, 3000);
}

/* -------------------------------------------------------------- one by one */

static struct moment
at(double seconds)
{
	struct moment m = {1, 0, 0};

	m.up = (int64_t)((1000 + seconds) * (double)second);
	m.wall = m.up + 5000 * second;
	return m;
}

static int64_t
ask(struct calls *l, uint64_t *ticket, unsigned rate, double when)
{
	struct moment now = at(when);

	return calls_ask(l, ticket, CALLS_SEND, rate, &now);
}

static void
test_order(void **state)
{
	struct moment begin = at(0);
	struct calls *l = calls_new(&begin);
	uint64_t a = 0, b = 0, c = 0;

	(void)state;
	assert_non_null(l);
	assert_int_equal(ask(l, &a, 2, 0), 0);
	assert_int_equal(ask(l, &a, 2, 1), 0);
	assert_int_equal(a, 0);
	/* three calls more than there is room for */
	assert_int_equal(ask(l, &a, 2, 2), 59 * second);
	assert_int_equal(ask(l, &b, 2, 3), 59 * second);
	assert_int_equal(ask(l, &c, 2, 4), 118 * second);
	assert_true(a != b && b != c && a != 0 && b != 0 && c != 0);
	/* each at its time, though a does not come */
	assert_int_equal(ask(l, &b, 2, 61.5), second / 2);
	assert_int_equal(ask(l, &b, 2, 62.2), 0);
	assert_int_equal(b, 0);
	/* a comes too late, and is now behind c */
	assert_int_equal(ask(l, &a, 2, 62.3), 60 * second + second * 7 / 10);
	assert_int_equal(ask(l, &c, 2, 122), 0);
	assert_int_equal(ask(l, &a, 2, 123), 0);
	/* a lower rate holds up those behind it, but not for ever */
	assert_int_equal(ask(l, &a, 1, 130), 54 * second);
	assert_int_equal(ask(l, &b, 100, 131), 53 * second);
	assert_int_equal(ask(l, &b, 100, 184), 0);
	calls_free(l);
}

static void
test_leave(void **state)
{
	struct moment begin = at(0);
	struct calls *l = calls_new(&begin);
	uint64_t a = 0, b = 0;

	(void)state;
	assert_int_equal(ask(l, &a, 1, 0), 0);
	assert_int_equal(ask(l, &a, 1, 60), second);
	calls_leave(l, a);
	assert_int_equal(ask(l, &b, 1, 60), second);
	assert_int_equal(ask(l, &b, 1, 61), 0);
	calls_free(l);
}

/* More than can be counted: some book anew, and all get their turn. */
static void
test_crowd(void **state)
{
	enum { RATE = CALLS_MAX / 2, N = CALLS_MAX + RATE + 10 };
	static uint64_t bookings[N];
	static bool done[N];
	struct moment begin = at(0);
	struct calls *l = calls_new(&begin);
	int i, window, left = N;

	(void)state;
	for (window = 0; left > 0; window++) {
		assert_true(window < 5);
		for (i = 0; i < N; i++) {
			if (!done[i] &&
			    ask(l, &bookings[i], RATE, 61 * window) == 0) {
				done[i] = true;
				left--;
			}
		}
		assert_true(N - left <= RATE * (window + 1));
	}
	calls_free(l);
}

/* Another machine, or the boot before, left it: the wall clock decides. */
static void
test_machines(void **state)
{
	struct moment now = at(0), other = now;
	struct calls *l = calls_new(&now);
	uint64_t booking = 0;
	const void *image;
	char copy[512];
	size_t i, n;
	/* What the wall clock says has passed; what is left of a window. */
	static const int64_t passed[][2] = {{0, 61}, {60, 1}, {61, 0}, {-1, 62},
	    {-61, 122}, {-62, 0}, {100000000, 0}, {-100000000, 0}};

	(void)state;
	other.boot = 2;
	other.up += 500 * second;
	assert_int_equal(calls_ask(l, &booking, CALLS_SEND, 1, &now), 0);
	n = calls_image(l, &image);
	assert_true(n <= sizeof(copy));
	memcpy(copy, image, n);
	for (i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		calls_read(l, copy, n, &other);
		other.wall = now.wall + passed[i][0] * second;
		assert_int_equal(
		    calls_delay(l, 1, &other), passed[i][1] * second);
		/* From then on it says nothing. */
		other.wall += 10000 * second;
		assert_int_equal(
		    calls_delay(l, 1, &other), passed[i][1] * second);
	}
	/* its first minute is not over, whatever the wall clock says */
	other.up = 10 * second;
	calls_read(l, copy, n, &other);
	assert_int_equal(calls_delay(l, 1000, &other), CALLS_WINDOW);
	calls_free(l);
}

/* Two machines whose clocks differ take turns; nothing drifts. */
static void
test_two_machines(void **state)
{
	enum { RATE = 30, CALLS = 3000 };
	static int64_t made[CALLS];
	uint64_t booking[2] = {0, 0};
	int64_t truth = 0, next[2] = {0, 0}, delay;
	struct moment now = at(0);
	struct calls *l = calls_new(&now);
	int who, n = 0;

	(void)state;
	while (n < CALLS) {
		who = next[0] < next[1] ? 0 : 1;
		truth = next[who] > truth ? next[who] : truth;
		now = at(0);
		now.boot = who == 0 ? 1 : 2;
		now.up += truth + (who == 0 ? 0 : 777777 * second);
		now.wall += truth + (who == 0 ? 0 : 5 * second);
		delay = calls_ask(l, &booking[who], CALLS_SEND, RATE, &now);
		assert_true(delay <= CALLS_WINDOW + 5 * second);
		next[who] = truth + (delay < poll ? delay : poll);
		if (delay > 0)
			continue;
		if (n >= RATE)
			assert_true(truth - made[n - RATE] >= minute);
		made[n++] = truth;
		next[who] += (int64_t)pick((uint64_t)second / 10);
	}
	/* They get nearly all that there is. */
	assert_true(truth <= (CALLS / RATE + 1) * 62 * second);
	calls_free(l);
}

/*
 * Senders that take all they can get, and one that polls: it has its share at
 * once, and they have the rest.
 */
static void
test_share(void **state)
{
	enum { SENDERS = 4, WINDOWS = 50, RATE = 45 };
	struct moment now = at(0);
	struct calls *l = calls_new(&now);
	uint64_t booking[SENDERS + 1] = {0};
	static int64_t next[SENDERS + 1], made[RATE * (WINDOWS + 1)];
	int64_t truth = 0, delay, begin = 3 * CALLS_WINDOW;
	int i, who, n = 0, sends = 0, polls = 0;

	(void)state;
	while (truth < WINDOWS * CALLS_WINDOW) {
		for (who = 0, i = 1; i <= SENDERS; i++)
			who = next[i] < next[who] ? i : who;
		truth = next[who] > truth ? next[who] : truth;
		now = at(0);
		now.up += truth;
		delay = calls_ask(l, &booking[who],
		    who == SENDERS ? CALLS_POLL : CALLS_SEND, RATE, &now);
		next[who] = truth + (delay < poll ? delay : poll);
		if (delay > 0) {
			assert_true(who != SENDERS || truth < begin);
			continue;
		}
		if (n >= RATE)
			assert_true(truth - made[n - RATE] >= minute);
		made[n++] = truth;
		if (truth >= begin) {
			sends += who != SENDERS;
			polls += who == SENDERS;
		}
		next[who] += who == SENDERS
				 ? CALLS_WINDOW / CALLS_SHARE +
				       (int64_t)pick((uint64_t)second)
				 : (int64_t)pick((uint64_t)second / 20);
	}
	assert_in_range(polls, (WINDOWS - 4) * 4, (WINDOWS - 3) * CALLS_SHARE);
	assert_in_range(sends, (WINDOWS - 4) * (RATE - CALLS_SHARE - 1),
	    (WINDOWS - 2) * (RATE - CALLS_SHARE));
	calls_free(l);
}

/* How many polls, or other calls, are allowed at once. */
static int
burst(struct calls *l, enum calls_kind kind, double when)
{
	struct moment now = at(when);
	uint64_t booking = 0;
	int n = 0;

	while (calls_ask(l, &booking, kind, 45, &now) == 0)
		n++;
	calls_leave(l, booking);
	return n;
}

/* More polls than their share only while most calls are free; the others have
 * all if no polls are expected. */
static void
test_more_polls(void **state)
{
	struct moment begin = at(0);
	struct calls *l = calls_new(&begin);

	(void)state;
	assert_int_equal(burst(l, CALLS_SEND, 0), 45);
	assert_int_equal(burst(l, CALLS_POLL, 61), 23);
	/* Polls are expected: their share is left to them. */
	assert_int_equal(burst(l, CALLS_SEND, 61), 22);
	assert_int_equal(burst(l, CALLS_SEND, 122), 40);
	assert_int_equal(burst(l, CALLS_POLL, 123), 5);
	assert_int_equal(burst(l, CALLS_SEND, 185), 40);
	/* None came for two windows. */
	assert_int_equal(burst(l, CALLS_SEND, 246), 45);
	begin = at(307);
	calls_expect(l, &begin);
	assert_int_equal(burst(l, CALLS_SEND, 307), 40);
	calls_free(l);
}

static void
test_broken(void **state)
{
	struct moment now = at(0);
	struct calls *l = calls_new(&now);
	uint64_t ticket = 0;
	const void *image;
	char copy[512], broken[512];
	size_t i, n;

	(void)state;
	assert_int_equal(calls_ask(l, &ticket, CALLS_SEND, 1, &now), 0);
	n = calls_image(l, &image);
	memcpy(copy, image, n);
	now = at(30);
	for (i = 0; i < n; i++) {
		/* cut there, and a byte changed there */
		calls_read(l, copy, i, &now);
		assert_int_equal(calls_delay(l, 1000, &now), CALLS_WINDOW);
		memcpy(broken, copy, n);
		broken[i] ^= 4;
		calls_read(l, broken, n, &now);
		assert_int_equal(calls_delay(l, 1000, &now), CALLS_WINDOW);
	}
	calls_read(l, copy, n, &now);
	assert_int_equal(calls_delay(l, 1000, &now), 0);
	assert_int_equal(calls_delay(l, 1, &now), CALLS_WINDOW - 30 * second);
	calls_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_leave),
	    cmocka_unit_test(test_crowd),
	    cmocka_unit_test(test_machines),
	    cmocka_unit_test(test_two_machines),
	    cmocka_unit_test(test_share),
	    cmocka_unit_test(test_more_polls),
	    cmocka_unit_test(test_broken),
	    cmocka_unit_test(test_one_rate),
	    cmocka_unit_test(test_many_rates),
	};

	seed = UINT64_C(0x9e3779b97f4a7c15);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
