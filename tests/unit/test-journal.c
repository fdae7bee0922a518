/*
 * The journal: what one run writes the next one reads, wherever the file broke
 * off; and what is no journal of that run is refused.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "given.h"
#include "record/journal.h"

static char folder[32] = "/tmp/test-journal.XXXXXX";
static char path[64];
static struct endpoint endpoint;

static int
set_up(void **state)
{
	struct error e = ERROR_INIT;

	(void)state;
	/* Thousands of fsyncs, where they cost nothing if there is such a
	 * place. */
	if (access("/dev/shm", W_OK) == 0)
		snprintf(
		    folder, sizeof(folder), "/dev/shm/test-journal.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/journal", folder);
	return endpoint_make(&endpoint, "demo", NULL, ENDPOINT_V2, &e);
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static struct receipt
make_receipt(uint64_t batch, uint64_t from, uint64_t rows, char digit)
{
	struct receipt r;

	memset(&r, 0, sizeof(r));
	r.part.batch = batch;
	r.part.from = from;
	r.part.rows = rows;
	r.part.bytes = rows * 10;
	memset(r.part.sha256, digit, SHA256_HEX - 1);
	return r;
}

static struct journal *
reopen(void)
{
	struct error e = ERROR_INIT;
	struct journal *j = journal_open(path, &endpoint, &e);

	if (j == NULL)
		fail_msg("%s", e.text);
	return j;
}

static void
add(struct journal *j, struct receipt r, enum receipt_state state, int http)
{
	struct error e = ERROR_INIT;
	uint64_t id;

	assert_int_equal(journal_attempt(j, &r.part, &id, &e), 0);
	r.result.state = state;
	r.result.fate = fate_of_old(state, http);
	r.result.http = http;
	r.result.attempts = 1;
	snprintf(r.result.batch_id, sizeof(r.result.batch_id), "id-%llu",
	    (unsigned long long)r.part.batch);
	assert_int_equal(journal_result(j, id, &r, &e), 0);
}

/* Accepted, refused and halved, kept, unknown. */
static void
write_journal(void)
{
	struct error e = ERROR_INIT;
	struct journal *j;
	struct receipt r = make_receipt(2, 2, 1, 'd');
	uint64_t id;

	unlink(path);
	j = reopen();
	add(j, make_receipt(1, 0, 3, 'a'), RECEIPT_ACCEPTED, 200);
	add(j, make_receipt(2, 0, 2, 'b'), RECEIPT_REFUSED, 200);
	add(j, make_receipt(2, 1, 1, 'c'), RECEIPT_ACCEPTED, 200);
	add(j, r, RECEIPT_REFUSED, 200);
	assert_int_equal(journal_keep(j, &r.part, "failed", 77, &id, &e), 0);
	r.result.state = RECEIPT_REFUSED;
	assert_int_equal(journal_kept(j, id, &r, &e), 0);
	add(j, make_receipt(3, 0, 1, 'e'), RECEIPT_UNKNOWN, 0);
	journal_free(j);
}

static char *
load(size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *data = malloc(65536);

	assert_non_null(f);
	assert_non_null(data);
	*n = fread(data, 1, 65535, f);
	fclose(f);
	return data;
}

static struct past_found
find(const struct journal *j, uint64_t batch, uint64_t from, uint64_t rows)
{
	const struct part p = {.batch = batch, .from = from, .rows = rows};
	struct past_found found;

	past_find(journal_past(j), &p, &found);
	return found;
}

static void
test_read_back(void **state)
{
	struct error e = ERROR_INIT;
	struct result r;
	struct stat st;
	struct journal *j;
	const struct past *h;

	(void)state;
	write_journal();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	j = reopen();
	h = journal_past(j);
	assert_int_equal(journal_torn(j), 0);
	assert_int_equal(past_batches(h), 3);
	assert_int_equal(past_whole(h, 2)->part.sha256[0], 'b');
	assert_null(past_whole(h, 4));
	assert_non_null(find(j, 1, 0, 3).accepted);
	assert_int_equal(
	    journal_recall(j, find(j, 1, 0, 3).accepted, &r, &e), 0);
	assert_string_equal(r.batch_id, "id-1");
	assert_non_null(find(j, 2, 0, 2).refused);
	assert_null(find(j, 2, 0, 2).kept);
	assert_non_null(find(j, 2, 1, 1).accepted);
	assert_non_null(find(j, 2, 2, 1).kept);
	assert_null(find(j, 2, 2, 1).keeping);
	assert_non_null(find(j, 3, 0, 1).doubt);
	assert_null(find(j, 3, 0, 1).accepted);
	journal_free(j);
}

