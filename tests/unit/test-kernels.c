/*
 * The kernels for UTF-8, for percent-encoding and for what complies, against
 * the portable code
 * (those that scan CSV are compared in test-csv.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/kernel.h"
#include "base/utf8.h"
#include "batch/comply.h"
#include "batch/percent.h"

static uint64_t state = 1;

static unsigned int
below(unsigned int n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned int)((state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

/* How often, unless TP_TEST_RECORDS says fewer, for slow tools. */
static int
rounds(int n)
{
	const char *fewer = getenv("TP_TEST_RECORDS");
	long most = fewer == NULL ? n : strtol(fewer, NULL, 10);

	return most < n ? (int)most : n;
}

/* Of the text's own size, so that a sanitizer sees reads past it. */
static char *
copy_exact(const char *s, size_t n)
{
	char *copy = malloc(n + (n == 0));

	assert_non_null(copy);
	memcpy(copy, s, n);
	return copy;
}

/* Puts a piece at text + n; returns where the next one goes. */
static size_t
append(char *text, size_t n, const char *piece)
{
	memcpy(text + n, piece, strlen(piece));
	return n + strlen(piece);
}

/* Both must find the same first bad byte. */
static void
utf8_agrees_on(const char *s, size_t n)
{
	size_t expected;

	kernel_use(KERNEL_PORTABLE);
	expected = utf8_valid(s, n);
	kernel_use(KERNEL_AVX2);
	assert_int_equal(utf8_valid(s, n), expected);
}

/* Every pair of bytes, and every lead with all kinds of bytes behind it, in
 * every place that a vector can cut them. */
static void
utf8_sequences(void **context)
{
	static const unsigned char behind[] = {0x00, 0x41, 0x7f, 0x80, 0x8f,
	    0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xf0, 0xff};
	enum { KINDS = sizeof(behind) };
	unsigned char text[80];
	unsigned int lead, i;
	size_t at;

	(void)context;
	if (!kernel_is_usable(KERNEL_AVX2))
		skip();
	for (at = 24; at < 36; at++) {
		for (lead = 0; lead < 256; lead++) {
			for (i = 0; i < 256 + KINDS * KINDS * KINDS; i++) {
				memset(text, 'a', sizeof(text));
				text[at] = (unsigned char)lead;
				if (i < 256) {
					text[at + 1] = (unsigned char)i;
				} else {
					unsigned int k = i - 256;

					text[at + 1] = behind[k % KINDS];
					text[at + 2] =
					    behind[k / KINDS % KINDS];
					text[at + 3] =
					    behind[k / KINDS / KINDS];
				}
				utf8_agrees_on((char *)text, 64);
				/* cut off behind the lead, and later */
				utf8_agrees_on((char *)text, at + 1 + i % 4);
			}
		}
	}
}

static void
utf8_generated(void **context)
{
	static const char *const pieces[] = {"a", "bcdefgh", "\xc3\xa9",
	    "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xee\x80\x80",
	    "\xf4\x8f\xbf\xbf", "\xc2\x80"};
	char text[300];
	int round;

	(void)context;
	if (!kernel_is_usable(KERNEL_AVX2))
		skip();
	for (round = 0; round < rounds(200000); round++) {
		size_t n = 0, goal = below(250);

		while (n < goal)
			n = append(text, n,
			    pieces[below(sizeof(pieces) / sizeof(*pieces))]);
		kernel_use(KERNEL_AVX2);
		assert_int_equal(utf8_valid(text, n), n);
		if (n == 0)
			continue;
		text[below((unsigned int)n)] = (char)below(256);
		utf8_agrees_on(text, below((unsigned int)n + 1));
	}
}

/* ---------------------------------------------------------- percent */

struct encoded {
	char out[PERCENT_BOUND(400)];
	size_t n;
};

enum how { TEXT, CELLS, ROWS, QUOTED, REPLACED, ENCODED };

