/*
 * What is an identifier, and what a header: the quick look against the rules,
 * over every short text and over generated ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "csv/scan.h"
#include "profile/header.h"
#include "profile/identifier.h"

static uint64_t state = 1;

static unsigned int
below(unsigned int n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned int)((state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

/* -------------------------------------------------------- identifier */

/*
 * Whether a scan finds nothing rare in the text: the quick look at ids, which
 * must never say yes where the rules say no.
 */
static bool
plain(const struct csv_kernel *k, const char *text, size_t n)
{
	static uint64_t sep[8], rare[8];
	static struct csv_row rows[512];
	struct csv_index ix = {sep, rare, 7, rows, 0, 512, 0};
	char room[300 + CSV_SCAN_PAD] = {0};

	memcpy(room, text, n);
	k->scan(room, n, ',', '"', &ix);
	return n > 0 && !csv_index_any(rare, 0, (uint32_t)n);
}

static void
compare(const char *text, size_t n)
{
	const struct csv_kernel *k;

	for (k = csv_kernels; k->scan != NULL; k++) {
		if (!kernel_is_usable(k->kernel) || !plain(k, text, n) ||
		    n > IDENTIFIER_MAX)
			continue;
		if (utf8_valid(text, n) < n ||
		    identifier_check(ID_THIRD_PARTY, text, n) != RULES)
			fail_msg("%s: %zu bytes: %.*s", kernel_name(k->kernel),
			    n, (int)n, text);
	}
}

static void
plain_every_short_text(void **context)
{
	char text[2];
	int a, b;

	(void)context;
	compare("", 0);
	for (a = 0; a < 256; a++) {
		text[0] = (char)a;
		compare(text, 1);
		for (b = 0; b < 256; b++) {
			text[1] = (char)b;
			compare(text, 2);
		}
	}
}

/* Every byte at every place of good text of every length. */
static void
plain_one_odd_byte(void **context)
{
	char text[264];
	size_t n, at;
	int c;

	(void)context;
	memset(text, 'k', sizeof(text));
	for (n = 1; n <= sizeof(text); n += n < 40 ? 1 : 8) {
		for (at = 0; at < n; at++) {
			for (c = 0; c < 256; c++) {
				text[at] = (char)c;
				compare(text, n);
			}
			text[at] = 'k';
		}
		assert_true(plain(csv_kernels, text, n));
	}
}

static void
plain_generated(void **context)
{
	static const char *const pieces[] = {"a", "Z", "0", "9", "-", ".", "_",
	    "+", "/", " ", "\t", "\x7f", "\x1f", "!", "~", "\xc3\xa9",
	    "\xc2\x80", "\xff", "01234567", "abcdefgh",
	    "1368007744041-575948.01_00",
	    "12345678901234567890123456789012345678", "\n", "\""};
	char text[300];
	int i;

	(void)context;
	for (i = 0; i < 300000; i++) {
		size_t n = 0, count = 1 + below(6), len;

		while (count-- > 0) {
			const char *p =
			    pieces[below(sizeof(pieces) / sizeof(pieces[0]))];

			len = strlen(p);
			memcpy(text + n, p, len);
			n += len;
		}
		compare(text, n);
	}
}