/* What a lookup gives: a letter for each thing that is known. */
static void
sum_up(const struct journal *j, char *to)
{
	static const uint64_t keys[][3] = {
	    {1, 0, 3}, {2, 0, 2}, {2, 1, 1}, {2, 2, 1}, {3, 0, 1}};
	size_t i;

	for (i = 0; i < 5; i++) {
		struct past_found p =
		    find(j, keys[i][0], keys[i][1], keys[i][2]);

		*to++ = p.accepted != NULL  ? 'a'
			: p.kept != NULL    ? 'k'
			: p.keeping != NULL ? 'K'
			: p.refused != NULL ? 'r'
			: p.doubt != NULL   ? '?'
					    : '-';
	}
	*to = '\0';
}

/* Cut at any byte, it says what its whole lines say, and can be written on. */
static void
test_torn_at_every_byte(void **state)
{
	char *data, *got, expected[8] = "-----", seen[8];
	static const char *const after[] = {/* lines 1 to 13 */
	    "-----", "?----", "a----", "a?---", "ar---", "ar?--", "ara--",
	    "ara?-", "arar-", "araK-", "arak-", "arak?", "arak?"};
	size_t n, at, line = 0, whole = 0, left;

	(void)state;
	write_journal();
	data = load(&n);
	for (at = 0; at <= n; at++) {
		struct journal *j;

		if (at > 0 && data[at - 1] == '\n') {
			whole = at;
			snprintf(
			    expected, sizeof(expected), "%s", after[line++]);
		}
		given_file(path, data, at);
		j = reopen();
		assert_int_equal(journal_torn(j), at - whole);
		sum_up(j, seen);
		assert_string_equal(seen, expected);
		add(j, make_receipt(9, 0, 1, 'f'), RECEIPT_ACCEPTED, 200);
		journal_free(j);
		j = reopen();
		assert_int_equal(journal_torn(j), 0);
		assert_non_null(find(j, 9, 0, 1).accepted);
		journal_free(j);
		got = load(&left);
		assert_memory_equal(got, data, whole);
		free(got);
	}
	assert_int_equal(line, 13);
	free(data);
}

/* Power was lost: the length is on disk, the line is not. */
static void
test_torn_with_nul(void **state)
{
	char *data;
	size_t n, at;
	struct journal *j;

	(void)state;
	write_journal();
	data = load(&n);
	for (at = n - 1; at > 0 && data[at - 1] != '\n'; at--)
		data[at - 1] = '\0';
	given_file(path, data, n);
	free(data);
	j = reopen();
	assert_int_equal(journal_torn(j), n - at);
	assert_non_null(find(j, 3, 0, 1).doubt);
	journal_free(j);
}

/* … before there was a first line. */
static void
test_torn_at_once(void **state)
{
	char nothing[100] = "";
	struct journal *j;
	char *data;
	size_t n;

	(void)state;
	given_file(path, nothing, sizeof(nothing));
	j = reopen();
	assert_int_equal(journal_torn(j), sizeof(nothing));
	journal_free(j);
	data = load(&n);
	assert_true(n > 0 && data[0] == '{' && data[n - 1] == '\n');
	free(data);
}

