/*
 * Endpoint, token, answer, fate, retry, pace and receipt: what they take and
 * what they make of it.  The network is left to the end-to-end tests.
 */
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

#include "api/answer.h"
#include "api/endpoint.h"
#include "api/fate.h"
#include "api/profile.h"
#include "api/retry.h"
#include "api/service.h"
#include "api/token.h"
#include "base/clock.h"
#include "pace/pace.h"
#include "record/receipt.h"

/* ------------------------------------------------------------ endpoint */

static void
endpoint_is(const char *address, enum endpoint_api api, const char *url)
{
	struct error e = ERROR_INIT;
	struct endpoint ep;

	assert_int_equal(endpoint_make(&ep, "acme", address, api, &e), 0);
	assert_string_equal(ep.url, url);
}

static void
test_endpoint(void **state)
{
	(void)state;
	endpoint_is(NULL, ENDPOINT_V2,
	    "https://acme.tt.omtrdc.net:443/m2/acme/v2/profile/batchUpdate");
	endpoint_is(NULL, ENDPOINT_V1,
	    "https://acme.tt.omtrdc.net:443/m2/acme/profile/batchUpdate");
	endpoint_is("HTTP://LocalHost:8080/", ENDPOINT_V1,
	    "http://localhost:8080/m2/acme/profile/batchUpdate");
	endpoint_is("http://127.9.8.7", ENDPOINT_V1,
	    "http://127.9.8.7:80/m2/acme/profile/batchUpdate");
	endpoint_is("http://[::1]:65535", ENDPOINT_V1,
	    "http://[::1]:65535/m2/acme/profile/batchUpdate");
	endpoint_is("https://edge.example", ENDPOINT_V1,
	    "https://edge.example:443/m2/acme/profile/batchUpdate");
}

static void
test_endpoint_refuses(void **state)
{
	static const char *const addresses[] = {"http://edge.example",
	    "http://127.0.0.1.example", "http://localhost.example",
	    "http://0x7f.1", "http://128.0.0.1", "ftp://localhost",
	    "localhost:80", "https://", "https:///x", "https://user@host",
	    "https://a:b@host", "https://host:", "https://host:0",
	    "https://host:65536", "https://host:8a", "https://host/path",
	    "https://host?x", "https://host#x", "https://ho st", "https://-x",
	    "https://[::1", "https://host\\x", ""};
	static const char *const clients[] = {"", "a.b", "a/b", "-a", "a b",
	    "a\n", "\xc3\xa4",
	    "a234567890123456789012345678901234567890123456789012345678901234"};
	struct error e = ERROR_INIT;
	struct endpoint ep;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		e.code = EXIT_COMPLETE;
		assert_int_equal(
		    endpoint_make(&ep, "acme", addresses[i], ENDPOINT_V2, &e),
		    -1);
		assert_int_equal(e.code, EXIT_USAGE);
	}
	for (i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
		assert_int_equal(
		    endpoint_make(&ep, clients[i], NULL, ENDPOINT_V2, &e), -1);
}

/* --------------------------------------------------------------- token */

static char token_path[] = "/tmp/test-token.XXXXXX";

