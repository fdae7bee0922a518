/*
 * The batch stream reader: what complies and what does not, whole and cut
 * into small pieces, and both sides of each limit.
 */
#define _GNU_SOURCE /* O_DIRECT pipes keep their pieces apart */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "batch/reader.h"
#include "given.h"

#define HEAD "batch=thirdPartyId,a,b\n"

/* A file that holds these bytes; its path is good until the next call. */
static char *
make_file(const char *text, size_t n)
{
	static char path[64];
	static FILE *f;

	if (f != NULL)
		fclose(f);
	f = tmpfile();
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fflush(f), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(f));
	return path;
}

/*
 * A child writes to stdin, in packets such that one of them ends at `edge`.
 */
static pid_t
feed_with_edge(const char *text, size_t n, size_t edge)
{
	size_t part = edge % 4096, i;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe2(ends, O_DIRECT), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		for (i = 0; i < n; i += part, part = 4096) {
			part = n - i < part ? n - i : part;
			if (write(ends[1], text + i, part) != (ssize_t)part)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(dup2(ends[0], 0), 0);
	close(ends[0]);
	return child;
}

static const struct {
	const char *text;
	const char *fault; /* NULL: it complies */
	uint64_t line, column;
} cases[] = {
    {HEAD "1,x,y\n", NULL, 0, 0},
    {HEAD "1\n2,,z\n3,x\n", NULL, 0, 0},
    {HEAD "1,\xc3\xa4%C3%A4,-.!~_*()\n", NULL, 0, 0},
    {"batch=pcId\n1\n", NULL, 0, 0},
    {"batch=%70cId,a\n1\n", NULL, 0, 0},
    {HEAD, "a batch without rows", 1, 1},
    {HEAD "1,x", "the last line has no line feed", 2, 1},
    {"batch=thirdPartyId,a", "the last line has no line feed", 1, 1},
    {HEAD "1\n2,%4\n", "a % that two hex digits do not follow", 3, 3},
    {HEAD "1,%4g\n", "a % that two hex digits do not follow", 2, 3},
    {HEAD "1,%\n", "a % that two hex digits do not follow", 2, 3},
    {HEAD "1,a&b\n", "the byte '&' is not percent-encoded", 2, 4},
    {HEAD "1,a+b\n", "the byte '+' is not percent-encoded", 2, 4},
    {HEAD "1,a=b\n", "the byte '=' is not percent-encoded", 2, 4},
    {HEAD "1,a b\n", "the byte ' ' is not percent-encoded", 2, 4},
    {HEAD "1,a/b\n", "the byte '/' is not percent-encoded", 2, 4},
    {HEAD "1,a'b\n", "the byte ''' is not percent-encoded", 2, 4},
    {HEAD "1,a\x7f\n", "the byte '\\x7F' is not percent-encoded", 2, 4},
    {HEAD "1,a\r\n", "the byte '\\x0D' is not percent-encoded", 2, 4},
    {HEAD "1,a\tb\n", "the byte '\\x09' is not percent-encoded", 2, 4},
    {HEAD "1,\xc3\n", "not UTF-8", 2, 3},
    {HEAD "1,\xff&\n", "not UTF-8", 2, 3},
    {HEAD "1,\xff%4\n", "not UTF-8", 2, 3},
    {HEAD "1,%4\xff&\n", "a % that two hex digits do not follow", 2, 3},
    {HEAD "\n", "a row without an identifier", 2, 1},
    {HEAD ",x\n", "a row without an identifier", 2, 1},
    {HEAD "1,x,y,\n", "a row of 4 cells under a header of 3", 2, 1},
    {"batch=thirdPartyId,a,a\n1\n", "the header names a parameter twice", 1,
	22},
    {"batch=thirdPartyId,a,b,a\n1\n", "the header names a parameter twice", 1,
	24},
    {"batch=thirdPartyId,a,%61\n1\n", "the header names a parameter twice", 1,
	22},
    {"batch=thirdPartyId,,a\n1\n", "a name in the header is empty", 1, 20},
    {"batch=thirdPartyId,a,\n1\n", "a name in the header is empty", 1, 22},
    {"batch=\n1\n", "a name in the header is empty", 1, 7},
    {"batch=thirdpartyid,a\n1\n", "the header does not begin with pcId", 1, 7},
    {"batch=a,pcId\n1\n", "the header does not begin with pcId", 1, 7},
    {"batch=thirdPartyId,a=\n1\n", "the byte '=' is not percent-encoded", 1,
	21},
};

static void
expect_case(const struct batch *b, size_t i)
{
	const struct error *e = &b->fault;

	assert_int_equal(b->body.len, strlen(cases[i].text));
	assert_memory_equal(b->body.data, cases[i].text, b->body.len);
	if (cases[i].fault == NULL) {
		assert_string_equal(e->text, "");
		assert_int_equal(e->code, EXIT_COMPLETE);
		return;
	}
	assert_int_equal(e->code, EXIT_INPUT);
	assert_memory_equal(e->text, cases[i].fault, strlen(cases[i].fault));
	assert_int_equal(e->line, cases[i].line);
	assert_int_equal(e->column, cases[i].column);
}

static void
each_case(void **unused)
{
	struct error e = ERROR_INIT;
	struct batch b;
	size_t i, piece;

	(void)unused;
	batch_init(&b);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (piece = 1; piece <= 50; piece += piece < 5 ? 1 : 45) {
			struct batch_reader *r = batch_reader_open(NULL, 0, &e);

			assert_non_null(r);
			given_stdin(
			    cases[i].text, strlen(cases[i].text), piece);
			assert_int_equal(batch_reader_next(r, &b, &e), 1);
			expect_case(&b, i);
			assert_int_equal(batch_reader_next(r, &b, &e), 0);
			batch_reader_close(r);
		}
	}
	batch_free(&b);
}

