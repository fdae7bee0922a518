/*
 * The failed file: what is added is whole or not there, also when the one who
 * added it died at any byte of it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "given.h"
#include "record/failed.h"

#define ONE "batch=thirdPartyId,a\ni1,x\ni2,y\n"
#define TWO "batch=thirdPartyId,a\ni3,z\n"

static char folder[] = "/tmp/test-failed.XXXXXX";
static char path[64];

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/failed", folder);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void
expect(const char *data, size_t n)
{
	static char got[140000];
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	assert_int_equal(fread(got, 1, sizeof(got), f), n);
	assert_memory_equal(got, data, n);
	fclose(f);
}

static void
add_to(struct failed *f, const char *text)
{
	struct error e = ERROR_INIT;
	size_t half = strlen(text) / 2;

	assert_int_equal(failed_begin(f, &e), 0);
	assert_int_equal(failed_write(f, text, half, &e), 0);
	assert_int_equal(
	    failed_write(f, text + half, strlen(text) - half, &e), 0);
	assert_int_equal(failed_end(f, &e), 0);
}

static void
add(const char *text)
{
	struct error e = ERROR_INIT;
	struct failed *f = failed_open(path, &e);

	assert_non_null(f);
	add_to(f, text);
	assert_int_equal(failed_batches(f), 1);
	failed_free(f);
}

static void
test_appends(void **state)
{
	struct stat st;

	(void)state;
	unlink(path);
	add(ONE);
	expect(ONE, strlen(ONE));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	add(TWO);
	expect(ONE TWO, strlen(ONE TWO));
}

static void
test_makes_nothing_unless_needed(void **state)
{
	struct error e = ERROR_INIT;
	struct failed *f;

	(void)state;
	unlink(path);
	f = failed_open(path, &e);
	assert_non_null(f);
	assert_int_equal(access(path, F_OK), -1);
	failed_free(f);
	assert_int_equal(access(path, F_OK), -1);
}

/* Moved or removed while it is in use: what comes is where the name is. */
static void
test_follows_the_name(void **state)
{
	struct error e = ERROR_INIT;
	struct failed *f;
	char moved[80];

	(void)state;
	snprintf(moved, sizeof(moved), "%s.moved", path);
	unlink(path);
	f = failed_open(path, &e);
	assert_non_null(f);
	add_to(f, ONE);
	add_to(f, TWO);
	expect(ONE TWO, strlen(ONE TWO));
	unlink(path);
	add_to(f, TWO);
	expect(TWO, strlen(TWO));
	assert_int_equal(rename(path, moved), 0);
	add_to(f, ONE);
	expect(ONE, strlen(ONE));
	unlink(path);
	given_file(path, TWO, strlen(TWO));
	add_to(f, ONE);
	expect(TWO ONE, strlen(TWO ONE));
	failed_free(f);
	unlink(moved);
}

/* What another one left there meanwhile, which died as it wrote. */
static void
test_cuts_what_another_did_not_finish(void **state)
{
	static const char torn[] = ONE "\0atch=thirdPartyId,a\ni3";
	struct error e = ERROR_INIT;
	struct failed *f;
	int i;

	(void)state;
	unlink(path);
	f = failed_open(path, &e);
	assert_non_null(f);
	for (i = 0; i < 2; i++) {
		unlink(path);
		given_file(path, torn, sizeof(torn) - 1);
		add_to(f, TWO);
		expect(ONE TWO, strlen(ONE TWO));
	}
	given_file(path, "id,a\n1,x\n", 9);
	assert_int_equal(failed_begin(f, &e), -1);
	assert_int_equal(e.code, EXIT_LOCAL);
	expect("id,a\n1,x\n", 9);
	failed_free(f);
}

/* Opening a file with these bytes leaves ONE, and tells what it has cut. */
static void
cuts(const char *data, size_t n)
{
	struct error e = ERROR_INIT;
	struct failed *f;

	given_file(path, data, n);
	f = failed_open(path, &e);
	assert_non_null(f);
	assert_int_equal(failed_torn(f), n - strlen(ONE));
	failed_free(f);
	expect(ONE, strlen(ONE));
}

/* As much of a batch as was written when its writer died. */
static void
test_cuts_what_was_not_finished(void **state)
{
	char whole[] = ONE TWO;
	size_t n;

	(void)state;
	whole[strlen(ONE)] = '\0'; /* its first byte comes last */
	for (n = strlen(ONE) + 1; n < sizeof(whole); n++)
		cuts(whole, n);
}

/* All of its bytes may be there, and the writer died before the end. */
static void
test_cuts_what_was_not_ended(void **state)
{
	struct error e = ERROR_INIT;
	struct failed *f;

	(void)state;
	given_file(path, ONE, strlen(ONE));
	f = failed_open(path, &e);
	assert_non_null(f);
	assert_int_equal(failed_begin(f, &e), 0);
	assert_int_equal(failed_write(f, TWO, strlen(TWO), &e), 0);
	failed_free(f);
	f = failed_open(path, &e);
	assert_non_null(f);
	assert_int_equal(failed_torn(f), strlen(TWO));
	failed_free(f);
	expect(ONE, strlen(ONE));
}

/* A power cut may leave NULs behind what was on disk, and nothing else. */
static void
test_cuts_zeros(void **state)
{
	static char whole[70000];
	size_t n;

	(void)state;
	for (n = 1; n < sizeof(whole) - 100; n += n < 10 ? 1 : 60000) {
		struct error e = ERROR_INIT;
		struct failed *f;

		memset(whole, 0, sizeof(whole));
		memcpy(whole, ONE, strlen(ONE));
		cuts(whole, strlen(ONE) + n);
		/* … or some of the batch, or none */
		memcpy(whole + strlen(ONE), "\0atch=a\ni3", 10);
		cuts(whole, strlen(ONE) + 10 + n);
		memset(whole, 0, sizeof(whole));
		given_file(path, whole, n);
		f = failed_open(path, &e);
		assert_non_null(f);
		failed_free(f);
		expect("", 0);
	}
}

