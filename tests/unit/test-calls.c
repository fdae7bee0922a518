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
static const int64_t poll = CALLS_SECOND / 2;

enum { PROCESSES = 16 };

struct process {
	unsigned rate;
	int64_t next; /* when it does something, in true time */
	bool waits;
	uint64_t ticket;
	int64_t latest; /* its call must be allowed until then */
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
	int64_t *calls;	    /* when, a ring of CALLS_MAX */
	unsigned long made; /* calls so far */
	unsigned long asked, troubles;
	int64_t calm;	 /* when the last trouble has no effect any more */
	int64_t foreign; /* when no time of the boot before counts */
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

/* From now on, with so many ahead. */
static void
set_bound(const struct world *w, struct process *p, int64_t ahead)
{
	int64_t windows;

	windows = 1 + (w->equal ? ahead / (int64_t)p->rate : ahead);
	p->latest = w->calm > w->truth ? w->calm : w->truth;
	p->latest += windows * CALLS_WINDOW + (ahead + 1) * poll;
}

static int64_t
waiting(const struct world *w)
{
	int64_t n = 0;
	int i;

	for (i = 0; i < w->n; i++)
		n += w->p[i].waits;
	return n;
}

/* Something has upset the order, so all may be ahead; it has effects for so
 * long. */
static void
upset(struct world *w, int64_t effects)
{
	int i;

	w->troubles++;
	if (w->calm < w->truth + effects)
		w->calm = w->truth + effects;
	for (i = 0; i < w->n; i++) {
		if (w->p[i].next < w->truth)
			w->p[i].next = w->truth;
		if (w->p[i].waits)
			set_bound(w, &w->p[i], w->n - 1);
	}
}

/* Its ticket stays behind. */
static void
die(struct world *w, struct process *p)
{
	int i;

	p->waits = false;
	p->ticket = 0;
	p->next = w->truth + (int64_t)pick(20) * second;
	w->troubles++;
	if (w->calm < w->truth + CALLS_LEASE)
		w->calm = w->truth + CALLS_LEASE;
	for (i = 0; i < w->n; i++) {
		if (w->p[i].waits)
			w->p[i].latest += CALLS_LEASE;
	}
}

/* -------------------------------------------------------------- the calls */

static void
call(struct world *w, const struct process *p)
{
	if (w->made >= p->rate) {
		int64_t before = w->calls[(w->made - p->rate) % CALLS_MAX];

		assert_true(w->truth - before >= minute);
	}
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

static void
run(struct world *w, struct process *p)
{
	int64_t delay;

	w->asked++;
	calls_read(w->calls_made, w->disk, w->size, &w->now);
	if (chance(5000)) {
		die(w, p);
		return;
	}
	if (p->waits && chance(2000)) {
		calls_leave(w->calls_made, p->ticket);
		keep(w);
		p->waits = false;
		p->ticket = 0;
		p->next = w->truth + (int64_t)pick(20) * second;
		return;
	}
	if (!p->waits) {
		set_bound(w, p, waiting(w));
		p->waits = true;
	}
	delay = calls_ask(w->calls_made, &p->ticket, p->rate, &w->now);
	if (chance(20000)) {
		tear(w);
		die(w, p);
		upset(w, CALLS_LEASE);
		return;
	}
	keep(w);
	if (delay > 0) {
		assert_true(w->truth <= p->latest);
		p->next = w->truth + (delay < poll ? delay : poll);
		return;
	}
	if (chance(5000)) { /* the slot is wasted */
		die(w, p);
		return;
	}
	call(w, p);
	p->waits = false;
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
	w->foreign = w->truth + 2 * CALLS_WINDOW;
	for (i = 0; i < w->n; i++)
		die(w, &w->p[i]);
}

static void
trouble(struct world *w)
{
	/* steps of the wall clock: seconds, or years */
	int64_t step = (int64_t)pick(chance(2) ? 200 : 100000000) * second;
	int64_t effects = CALLS_LEASE;

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
	/* The wall clock says how old they are, and now something else. */
	if (w->truth < w->foreign) {
		effects = 2 * CALLS_WINDOW;
		w->foreign = w->truth + effects;
	}
	upset(w, effects);
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
	for (i = 0; i < n; i++)
		w->p[i].rate = rates[i % kinds];
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

	return calls_ask(l, ticket, rate, &now);
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
	/* two calls more than there are slots; b came first */
	assert_int_equal(ask(l, &b, 2, 2), CALLS_WINDOW - 2 * second);
	assert_int_equal(ask(l, &c, 2, 3), CALLS_WINDOW - 2 * second);
	assert_true(b != c && b != 0 && c != 0);
	/* the slot is free, and is not c's, until b is taken for dead */
	assert_true(ask(l, &b, 2, 60.5) > 0);
	assert_true(ask(l, &c, 2, 61) > 0);
	assert_int_equal(ask(l, &b, 2, 61.5), 0);
	assert_int_equal(b, 0);
	assert_true(ask(l, &c, 2, 61.5) > 0);
	assert_int_equal(ask(l, &c, 2, 62), 0);
	/* and a lower rate holds up those behind it, but not for ever */
	assert_true(ask(l, &a, 1, 70) > CALLS_WINDOW - 9 * second);
	assert_true(ask(l, &b, 100, 71) > 0);
	assert_int_equal(ask(l, &b, 100, 80.5), 0);
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
	assert_true(ask(l, &a, 1, 60) > 0);
	assert_true(ask(l, &b, 1, 60) > 0);
	calls_leave(l, a);
	assert_int_equal(ask(l, &b, 1, 61), 0);
	calls_free(l);
}

/* More than are kept in order: they wait, and get their turn. */
static void
test_crowd(void **state)
{
	enum { RATE = 100, N = CALLS_WAITERS + RATE + 10 };
	static uint64_t tickets[N];
	static bool done[N];
	struct moment begin = at(0);
	struct calls *l = calls_new(&begin);
	int i, left = N;
	double now;

	(void)state;
	for (now = 0; left > 0; now += 5) {
		assert_true(now < 65 * (N / RATE + 1));
		for (i = 0; i < N; i++) {
			if (!done[i] && ask(l, &tickets[i], RATE, now) == 0) {
				done[i] = true;
				left--;
			}
		}
		assert_true(N - left <= RATE * (1 + (int)(now / 61)));
	}
	calls_free(l);
}

/* Another machine, or the boot before, left it: the wall clock decides. */
static void
test_machines(void **state)
{
	struct moment now = at(0), other = now;
	struct calls *l = calls_new(&now);
	uint64_t ticket = 0;
	const void *image;
	char copy[512];
	size_t n;

	(void)state;
	other.boot = 2;
	other.up += 500 * second;
	assert_int_equal(calls_ask(l, &ticket, 1, &now), 0);
	n = calls_image(l, &image);
	assert_true(n <= sizeof(copy));
	memcpy(copy, image, n);

	calls_read(l, copy, n, &other);
	assert_int_equal(calls_delay(l, 1, &other), CALLS_WINDOW);
	other.wall += 60 * second;
	assert_int_equal(calls_delay(l, 1, &other), second);
	other.wall -= 2 * minute;
	assert_int_equal(calls_delay(l, 1, &other), CALLS_WINDOW + minute);
	other.wall -= minute;
	assert_int_equal(calls_delay(l, 1, &other), 0);

	/* its first minute is not over, whatever the wall clock says */
	other.up = 10 * second;
	calls_read(l, copy, n, &other);
	assert_int_equal(
	    calls_delay(l, 1000, &other), CALLS_WINDOW - 10 * second);
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
	assert_int_equal(calls_ask(l, &ticket, 1, &now), 0);
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
	    cmocka_unit_test(test_broken),
	    cmocka_unit_test(test_one_rate),
	    cmocka_unit_test(test_many_rates),
	};

	seed = UINT64_C(0x9e3779b97f4a7c15);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