/* All cases that are whole, one behind the other, come out apart again. */
static void
each_in_one_stream(void **unused)
{
	char text[4096] = "";
	struct error e = ERROR_INIT;
	struct batch_reader *r;
	struct batch b;
	size_t i, line = 1, piece;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strchr(cases[i].text, 0)[-1] == '\n')
			strncat(text, cases[i].text,
			    sizeof(text) - strlen(text) - 1);
	batch_init(&b);
	for (piece = 7; piece <= 1000; piece *= 3) {
		given_stdin(text, strlen(text), piece);
		r = batch_reader_open(NULL, 0, &e);
		line = 1;
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			const char *at = cases[i].text;

			if (strchr(at, 0)[-1] != '\n')
				continue;
			assert_int_equal(batch_reader_next(r, &b, &e), 1);
			assert_int_equal(b.line, line);
			assert_int_equal(b.fault.code == EXIT_COMPLETE,
			    cases[i].fault == NULL);
			assert_int_equal(b.body.len, strlen(at));
			assert_memory_equal(b.body.data, at, b.body.len);
			while ((at = strchr(at, '\n')) != NULL) {
				line++;
				at++;
			}
		}
		assert_int_equal(batch_reader_next(r, &b, &e), 0);
		batch_reader_close(r);
	}
	batch_free(&b);
}

static void
facts_of_a_batch(void **unused)
{
	static const char text[] = HEAD "1,x\n2\nbatch=pcId\n9\n";
	struct error e = ERROR_INIT;
	char *path = make_file(text, strlen(text));
	char *paths[] = {path, path};
	struct batch_reader *r = batch_reader_open(paths, 2, &e);
	struct batch b;
	int i;

	(void)unused;
	batch_init(&b);
	for (i = 0; i < 2; i++) {
		assert_int_equal(batch_reader_next(r, &b, &e), 1);
		assert_int_equal(b.number, 2 * i + 1);
		assert_int_equal(b.id, BATCH_ID_THIRD_PARTY);
		assert_int_equal(b.rows, 2);
		assert_int_equal(b.header, strlen(HEAD));
		assert_int_equal(b.bytes, strlen(HEAD) + 6);
		assert_int_equal(b.line, 1);
		assert_string_equal(b.file, path);
		assert_int_equal(batch_reader_next(r, &b, &e), 1);
		assert_int_equal(b.number, 2 * i + 2);
		assert_int_equal(b.id, BATCH_ID_PC);
		assert_int_equal(b.line, 4);
	}
	assert_int_equal(batch_reader_next(r, &b, &e), 0);
	batch_reader_close(r);
	batch_free(&b);
}

