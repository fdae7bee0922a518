/*
 * Halving: which rows are at fault decides which parts are sent; each row
 * ends in exactly one place, in order, within the calls that are allowed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "send/halving.h"

#define HEADER "batch=thirdPartyId,a\n"

enum { MOST = 600 };

static char body[MOST * 16 + 64];
static bool at_fault[MOST + 1];

static size_t
make_body(uint64_t rows)
{
	size_t n = (size_t)snprintf(body, sizeof(body), "%s", HEADER);
	uint64_t i;

	for (i = 1; i <= rows; i++)
		n += (size_t)snprintf(body + n, sizeof(body) - n, "%llu%s\n",
		    (unsigned long long)i, i % 3 == 0 ? ",some" : "");
	return n;
}

/* The part's bytes are its rows. */
static void
check_part(const struct halving_part *p)
{
	const char *text = body + p->at, *end = text + p->size;
	uint64_t row = p->from;

	assert_true(p->rows > 0);
	for (; text < end; row++) {
		assert_int_equal(strtoull(text, NULL, 10), row);
		text =
		    (const char *)memchr(text, '\n', (size_t)(end - text)) + 1;
	}
	assert_ptr_equal(text, end);
	assert_int_equal(row, p->from + p->rows);
}

struct result {
	unsigned calls;	      /* for halves */
	char fate[MOST + 1];  /* of each row: accepted, refused, left */
	char sent[MOST * 64]; /* "1-10 1-5 …" */
	size_t used;
};

static bool
is_refused(const struct halving_part *p)
{
	uint64_t i;

	for (i = p->from; i < p->from + p->rows; i++) {
		if (at_fault[i])
			return true;
	}
	return false;
}

static void
mark(struct result *r, const struct halving_part *p, char fate)
{
	uint64_t i;

	for (i = p->from; i < p->from + p->rows; i++) {
		assert_int_equal(r->fate[i], 0);
		r->fate[i] = fate;
	}
}

/* As a shipment does it, against a service that refuses rows at fault. */
static void
run(uint64_t rows, unsigned budget, struct result *r)
{
	struct error e = ERROR_INIT;
	struct halving h;
	struct halving_part p;
	const struct halving_piece *piece;
	uint64_t next = 1, i;

	memset(r, 0, sizeof(*r));
	halving_start(&h, body, strlen(HEADER), make_body(rows), rows);
	while (halving_next(&h, &p)) {
		bool half = p.rows < rows;
		enum halving_verdict verdict = HALVING_LEFT;

		check_part(&p);
		assert_true(p.from >= next); /* never back */
		if (!half || r->calls < budget) {
			r->calls += half;
			r->used += (size_t)snprintf(r->sent + r->used,
			    sizeof(r->sent) - r->used, "%llu+%llu ",
			    (unsigned long long)p.from,
			    (unsigned long long)p.rows);
			verdict =
			    is_refused(&p) ? HALVING_REFUSED : HALVING_TAKEN;
		}
		if (verdict == HALVING_TAKEN)
			mark(r, &p, 'a');
		if (verdict != HALVING_REFUSED || p.rows == 1)
			next = p.from + p.rows;
		assert_int_equal(
		    halving_tell(&h, &p, verdict, 200, "no", &e), 0);
	}
	assert_int_equal(next, rows + 1);
	next = 1;
	for (i = 0; (piece = halving_piece(&h, i)) != NULL; i++) {
		check_part(&piece->part);
		assert_true(piece->part.from >= next);
		next = piece->part.from + piece->part.rows;
		mark(r, &piece->part,
		    piece->kind == HALVING_REFUSED ? 'r' : 'l');
	}
	assert_true(r->calls <= budget);
	for (i = 1; i <= rows; i++)
		assert_int_not_equal(r->fate[i], 0);
	halving_free(&h);
}

static void
expect(uint64_t rows, unsigned budget, const char *faults, const char *sent,
    const char *fates)
{
	struct result r;
	char *end;

	memset(at_fault, 0, sizeof(at_fault));
	while (*faults != '\0') {
		at_fault[strtoull(faults, &end, 10)] = true;
		faults = end;
	}
	run(rows, budget, &r);
	assert_string_equal(r.sent, sent);
	assert_string_equal(r.fate + 1, fates);
}

