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

/* The first row of a part; of the whole batch, too. */
static uint64_t
first_row(const struct part *p)
{
	return p->from == 0 ? 1 : p->from;
}

static struct part
make_whole(uint64_t rows)
{
	const size_t header = strlen(HEADER);
	struct part p;

	memset(&p, 0, sizeof(p));
	p.batch = 1;
	p.rows = rows;
	p.bytes = make_body(rows);
	p.at = header;
	p.size = (size_t)p.bytes - header;
	return p;
}

/* The part's bytes are its rows. */
static void
check_part(const struct part *p)
{
	const char *text = body + p->at, *end = text + p->size;
	uint64_t row = first_row(p);

	assert_true(p->rows > 0);
	for (; text < end; row++) {
		assert_int_equal(strtoull(text, NULL, 10), row);
		text =
		    (const char *)memchr(text, '\n', (size_t)(end - text)) + 1;
	}
	assert_ptr_equal(text, end);
	assert_int_equal(row, first_row(p) + p->rows);
}

struct course {
	unsigned calls;	      /* for halves */
	char fate[MOST + 1];  /* of each row: accepted, refused, left */
	char sent[MOST * 64]; /* "1-10 1-5 …" */
	size_t used;
};

static bool
is_refused(const struct part *p)
{
	uint64_t i;

	for (i = first_row(p); i < first_row(p) + p->rows; i++) {
		if (at_fault[i])
			return true;
	}
	return false;
}

static void
mark(struct course *r, const struct part *p, char fate)
{
	uint64_t i;

	for (i = first_row(p); i < first_row(p) + p->rows; i++) {
		assert_int_equal(r->fate[i], 0);
		r->fate[i] = fate;
	}
}

/* What a run knows of a part, as far as halving asks. */
static struct result
make_result(enum fate fate)
{
	struct result r;

	memset(&r, 0, sizeof(r));
	r.fate = fate;
	r.state = fate_state(fate, false);
	r.http = 200;
	memcpy(r.message, "no", sizeof("no"));
	return r;
}