static int
make_token_file(void **state)
{
	int fd = mkstemp(token_path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
remove_token_file(void **state)
{
	(void)state;
	return unlink(token_path);
}

static char *
read_text(const char *text, size_t n, struct error *e)
{
	FILE *f = fopen(token_path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	memset(e, 0, sizeof(*e));
	return token_read(token_path, e);
}

static void
test_token_hide(void **state)
{
	static const struct {
		const char *text, *shown;
	} brief[] = {
	    {"", ""},
	    {"ab1", "***"},
	    {"ab1ab1", "ab1ab1"},
	    {"(ab1), ab1. xab1 ab1x \"ab1\" t=ab1", /* not within a word */
		"(***), ***. xab1 ab1x \"***\" t=***"},
	    {"AB1 ab", "AB1 **"}, /* its beginning, at the end */
	    {"AB1 a", "AB1 a"},
	};
	static const struct {
		const char *text, *shown;
	} cases[] = {
	    {"", ""},
	    {"0123456789", "**********"},
	    {"a 0123456789 b 01234567890123456789",
		"a ********** b ********************"},
	    {"012345678", "*********"}, /* its beginning, at the end */
	    {"a 01234567", "a ********"},
	    {"a 0123456", "a 0123456"},
	    {"01234567 a", "01234567 a"},
	    {"0120123456789", "012**********"},
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s", cases[i].text);
		token_hide(text, strlen(text), "0123456789");
		assert_string_equal(text, cases[i].shown);
	}
	for (i = 0; i < sizeof(brief) / sizeof(brief[0]); i++) {
		snprintf(text, sizeof(text), "%s", brief[i].text);
		token_hide(text, strlen(text), "ab1");
		assert_string_equal(text, brief[i].shown);
	}
	snprintf(text, sizeof(text), "a.-x-");
	token_hide(text, strlen(text), "-x");
	assert_string_equal(text, "a.***"); /* at the end a half, too */
}

static void
test_token(void **state)
{
	static const char *const good[] = {"a", "a\n", "a\r\n"};
	static const char *const bad[] = {"", "\n", "a\nb", "a\n\n", " a", "a ",
	    "a b", "a\tb", "a\x7f", "\xc3\xa4", "\r\n"};
	static char large[TOKEN_MAX + 1];
	struct error e;
	char *token;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		token = read_text(good[i], strlen(good[i]), &e);
		assert_non_null(token);
		assert_string_equal(token, "a");
		token_free(token);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(read_text(bad[i], strlen(bad[i]), &e));
		assert_int_equal(e.code, EXIT_USAGE);
	}
	assert_null(read_text("a\0b", 3, &e));
	memset(large, 'x', sizeof(large));
	token = read_text(large, TOKEN_MAX, &e);
	assert_non_null(token);
	assert_int_equal(strlen(token), TOKEN_MAX);
	token_free(token);
	assert_null(read_text(large, TOKEN_MAX + 1, &e));
}

static void
test_token_mode(void **state)
{
	struct error e;
	mode_t mode;

	(void)state;
	free(read_text("a\n", 2, &e));
	for (mode = 0; mode < 0100; mode++) {
		mode_t bad = S_IROTH | S_IWOTH | S_IWGRP;
		char *token;

		assert_int_equal(chmod(token_path, 0600 | mode), 0);
		memset(&e, 0, sizeof(e));
		token = token_read(token_path, &e);
		assert_int_equal(token == NULL, (mode & bad) != 0);
		token_free(token);
	}
	assert_int_equal(chmod(token_path, 0600), 0);
	assert_null(token_read("/nonexistent", &e));
	assert_null(token_read("/tmp", &e));
}

/* -------------------------------------------------------------- answer */

static enum fate
judge(struct answer *o, enum http_end end, int status, const char *body)
{
	struct http_answer a;
	char copy[1024];

	memset(&a, 0, sizeof(a));
	a.end = end;
	a.status = status;
	a.body_left = true;
	snprintf(copy, sizeof(copy), "%s", body);
	a.body.data = copy;
	a.body.len = strlen(copy);
	snprintf(a.text, sizeof(a.text), "why");
	answer_read(o, &a);
	return o->fate;
}

/* The table of tp-send(1), each status of HTTP there can be. */
static void
test_answer_status(void **state)
{
	struct answer o;
	int status;

	(void)state;
	for (status = 300; status < 1000; status++) {
		enum fate want = FATE_UNREADABLE;

		if (status < 500)
			want = FATE_REFUSED;
		else if (status < 600)
			want = FATE_TEMPORARY;
		if (status == 401 || status == 403)
			want = FATE_DENIED;
		if (status == 404 || status == 410)
			want = FATE_NOT_FOUND;
		if (status == 408 || status == 425)
			want = FATE_TEMPORARY;
		if (status == 429 || status == 503)
			want = FATE_BUSY;
		if (status == 413)
			want = FATE_TOO_LARGE;
		if (status == 502 || status == 504)
			want = FATE_GATEWAY;
		/* Whatever the body says, and whether it came whole. */
		assert_int_equal(judge(&o, HTTP_ANSWERED, status, ""), want);
		assert_int_equal(
		    judge(&o, HTTP_CUT, status,
			"<response><success>true</success></response>"),
		    want);
	}
}

#define RESPONSE(text) "<response>" text "</response>"

static void
test_answer_body(void **state)
{
	static const struct {
		const char *body, *why;
	} unreadable[] = {
	    {"", "it is empty"},
	    {"OK", "it has text outside of its elements"},
	    {"<html></html>", "its root is another element"},
	    {"<success>true</success>", "its root is another element"},
	    {"<response><success>true", "it breaks off"},
	    {RESPONSE("<message>m</message>"), "it has no <success>"},
	    {RESPONSE("<success></success>"),
		"its <success> is neither true nor false"},
	    {RESPONSE("<success>truetruetruetruetrue</success>"),
		"its <success> is neither true nor false"},
	    {RESPONSE("<success>true</success><success>false</success>"),
		"it has <success> twice, with different words"},
	};
	struct answer o;
	char why[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++) {
		assert_int_equal(
		    judge(&o, HTTP_ANSWERED, 200, unreadable[i].body),
		    FATE_UNREADABLE);
		snprintf(why, sizeof(why), "the answer cannot be read: %s",
		    unreadable[i].why);
		assert_string_equal(o.message, why);
	}
	assert_int_equal(judge(&o, HTTP_ANSWERED, 204,
			     RESPONSE("<success> true\n</success>")),
	    FATE_ACCEPTED);
	assert_string_equal(o.message, "");
	assert_int_equal(judge(&o, HTTP_ANSWERED, 200,
			     RESPONSE("<success>false</success><message>Batch "
				      "is empty</message>")),
	    FATE_NOT_SUCCESS);
	assert_string_equal(o.message, "Batch is empty");
	assert_int_equal(judge(&o, HTTP_CUT, 200,
			     RESPONSE("<success>true</success><message>Batch "
				      "submitted</message>")),
	    FATE_UNANSWERED);
	assert_string_equal(o.message, "why");
	assert_int_equal(
	    judge(&o, HTTP_ANSWERED, 600, RESPONSE("")), FATE_UNREADABLE);
	assert_string_equal(
	    o.message, "the answer cannot be read: no such status is known");
	assert_int_equal(judge(&o, HTTP_LOST, 0, ""), FATE_UNANSWERED);
	assert_string_equal(o.message, "why");
	assert_int_equal(judge(&o, HTTP_UNTRUSTED, 0, ""), FATE_UNTRUSTED);
	assert_int_equal(judge(&o, HTTP_STOPPED, 0, ""), FATE_INTERRUPTED);
}

static void
batch_id_is(const char *url, const char *id)
{
	struct answer o;
	char body[512];

	snprintf(body, sizeof(body),
	    RESPONSE("<success>true</success><batchStatus>%s</batchStatus>"),
	    url);
	assert_int_equal(judge(&o, HTTP_ANSWERED, 200, body), FATE_ACCEPTED);
	assert_string_equal(o.batch_status, url);
	assert_string_equal(o.batch_id, id);
}

static void
test_answer_batch_id(void **state)
{
	(void)state;
	batch_id_is("http://h/batchStatus?batchId=demo-1", "demo-1");
	batch_id_is("http://h/b?x=1&batchId=demo-1&m2Node=00", "demo-1");
	batch_id_is("http://h/b?notbatchId=x&batchId=y#z", "y");
	batch_id_is("http://h/b?notbatchId=x", "");
	batch_id_is("", "");
}

/* ---------------------------------------------------------------- fate */

static enum fate
fate_of(enum http_end end, int status, bool body_left)
{
	const struct http_answer a = {
	    .end = end, .status = status, .body_left = body_left};

	return fate_of_answer(&a);
}

/* If nothing of the body was sent, the service cannot know of it. */
static void
test_fate_by_what_left(void **state)
{
	(void)state;
	assert_int_equal(fate_of(HTTP_LOST, 0, false), FATE_UNREACHED);
	assert_int_equal(fate_of(HTTP_CUT, 200, false), FATE_UNREACHED);
	assert_int_equal(fate_of(HTTP_STOPPED, 0, false), FATE_STOPPED);
	assert_int_equal(fate_of(HTTP_ANSWERED, 502, false), FATE_TEMPORARY);
	assert_int_equal(fate_of(HTTP_ANSWERED, 504, true), FATE_GATEWAY);
	assert_int_equal(fate_of(HTTP_ANSWERED, 200, true), FATE_ACCEPTED);
}

/* Each row of the table keeps to what the others and the states demand. */
static void
test_fate_table(void **state)
{
	int i, k;

	(void)state;
	for (i = 0; i < FATES; i++) {
		const struct fate_rule *r = fate_rule((enum fate)i);
		enum fate found;

		assert_int_equal(fate_find(r->name, &found), 0);
		assert_int_equal(found, i);
		for (k = 0; k < i; k++)
			assert_string_not_equal(
			    r->name, fate_rule((enum fate)k)->name);
		if (r->divisible || r->stops)
			assert_int_equal(r->state, RECEIPT_REFUSED);
		if (r->again || r->state == RECEIPT_UNKNOWN ||
		    r->state == RECEIPT_FAILED || r->stops)
			assert_true(r->later);
		assert_int_equal(r->code, fate_code(r->state, (enum fate)i));
		assert_int_equal(fate_state((enum fate)i, false), r->state);
		assert_int_equal(fate_state((enum fate)i, true),
		    i == FATE_ACCEPTED ? RECEIPT_ACCEPTED : RECEIPT_UNKNOWN);
		assert_int_equal(
		    fate_code(RECEIPT_UNKNOWN, (enum fate)i), EXIT_UNKNOWN);
	}
	assert_int_equal(fate_find(NULL, NULL), -1);
	assert_int_equal(fate_find("nonsense", NULL), -1);
	assert_int_equal(fate_code(RECEIPT_REFUSED, FATE_DENIED), EXIT_SERVICE);
	assert_int_equal(
	    fate_code(RECEIPT_REFUSED, FATE_UNTRUSTED), EXIT_SERVICE);
	assert_int_equal(
	    fate_code(RECEIPT_FAILED, FATE_NOT_SUCCESS), EXIT_TEMPORARY);
}

/* What a line of an older version, without a reason, is taken for. */
static void
test_fate_of_old(void **state)
{
	static const struct {
		enum receipt_state state;
		int http;
		enum fate fate;
	} lines[] = {{RECEIPT_ACCEPTED, 200, FATE_ACCEPTED},
	    {RECEIPT_SKIPPED, 200, FATE_ACCEPTED},
	    {RECEIPT_REFUSED, 200, FATE_NOT_SUCCESS},
	    {RECEIPT_REFUSED, 413, FATE_TOO_LARGE},
	    {RECEIPT_REFUSED, 401, FATE_DENIED},
	    {RECEIPT_REFUSED, 403, FATE_DENIED},
	    {RECEIPT_REFUSED, 400, FATE_REFUSED},
	    {RECEIPT_REFUSED, 0, FATE_UNTRUSTED},
	    {RECEIPT_FAILED, 503, FATE_BUSY},
	    {RECEIPT_FAILED, 0, FATE_NOT_SENT},
	    {RECEIPT_UNKNOWN, 0, FATE_UNANSWERED},
	    {RECEIPT_UNKNOWN, 200, FATE_UNREADABLE},
	    {RECEIPT_UNKNOWN, 504, FATE_GATEWAY},
	    {RECEIPT_INVALID, 0, FATE_INVALID}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(
		    fate_of_old(lines[i].state, lines[i].http), lines[i].fate);
}

/* --------------------------------------------------------------- retry */

static void
test_retry(void **state)
{
	static const double longest[] = {2, 4, 8, 16, 32, 60, 60, 60};
	struct retry r = {RETRY_FIRST, false, 1};
	unsigned n, i, below = 0;

	(void)state;
	for (i = 0; i < 1000; i++) {
		for (n = 1; n <= 8; n++) {
			double delay = retry_delay(&r, n, -1);

			assert_true(delay <= longest[n - 1]);
			assert_true(delay >= longest[n - 1] / 2);
			below += delay < longest[n - 1] * 3 / 4;
		}
	}
	assert_in_range(below, 3600, 4400); /* the jitter is even */
	assert_true(retry_delay(&r, 1, 0) == 1);
	assert_true(retry_delay(&r, 1, 1) == 1);
	assert_true(retry_delay(&r, 8, 7) == 7);
	assert_true(retry_delay(&r, 1, 300) == 300);
	assert_true(retry_delay(&r, 1, 1e9) == 300);
	r.first = 0;
	assert_true(retry_delay(&r, 100, -1) == 0);
	for (below = 0, i = 0; i < 1000; i++) {
		double delay = retry_busy(&r, 1);

		assert_true(delay >= 30 && delay <= 45);
		below += delay < 37.5;
		assert_true(retry_busy(&r, 2) == 60);
	}
	assert_in_range(below, 400, 600);
}

/* ---------------------------------------------------------------- pace */

static bool
stop_third(void *arg)
{
	int *asked = arg;

	return ++*asked == 3;
}

static void
test_pace(void **state)
{
	struct error e = ERROR_INIT;
	struct pace *p = pace_new(3, &e);
	double begun = clock_monotonic();
	int i, asked = 0;

	(void)state;
	assert_non_null(p);
	for (i = 0; i < 3; i++) {
		assert_true(pace_delay(p) <= 0);
		assert_int_equal(pace_wait(p, CALLS_SEND, NULL, NULL, &e), 0);
	}
	assert_true(pace_delay(p) > 59);
	assert_int_equal(pace_wait(p, CALLS_SEND, stop_third, &asked, &e), 1);
	assert_true(clock_monotonic() - begun < 40);
	pace_free(p);
}

/* ------------------------------------------------------------- receipt */

static void
test_receipt(void **state)
{
	static const char want[] =
	    "{\"batch\":3,\"sha256\":\"ab\",\"rows\":2,\"bytes\":43,\"api\":"
	    "\"v1\","
	    "\"state\":\"refused\",\"reason\":\"not-success\",\"http\":200,"
	    "\"attempts\":4,"
	    "\"batchId\":\"demo-1\",\"batchStatus\":\"http://h/\","
	    "\"message\":\"Batch is \\u0001empty\","
	    "\"time\":\"2026-11-22T06:22:00Z\"}\n";
	struct error e = ERROR_INIT;
	struct receipt r = {
	    .part = {.batch = 3, .sha256 = "ab", .rows = 2, .bytes = 43},
	    .result = {.state = RECEIPT_REFUSED,
		.fate = FATE_NOT_SUCCESS,
		.http = 200,
		.attempts = 4,
		.batch_id = "demo-1",
		.batch_status = "http://h/",
		.message = "Batch is \x01"
			   "empty",
		.time = 1795328520}};
	struct receipt got;
	size_t n;
	char *line = receipt_line(&r, &n);

	(void)state;
	assert_non_null(line);
	assert_string_equal(line, want);
	assert_int_equal(n, strlen(want));
	assert_int_equal(receipt_parse(&got, line, n, &e), 0);
	free(line);
	assert_int_equal(got.part.batch, 3);
	assert_int_equal(got.result.state, RECEIPT_REFUSED);
	assert_int_equal(got.result.fate, FATE_NOT_SUCCESS);
	assert_int_equal(got.result.attempts, 4);
	assert_int_equal(got.result.time, r.result.time);
	assert_string_equal(got.result.message, r.result.message);
	assert_string_equal(got.result.batch_status, r.result.batch_status);
}

/* A text of the kind that makes trouble, of up to `most` bytes. */
static size_t
hostile(char *to, size_t most)
{
	static const char *const pieces[] = {"a", "\344", "\303\251",
	    "\360\237\230\200", "\355\240\200", "\xff", "\303", "&#233;",
	    "&#1;", "\x01", "\x7f", "\\", "\"", "&amp;", "<![CDATA[", "]]>",
	    "\r\n", "\342\200\256", "batchId=", "?", "&"};
	size_t used = 0, only = (size_t)rand();

	while (used + 9 < most) {
		/* Some texts are all of one kind. */
		size_t i = only % 2 == 0 ? only / 2 : (size_t)rand();
		const char *piece =
		    pieces[i % (sizeof(pieces) / sizeof(pieces[0]))];

		memcpy(to + used, piece, strlen(piece));
		used += strlen(piece);
	}
	to[used] = '\0';
	return used;
}

/* Whatever the service answers: what is written of it is read as it was. */
static void
test_receipt_of_any_answer(void **state)
{
	static char body[20000], text[2][6000];
	struct http_answer a = {.end = HTTP_ANSWERED, .status = 200};
	struct receipt r = {.part = {.batch = 1}}, got;
	struct answer o;
	size_t n;
	struct error e = ERROR_INIT;
	char *line;
	int i;

	(void)state;
	srand(1);
	for (i = 0; i < 4000; i++) {
		hostile(text[0], 10 + (size_t)rand() % (sizeof(text[0]) - 10));
		hostile(text[1], 10 + (size_t)rand() % 2000);
		snprintf(body, sizeof(body),
		    RESPONSE("<success>%s</success><batchStatus>%s?batchId=%s"
			     "</batchStatus><message>%s</message>"),
		    i % 2 == 0 ? "true" : "false", text[i / 2 % 2], text[1],
		    text[0]);
		a.body.data = body;
		a.body.len = strlen(body);
		answer_read(&o, &a);
		memcpy(r.result.batch_id, o.batch_id, sizeof(o.batch_id));
		memcpy(r.result.batch_status, o.batch_status,
		    sizeof(o.batch_status));
		memcpy(r.result.message, o.message, sizeof(o.message));
		line = receipt_line(&r, &n);
		assert_non_null(line);
		assert_int_equal(receipt_parse(&got, line, n, &e), 0);
		free(line);
		assert_string_equal(got.result.batch_id, r.result.batch_id);
		assert_string_equal(
		    got.result.batch_status, r.result.batch_status);
		assert_string_equal(got.result.message, r.result.message);
	}
}

/* A receipt with one more member and a message. */
static int
parse_with(struct receipt *r, const char *state, const char *member,
    const char *text, const char *message)
{
	static char line[16384];
	struct error e = ERROR_INIT;
	int n = snprintf(line, sizeof(line),
	    "{\"batch\":1,\"rows\":1,\"bytes\":1,\"state\":\"%s\","
	    "\"%s\":\"%s\",\"message\":\"%s\"}",
	    state, member, text, message);

	return receipt_parse(r, line, (size_t)n, &e);
}

/* As versions before wrote them, which spelled bytes out later. */
static void
test_receipt_too_long(void **state)
{
	static char text[4000];
	struct receipt r;

	(void)state;
	memset(text, 'x', 1022);
	memcpy(text + 1022, "\303\251", 3);
	assert_int_equal(parse_with(&r, "refused", "batchId", text, text), 0);
	assert_string_equal(r.result.batch_id, "");
	assert_int_equal(strlen(r.result.message), 1022);
	assert_memory_equal(r.result.message, text, 1022);
	memset(text, 'x', 2100);
	text[2100] = '\0';
	assert_int_equal(
	    parse_with(&r, "accepted", "batchStatus", text, text), 0);
	assert_string_equal(r.result.batch_status, "");
	assert_int_equal(strlen(r.result.message), 1023);
	assert_int_equal(parse_with(&r, "accepted", "sha256", text, ""), -1);
}

static void
test_receipt_bad(void **state)
{
	static const char *const bad[] = {"", "x", "[]", "{}", "{\"batch\":1}",
	    "{\"batch\":1,\"rows\":1,\"bytes\":1,\"state\":\"odd\"}",
	    ("{\"batch\":1,\"rows\":1,\"bytes\":1,\"state\":\"failed\","
	     "\"api\":\"v3\"}"),
	    "{\"batch\":-1,\"rows\":1,\"bytes\":1,\"state\":\"failed\"}",
	    "{\"batch\":\"1\",\"rows\":1,\"bytes\":1,\"state\":\"failed\"}",
	    "{\"batch\":1,\"rows\":1,\"bytes\":1,\"state\":\"failed\"} x"};
	static const char least[] = "{\"state\":\"failed\",\"bytes\":1,"
				    "\"rows\":1,\"batch\":1,\"new\":[1],"
				    "\"message\":null,\"http\":null}";
	struct receipt r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error e = ERROR_INIT;

		assert_int_equal(
		    receipt_parse(&r, bad[i], strlen(bad[i]), &e), -1);
		assert_int_equal(e.code, EXIT_INPUT);
	}
	assert_int_equal(receipt_parse(&r, least, strlen(least), NULL), 0);
	assert_int_equal(r.result.http, 0);
	assert_string_equal(r.result.message, "");
}

static enum profile_found
read_profile(struct profile *p, int status, const char *body)
{
	struct http_answer a = {.end = HTTP_ANSWERED, .status = status};

	a.body.data = (char *)(uintptr_t)body;
	a.body.len = strlen(body);
	return profile_read(p, &a);
}

static void
test_profile(void **state)
{
	struct endpoint ep;
	struct error e = ERROR_INIT;
	char url[PROFILE_URL], id[1400];
	struct profile p;
	const char *value;
	int64_t modified;
	size_t n;

	(void)state;
	assert_int_equal(
	    endpoint_make(&ep, "demo", "http://127.0.0.1:99", ENDPOINT_V2, &e),
	    0);
	assert_int_equal(profile_url(url, &ep, true, "a b/..%\xc3\xa9", 8), 0);
	assert_string_equal(url,
	    "http://127.0.0.1:99/rest/v1/profiles/thirdPartyId/"
	    "a%20b%2F%2E%2E%25%C3?client=demo");
	assert_int_equal(profile_url(url, &ep, false, "1-2_3.4", 7), 0);
	assert_string_equal(
	    url, "http://127.0.0.1:99/rest/v1/profiles/1-2_3%2E4?client=demo");
	/* The longest identifier, and more than that. */
	memset(id, 0xf0, sizeof(id));
	assert_int_equal(profile_url(url, &ep, true, id, 1024), 0);
	assert_int_equal(profile_url(url, &ep, true, id, sizeof(id)), -1);

	assert_int_equal(read_profile(&p, 200,
			     "{\"profileAttributes\":{\"a\":{\"value\":\"x,y\","
			     "\"modifiedAt\":\"1970-01-01T00:00:01Z\"},"
			     "\"b\":{\"value\":7,\"modifiedAt\":5},\"c\":1}}"),
	    PROFILE_FOUND);
	assert_true(profile_get(&p, "a", &value, &n, &modified));
	assert_string_equal(value, "x,y");
	assert_int_equal(n, 3);
	assert_int_equal(modified, 1000);
	assert_true(profile_get(&p, "b", &value, &n, &modified));
	assert_null(value);
	assert_int_equal(modified, 5);
	assert_false(profile_get(&p, "c", &value, &n, &modified));
	assert_false(profile_get(&p, "d", &value, &n, &modified));
	profile_free(&p);
	assert_int_equal(
	    read_profile(&p, 200, "{\"status\":\"ok\"}"), PROFILE_OTHER);
	profile_free(&p);
	assert_int_equal(read_profile(&p, 200, "<html>"), PROFILE_OTHER);
	profile_free(&p);
	assert_int_equal(
	    read_profile(&p, 404,
		"{\"status\":404,\"message\":\"No profile found for x\"}"),
	    PROFILE_NONE);
	profile_free(&p);
	assert_int_equal(read_profile(&p, 404, "{\"message\":\"Not Found\"}"),
	    PROFILE_OTHER);
	profile_free(&p);
	assert_int_equal(
	    read_profile(&p, 403, "{\"message\":\"No profile found\"}"),
	    PROFILE_OTHER);
	profile_free(&p);
}

static void
test_service(void **state)
{
	struct error e = ERROR_INIT;
	struct service s;
	struct http_settings http;
	char text[200] = "tp";

	(void)state;
	setenv("TP_CLIENT", "", 1);
	setenv("TP_ENDPOINT", "https://environment", 1);
	unsetenv("TP_TOKEN_FILE");
	service_init(&s);
	assert_int_equal(service_resolve(&s, ENDPOINT_V2, &e), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, "--client"));
	assert_int_equal(s.rate, PACE_SEND);
	assert_int_equal(s.timeout, 300);

	assert_int_equal(service_set_option(&s, 'c', "demo", NULL), 0);
	assert_int_equal(
	    service_set_option(&s, SERVICE_KEY_CACERT, "a b", NULL), 0);
	assert_int_equal(
	    service_set_option(&s, SERVICE_KEY_TIMEOUT, "2m", NULL), 0);
	assert_int_equal(service_set_option(&s, 'x', "", NULL), 1);
	e = (struct error)ERROR_INIT;
	assert_int_equal(service_set_option(&s, SERVICE_KEY_RATE, "0", &e), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	assert_int_equal(service_resolve(&s, ENDPOINT_V1, NULL), 0);
	assert_string_equal(s.endpoint.url,
	    "https://environment:443/m2/demo/profile/batchUpdate");
	http = service_http(&s);
	assert_string_equal(http.cacert, "a b");
	assert_int_equal(http.timeout, 120);
	assert_int_equal(http.connect_timeout, 30);
	service_add_options(&s, text, sizeof(text));
	assert_string_equal(text,
	    "tp -c demo --api v1 --endpoint https://environment "
	    "--cacert 'a b'");
	service_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_endpoint),
	    cmocka_unit_test(test_endpoint_refuses),
	    cmocka_unit_test(test_token),
	    cmocka_unit_test(test_token_mode),
	    cmocka_unit_test(test_answer_status),
	    cmocka_unit_test(test_answer_body),
	    cmocka_unit_test(test_answer_batch_id),
	    cmocka_unit_test(test_fate_by_what_left),
	    cmocka_unit_test(test_fate_table),
	    cmocka_unit_test(test_fate_of_old),
	    cmocka_unit_test(test_retry),
	    cmocka_unit_test(test_pace),
	    cmocka_unit_test(test_token_hide),
	    cmocka_unit_test(test_receipt),
	    cmocka_unit_test(test_receipt_of_any_answer),
	    cmocka_unit_test(test_receipt_too_long),
	    cmocka_unit_test(test_receipt_bad),
	    cmocka_unit_test(test_profile),
	    cmocka_unit_test(test_service),
	};

	return cmocka_run_group_tests(
	    tests, make_token_file, remove_token_file);
}