static void
identifier_rules(void **context)
{
	static const struct {
		enum id_kind kind;
		const char *text;
		enum rule rule;
	} cases[] = {{ID_THIRD_PARTY, "", RULE_ID_EMPTY},
	    {ID_PCID, "", RULE_ID_EMPTY}, {ID_THIRD_PARTY, "a", RULES},
	    {ID_THIRD_PARTY, "a b", RULES},
	    {ID_THIRD_PARTY, " a", RULE_ID_SPACE},
	    {ID_THIRD_PARTY, "a ", RULE_ID_SPACE},
	    {ID_PCID, " ", RULE_ID_SPACE}, {ID_THIRD_PARTY, "\xc2\xa0", RULES},
	    {ID_THIRD_PARTY, "a\tb", RULE_ID_CONTROL},
	    {ID_THIRD_PARTY, "a\x7f", RULE_ID_CONTROL},
	    {ID_THIRD_PARTY, "\xc2\x80", RULE_ID_CONTROL},
	    {ID_THIRD_PARTY, "\xc2\x9f", RULE_ID_CONTROL},
	    {ID_THIRD_PARTY, "a+b", RULE_ID_PLUS_SLASH},
	    {ID_THIRD_PARTY, "/", RULE_ID_PLUS_SLASH},
	    {ID_THIRD_PARTY, "%2B", RULES}, {ID_PCID, "a+/b", RULES},
	    {ID_PCID, "1234567890123456789012345678901234567", RULES},
	    {ID_PCID, "12345678901234567890123456789012345678", RULE_ID_ECID},
	    {ID_PCID, "123456789012345678901234567890123456789", RULES},
	    {ID_PCID, "1234567890123456789012345678901234567x", RULES},
	    {ID_THIRD_PARTY, "12345678901234567890123456789012345678", RULES}};
	size_t i;

	(void)context;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(identifier_check(cases[i].kind, cases[i].text,
				     strlen(cases[i].text)),
		    cases[i].rule);
}

/* 256 characters, whatever their bytes. */
static void
identifier_length(void **context)
{
	static const char *const letters[] = {
	    "a", "\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x8e\x81"};
	char text[257 * 4];
	size_t i, n, len;

	(void)context;
	for (i = 0; i < 4; i++) {
		len = strlen(letters[i]);
		for (n = 0; n < 257; n++)
			memcpy(text + n * len, letters[i], len);
		assert_int_equal(
		    identifier_check(ID_THIRD_PARTY, text, 256 * len), RULES);
		assert_int_equal(
		    identifier_check(ID_THIRD_PARTY, text, 257 * len),
		    RULE_ID_TOO_LONG);
		assert_int_equal(identifier_check(ID_PCID, text, 257 * len),
		    RULE_ID_TOO_LONG);
	}
}

static void
identifier_shape(void **context)
{
	static const char *const usual[] = {"1368007744041-575948.01_00",
	    "0123456789abcdef.28_0", "ABCDEF.1_1", "-.1_1"};
	static const char *const other[] = {"", ".", "1", "1.", "1.1", "1.1_",
	    "1._1", ".1_1", "1.1_1 ", " 1.1_1", "1.1_1_1", "1.1_a", "g.1_1",
	    "1.a_1", "1.1.1_1", "12345678901234567890123456789012345678"};
	size_t i;

	(void)context;
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		assert_true(identifier_usual(usual[i], strlen(usual[i])));
	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_false(identifier_usual(other[i], strlen(other[i])));
}

/* ------------------------------------------------------------ header */

static const struct csv_dialect dialect = CSV_DIALECT_INIT;

/* A record of plain fields, as the reader would give it. */
static void
split(struct csv_record *r, struct csv_field field[8], const char *line)
{
	size_t i, start = 0;

	memset(r, 0, sizeof(*r));
	r->raw = line;
	r->len = strlen(line);
	r->ending = r->len >= 2 && line[r->len - 2] == '\r' ? 2 : 1;
	r->line = 1;
	r->field = field;
	for (i = 0; i <= r->len - r->ending; i++) {
		struct csv_field *f = &field[r->fields];

		if (i < r->len - r->ending && line[i] != ',')
			continue;
		f->text = line + start;
		f->start = (uint32_t)start;
		f->end = (uint32_t)i;
		f->len = i - start;
		start = i + 1;
		r->fields++;
	}
}

static int
read_header(struct header *h, const char *line,
    const struct header_options *options, struct error *e)
{
	struct csv_record r;
	struct csv_field field[8];

	memset(e, 0, sizeof(*e));
	split(&r, field, line);
	return header_read(h, &r, &dialect, options, "file", e);
}

