/*
 * What is chosen to be verified, what the bounds of a loss are, and what of a
 * row was kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "verify/compare.h"
#include "verify/interval.h"
#include "verify/sample.h"

/* ------------------------------------------------------------ interval */

static void
near(double value, double expected)
{
	if (value < expected - 5e-10 || value > expected + 5e-10)
		fail_msg("%.9f instead of %.9f", value, expected);
}

/* Summed and solved with 60 digits, by Python's decimal. */
static void
test_interval(void **state)
{
	static const struct {
		uint64_t k, n;
		double upper, low, high;
	} c[] = {
	    {0, 1, 0.95, 0, 0.975},
	    {1, 1, 1, 0.025, 1},
	    {0, 100, 0.0295130496, 0, 0.0362166926},
	    {0, 3000, 0.0009980790, 0, 0.0012288708},
	    {5, 100, 0.1022533776, 0.0164318792, 0.1128349111},
	    {50, 100, 0.5863782854, 0.3983211295, 0.6016788705},
	    {100, 100, 1, 0.9637833074, 1},
	    {3, 1000000, 0.0000077536, 0.0000006187, 0.0000087672},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct interval v = interval_of(c[i].k, c[i].n);

		near(v.upper, c[i].upper);
		near(v.low, c[i].low);
		near(v.high, c[i].high);
	}
}

/* -------------------------------------------------------------- sample */

static void
add(struct sample *s, const struct sample_header *h, uint64_t row,
    const char *text)
{
	const struct sample_place place = {h, 1, row, 1000};
	struct error e = ERROR_INIT;

	assert_int_equal(sample_add(s, text, strlen(text), &place, &e), 0);
}

static struct sample *
new_sample(size_t n, uint64_t seed, const struct sample_header **h)
{
	struct error e = ERROR_INIT;
	struct sample *s = sample_new(n, &seed, false, &e);

	assert_non_null(s);
	*h = sample_header(s, "thirdPartyId,a,b%2C", 19, &e);
	assert_non_null(*h);
	return s;
}

/* Each of 40 ids is chosen about as often as the others, however often it is
 * sent, and each with the last row that sets something. */
static void
test_sample_is_even(void **state)
{
	unsigned chosen[40] = {0};
	uint64_t seed;
	unsigned i;

	(void)state;
	for (seed = 0; seed < 2000; seed++) {
		const struct sample_header *h;
		struct sample *s = new_sample(5, seed, &h);
		struct sample_row *rows;
		char text[64];
		size_t n;

		for (i = 0; i < 40 * 8; i++) {
			/* Some stand in one row, some in eight. */
			if (i >= 40 && i % 40 < 20)
				continue;
			snprintf(text, sizeof(text), "%u,%u", i % 40, i);
			add(s, h, i + 1, text);
		}
		rows = sample_take(s, &n);
		assert_int_equal(n, 5);
		assert_false(sample_is_all(s));
		for (i = 0; i < n; i++) {
			unsigned id, last;

			snprintf(text, sizeof(text), "%.*s",
			    (int)rows[i].id_len, rows[i].id);
			id = (unsigned)strtoul(text, NULL, 10);
			last = id < 20 ? id : id + 40 * 7;

			chosen[id]++;
			assert_int_equal(rows[i].place.row, last + 1);
			snprintf(text, sizeof(text), "%u", last);
			assert_int_equal(rows[i].len, strlen(text));
			assert_memory_equal(rows[i].text, text, rows[i].len);
		}
		sample_free(s);
	}
	/* 250 each, and six times the standard deviation of 14.8. */
	for (i = 0; i < 40; i++) {
		assert_true(chosen[i] > 160);
		assert_true(chosen[i] < 340);
	}
}

static void
test_sample_all(void **state)
{
	const struct sample_header *h;
	struct sample *s = new_sample(SIZE_MAX, 1, &h);
	char text[64];
	size_t n, i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "%zu,x", i % 3000);
		add(s, h, i + 1, text);
	}
	/* These set nothing. */
	add(s, h, i, "1");
	add(s, h, i, "2,");
	add(s, h, i, "3,,");
	(void)sample_take(s, &n);
	assert_int_equal(n, 3000);
	assert_true(sample_is_all(s));
	assert_int_equal((int)sample_ids(s), 3000);
	assert_int_equal(sample_rows(s), 5000);
	sample_free(s);
}