/* A tp-send died as it kept one: the batches around it are whole, even one that
 * another program has put right behind it. */
static void
not_finished(void **unused)
{
	static const char text[] =
	    HEAD "1,x\n\0atch=a\n2,y\n3" HEAD "4,z\n\0atch=pcId\n5\n" HEAD
		 "6,x\n\0\0\0\0\0\0\0\n\0b,bat\nbat" HEAD "7\n\0";
	static const struct {
		uint64_t line;
		const char *text; /* NULL: it was not finished */
	} expected[] = {{1, HEAD "1,x\n"}, {3, NULL}, {5, HEAD "4,z\n"},
	    {7, NULL}, {9, HEAD "6,x\n"}, {11, NULL}, {13, HEAD "7\n"},
	    {15, NULL}};
	size_t piece, i;

	(void)unused;
	for (piece = 1; piece < 100; piece += piece < 10 ? 1 : 40) {
		struct error e = ERROR_INIT;
		struct batch_reader *r = batch_reader_open(NULL, 0, &e);
		struct batch b;

		batch_init(&b);
		given_stdin(text, sizeof(text) - 1, piece);
		for (i = 0; i < 8; i++) {
			assert_int_equal(batch_reader_next(r, &b, &e), 1);
			assert_int_equal(b.line, expected[i].line);
			assert_int_equal(b.cut, expected[i].text == NULL);
			assert_int_equal(b.fault.code == EXIT_COMPLETE, !b.cut);
			if (b.cut) {
				assert_non_null(
				    strstr(b.fault.text, "was not finished"));
				assert_int_equal(
				    b.fault.line, expected[i].line);
				continue;
			}
			assert_int_equal(b.body.len, strlen(expected[i].text));
			assert_memory_equal(
			    b.body.data, expected[i].text, b.body.len);
		}
		assert_int_equal(batch_reader_next(r, &b, &e), 0);
		batch_reader_close(r);
		batch_free(&b);
	}
}

/* One that was not finished, larger than memory may be: the next one is found,
 * wherever what is read at once ends. */
static void
not_finished_and_large(void **unused)
{
	static const char next[] = HEAD "2,x\n";
	size_t least = BATCH_BYTES - 8, most = BATCH_BYTES + 300000, n;
	char *text = malloc(most + sizeof(next));

	(void)unused;
	assert_non_null(text);
	for (n = least; n < most; n += n < BATCH_BYTES + 16 ? 5 : 149993) {
		struct error e = ERROR_INIT;
		struct batch_reader *r;
		struct batch b;
		char *paths[1];

		memset(text, 'b', n);
		memcpy(text, "\0atch=a\n", 8);
		memset(text + n / 2, '\0', 4096);
		memcpy(text + n, next, sizeof(next) - 1);
		paths[0] = make_file(text, n + sizeof(next) - 1);
		r = batch_reader_open(paths, 1, &e);
		batch_init(&b);
		assert_int_equal(batch_reader_next(r, &b, &e), 1);
		assert_true(b.cut);
		assert_int_equal(batch_reader_next(r, &b, &e), 1);
		assert_int_equal(b.fault.code, EXIT_COMPLETE);
		assert_int_equal(b.line, 2);
		assert_int_equal(b.body.len, sizeof(next) - 1);
		assert_memory_equal(b.body.data, next, sizeof(next) - 1);
		assert_int_equal(batch_reader_next(r, &b, &e), 0);
		batch_reader_close(r);
		batch_free(&b);
	}
	free(text);
}

