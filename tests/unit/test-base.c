/* The small things that everything else stands on. */
#include <fcntl.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/exit.h"
#include "base/ndjson.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/ranges.h"
#include "base/utf8.h"
#include "io/outfile.h"

static void
numbers(void **context)
{
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1",
	    "1.0", "1e3", "18446744073709551616", "99999999999999999999", "1K"};
	uint64_t n = 7;
	size_t i;

	(void)context;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(number_parse(bad[i], 0, UINT64_MAX, &n), -1);
	assert_int_equal(number_parse("1", 2, 3, &n), -1);
	assert_int_equal(number_parse("4", 2, 3, &n), -1);
	assert_int_equal(n, 7);
	assert_int_equal(number_parse("2", 2, 3, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(number_parse("0003", 2, 3, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(
	    number_parse("18446744073709551615", 0, UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
}

static void
sizes_and_times(void **context)
{
	uint64_t n = 7;

	(void)context;
	assert_int_equal(number_parse_size("3K", 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, 3072);
	assert_int_equal(number_parse_size("2G", 0, UINT64_MAX, &n), 0);
	assert_true(n == UINT64_C(1) << 31);
	assert_int_equal(number_parse_size("1M", 0, 1048575, &n), -1);
	assert_int_equal(number_parse_size("1M", 0, 1048576, &n), 0);
	assert_int_equal(
	    number_parse_size("17179869184G", 0, UINT64_MAX, &n), -1);
	assert_int_equal(
	    number_parse_size("17179869183G", 0, UINT64_MAX, &n), 0);
	assert_int_equal(number_parse_size("K", 0, 9, &n), -1);
	assert_int_equal(number_parse_size("1KK", 0, UINT64_MAX, &n), -1);
	assert_int_equal(number_parse_size("1k", 0, UINT64_MAX, &n), -1);
	assert_int_equal(number_parse_seconds("2h", 0, 7200, &n), 0);
	assert_int_equal(n, 7200);
	assert_int_equal(number_parse_seconds("90", 0, 90, &n), 0);
	assert_int_equal(number_parse_seconds("2d", 0, 172799, &n), -1);
	assert_int_equal(number_parse_seconds("2w", 0, UINT64_MAX, &n), -1);
}

static void
escape_as(const char *text, size_t n, size_t size, const char *expected)
{
	char out[64];

	memset(out, '#', sizeof(out));
	assert_ptr_equal(escape_text(out, size, text, n), out);
	assert_string_equal(out, expected);
	assert_int_equal(out[size], '#');
}

static void
escapes(void **context)
{
	(void)context;
	escape_as("plain", 5, 60, "plain");
	escape_as("", 0, 1, "");
	escape_as("a\0b\n\x1b[0m\x7f", 9, 60, "a\\x00b\\x0A\\x1B[0m\\x7F");
	escape_as("\\x1B", 4, 60, "\\\\x1B");
	escape_as("\xc3\xa9\xe4\xb8\xad", 5, 60, "\xc3\xa9\xe4\xb8\xad");
	escape_as("\xff\xc3", 2, 60, "\\xFF\\xC3");
	escape_as("\xc2\x9b", 2, 60, "\\u{009B}");
	escape_as("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b", 9, 60,
	    "\\u{202E}\\u{2066}\\u{200B}");
	escape_as("\xd8\x9c\xef\xbb\xbf", 5, 60, "\\u{061C}\\u{FEFF}");
	escape_as("\xf3\xa0\x81\x81", 4, 60, "\\u{E0041}");
	/* Cut between characters, never within an escape. */
	escape_as("abcdefgh", 8, 9, "abcdefgh");
	escape_as("abcdefgh", 8, 8, "abcd...");
	escape_as("abc\xc3\xa9", 5, 6, "abc\xc3\xa9");
	escape_as("ab\x01\x02", 4, 9, "ab...");
	escape_as("abc\xc3\xa9"
		  "d",
	    6, 6, "ab...");
}

/* Every code point, and what looks like one. */
static void
utf8_every_point(void **context)
{
	uint32_t p, got;
	char s[4];
	size_t n, i;

	(void)context;
	for (p = 0; p < 0x120000; p++) {
		int good = p < 0x110000 && (p < 0xd800 || p > 0xdfff);

		n = p < 0x80 ? 1 : p < 0x800 ? 2 : p < 0x10000 ? 3 : 4;
		if (n == 1)
			s[0] = (char)p;
		for (i = n; n > 1 && i-- > 0;)
			s[i] = (char)(0x80 | (p >> 6 * (n - 1 - i) & 0x3f));
		if (n > 1)
			s[0] =
			    (char)((0xf0 << (4 - n)) | (int)(p >> 6 * (n - 1)));
		assert_int_equal(utf8_decode(s, n, &got), good ? n : 0);
		assert_int_equal(utf8_valid(s, n), good ? n : 0);
		if (!good)
			continue;
		assert_int_equal(got, p);
		assert_int_equal(utf8_length(s, n), 1);
		for (i = 1; i < n; i++)
			assert_int_equal(utf8_decode(s, i, &got), 0);
	}
}

static void
utf8_bad(void **context)
{
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80",
	    "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
	    "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe",
	    "\xff", "\xc3", "\xc3(", "\xe4\xb8", "\xed\xa0\x80"};
	char text[64];
	size_t i, at;

	(void)context;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (at = 0; at < 40; at++) {
			memset(text, 'a', sizeof(text));
			memcpy(text + at, bad[i], strlen(bad[i]));
			assert_int_equal(utf8_valid(text, sizeof(text)), at);
		}
	}
}

static void
first_error_wins(void **context)
{
	struct error e = ERROR_INIT;
	char long_text[2000];

	(void)context;
	error_place(&e, "early", 1, 2);
	errno = ENOENT;
	assert_int_equal(error_errno(&e, EXIT_INPUT, "cannot %s", "open"), -1);
	assert_int_equal(error_set(&e, EXIT_LOCAL, "later"), -1);
	error_place(&e, "late", 3, 4);
	assert_int_equal(e.code, EXIT_INPUT);
	assert_string_equal(e.text, "cannot open: No such file or directory");
	assert_string_equal(e.place, "early");
	assert_int_equal(e.line, 1);
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	memset(&e, 0, sizeof(e));
	error_errno(&e, EXIT_LOCAL, "%s", long_text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

/* 4, 7, 6, 5, 3, 1, and before them 2: nothing was done. */
static void
worst_exit(void **context)
{
	static const enum exit_code order[] = {EXIT_COMPLETE, EXIT_REJECTED,
	    EXIT_INPUT, EXIT_TEMPORARY, EXIT_SERVICE, EXIT_UNKNOWN, EXIT_LOCAL,
	    EXIT_USAGE};
	size_t i, j;

	(void)context;
	for (i = 0; i < 8; i++)
		for (j = 0; j < 8; j++)
			assert_int_equal(exit_worse(order[i], order[j]),
			    order[i > j ? i : j]);
}

/* What is drawn after so many units. */
static void
progress_drawn(uint64_t units, char *to, size_t size)
{
	const struct timespec wait = {0, 600000000};
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_non_null(file);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	progress_start(PROGRESS_ALWAYS, "batch", "batches");
	/* It is not drawn before half a second has passed. */
	nanosleep(&wait, NULL);
	progress_show(units, 0);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	n = pread(fileno(file), to, size - 1, 0);
	assert_true(n >= 0);
	to[n] = '\0';
	fclose(file);
	progress_start(PROGRESS_NEVER, "", "");
}

static void
progress_words(void **context)
{
	char drawn[80];

	(void)context;
	progress_drawn(1, drawn, sizeof(drawn));
	assert_string_equal(drawn, "\r\033[K1 batch");
	progress_drawn(2, drawn, sizeof(drawn));
	assert_string_equal(drawn, "\r\033[K2 batches");
}

static void
buffers(void **context)
{
	struct buffer b;
	int i;

	(void)context;
	buffer_init(&b, 1000);
	assert_int_equal(buffer_add(&b, NULL, 0), 0);
	assert_null(b.data);
	for (i = 0; i < 1000; i++)
		assert_int_equal(buffer_add(&b, i % 2 ? "b" : "a", 1), 0);
	assert_int_equal(buffer_add(&b, "c", 1), -1);
	assert_int_equal(b.len, 1000);
	assert_true(b.size <= 1000);
	assert_memory_equal(b.data + 996, "abab", 4);
	buffer_free(&b);
	assert_int_equal(b.max, 1000);
	assert_int_equal(buffer_reserve(&b, 1001), -1);
	assert_int_equal(buffer_reserve(&b, SIZE_MAX), -1);
	assert_int_equal(buffer_reserve(&b, 1000), 0);
	assert_int_equal(b.len, 0);
	buffer_free(&b);
}

/* ------------------------------------------------------------ outfile */

static char folder[] = "/tmp/test-base-XXXXXX";
static char path[64], link_path[64];

static int
make_folder(void **context)
{
	(void)context;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(link_path, sizeof(link_path), "%s/link", folder);
	return 0;
}

static int
remove_folder(void **context)
{
	(void)context;
	unlink(path);
	unlink(link_path);
	return rmdir(folder); /* fails if something was left */
}

static void
contents(const char *name, const char *expected)
{
	char got[64] = "";
	int fd = open(name, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(expected));
	assert_string_equal(got, expected);
	close(fd);
}

static void
outfiles(void **context)
{
	struct error e = ERROR_INIT;
	struct outfile f;
	struct stat st;

	(void)context;
	assert_int_equal(outfile_open(&f, path, &e), 0);
	assert_int_equal(output_write(&f.out, "one", 3, &e), 0);
	assert_int_equal(output_flush(&f.out, &e), 0);
	assert_int_equal(access(path, F_OK), -1); /* not yet */
	assert_int_equal(outfile_commit(&f, &e), 0);
	contents(path, "one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(outfile_commit(&f, &e), 0); /* nothing more */
	outfile_discard(&f);

	/* A link is replaced, what it points to left alone. */
	assert_int_equal(symlink("file", link_path), 0);
	assert_int_equal(outfile_open(&f, link_path, &e), 0);
	assert_int_equal(output_write(&f.out, "two", 3, &e), 0);
	assert_int_equal(outfile_commit(&f, &e), 0);
	contents(path, "one");
	contents(link_path, "two");
	assert_int_equal(lstat(link_path, &st), 0);
	assert_true(S_ISREG(st.st_mode));

	/* What is discarded never was. */
	assert_int_equal(outfile_open(&f, path, &e), 0);
	assert_int_equal(output_write(&f.out, "three", 5, &e), 0);
	outfile_discard(&f);
	contents(path, "one");
	assert_int_equal(e.code, EXIT_COMPLETE);
	assert_int_equal(outfile_open(&f, "/nowhere/file", &e), -1);
	assert_int_equal(e.code, EXIT_USAGE);
}

static void
outfile_in_place(void **context)
{
	struct error e = ERROR_INIT;
	struct outfile f;
	char name[32];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	(void)context;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "in ", 3), 3);
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	assert_int_equal(outfile_open(&f, name, &e), 0);
	assert_null(f.temporary);
	assert_int_equal(output_write(&f.out, "place", 5, &e), 0);
	assert_int_equal(outfile_commit(&f, &e), 0);
	contents(path, "in place");
	close(fd);
	assert_int_equal(outfile_open(&f, "/dev/full", &e), 0);
	assert_int_equal(output_write(&f.out, "x", 1, &e), 0);
	assert_int_equal(outfile_commit(&f, &e), -1);
	assert_int_equal(e.code, EXIT_LOCAL);
}

/* ------------------------------------------------------------- ndjson */

static void
ndjson_lines(void **context)
{
	ndjson *o = ndjson_new(), *child = ndjson_new();
	uint64_t count = 7;
	size_t n;
	char *line;

	(void)context;
	ndjson_set_count(o, "z", 18);
	ndjson_set_text(o, "text", "a\xff\"\n\xc3\xa9z", 7);
	ndjson_set_string(o, "none", NULL);
	ndjson_set_bool(o, "yes", true);
	ndjson_append_text(o, "list", "x", 1);
	ndjson_append_text(o, "list", "y", 1);
	ndjson_set_count(child, "one", 1);
	ndjson_set(o, "child", child);
	line = ndjson_line(o, &n);
	assert_string_equal(line,
	    "{\"z\":18,\"text\":\"a\\\\xFF\\\"\\n\xc3\xa9z"
	    "\",\"none\":null,\"yes\":true,\"list\":[\"x\",\"y\"],"
	    "\"child\":{\"one\":1}}\n");
	assert_int_equal(n, strlen(line));
	ndjson_free(o);

	o = ndjson_parse(line, n);
	assert_non_null(o);
	assert_int_equal(ndjson_get_count(o, "z", &count), 0);
	assert_int_equal(count, 18);
	assert_int_equal(ndjson_get_count(o, "text", &count), -1);
	assert_int_equal(ndjson_get_count(o, "missing", &count), -1);
	assert_null(ndjson_get_string(o, "z"));
	assert_true(ndjson_get_bool(o, "yes"));
	assert_false(ndjson_get_bool(o, "z"));
	assert_null(ndjson_get_string(o, "child"));
	ndjson_free(o);
	free(line);
}

static void
ndjson_refuses(void **context)
{
	static const char *const bad[] = {"", "[]", "1", "{", "{}x",
	    "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "null"};
	ndjson *o = ndjson_new();
	size_t i, n;
	uint64_t count;

	(void)context;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(ndjson_parse(bad[i], strlen(bad[i])));
	assert_null(ndjson_line(o, &n)); /* empty: something went wrong */
	ndjson_free(o);
	o = ndjson_parse("{\"n\":-1}", 8);
	assert_int_equal(ndjson_get_count(o, "n", &count), -1);
	ndjson_free(o);
	/* NULL, as if there was no memory, is latched until the line. */
	ndjson_set_count(NULL, "a", 1);
	ndjson_set(NULL, "a", ndjson_new());
	assert_null(ndjson_line(NULL, &n));
}

static void
expect_ranges(const struct ranges *r, const char *text)
{
	char out[64];

	assert_int_equal(ranges_text(r, 0, out, sizeof(out)), r->n);
	assert_string_equal(out, text);
}

static void
ranges_shown(void **state)
{
	struct ranges r = {NULL, 0, 0};
	char out[64];
	uint64_t i;

	(void)state;
	expect_ranges(&r, "");
	assert_int_equal(ranges_add(&r, 5), 0);
	expect_ranges(&r, "5");
	assert_int_equal(ranges_add(&r, 7), 0);
	assert_int_equal(ranges_add(&r, 3), 0);
	expect_ranges(&r, "3, 5, 7");
	assert_int_equal(ranges_add(&r, 6), 0);
	assert_int_equal(ranges_add(&r, 6), 0);
	expect_ranges(&r, "3, 5 to 7");
	assert_int_equal(ranges_add(&r, 4), 0);
	assert_int_equal(ranges_add(&r, 2), 0);
	expect_ranges(&r, "2 to 7");
	assert_int_equal(ranges_count(&r), 6);
	/* What does not fit comes with the next call. */
	for (i = 10; i < 100; i += 2)
		assert_int_equal(ranges_add(&r, i), 0);
	i = ranges_text(&r, 0, out, sizeof(out));
	assert_string_equal(out, "2 to 7, 10, 12, 14, 16, 18, 20, 22, 24, 26, "
				 "28, 30, 32, 34, 36");
	assert_int_equal(r.list[i].first, 38);
	ranges_free(&r);
}

/* In any order, against a plain set. */
static void
ranges_any_order(void **state)
{
	enum { MOST = 200, ROUNDS = 300 };
	unsigned round, n;

	(void)state;
	srand(4711);
	for (round = 0; round < ROUNDS; round++) {
		struct ranges r = {NULL, 0, 0};
		bool in[MOST + 2] = {false};
		uint64_t count = 0, runs = 0;

		for (n = (unsigned)rand() % MOST; n > 0; n--) {
			uint64_t number = 1 + (unsigned)rand() % MOST;

			in[number] = true;
			assert_int_equal(ranges_add(&r, number), 0);
		}
		for (n = 1; n <= MOST; n++) {
			count += in[n];
			if (!in[n] || in[n - 1])
				continue;
			assert_int_equal(r.list[runs++].first, n);
		}
		assert_int_equal(r.n, runs);
		assert_int_equal(ranges_count(&r), count);
		ranges_free(&r);
	}
}

/* -------------------------------------------------------------- clock */

static void
test_number_percent(void **state)
{
	static const char *const wrong[] = {"", "%", ".5", "5.", "100.001",
	    "101", "0.0001", "1,5", "-1", "1e1", " 1", "0x1", NULL};
	uint64_t n = 7;
	int i;

	(void)state;
	for (i = 0; wrong[i] != NULL; i++)
		assert_int_equal(number_parse_percent(wrong[i], &n), -1);
	assert_int_equal(n, 7);
	assert_int_equal(number_parse_percent("0", &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(number_parse_percent("0.5", &n), 0);
	assert_int_equal(n, 500);
	assert_int_equal(number_parse_percent("12.345", &n), 0);
	assert_int_equal(n, 12345);
	assert_int_equal(number_parse_percent("100.000", &n), 0);
	assert_int_equal(n, 100000);
}

static void
test_number_range(void **state)
{
	static const char *const wrong[] = {"", "-", "-5", "5-4", "5--", "5-x",
	    "5 - 6", "1-2-3", "18446744073709551616", NULL};
	uint64_t from = 7, to = 8;
	int i;

	(void)state;
	for (i = 0; wrong[i] != NULL; i++)
		assert_int_equal(number_parse_range(wrong[i], &from, &to), -1);
	assert_true(from == 7 && to == 8);
	assert_int_equal(number_parse_range("5", &from, &to), 0);
	assert_true(from == 5 && to == 5);
	assert_int_equal(number_parse_range("0-6", &from, &to), 0);
	assert_true(from == 0 && to == 6);
	assert_int_equal(number_parse_range("5-", &from, &to), 0);
	assert_true(from == 5 && to == UINT64_MAX);
}

static void
test_clock_parse_fine(void **state)
{
	static const struct {
		const char *text;
		int64_t expected;
	} c[] = {
	    {"1970-01-01T00:00:01Z", 1000},
	    {"2017-06-22T15:10:28.132-04:00", 1498158628132},
	    {"2017-06-22T19:10:28.1324567z", 1498158628132},
	    {"2017-06-22T19:10:28.5Z", 1498158628500},
	    {"2017-06-23T00:40:28+05:30", 1498158628000},
	    {"2017-06-22T19:10:28", -1},
	    {"2017-06-22T19:10:28.Z", -1},
	    {"2017-06-22T19:10:28.1", -1},
	    {"2017-06-22T19:10:28+0530", -1},
	    {"2017-06-22T19:10:28+24:00", -1},
	    {"2017-06-22T19:10:28+05:60", -1},
	    {"2017-06-22T19:10:28+05:30x", -1},
	    {"2017-06-22T19:10:28+a5:30", -1},
	    {"2017-06-31T19:10:28Z", -1},
	    {"2017-06-22 19:10:28Z", -1},
	    {"2017-06-22", -1},
	    {"", -1},
	    {NULL, -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++)
		assert_int_equal(clock_parse_fine(c[i].text), c[i].expected);
}

static void
test_clock_text(void **state)
{
	static const struct {
		time_t when;
		const char *text;
	} known[] = {{0, "1970-01-01T00:00:00Z"},
	    {951782399, "2000-02-28T23:59:59Z"},
	    {951782400, "2000-02-29T00:00:00Z"},
	    {4107542400, "2100-03-01T00:00:00Z"},
	    {1795328520, "2026-11-22T06:22:00Z"},
	    {253402300799, "9999-12-31T23:59:59Z"}};
	static const char *const nonsense[] = {"", "now", "2026-11-22T06:22:00",
	    "2026-11-22 06:22:00Z", "2026-11-22T06:22:00Zx",
	    "2026-13-22T06:22:00Z", "2026-11-2xT06:22:00Z",
	    " 2026-11-2T06:22:00Z"};
	char text[CLOCK_TEXT];
	size_t i;
	time_t t;

	(void)state;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_string_equal(
		    clock_text(known[i].when, text), known[i].text);
		assert_int_equal(clock_parse(known[i].text), known[i].when);
	}
	for (t = 1; t < 253402300800; t += 86399 * 37)
		assert_int_equal(clock_parse(clock_text(t, text)), t);
	for (i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		assert_int_equal(clock_parse(nonsense[i]), 0);
	assert_int_equal(clock_parse(NULL), 0);
}

/* ------------------------------------------------------------- output */

/* Behind what could not be written nothing is, though there is room again. */
static void
nothing_behind_a_gap(void **state)
{
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	int full = open("/dev/full", O_WRONLY);
	struct error e = ERROR_INIT;
	struct output out;

	(void)state;
	assert_true(file >= 0 && full >= 0);
	assert_int_equal(output_open(&out, full, "out", &e), 0);
	assert_int_equal(output_write(&out, "lost", 4, &e), 0);
	assert_int_equal(output_flush(&out, &e), -1);
	assert_int_equal(dup2(file, out.fd), out.fd);
	(void)output_write(&out, "behind", 6, &e);
	assert_int_equal(output_flush(&out, &e), -1);
	(void)output_close(&out, &e);
	assert_int_equal(lseek(file, 0, SEEK_END), 0);
	close(file);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(sizes_and_times),
	    cmocka_unit_test(escapes),
	    cmocka_unit_test(utf8_every_point),
	    cmocka_unit_test(utf8_bad),
	    cmocka_unit_test(first_error_wins),
	    cmocka_unit_test(worst_exit),
	    cmocka_unit_test(progress_words),
	    cmocka_unit_test(buffers),
	    cmocka_unit_test(outfiles),
	    cmocka_unit_test(outfile_in_place),
	    cmocka_unit_test(ranges_shown),
	    cmocka_unit_test(ranges_any_order),
	    cmocka_unit_test(ndjson_lines),
	    cmocka_unit_test(ndjson_refuses),
	    cmocka_unit_test(nothing_behind_a_gap),
	    cmocka_unit_test(test_clock_text),
	    cmocka_unit_test(test_clock_parse_fine),
	    cmocka_unit_test(test_number_percent),
	    cmocka_unit_test(test_number_range),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