static void
test_sample_cells(void **state)
{
	const struct sample_header *h;
	struct sample *s = new_sample(3, 1, &h);
	struct sample_row *rows;
	const char *at;
	size_t n, column = 0;
	char out[64];

	(void)state;
	assert_int_equal(h->columns, 2);
	assert_string_equal(h->names[1], "a");
	assert_string_equal(h->names[2], "b,");
	/* The same header is the same. */
	add(s, h, 1, "i%31,,%252C,,");
	rows = sample_take(s, &n);
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].id_len, 2);
	assert_memory_equal(rows[0].id, "i1", 2);
	at = rows[0].text;
	assert_true(sample_cell(s, &rows[0], &at, &column, out, &n));
	assert_int_equal(column, 2);
	assert_int_equal(n, 3);
	assert_memory_equal(out, "%2C", 3);
	assert_false(sample_cell(s, &rows[0], &at, &column, out, &n));
	sample_free(s);
}

/* ------------------------------------------------------------- compare */

/* What of the row "1,2", accepted in second 1000, a profile has kept. */
static enum kept
compare(const char *json)
{
	const struct sample_header *h;
	struct sample *s = new_sample(3, 1, &h);
	ndjson *attributes = ndjson_new();
	struct http_answer a = {.end = HTTP_ANSWERED, .status = 200};
	struct sample_row *rows;
	struct profile p;
	enum kept kept;
	char room[64];
	size_t n;

	add(s, h, 1, "i,1,2");
	rows = sample_take(s, &n);
	a.body.data = (char *)(uintptr_t)json;
	a.body.len = strlen(json);
	assert_int_equal(profile_read(&p, &a), PROFILE_FOUND);
	kept = compare_row(s, &rows[0], &p, true, room, attributes);
	assert_int_equal(
	    kept == KEPT, ndjson_next_key(attributes, NULL) == NULL);
	profile_free(&p);
	ndjson_free(attributes);
	sample_free(s);
	return kept;
}

#define PROFILE(a, b) "{\"profileAttributes\":{" a b "}}"
#define A(value, time) "\"a\":{\"value\":\"" value "\",\"modifiedAt\":" time "}"
#define B(value, time) \
	",\"b,\":{\"value\":\"" value "\",\"modifiedAt\":" time "}"

static void
test_compare(void **state)
{
	(void)state;
	assert_int_equal(
	    compare(PROFILE(A("1", "1000000"), B("2", "1000000"))), KEPT);
	/* Nobody else has changed it, or this cannot be told. */
	assert_int_equal(compare(PROFILE(A("1", "1000000"), B("x", "1000000"))),
	    KEPT_DIFFERS);
	assert_int_equal(compare(PROFILE(A("1", "1000000"), B("x", "1060000"))),
	    KEPT_DIFFERS);
	assert_int_equal(
	    compare(PROFILE(A("1", "1000000"), B("x", "null"))), KEPT_DIFFERS);
	assert_int_equal(compare(PROFILE(A("1", "1000000"), "")), KEPT_DIFFERS);
	assert_int_equal(compare(PROFILE(A("1", "1000000"),
			     ",\"b,\":{\"value\":2,\"modifiedAt\":1000000}")),
	    KEPT_DIFFERS);
	assert_int_equal(
	    compare(PROFILE(A("1", "1000000"), ",\"c\":{\"value\":\"\\u0000\"}"
					       ",\"b,\":{\"value\":\"2\"}")),
	    KEPT);
	assert_int_equal(
	    compare(PROFILE(A("1", "1000000"), B("2\\u0000", "1000000"))),
	    KEPT_DIFFERS);
	/* It was applied late: both attributes then. */
	assert_int_equal(compare(PROFILE(A("1", "2000000"), B("x", "2000000"))),
	    KEPT_DIFFERS);
	/* Somebody has. */
	assert_int_equal(compare(PROFILE(A("1", "1000000"), B("x", "1060001"))),
	    KEPT_CHANGED);
	assert_int_equal(compare(PROFILE(A("1", "2000000"), B("x", "2060001"))),
	    KEPT_CHANGED);
	/* What was not set anew: the time of the row counts. */
	assert_int_equal(
	    compare(PROFILE(A("1", "5"), B("x", "1060000"))), KEPT_DIFFERS);
	/* Of all: later than it may take to be applied. */
	assert_int_equal(compare(PROFILE(A("x", "4600000"), B("y", "4600000"))),
	    KEPT_DIFFERS);
	assert_int_equal(compare(PROFILE(A("x", "4600001"), B("y", "4600001"))),
	    KEPT_CHANGED);
	assert_int_equal(compare(PROFILE(A("x", "4600001"), B("y", "4600000"))),
	    KEPT_DIFFERS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_interval),
	    cmocka_unit_test(test_sample_is_even),
	    cmocka_unit_test(test_sample_all),
	    cmocka_unit_test(test_sample_cells),
	    cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