/* The last batch may begin anywhere, seen from the end in blocks. */
static void
test_finds_the_last_batch(void **state)
{
	static char whole[70000];
	size_t rest;

	(void)state;
	memcpy(whole, ONE, strlen(ONE));
	for (rest = 65530; rest < 65545; rest++) {
		memset(whole + strlen(ONE), 'x', rest);
		memcpy(whole + strlen(ONE), "\0atch=a\n", 8);
		whole[strlen(ONE) + rest - 1] = '\n';
		cuts(whole, strlen(ONE) + rest);
	}
}

/* A power cut may leave a beginning without its first page. */
static void
test_cuts_lost_pages(void **state)
{
	static char whole[5000];
	struct error e = ERROR_INIT;
	size_t n = strlen(ONE);

	(void)state;
	memcpy(whole, ONE, n);
	memcpy(whole + n + 4096, "7,8\n9,9\n", 8);
	cuts(whole, n + 4104);
	/* What may be none of batches is left alone. */
	given_file(path, whole + n, 4104);
	assert_null(failed_open(path, &e));
	assert_non_null(strstr(e.text, "begins with NULs"));
	expect(whole + n, 4104);
}

/* Opening a file with these bytes changes nothing. */
static void
leaves(const char *data, size_t n)
{
	struct error e = ERROR_INIT;
	struct failed *f;

	given_file(path, data, n);
	f = failed_open(path, &e);
	assert_non_null(f);
	assert_int_equal(failed_torn(f), 0);
	failed_free(f);
	expect(data, n);
}

/* Files were put together: what is whole behind it stays. */
static void
test_leaves_what_follows(void **state)
{
	static const char torn[] = "\0atch=thirdPartyId,a\ni3,b";
	static char whole[140000];
	size_t one = strlen(ONE), n, at;

	(void)state;
	for (n = 1; n < sizeof(torn); n++) {
		for (at = 0; at <= one; at += one) {
			memcpy(whole, ONE, one);
			memcpy(whole + at, torn, n);
			memcpy(whole + at + n, TWO, strlen(TWO));
			leaves(whole, at + n + strlen(TWO));
		}
	}
	/* Seen from the end in blocks, and then forth in blocks. */
	for (n = 65520; n < 131100; n += n == 65560 ? 65500 : 1) {
		memset(whole, 'b', n);
		memcpy(whole, torn, sizeof(torn) - 1);
		memcpy(whole + n, TWO, strlen(TWO));
		leaves(whole, n + strlen(TWO));
		memset(whole, '\0', n);
		memcpy(whole + n, TWO, strlen(TWO));
		leaves(whole, n + strlen(TWO));
	}
}

/* Once it is dropped the file is another's. */
static void
test_drops_once(void **state)
{
	struct error e = ERROR_INIT;
	struct failed *f;

	(void)state;
	given_file(path, ONE, strlen(ONE));
	f = failed_open(path, &e);
	assert_non_null(f);
	assert_int_equal(failed_begin(f, &e), 0);
	failed_drop(f);
	given_file(path, ONE TWO, strlen(ONE TWO));
	failed_drop(f);
	failed_free(f);
	expect(ONE TWO, strlen(ONE TWO));
}

static void
test_drop_takes_it_back(void **state)
{
	struct error e = ERROR_INIT;
	struct failed *f;

	(void)state;
	given_file(path, ONE, strlen(ONE));
	f = failed_open(path, &e);
	assert_non_null(f);
	assert_int_equal(failed_begin(f, &e), 0);
	assert_int_equal(failed_write(f, TWO, strlen(TWO), &e), 0);
	failed_drop(f);
	failed_free(f);
	expect(ONE, strlen(ONE));
}

static void
refuses(const char *text)
{
	struct error e = ERROR_INIT;

	assert_null(failed_open(path, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, text));
}

static void
test_refuses(void **state)
{
	size_t n;

	(void)state;
	given_file(path, "id,a\n1,x\n", 9);
	refuses("not a file of batches");
	expect("id,a\n1,x\n", 9);
	/* It was whole: something else has cut it. */
	for (n = strlen(ONE) + 1; n < strlen(ONE TWO); n++) {
		if ((ONE TWO)[n - 1] == '\n')
			continue;
		given_file(path, ONE TWO, n);
		refuses("does not end in a line feed");
		expect(ONE TWO, n);
	}
	unlink(path);
	assert_int_equal(symlink("elsewhere", path), 0);
	refuses("symbolic link");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	refuses("");
	rmdir(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_appends),
	    cmocka_unit_test(test_makes_nothing_unless_needed),
	    cmocka_unit_test(test_follows_the_name),
	    cmocka_unit_test(test_cuts_what_another_did_not_finish),
	    cmocka_unit_test(test_cuts_what_was_not_finished),
	    cmocka_unit_test(test_cuts_what_was_not_ended),
	    cmocka_unit_test(test_cuts_zeros),
	    cmocka_unit_test(test_finds_the_last_batch),
	    cmocka_unit_test(test_drop_takes_it_back),
	    cmocka_unit_test(test_drops_once),
	    cmocka_unit_test(test_cuts_lost_pages),
	    cmocka_unit_test(test_leaves_what_follows),
	    cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