/* As a delivery does it, against a service that refuses rows at fault. */
static void
run(uint64_t rows, unsigned budget, struct course *r)
{
	const struct part whole = make_whole(rows);
	struct error e = ERROR_INIT;
	struct halving h;
	struct part p;
	const struct halving_left *left;
	uint64_t next = 1, i;

	memset(r, 0, sizeof(*r));
	halving_start(&h, &whole, body, strlen(HEADER));
	while (halving_next(&h, &p)) {
		bool half = p.from != 0;
		struct result result = make_result(FATE_NOT_APART);

		check_part(&p);
		assert_int_equal(p.bytes, strlen(HEADER) + p.size);
		assert_true(first_row(&p) >= next); /* never back */
		if (!half || r->calls < budget) {
			r->calls += half;
			r->used += (size_t)snprintf(r->sent + r->used,
			    sizeof(r->sent) - r->used, "%llu+%llu ",
			    (unsigned long long)first_row(&p),
			    (unsigned long long)p.rows);
			result = make_result(
			    is_refused(&p) ? FATE_NOT_SUCCESS : FATE_ACCEPTED);
		}
		if (result.fate == FATE_ACCEPTED)
			mark(r, &p, 'a');
		if (result.fate != FATE_NOT_SUCCESS || p.rows == 1)
			next = first_row(&p) + p.rows;
		assert_int_equal(
		    halving_tell(&h, &p, &result,
			result.fate == FATE_NOT_SUCCESS, false, &e),
		    0);
	}
	assert_int_equal(next, rows + 1);
	next = 1;
	for (i = 0; (left = halving_left(&h, i)) != NULL; i++) {
		check_part(&left->part);
		assert_true(first_row(&left->part) >= next);
		next = first_row(&left->part) + left->part.rows;
		mark(
		    r, &left->part, left->fate == FATE_NOT_SUCCESS ? 'r' : 'l');
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
	struct course r;
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
	static struct course r;
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

/* Neighbours that are alike are one; others are not.  Doubt is inherited. */
static void
test_left(void **state)
{
	/* Of each row by itself; UNREADABLE may have been taken. */
	static const enum fate fates[] = {FATE_NOT_SUCCESS, FATE_TOO_LARGE,
	    FATE_ACCEPTED, FATE_NOT_SUCCESS, FATE_NOT_APART, FATE_REFUSED,
	    FATE_UNREADABLE, FATE_UNREADABLE};
	const struct part whole = make_whole(8);
	struct error e = ERROR_INIT;
	struct halving h;
	struct part p;
	size_t i = 0;

	(void)state;
	halving_start(&h, &whole, body, strlen(HEADER));
	while (halving_next(&h, &p)) {
		struct result r =
		    make_result(p.rows > 1 ? FATE_NOT_SUCCESS : fates[i++]);

		/* Row 2, and the second half. */
		if (p.from == 2 || (p.from == 5 && p.rows == 4))
			p.doubtful = true;
		assert_int_equal(halving_tell(&h, &p, &r,
				     fate_rule(r.fate)->divisible, false, &e),
		    0);
		if (p.rows == 8)
			assert_false(h.divided);
	}
	assert_true(h.divided);
	assert_int_equal(halving_left(&h, 0)->part.rows, 2);
	assert_int_equal(halving_left(&h, 1)->part.from, 4);
	assert_int_equal(halving_left(&h, 1)->part.rows, 1);
	assert_int_equal(halving_left(&h, 2)->part.rows, 2);
	assert_int_equal(halving_left(&h, 3)->part.from, 7);
	assert_int_equal(halving_left(&h, 4)->part.from, 8);
	assert_null(halving_left(&h, 5));
	for (i = 0; i < 5; i++)
		assert_int_equal(halving_left(&h, i)->part.doubtful, i != 1);
	halving_free(&h);
}

/* What another run may mend is one, unless it is in doubt; so is what an
 * earlier run has settled. */
static void
test_open(void **state)
{
	static const struct {
		enum fate fate;
		bool doubtful, earlier;
		uint64_t rows; /* of what is left, if it begins here; or 0 */
	} rows[] = {{FATE_DENIED, false, false, 2},
	    {FATE_NOT_SENT, false, false, 0}, {FATE_NOT_SENT, true, false, 1},
	    {FATE_NOT_SENT, true, false, 1}, {FATE_NOT_SUCCESS, false, true, 2},
	    {FATE_REFUSED, false, true, 0}, {FATE_REFUSED, false, false, 1},
	    {FATE_UNREACHED, false, false, 1}};
	const struct part whole = make_whole(8);
	struct error e = ERROR_INIT;
	struct halving h;
	struct part p;
	size_t i = 0, n = 0;

	(void)state;
	halving_start(&h, &whole, body, strlen(HEADER));
	while (halving_next(&h, &p)) {
		struct result r =
		    make_result(p.rows > 1 ? FATE_NOT_SUCCESS : rows[i].fate);
		bool single = p.rows == 1;

		p.doubtful = single && rows[i].doubtful;
		assert_int_equal(halving_tell(&h, &p, &r, !single,
				     single && rows[i].earlier, &e),
		    0);
		i += single;
	}
	for (i = 0; i < 8; i++) {
		if (rows[i].rows == 0)
			continue;
		assert_int_equal(halving_left(&h, n)->part.from, i + 1);
		assert_int_equal(halving_left(&h, n)->part.rows, rows[i].rows);
		assert_int_equal(halving_left(&h, n)->fate, rows[i].fate);
		n++;
	}
	assert_null(halving_left(&h, n));
	halving_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_calls),
	    cmocka_unit_test(test_one_row),
	    cmocka_unit_test(test_generated),
	    cmocka_unit_test(test_left),
	    cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