static void
test_calls(void **state)
{
	(void)state;
	expect(4, 40, "", "1+4 ", "aaaa");
	expect(1, 40, "1", "1+1 ", "r");
	expect(2, 40, "1", "1+2 1+1 2+1 ", "ra");
	expect(2, 40, "2", "1+2 1+1 2+1 ", "ar");
	expect(5, 40, "3", "1+5 1+2 3+3 3+1 4+2 ", "aaraa");
	expect(8, 40, "1 8", "1+8 1+4 1+2 1+1 2+1 3+2 5+4 5+2 7+2 7+1 8+1 ",
	    "raaaaaar");
	expect(8, 0, "3", "1+8 ", "llllllll");
	expect(8, 3, "3", "1+8 1+4 1+2 3+2 ", "aallllll");
	expect(4, 40, "1 2 3 4", "1+4 1+2 1+1 2+1 3+2 3+1 4+1 ", "rrrr");
}

/* One row of 500,000 is found within the calls that are allowed. */
static void
test_one_row(void **state)
{
	uint64_t rows = 500000;
	unsigned calls = 0;

	(void)state;
	while (rows > 1) {
		rows = (rows + 1) / 2;
		calls += 2;
	}
	assert_true(calls <= HALVING_CALLS);
}

static uint64_t
draw(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (*seed >> 33) % below;
}

/* Every row ends in one place; what is refused is at fault, and what is
 * accepted is not; only for want of calls is a good row left. */
static void
test_generated(void **state)
{
	static struct result r;
	uint64_t seed = 4, i;
	int times;

	(void)state;
	for (times = 0; times < 3000; times++) {
		uint64_t rows = 1 + draw(&seed, times % 10 ? 40 : MOST);
		uint64_t share = 1 + draw(&seed, rows * 2);
		unsigned budget =
		    times % 4 ? 2 * MOST : (unsigned)draw(&seed, 50);

		for (i = 1; i <= rows; i++)
			at_fault[i] = draw(&seed, share) == 0;
		run(rows, budget, &r);
		for (i = 1; i <= rows; i++) {
			if (r.fate[i] != 'l')
				assert_int_equal(
				    r.fate[i], at_fault[i] ? 'r' : 'a');
			else
				assert_true(r.calls == budget);
		}
	}
}

/* Neighbours of one kind are one piece; another kind is another.  Marks are
 * inherited. */
static void
test_pieces(void **state)
{
	static const enum halving_verdict verdicts[] = {HALVING_REFUSED,
	    HALVING_REFUSED, HALVING_TAKEN, HALVING_REFUSED, HALVING_LEFT,
	    HALVING_LEFT, HALVING_UNKNOWN, HALVING_UNKNOWN};
	struct error e = ERROR_INIT;
	struct halving h;
	struct halving_part p;
	size_t i = 0;

	(void)state;
	halving_start(&h, body, strlen(HEADER), make_body(8), 8);
	while (halving_next(&h, &p)) {
		enum halving_verdict v =
		    p.rows > 1 ? HALVING_REFUSED : verdicts[i++];

		/* Row 2, and the second half. */
		if (p.from == 2 || (p.from == 5 && p.rows == 4))
			p.marked = true;
		assert_int_equal(halving_tell(&h, &p, v, 200, "m", &e), 0);
		if (p.rows == 8)
			assert_false(h.divided);
	}
	assert_true(h.divided);
	assert_int_equal(halving_piece(&h, 0)->part.rows, 2);
	assert_int_equal(halving_piece(&h, 1)->part.from, 4);
	assert_int_equal(halving_piece(&h, 1)->part.rows, 1);
	assert_int_equal(halving_piece(&h, 2)->part.rows, 2);
	assert_int_equal(halving_piece(&h, 3)->part.from, 7);
	assert_int_equal(halving_piece(&h, 4)->part.from, 8);
	assert_null(halving_piece(&h, 5));
	for (i = 0; i < 5; i++)
		assert_int_equal(halving_piece(&h, i)->part.marked, i != 1);
	halving_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_calls),
	    cmocka_unit_test(test_one_row),
	    cmocka_unit_test(test_generated),
	    cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