static void
no_batch_stream(void **unused)
{
	static const char *const texts[] = {
	    "a,b\n", "batch", ("\n" HEAD), "Batch=pcId\n1\n"};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error e = ERROR_INIT;
		struct batch_reader *r = batch_reader_open(NULL, 0, &e);
		struct batch b;

		batch_init(&b);
		given_stdin(texts[i], strlen(texts[i]), 100);
		assert_int_equal(batch_reader_next(r, &b, &e), -1);
		assert_int_equal(e.code, EXIT_INPUT);
		assert_string_equal(e.place, "-");
		batch_reader_close(r);
		batch_free(&b);
	}
}

static void
empty_inputs(void **unused)
{
	struct error e = ERROR_INIT;
	char *path = make_file("", 0);
	char *paths[] = {path, path};
	struct batch_reader *r = batch_reader_open(paths, 2, &e);
	struct batch b;

	(void)unused;
	batch_init(&b);
	assert_int_equal(batch_reader_next(r, &b, &e), 0);
	batch_reader_close(r);
	batch_free(&b);
}

/*
 * Two batches: one of `bytes` bytes and `rows` rows, the last of which is as
 * long as it must be, and a small one.  Returns the length of both.
 */
static size_t
compose(char *text, size_t bytes, size_t rows)
{
	static const char second[] = HEAD "2\n";
	size_t at = strlen(HEAD), i;

	memcpy(text, HEAD, at);
	for (i = 1; i < rows; i++) {
		memcpy(text + at, "1\n", 2);
		at += 2;
	}
	memset(text + at, 'x', bytes - at - 1);
	text[bytes - 1] = '\n';
	memcpy(text + bytes, second, strlen(second));
	return bytes + strlen(second);
}

