/* Percent-encoding, the choice of columns, and rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "batch/columns.h"
#include "batch/limits.h"
#include "batch/percent.h"
#include "batch/row.h"

/* ---------------------------------------------------- percent-encoding */

static void
every_byte(void **unused)
{
	static const char unreserved[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~";
	int i;

	(void)unused;
	for (i = 0; i < 256; i++) {
		char c = (char)i, hex[4], out[PERCENT_BOUND(1)];
		char padded[1 + PERCENT_PAD];
		size_t n = (size_t)(percent_encode(out, &c, 1, false) - out);

		snprintf(hex, sizeof(hex), "%%%02X", (unsigned int)i);
		if (i != 0 && strchr(unreserved, i) != NULL) {
			assert_int_equal(n, 1);
			assert_int_equal(out[0], c);
		} else {
			assert_int_equal(n, 3);
			assert_memory_equal(out, hex, 3);
		}
		assert_int_equal(percent_decode(out, out, n), 1);
		assert_int_equal(out[0], c);
		n = (size_t)(percent_encode(out, &c, 1, true) - out);
		assert_int_equal(n == 1,
		    i >= 0x80 || (i != 0 && strchr(unreserved, i) != NULL));
		memset(padded, 'x', sizeof(padded));
		padded[0] = c;
		n = (size_t)(percent_encode_rows(out, padded, 1, false) - out);
		assert_int_equal(
		    n == 1, i == ',' || i == '\n' ||
				(i != 0 && strchr(unreserved, i) != NULL));
	}
}

static void
malformed_percents(void **unused)
{
	char out[16];

	(void)unused;
	assert_int_equal(percent_valid("a%41b", 5), 5);
	assert_int_equal(percent_valid("a%41%", 5), 4);
	assert_int_equal(percent_valid("a%4", 3), 1);
	assert_int_equal(percent_valid("a%4x%", 5), 1);
	assert_int_equal(percent_valid("%fF", 3), 3);
	assert_int_equal(percent_decode(out, "%4x%41%", 7), 5);
	assert_memory_equal(out, "%4xA%", 5);
}

/* -------------------------------------------------------------- columns */

static struct column names[] = {
    {(char[]){"a"}, 1, false},
    {(char[]){"thirdPartyId"}, 12, false},
    {(char[]){"b,c"}, 3, false},
    {(char[]){"pcId"}, 4, true},
    {(char[]){"d:\"e\""}, 5, false},
    {(char[]){"\xc3\xa4"}, 2, false},
};
static const struct header header = {
    .column = names,
    .columns = 6,
    .id = 1,
    .kind = ID_THIRD_PARTY,
};

/* params or drop give this header row, or an error that begins so. */
static void
expect_columns(const char *params, const char *drop, const char *expected)
{
	struct columns_options o = {.params = params, .drop = drop};
	struct error e = ERROR_INIT;
	struct columns c;

	if (columns_select(&c, &o, &header, &e) == 0) {
		assert_int_equal(c.header_len, strlen(expected));
		assert_memory_equal(c.header, expected, c.header_len);
		assert_int_equal(c.column[0].from, 1);
		assert_false(c.straight);
		columns_free(&c);
		return;
	}
	assert_int_equal(e.code, EXIT_USAGE);
	e.text[strlen(expected)] = '\0';
	assert_string_equal(e.text, expected);
}

static void
chosen_columns(void **unused)
{
	(void)unused;
	expect_columns(NULL, NULL, "thirdPartyId,a,b%2Cc,d%3A%22e%22,%C3%A4");
	expect_columns(
	    NULL, "a,\"b,c\",pcId", "thirdPartyId,d%3A%22e%22,%C3%A4");
	expect_columns(NULL, "\"d:\"\"e\"\"\"", "thirdPartyId,a,b%2Cc,%C3%A4");
	expect_columns("\xc3\xa4,a", NULL, "thirdPartyId,%C3%A4,a");
	expect_columns("a:x,\"b,c\":\"y:,\"", NULL, "thirdPartyId,x,y%3A%2C");
	expect_columns("a:\"b:c\"", NULL, "thirdPartyId,b%3Ac");
	expect_columns("a:\"b,c\",\"b,c\":a", NULL, "thirdPartyId,b%2Cc,a");
}

static void
refused_columns(void **unused)
{
	(void)unused;
	expect_columns("z", NULL, "--params: column 'z' is not in the header");
	expect_columns("", NULL, "--params: column '' is not in the header");
	expect_columns("a,", NULL, "--params: column '' is not in the header");
	expect_columns(NULL, "a,z", "--drop: column 'z' is not in the header");
	expect_columns("a,a:b", NULL, "--params: column 'a' is named twice");
	expect_columns("a:b:c", NULL,
	    "--params: column 'a' has a new name that holds a colon");
	expect_columns(NULL, "a,a", "--drop: column 'a' is named twice");
	expect_columns(
	    "a:x,\xc3\xa4:x", NULL, "--params: column 'x' would be sent twice");
	expect_columns("thirdPartyId", NULL,
	    "--params: column 'thirdPartyId' is the identifier");
	expect_columns(NULL, "thirdPartyId",
	    "--drop: column 'thirdPartyId' is the identifier");
	expect_columns(
	    "pcId", NULL, "--params: column 'pcId' has an identifier's name");
	expect_columns("a:mbox3rdPartyId", NULL,
	    "--params: column 'a' would be sent under an identifier's name");
	expect_columns("a:", NULL, "--params: column 'a' has an empty new");
	expect_columns("\"a", NULL, "--params: a name in quotes must be");
	expect_columns("\"a\"x", NULL, "--params: a name in quotes must be");
	expect_columns("a", "a", "--params and --drop exclude each other");
}

/* ----------------------------------------------------------------- rows */

static struct sent_column sent[] = {
    {0, NULL, 12}, {1, NULL, 1}, {2, NULL, 2}, {3, NULL, 3}};
static const struct columns four = {.column = sent, .n = 4};

/* The cells, NULL for absent ones, give this row under the rules. */
static void
expect_row(const struct row_rules *rules, const char *const *texts,
    const char *expected, size_t profile)
{
	char out[1024], padded[4][16 + PERCENT_PAD] = {{0}};
	struct cell cells[4];
	struct row_size size;
	size_t n, len;

	for (n = 0; n < 4; n++) {
		const char *text = texts[n] == NULL ? "" : texts[n];

		cells[n].text = padded[n];
		cells[n].len = strlen(text);
		assert_true(cells[n].len <= 16);
		memcpy(padded[n], text, cells[n].len);
	}
	assert_int_equal(
	    row_measure(rules, &four, cells, true, &size), ROW_GOOD);
	assert_int_equal(size.profile, profile);
	len = (size_t)(row_encode(rules, cells, &size, out) - out);
	assert_true(len <= size.bound);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(out, expected, len);
}

#define CELLS(...) ((const char *const[4]){__VA_ARGS__})

static void
written_rows(void **unused)
{
	struct row_rules plain = {0};
	struct row_rules raw = {.raw_utf8 = true};
	struct row_rules replace = {
	    .separators = ROW_SEPARATORS_REPLACE, .replacement = {"; ", 2}};
	struct row_rules remove = {
	    .separators = ROW_SEPARATORS_REPLACE, .replacement = {"", 0}};

	(void)unused;
	expect_row(&plain, CELLS("1", "x", "", "y"), "1,x,,y\n", 1 + 1 + 3 + 1);
	expect_row(&plain, CELLS("1", "x", "", ""), "1,x\n", 2);
	expect_row(&plain, CELLS("1", "", "", ""), "1\n", 0);
	expect_row(&plain, CELLS("1"), "1\n", 0);
	expect_row(&plain, CELLS("1", "\xc3\xa4,\n"), "1,%C3%A4%2C%0A\n", 5);
	expect_row(&raw, CELLS("1", "\xc3\xa4 "), "1,\xc3\xa4%20\n", 4);
	expect_row(&replace, CELLS("1", "a,b", "\r\n\n\r"),
	    "1,a%3B%20b,%3B%20%3B%20%3B%20\n", 5 + 8);
	expect_row(&remove, CELLS("1", "a,b", "y\n"), "1,ab,y\n", 3 + 3);
}

static void
refused_rows(void **unused)
{
	struct row_rules reject = {.separators = ROW_SEPARATORS_REJECT};
	struct row_rules replace = {.separators = ROW_SEPARATORS_REPLACE};
	struct row_rules encode = {0};
	struct cell in_id[4] = {{"a,b", 3}, {"x", 1}};
	struct cell in_value[4] = {{"a", 1}, {"x", 1}, {"x\ny", 3}};
	struct row_size size;

	(void)unused;
	assert_int_equal(
	    row_measure(&reject, &four, in_value, true, &size), ROW_SEPARATOR);
	assert_int_equal(size.at, 2);
	assert_int_equal(
	    row_measure(&reject, &four, in_id, true, &size), ROW_SEPARATOR);
	assert_int_equal(size.at, 0);
	assert_int_equal(
	    row_measure(&replace, &four, in_id, true, &size), ROW_SEPARATOR);
	assert_int_equal(
	    row_measure(&encode, &four, in_id, true, &size), ROW_GOOD);
	assert_int_equal(size.separated, 1);
}

static void
both_sides_of_a_profile(void **unused)
{
	struct row_rules rules = {0};
	char *text = malloc(BATCH_PROFILE_BYTES);
	struct cell cells[] = {{text, 64000}, {text, 63997}, {"x", 0}, {"", 0}};
	struct row_size size;

	(void)unused;
	assert_non_null(text);
	memset(text, 'x', BATCH_PROFILE_BYTES);
	/* The name is a byte; the identifier and empty cells do not count. */
	assert_int_equal(
	    row_measure(&rules, &four, cells, true, &size), ROW_GOOD);
	assert_int_equal(size.profile, 63998);
	cells[1].len = 63999;
	assert_int_equal(
	    row_measure(&rules, &four, cells, true, &size), ROW_GOOD);
	cells[1].len = 64000;
	assert_int_equal(
	    row_measure(&rules, &four, cells, true, &size), ROW_PROFILE);
	cells[1].len = 63996;
	cells[2].len = 1;
	assert_int_equal(
	    row_measure(&rules, &four, cells, true, &size), ROW_GOOD);
	assert_int_equal(size.profile, 64000);
	cells[1].len = 63997;
	assert_int_equal(
	    row_measure(&rules, &four, cells, true, &size), ROW_PROFILE);
	free(text);
}

static void
assert_again(const char *text, const char *expected)
{
	char out[PERCENT_AGAIN_BOUND(64)];
	size_t n = strlen(text);

	memcpy(out, text, n);
	n = percent_again(out, n);
	assert_int_equal(n, strlen(expected));
	assert_memory_equal(out, expected, n);
	assert_true(n <= PERCENT_AGAIN_BOUND(strlen(text)));
}

static void
encoded_again(void **state)
{
	(void)state;
	assert_again("", "");
	assert_again("a1,x,y\n", "a1,x,y\n");
	assert_again("%2C", "%252C");
	assert_again("a%2C%0Ab,c\n", "a%252C%250Ab,c\n");
	assert_again("%25%25%25%25", "%2525%2525%2525%2525");
	assert_again("x%25", "x%2525");
	/* The most that an encoded text can grow. */
	assert_int_equal(PERCENT_AGAIN_BOUND(300), 502);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte),
	    cmocka_unit_test(encoded_again),
	    cmocka_unit_test(malformed_percents),
	    cmocka_unit_test(chosen_columns),
	    cmocka_unit_test(refused_columns),
	    cmocka_unit_test(written_rows),
	    cmocka_unit_test(refused_rows),
	    cmocka_unit_test(both_sides_of_a_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