static void
refuse(const struct endpoint *ep, const char *text)
{
	struct error e = ERROR_INIT;
	char *before, *after;
	size_t n, m;

	before = load(&n);
	assert_null(journal_open(path, ep, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	if (strstr(e.text, text) == NULL)
		fail_msg("'%s' instead of '%s'", e.text, text);
	after = load(&m);
	assert_int_equal(n, m);
	assert_memory_equal(before, after, n);
	free(before);
	free(after);
}

static void
test_other_runs(void **state)
{
	struct error e = ERROR_INIT;
	struct endpoint other;

	(void)state;
	write_journal();
	assert_int_equal(
	    endpoint_make(&other, "demo", NULL, ENDPOINT_V1, &e), 0);
	refuse(&other, "API is v2, not v1");
	assert_int_equal(endpoint_make(&other, "demo", "https://example.com",
			     ENDPOINT_V2, &e),
	    0);
	refuse(&other, "endpoint is https://demo.tt.omtrdc.net:443, not "
		       "https://example.com:443");
	assert_int_equal(endpoint_make(&other, "other",
			     "https://demo.tt.omtrdc.net", ENDPOINT_V2, &e),
	    0);
	refuse(&other, "client code is demo, not other");
}

#define HEAD                                                          \
	"{\"journal\":\"tp-send\",\"version\":1,"                     \
	"\"endpoint\":\"https://demo.tt.omtrdc.net:443\",\"client\":" \
	"\"demo\",\"api\":\"v2\"}\n"
#define ABOUT_(batch, sha256, rows, bytes)                                \
	",\"batch\":" #batch ",\"sha256\":\"" sha256 "\",\"rows\":" #rows \
	",\"bytes\":" #bytes ",\"state\":\"accepted\"}\n"
#define ABOUT ABOUT_(1, "aa", 1, 9)

static void
test_refused(void **state)
{
	static const struct {
		const char *content, *why;
	} cases[] = {
	    {"{\"journal\":\"tp-send\",\"version\":2}\n", "version 2"},
	    {"{\"journal\":\"tp-send\",\"version\":0}\n", "not a journal"},
	    {"{\"journal\":\"tp-send\",\"a\":1}\n", "not a journal"},
	    {"batch=thirdPartyId,a\ni,x\n", "not a journal"},
	    {"x", "not a journal"},
	    {HEAD "nonsense\n" HEAD, "line 2 of this journal is damaged"},
	    {HEAD "{\"attempt\":2" ABOUT, "its number is not the next"},
	    {HEAD "{\"result\":1" ABOUT, "nothing is open"},
	    {HEAD "{\"attempt\":1" ABOUT "{\"kept\":1" ABOUT,
		"nothing is open"},
	    {HEAD "{\"attempt\":1" ABOUT "{\"result\":1" ABOUT
		  "{\"result\":1" ABOUT,
		"line 4 of this journal is damaged: nothing is open"},
	    {HEAD "{\"other\":1" ABOUT, "none that is known"},
	    {HEAD "{\"attempt\":1}\n", "none that is known"},
	    {HEAD "{\"attempt\":1" ABOUT_(1, "aa", 1, 9) "{\"result\":1" ABOUT_(
		 2, "aa", 1, 9),
		"line 3 of this journal is damaged: it is about another"},
	    {HEAD "{\"attempt\":1" ABOUT_(1, "aa", 1, 9) "{\"result\":1" ABOUT_(
		 1, "ab", 1, 9),
		"line 3 of this journal is damaged: it is about another"},
	    {HEAD "{\"attempt\":1" ABOUT_(1, "aa", 1, 9) "{\"result\":1" ABOUT_(
		 1, "aa", 2, 9),
		"line 3 of this journal is damaged: it is about another"},
	    {HEAD "{\"attempt\":1" ABOUT_(1, "aa", 1, 9) "{\"result\":1" ABOUT_(
		 1, "aa", 1, 8),
		"line 3 of this journal is damaged: it is about another"},
	    {HEAD "{\"attempt\":1" ABOUT_(0, "aa", 1, 9), "none that is known"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		given_file(path, cases[i].content, strlen(cases[i].content));
		refuse(&endpoint, cases[i].why);
	}
}

/* Members that a later tp-send may add to this version change nothing. */
static void
test_more_members(void **state)
{
	static const char text[] =
	    HEAD "{\"attempt\":1,\"more\":{\"a\":[1]}" ABOUT
		 "{\"result\":1,\"more\":null" ABOUT;
	struct journal *j;

	(void)state;
	given_file(path, text, sizeof(text) - 1);
	j = reopen();
	assert_non_null(find(j, 1, 0, 1).accepted);
	journal_free(j);
}

static void
test_locked(void **state)
{
	struct error e = ERROR_INIT;
	struct journal *j;
	char expected[128];
	int status;
	pid_t child;

	(void)state;
	write_journal();
	j = reopen();
	child = fork();
	if (child == 0) {
		snprintf(expected, sizeof(expected),
		    "process %ld uses this journal; run this again when it "
		    "has ended",
		    (long)getppid());
		_exit(journal_open(path, &endpoint, &e) == NULL &&
			      e.code == EXIT_USAGE &&
			      strcmp(e.text, expected) == 0
			  ? 0
			  : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	journal_free(j);
}

/* Of several attempts of the same bytes. */
static void
test_last_word(void **state)
{
	struct journal *j;
	struct error e = ERROR_INIT;
	struct receipt r = make_receipt(1, 0, 1, 'a');
	uint64_t id;

	(void)state;
	unlink(path);
	j = reopen();
	assert_int_equal(journal_attempt(j, &r.part, &id, &e), 0);
	add(j, r, RECEIPT_FAILED, 503);
	journal_free(j);
	j = reopen();
	/* The first one may be there, whatever the second one says. */
	assert_non_null(find(j, 1, 0, 1).doubt);
	add(j, r, RECEIPT_REFUSED, 401);
	journal_free(j);
	j = reopen();
	assert_null(find(j, 1, 0, 1).refused); /* it was the token */
	add(j, r, RECEIPT_REFUSED, 200);
	journal_free(j);
	j = reopen();
	assert_non_null(find(j, 1, 0, 1).refused);
	assert_non_null(find(j, 1, 0, 1).doubt);
	add(j, r, RECEIPT_ACCEPTED, 200);
	journal_free(j);
	j = reopen();
	assert_non_null(find(j, 1, 0, 1).accepted);
	journal_free(j);
}

/* That it was taken away is told once; nothing more is opened. */
static void
test_lost_once(void **state)
{
	const struct receipt r = make_receipt(1, 0, 1, 'a');
	struct error e = ERROR_INIT, again = ERROR_INIT;
	struct journal *j;
	uint64_t id;

	(void)state;
	unlink(path);
	j = reopen();
	unlink(path);
	assert_int_equal(journal_attempt(j, &r.part, &id, &e), -1);
	assert_int_equal(e.code, EXIT_LOCAL);
	assert_int_equal(journal_attempt(j, &r.part, &id, &again), 1);
	assert_int_equal(journal_keep(j, &r.part, "failed", 0, &id, &again), 1);
	assert_int_equal(again.code, EXIT_COMPLETE);
	journal_free(j);
}

enum { KEPT = 250 };
static struct journal *shared;

/* What an earlier run had begun to keep, is there: each second one of them. */
static void *
keep_some(void *arg)
{
	struct error e = ERROR_INIT;
	size_t first = *(size_t *)arg, i;

	for (i = first; i < KEPT; i += 2) {
		struct receipt r = make_receipt(i + 1, 0, 1, 'a');

		r.result.state = RECEIPT_REFUSED;
		if (journal_kept(shared, i + 1, &r, &e) != 0)
			return NULL;
	}
	return arg;
}

/* Each is counted, whichever thread tells of it. */
static void
test_kept_by_threads(void **state)
{
	struct error e = ERROR_INIT;
	size_t firsts[2] = {0, 1}, i;
	pthread_t threads[2];
	uint64_t id;
	void *result;

	(void)state;
	unlink(path);
	shared = reopen();
	for (i = 0; i < KEPT; i++) {
		struct receipt r = make_receipt(i + 1, 0, 1, 'a');

		assert_int_equal(
		    journal_keep(shared, &r.part, "failed", i, &id, &e), 0);
	}
	journal_free(shared);
	shared = reopen();
	for (i = 0; i < 2; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, keep_some, &firsts[i]),
		    0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_ptr_equal(result, &firsts[i]);
	}
	assert_int_equal(journal_past(shared)->files[0].kept, KEPT);
	journal_free(shared);
	shared = reopen();
	assert_int_equal(journal_past(shared)->files[0].kept, KEPT);
	journal_free(shared);
}

/* The last line has NULs, and ends where the room to read into does. */
static void
test_torn_at_the_end_of_a_block(void **state)
{
	enum { LINES = 4, LONG = 60000 };
	size_t size = 4 * JOURNALLINE_MAX, at = strlen(HEAD), i;
	char *data = calloc(1, size);
	struct journal *j;

	(void)state;
	assert_non_null(data);
	memcpy(data, HEAD, at);
	for (i = 1; i <= LINES; i++) {
		int n = snprintf(data + at, LONG, "{\"attempt\":%zu" ABOUT, i);

		/* JSON may have spaces behind it. */
		memset(data + at + n - 1, ' ', LONG - (size_t)n);
		at += LONG;
		data[at - 1] = '\n';
	}
	data[size - 1] = '\n';
	given_file(path, data, size);
	j = reopen();
	assert_int_equal(journal_torn(j), size - at);
	assert_int_equal(journal_past(j)->n, LINES);
	journal_free(j);
	free(data);
}

/* Many thousands of batches: quick, and some 200 bytes for each. */
static void
test_many(void **state)
{
	struct error e = ERROR_INIT;
	struct past h;
	enum journalline_kind kind;
	uint64_t i;

	(void)state;
	memset(&h, 0, sizeof(h));
	assert_int_equal(
	    past_add(&h, HEAD, strlen(HEAD) - 1, 0, &kind, NULL, &e), 0);
	for (i = 1; i <= 100000; i++) {
		struct receipt r = make_receipt(i * 7919 % 100003, 0, 1, 'a');
		size_t n;
		char *line = journalline_attempt(i, &r.part, &n);

		assert_non_null(line);
		assert_int_equal(
		    past_add(&h, line, n - 1, 0, &kind, NULL, &e), 0);
		free(line);
	}
	assert_int_equal(past_sort(&h, &e), 0);
	assert_non_null(past_whole(&h, 7919));
	assert_true(sizeof(*h.entries) <= 200);
	past_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read_back),
	    cmocka_unit_test(test_torn_at_every_byte),
	    cmocka_unit_test(test_torn_with_nul),
	    cmocka_unit_test(test_torn_at_once),
	    cmocka_unit_test(test_other_runs),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_more_members),
	    cmocka_unit_test(test_locked),
	    cmocka_unit_test(test_last_word),
	    cmocka_unit_test(test_lost_once),
	    cmocka_unit_test(test_kept_by_threads),
	    cmocka_unit_test(test_torn_at_the_end_of_a_block),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