static void
header_is_read(void **context)
{
	struct header_options options = {.id = NULL};
	struct header h;
	struct error e;

	(void)context;
	assert_int_equal(
	    read_header(&h, "a,mbox3rdPartyId,b\r\n", &options, &e), 0);
	assert_int_equal(h.columns, 3);
	assert_int_equal(h.id, 1);
	assert_int_equal(h.kind, ID_THIRD_PARTY);
	assert_int_equal(h.ending, 2);
	assert_int_equal(h.raw_len, strlen("a,mbox3rdPartyId,b"));
	assert_int_equal(h.written_len, strlen("a,thirdPartyId,b\r\n"));
	assert_memory_equal(h.written, "a,thirdPartyId,b\r\n", h.written_len);
	assert_int_equal(header_find(&h, "b", 1), 2);
	assert_int_equal(header_find(&h, "c", 1), 3);
	assert_true(header_repeated(&h, "a,mbox3rdPartyId,b", h.raw_len));
	assert_true(header_repeated(&h,
	    "\xef\xbb\xbf"
	    "a,mbox3rdPartyId,b",
	    h.raw_len + 3));
	assert_false(header_repeated(&h, "a,thirdPartyId,b", 16));
	assert_true(header_rewritten(&h, "a,thirdPartyId,b", 16));
	assert_true(header_rewritten(&h,
	    "\xef\xbb\xbf"
	    "a,thirdPartyId,b",
	    16 + 3));
	assert_false(header_rewritten(&h, "a,mbox3rdPartyId,b", h.raw_len));
	header_free(&h);

	options.id = "crm=pcId";
	assert_int_equal(
	    read_header(&h, "thirdPartyId,crm\n", &options, &e), 0);
	assert_int_equal(h.id, 1);
	assert_int_equal(h.kind, ID_PCID);
	assert_true(h.column[0].reserved);
	assert_false(h.column[1].reserved);
	assert_int_equal(h.written_len, strlen("pcId\n"));
	assert_memory_equal(h.written, "pcId\n", h.written_len);
	header_free(&h);

	options.id = "a";
	options.strip_prefix = true;
	assert_int_equal(
	    read_header(&h, "profile.b, c,profile.a\n", &options, &e), 0);
	assert_memory_equal(h.written, "b, c,thirdPartyId\n", h.written_len);
	assert_string_equal(h.column[1].name, " c");
	header_free(&h);
}

static void
header_is_refused(void **context)
{
	static const struct {
		const char *line, *id;
		uint64_t column;
	} cases[] = {{"a,b\n", NULL, 0}, {"pcId,thirdPartyId\n", NULL, 0},
	    {"thirdPartyId,a,a\n", NULL, 16}, {"thirdPartyId,\n", NULL, 14},
	    {"thirdPartyId,profile.a\n", NULL, 14}, {"a,b\n", "c", 0},
	    {"a,pcId\n", "a=pcId", 3}, {"thirdPartyId;a\n", NULL, 0},
	    {"thirdPartyId,\xff\n", NULL, 14},
	    {"thirdPartyId,\x01\n", NULL, 14}};
	size_t i;

	(void)context;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct header_options options = {.id = cases[i].id};
		struct header h;
		struct error e;

		assert_int_equal(
		    read_header(&h, cases[i].line, &options, &e), -1);
		assert_int_equal(e.code, EXIT_INPUT);
		assert_string_equal(e.place, "file");
		assert_int_equal(e.line, 1);
		assert_int_equal(e.column, cases[i].column);
		assert_true(strlen(e.text) > 20);
		assert_null(h.column); /* nothing is left to free */
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_every_short_text),
	    cmocka_unit_test(plain_one_odd_byte),
	    cmocka_unit_test(plain_generated),
	    cmocka_unit_test(identifier_rules),
	    cmocka_unit_test(identifier_length),
	    cmocka_unit_test(identifier_shape),
	    cmocka_unit_test(header_is_read),
	    cmocka_unit_test(header_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