static void
encode(struct encoded *e, enum kernel kernel, enum how how, const char *s,
    size_t n, bool raw)
{
	const struct cell cells[] = {
	    {s, n / 3}, {s, 0}, {s + n / 3, n - n / 3}};
	char *end;

	kernel_use(kernel);
	memset(e->out, '#', sizeof(e->out));
	if (how == TEXT)
		end = percent_encode(e->out, s, n, raw);
	else if (how == CELLS)
		end = percent_encode_cells(e->out, cells, 3, raw) - 1;
	else if (how == ROWS)
		end = percent_encode_rows(e->out, s, n, raw);
	else
		end = percent_encode_quoted_rows(e->out, s, n, '"',
		    how == QUOTED     ? ','
		    : how == REPLACED ? '-'
				      : ';',
		    raw);
	e->n = (size_t)(end - e->out);
	assert_true(e->n <= 3 * n + (how == CELLS ? 2 : 0));
	/* Nothing past the room that is asked for. */
	assert_int_equal(e->out[sizeof(e->out) - 1], '#');
}

static void
percent_agrees_on(enum how how, const char *s, size_t n, bool raw)
{
	static const enum kernel kernels[] = {KERNEL_AVX512, KERNEL_AVX2};
	char *exact = malloc(n + PERCENT_PAD);
	struct encoded a, b;
	size_t i;

	assert_non_null(exact);
	memcpy(exact, s, n);
	memset(exact + n, '"', PERCENT_PAD);
	encode(&a, KERNEL_PORTABLE, how, exact, n, raw);
	for (i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		if (!kernel_is_usable(kernels[i]))
			continue;
		encode(&b, kernels[i], how, exact, n, raw);
		assert_int_equal(a.n, b.n);
		assert_memory_equal(a.out, b.out, a.n);
	}
	free(exact);
}

/* What the portable code must make of each byte. */
static void
percent_bytes(void **context)
{
	static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz"
				   "0123456789-._~";
	unsigned int i;

	(void)context;
	for (i = 0; i < 256; i++) {
		char byte = (char)i, expected[8];
		struct encoded e;

		snprintf(expected, sizeof(expected), "%%%02X", i);
		if (i != 0 && strchr(kept, byte) != NULL)
			snprintf(expected, sizeof(expected), "%c", byte);
		encode(&e, KERNEL_PORTABLE, TEXT, &byte, 1, false);
		assert_int_equal(e.n, strlen(expected));
		assert_memory_equal(e.out, expected, e.n);
		encode(&e, KERNEL_PORTABLE, TEXT, &byte, 1, true);
		assert_int_equal(e.n, i >= 0x80 ? 1 : strlen(expected));
		encode(&e, KERNEL_PORTABLE, ROWS, &byte, 1, false);
		assert_int_equal(
		    e.n, byte == ',' || byte == '\n' ? 1 : strlen(expected));
	}
}

static void
percent_generated(void **context)
{
	char text[400];
	int round;

	(void)context;
	if (!kernel_is_usable(KERNEL_AVX2))
		skip();
	for (round = 0; round < rounds(100000); round++) {
		size_t n = below(200), i;
		unsigned int often = 1 + below(20);

		for (i = 0; i < n; i++)
			text[i] = below(often) == 0 ? (char)below(256)
						    : (char)('a' + below(26));
		percent_agrees_on(CELLS, text, n, round % 2 == 0);
		percent_agrees_on(ROWS, text, n, round % 3 == 0);
	}
}

/* Rows with quotes, empty ones and doubled ones in all places. */
static void
percent_quoted(void **context)
{
	static const char *const fields[] = {"", "\"\"", "\"a\"", "\"\"\"\"",
	    "\"x \"\"y\"\"\"", "plain", "\"\"\"z\"", "\"\"\"\"\"\"",
	    "\"0123456789012345678901234567890\"", "\"\xc3\xa9 & \"\"+\"\"=%\"",
	    "\"a,b\"", "\",\"", "\"x\n,\"\",\""};
	char text[512];
	int round;

	(void)context;
	if (!kernel_is_usable(KERNEL_AVX2))
		skip();
	for (round = 0; round < rounds(200000); round++) {
		size_t n = 0, count = 1 + below(12);

		while (count-- > 0 && n < 300) {
			const char *f =
			    fields[below(sizeof(fields) / sizeof(*fields))];

			memcpy(text + n, f, strlen(f));
			n += strlen(f);
			text[n++] = below(6) == 0 ? '\n' : ',';
		}
		percent_agrees_on(QUOTED, text, n - 1, round % 2 == 0);
		percent_agrees_on(REPLACED, text, n - 1, round % 2 == 0);
		percent_agrees_on(ENCODED, text, n - 1, round % 2 == 0);
	}
}