/* Reads both, from a file or, with an edge, from feed_with_edge(). */
static void
read_both_with_edge(
    char *text, size_t bytes, size_t rows, const char *fault, size_t edge)
{
	struct error e = ERROR_INIT;
	size_t n = compose(text, bytes, rows), at;
	char *paths[] = {"-"}, piece[1000];
	struct batch_reader *r = batch_reader_open(paths, 1, &e);
	struct batch b;
	ptrdiff_t got;
	pid_t child = -1;

	if (edge > 0)
		child = feed_with_edge(text, n, edge);
	else
		paths[0] = make_file(text, n);

	batch_init(&b);
	assert_int_equal(batch_reader_next(r, &b, &e), 1);
	assert_memory_equal(b.body.data, text, b.body.len);
	assert_true(b.body.size <= BATCH_MEMORY);
	at = b.body.len;
	if (!b.more)
		assert_int_equal(at, bytes);
	if (bytes <= BATCH_BYTES)
		assert_false(b.more);
	while ((got = batch_reader_rest(r, &b, piece, sizeof(piece), &e)) > 0) {
		assert_memory_equal(piece, text + at, (size_t)got);
		at += (size_t)got;
	}
	assert_int_equal(got, 0);
	assert_int_equal(at, bytes);
	assert_int_equal(b.bytes, bytes);
	assert_int_equal(b.rows, rows);
	assert_false(b.cut);
	if (fault == NULL)
		assert_int_equal(b.fault.code, EXIT_COMPLETE);
	else
		assert_string_equal(b.fault.text, fault);
	assert_int_equal(batch_reader_next(r, &b, &e), 1);
	assert_int_equal(b.fault.code, EXIT_COMPLETE);
	assert_int_equal(b.rows, 1);
	assert_int_equal(b.number, 2);
	assert_int_equal(b.line, rows + 2);
	assert_int_equal(batch_reader_next(r, &b, &e), 0);
	batch_reader_close(r);
	batch_free(&b);
	if (child > 0)
		assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
read_both(char *text, size_t bytes, size_t rows, const char *fault)
{
	read_both_with_edge(text, bytes, rows, fault, 0);
}

static void
both_sides_of_the_limits(void **unused)
{
	static const char bytes[] = "a batch of more than 49999999 bytes";
	static const char rows[] = "a batch of more than 500000 rows";
	char *text = malloc(60000000);

	(void)unused;
	assert_non_null(text);
	read_both(text, 2000000, 500000, NULL);
	read_both(text, 2000000, 500001, rows);
	read_both(text, 49999998, 2, NULL);
	read_both(text, 49999999, 2, NULL);
	read_both(text, 50000000, 2, bytes);
	read_both(text, 50000007, 2, bytes);
	read_both(text, 49999999, 500000, NULL);
	read_both(text, 50000000, 500000, bytes);
	read_both(text, 55000000, 2, bytes);
	/* What was read ends before the limit, and within "batch=". */
	read_both_with_edge(text, 49999999, 2, NULL, 49999990);
	read_both_with_edge(text, 50000003, 2, bytes, 50000006);
	read_both_with_edge(text, 50000007, 2, bytes, 50000007);
	read_both_with_edge(text, 50020000, 2, bytes, 50020001);
	read_both_with_edge(text, 50020000, 2, bytes, 50020005);
	read_both_with_edge(text, 50020000, 2, bytes, 50020006);
	free(text);
}

/* One too large batch: not asked for, it is passed over; cut, it says so. */
static void
too_large(void **unused)
{
	size_t size = 60000000, n;
	char *text = malloc(size), piece[4096];
	struct error e = ERROR_INIT;
	struct batch_reader *r;
	struct batch b;
	char *paths[1];

	(void)unused;
	assert_non_null(text);
	batch_init(&b);
	n = compose(text, 52000000, 26000000 - 20);
	paths[0] = make_file(text, n);
	r = batch_reader_open(paths, 1, &e);
	assert_int_equal(batch_reader_next(r, &b, &e), 1);
	assert_true(b.more);
	assert_int_equal(batch_reader_next(r, &b, &e), 1);
	assert_int_equal(b.number, 2);
	assert_int_equal(b.line, 26000000 - 18);
	assert_int_equal(b.fault.code, EXIT_COMPLETE);
	batch_reader_close(r);

	compose(text, 52000000, 2);
	paths[0] = make_file(text, 51999999);
	r = batch_reader_open(paths, 1, &e);
	assert_int_equal(batch_reader_next(r, &b, &e), 1);
	while (batch_reader_rest(r, &b, piece, sizeof(piece), &e) > 0)
		;
	assert_true(b.cut);
	assert_int_equal(b.bytes, 51999999);
	assert_int_equal(batch_reader_next(r, &b, &e), 0);
	batch_reader_close(r);
	batch_free(&b);
	free(text);
}

/* Many small batches cost no more than a large one. */
static void
small_batches(void **unused)
{
	static const char one[] = HEAD "1,x,y\n";
	size_t n = strlen(one), count = 300000, i;
	char *text = malloc(n * count);
	struct error e = ERROR_INIT;
	struct batch_reader *r;
	struct batch b;
	char *paths[1];

	(void)unused;
	assert_non_null(text);
	for (i = 0; i < count; i++)
		memcpy(text + i * n, one, n);
	batch_init(&b);
	paths[0] = make_file(text, n * count);
	r = batch_reader_open(paths, 1, &e);
	for (i = 0; i < count; i++) {
		assert_int_equal(batch_reader_next(r, &b, &e), 1);
		assert_int_equal(b.body.len, n);
		assert_memory_equal(b.body.data, one, n);
	}
	assert_int_equal(batch_reader_next(r, &b, &e), 0);
	batch_reader_close(r);
	batch_free(&b);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_case),
	    cmocka_unit_test(each_in_one_stream),
	    cmocka_unit_test(facts_of_a_batch),
	    cmocka_unit_test(not_finished),
	    cmocka_unit_test(not_finished_and_large),
	    cmocka_unit_test(no_batch_stream),
	    cmocka_unit_test(empty_inputs),
	    cmocka_unit_test(both_sides_of_the_limits),
	    cmocka_unit_test(too_large),
	    cmocka_unit_test(small_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