static void
percent_quoted_known(void **context)
{
	static const char row[] = "\"a\",\"\",\"x \"\"y\"\"\",b\n\"c\"";
	static const char expected[] = "a,,x%20%22y%22,b\nc";
	static const char inner[] = "a,\"b,c\",\"d\"\",\"\"\",\"\n\"";
	static const char encoded[] = "a,b%2Cc,d%22%2C%22,%0A";
	struct encoded e;

	(void)context;
	encode(&e, KERNEL_PORTABLE, QUOTED, row, strlen(row), false);
	assert_int_equal(e.n, strlen(expected));
	assert_memory_equal(e.out, expected, e.n);
	encode(&e, KERNEL_PORTABLE, QUOTED, inner, strlen(inner), false);
	assert_int_equal(e.n, strlen(encoded));
	assert_memory_equal(e.out, encoded, e.n);
}

/* ----------------------------------------------------------- comply */

static int
complies(enum kernel kernel, const char *s, size_t n, size_t columns,
    size_t *at, struct error *e)
{
	*e = (struct error)ERROR_INIT;
	kernel_use(kernel);
	return comply_row(s, n, columns, at, e);
}

static void
comply_agrees_on(const char *s, size_t n, size_t columns)
{
	struct error a = ERROR_INIT, b = ERROR_INIT;
	size_t at[2] = {0, 0};
	char *exact = copy_exact(s, n);

	assert_int_equal(
	    complies(KERNEL_PORTABLE, exact, n, columns, &at[0], &a),
	    complies(KERNEL_AVX2, exact, n, columns, &at[1], &b));
	assert_int_equal(at[0], at[1]);
	assert_string_equal(a.text, b.text);
	free(exact);
}

/* Each byte, at each place of some vectors. */
static void
comply_bytes(void **context)
{
	char text[100];
	unsigned int byte;
	size_t n, at;

	(void)context;
	if (!kernel_is_usable(KERNEL_AVX2))
		skip();
	for (byte = 0; byte < 256; byte++) {
		for (n = 1; n < 100; n += n < 70 ? 1 : 29) {
			at = below((unsigned int)n);
			memset(text, 'x', n);
			text[at] = (char)byte;
			comply_agrees_on(text, n, 1);
			comply_agrees_on(text, n, 2);
		}
	}
}

static void
comply_generated(void **context)
{
	static const char some[] = "aZ09-._~!*(),,,,%%%4f41\xc3\xa9\n\"+/ &=";
	char text[400];
	int round;

	(void)context;
	if (!kernel_is_usable(KERNEL_AVX2))
		skip();
	for (round = 0; round < rounds(100000); round++) {
		unsigned int among = round % 2 == 0 ? 17 : sizeof(some) - 1;
		size_t n = below(sizeof(text)), i;

		for (i = 0; i < n; i++)
			text[i] = some[below(among)];
		comply_agrees_on(text, n, below(40));
	}
}

/* Good rows with one percent sign at fault, or none, anywhere. */
static void
comply_percents(void **context)
{
	static const char *const good[] = {"a", "Zz", "%4F", "%aC", "%09", ","};
	static const char *const bad[] = {"%", "%4", "%g0", "%4g", "%:0", "%%"};
	int round;

	(void)context;
	if (!kernel_is_usable(KERNEL_AVX2))
		skip();
	for (round = 0; round < rounds(200000); round++) {
		unsigned int pieces = below(80), fault = below(pieces + 9), i;
		char text[400];
		size_t n = 0;

		for (i = 0; i <= pieces; i++)
			n = append(text, n,
			    i == fault ? bad[below(6)] : good[below(6)]);
		comply_agrees_on(text, n, sizeof(text));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(utf8_sequences),
	    cmocka_unit_test(utf8_generated),
	    cmocka_unit_test(percent_bytes),
	    cmocka_unit_test(percent_quoted_known),
	    cmocka_unit_test(percent_generated),
	    cmocka_unit_test(percent_quoted),
	    cmocka_unit_test(comply_bytes),
	    cmocka_unit_test(comply_generated),
	    cmocka_unit_test(comply_percents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
