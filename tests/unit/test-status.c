/* What tp-status is made of: URLs, the schedule, answers, outcomes, the table,
 * and the reading of receipts. */
#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "api/statusurl.h"
#include "base/clock.h"
#include "status/arrivals.h"
#include "status/outcome.h"
#include "status/schedule.h"
#include "status/table.h"
#include "status/watch.h"

/* ---------------------------------------------------------- status URLs */

#define EDGE "https://mboxedge45.tt.omtrdc.net/m2/demo/profile/batchStatus?"

static void
make_endpoint(struct endpoint *ep, const char *address)
{
	struct error e = ERROR_INIT;

	assert_int_equal(
	    endpoint_make(ep, "demo", address, ENDPOINT_V2, &e), 0);
}

static void
assert_url(const char *address, const char *text, const char *expected)
{
	struct endpoint ep;
	struct statusurl u;
	char why[STATUSURL_WHY];
	int result;

	make_endpoint(&ep, address);
	result = statusurl_make(&u, &ep, text, why);
	if (expected == NULL) {
		if (result == 0)
			fail_msg("%s: followed to %s", text, u.url);
		assert_true(strlen(why) > 10);
		return;
	}
	if (result != 0)
		fail_msg("%s: %s", text, why);
	assert_string_equal(u.url, expected);
	/* The token of an endpoint on this machine stays there. */
	assert_int_equal(u.trusted,
	    !ep.origin.loopback || strstr(u.url, ep.origin.host) != NULL);
}

static void
test_url_of_the_service(void **state)
{
	(void)state;
	assert_url(NULL,
	    "http://mboxedge45.tt.omtrdc.net/m2/demo/profile/batchStatus?"
	    "batchId=demo-1701473848678-13029383",
	    EDGE "batchId=demo-1701473848678-13029383&showDetails=true");
	assert_url(NULL, EDGE "batchId=d-1&m2Node=00",
	    EDGE "batchId=d-1&m2Node=00&showDetails=true");
	assert_url(NULL, EDGE "mboxPC=1-2.01_00&batchId=d-1",
	    EDGE "mboxPC=1-2.01_00&batchId=d-1&showDetails=true");
	assert_url(NULL, EDGE "x=%0d%0a&batchId=d%2d1&showDetails=false&",
	    EDGE "batchId=d%2d1&showDetails=true");
	assert_url(NULL,
	    "HTTPS://MBoxEdge45.TT.omtrdc.net:443/m2/demo/profile/"
	    "batchStatus?batchId=1",
	    EDGE "batchId=1&showDetails=true");
	assert_url(NULL,
	    "http://demo.tt.omtrdc.net:80/m2/demo/profile/batchStatus?"
	    "batchId=1",
	    "https://demo.tt.omtrdc.net:443/m2/demo/profile/batchStatus?"
	    "batchId=1&showDetails=true");
	assert_url("http://127.0.0.1:8080",
	    "http://mboxedge45.tt.omtrdc.net/m2/demo/profile/batchStatus?"
	    "batchId=d-1",
	    EDGE "batchId=d-1&showDetails=true");
}

static void
test_url_elsewhere(void **state)
{
	static const char tail[] = "/m2/demo/profile/batchStatus?batchId=1";
	static const char *const origins[] = {
	    "https://evil.example",
	    "https://tt.omtrdc.net",
	    "https://.tt.omtrdc.net",
	    "https://eviltt.omtrdc.net",
	    "https://a.tt.omtrdc.net.evil.example",
	    "https://a.tt.omtrdc.net.",
	    "https://a.tt.omtrdc.net@evil.example",
	    "https://evil.example#.tt.omtrdc.net",
	    "https://evil.example?.tt.omtrdc.net",
	    "https://evil.example\\.tt.omtrdc.net",
	    "https://a.tt.omtrdc.net:8443",
	    "http://a.tt.omtrdc.net:443",
	    "https://a.tt.omtrdc.net:80",
	    "https://user@a.tt.omtrdc.net",
	    "https://user:word@a.tt.omtrdc.net",
	    "https://127.0.0.1",
	    "http://localhost:8080",
	    "ftp://a.tt.omtrdc.net",
	    "file://a.tt.omtrdc.net",
	    "//a.tt.omtrdc.net",
	    "a.tt.omtrdc.net",
	    " https://a.tt.omtrdc.net",
	    "https:// a.tt.omtrdc.net",
	    "https://a\r\n.tt.omtrdc.net",
	    "https://%61.tt.omtrdc.net",
	    "",
	};
	char url[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		snprintf(url, sizeof(url), "%s%s", origins[i], tail);
		assert_url(NULL, url, NULL);
	}
	assert_url(NULL, "", NULL);
}

static void
test_url_other_path(void **state)
{
	static const char *const rests[] = {
	    "",
	    "/",
	    "/m2/demo/profile/batchStatus",
	    "/m2/other/profile/batchStatus?batchId=1",
	    "/m2/demo/profile/batchUpdate?batchId=1",
	    "/m2/demo/profile/update?batchId=1",
	    "/m2/demo/../demo/profile/batchStatus?batchId=1",
	    "/m2/demo/profile/batchStatus/?batchId=1",
	    "/m2/demo/profile//batchStatus?batchId=1",
	    "/M2/demo/profile/batchStatus?batchId=1",
	    "/m2/demo/profile/batchStatus?",
	    "/m2/demo/profile/batchStatus?batchId=",
	    "/m2/demo/profile/batchStatus?batchid=1",
	    "/m2/demo/profile/batchStatus?xbatchId=1",
	    "/m2/demo/profile/batchStatus?m2Node=1",
	    "/m2/demo/profile/batchStatus?batchId=1&batchId=2",
	    "/m2/demo/profile/batchStatus?batchId=1#x",
	    "/m2/demo/profile/batchStatus?batchId=1?x",
	    "/m2/demo/profile/batchStatus?batchId=a b",
	    "/m2/demo/profile/batchStatus?batchId=a\nb",
	    "/m2/demo/profile/batchStatus?batchId=a\303\251",
	    "/m2/demo/profile/batchStatus?batchId=a%",
	    "/m2/demo/profile/batchStatus?batchId=a%4",
	    "/m2/demo/profile/batchStatus?batchId=a%4g",
	    "/m2/demo/profile/batchStatus?batchId=a+b",
	    "/m2/demo/profile/batchStatus?batchId=a/b",
	};
	char url[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
		snprintf(
		    url, sizeof(url), "https://a.tt.omtrdc.net%s", rests[i]);
		assert_url(NULL, url, NULL);
	}
}

static void
test_url_bounds(void **state)
{
	char url[3000];
	struct endpoint ep;
	struct statusurl u;
	char why[STATUSURL_WHY];
	int n = snprintf(url, sizeof(url), EDGE "batchId=");

	(void)state;
	make_endpoint(&ep, NULL);
	memset(url + n, 'a', STATUSURL_ID - 1);
	url[n + STATUSURL_ID - 1] = '\0';
	assert_int_equal(statusurl_make(&u, &ep, url, why), 0);
	assert_int_equal(strlen(u.id), STATUSURL_ID - 1);
	memset(url + n, 'a', STATUSURL_ID);
	url[n + STATUSURL_ID] = '\0';
	assert_int_equal(statusurl_make(&u, &ep, url, why), -1);
	n = snprintf(url, sizeof(url), EDGE "batchId=1&m2Node=");
	memset(url + n, 'a', STATUSURL_MAX);
	url[n + STATUSURL_MAX] = '\0';
	assert_int_equal(statusurl_make(&u, &ep, url, why), -1);
}

static void
test_url_of_the_endpoint(void **state)
{
	static const char here[] = "http://127.0.0.1:8080";
	static const char there[] = "https://edge.example:8443";

	(void)state;
	assert_url(here,
	    "http://127.0.0.1:8080/m2/demo/profile/batchStatus?batchId=1",
	    "http://127.0.0.1:8080/m2/demo/profile/batchStatus?"
	    "batchId=1&showDetails=true");
	assert_url(there,
	    "http://edge.example:8443/m2/demo/profile/batchStatus?batchId=1",
	    "https://edge.example:8443/m2/demo/profile/batchStatus?"
	    "batchId=1&showDetails=true");
	assert_url("https://edge.example",
	    "http://edge.example/m2/demo/profile/batchStatus?batchId=1",
	    "https://edge.example:443/m2/demo/profile/batchStatus?"
	    "batchId=1&showDetails=true");
	assert_url(here,
	    "http://127.0.0.1:8081/m2/demo/profile/batchStatus?batchId=1",
	    NULL);
	assert_url(here,
	    "http://localhost:8080/m2/demo/profile/batchStatus?batchId=1",
	    NULL);
	assert_url(here,
	    "https://127.0.0.1:8080/m2/demo/profile/batchStatus?batchId=1",
	    NULL);
	assert_url(there,
	    "https://edge.example/m2/demo/profile/batchStatus?batchId=1", NULL);
}

/* -------------------------------------------------------------- schedule */

static void
test_schedule(void **state)
{
	static const double gaps[] = {5, 10, 20, 40, 60, 60};
	struct schedule s;
	double now = 1000;
	size_t i;

	(void)state;
	schedule_start(&s, now, 30, 60, 7200);
	assert_true(s.due == now + 30);
	assert_true(s.deadline == now + 7200);
	for (i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		now = s.due + 1;
		schedule_again(&s, now, 60, -1);
		assert_true(s.due == now + gaps[i]);
	}
	schedule_again(&s, now, 60, 300);
	assert_true(s.due == now + 300);
	schedule_again(&s, now, 60, 1);
	assert_true(s.due == now + 60);
}

static void
test_schedule_short(void **state)
{
	struct schedule s;

	(void)state;
	schedule_start(&s, 0, 30, 1, 10);
	assert_true(s.due == 1);
	schedule_again(&s, 1, 1, -1);
	schedule_again(&s, 2, 1, -1);
	assert_true(s.due == 3);
	schedule_start(&s, 0, 30, 0, 10);
	assert_true(s.due == 0);
	schedule_again(&s, 1, 0, -1);
	assert_true(s.due == 1);
}

/* ----------------------------------------------------------------- watch */

/* A port of this machine at which nobody listens. */
static int
refusing_port(unsigned *port)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static bool
never(void *arg)
{
	(void)arg;
	return false;
}

static bool
is_past(void *until)
{
	return clock_monotonic() > *(double *)until;
}

/* The oldest cannot be asked about: sending goes on after some time. */
static void
test_watch_patience(void **state)
{
	struct error e = ERROR_INIT;
	struct endpoint ep;
	struct receipt r;
	struct watch_settings s = {.path = "test-status.outcomes",
	    .open = 1,
	    .patience = 2,
	    .poller = {.endpoint = &ep,
		.http = {.connect_timeout = 5, .timeout = 5},
		.interval = 0,
		.deadline = 1000}};
	struct watch *w;
	char address[64];
	double begun, soon;
	unsigned port;
	void *ticket;
	int fd = refusing_port(&port);

	(void)state;
	snprintf(address, sizeof(address), "http://127.0.0.1:%u", port);
	make_endpoint(&ep, address);
	memset(&r, 0, sizeof(r));
	r.part.batch = r.part.rows = 1;
	r.result.state = RECEIPT_ACCEPTED;
	snprintf(r.result.batch_id, sizeof(r.result.batch_id), "d-1");
	snprintf(r.result.batch_status, sizeof(r.result.batch_status),
	    "%s/m2/demo/profile/batchStatus?batchId=d-1", address);
	(void)unlink(s.path);
	assert_int_equal(http_start(&e), 0);
	s.poller.calls = pace_new(10000, &e);
	w = watch_open(&s, &e);
	assert_non_null(w);
	begun = clock_monotonic();
	assert_int_equal(watch_enter(w, &ticket, never, NULL, &e), 0);
	watch_settled(w, ticket, &r);
	soon = begun + 0.5;
	assert_int_equal(watch_enter(w, &ticket, is_past, &soon, &e), 1);
	assert_int_equal(watch_enter(w, &ticket, never, NULL, &e), 0);
	assert_true(clock_monotonic() - begun >= 2);
	assert_true(clock_monotonic() - begun < 60);
	r.result.state = RECEIPT_REFUSED;
	watch_settled(w, ticket, &r);
	watch_close(w);
	pace_free(s.poller.calls);
	(void)unlink(s.path);
	(void)close(fd);
}

/* --------------------------------------------------------------- answers */

static const char complete[] =
    "<response><batchId>d-1</batchId><status>complete</status>"
    "<batchSize>3</batchSize><consumedCount>3</consumedCount>"
    "<successfulUpdates>2</successfulUpdates>"
    "<profilesNotFound>1</profilesNotFound>"
    "<failedUpdates>0</failedUpdates></response>";

static void
begin(struct outcome *s, uint64_t rows)
{
	memset(s, 0, sizeof(*s));
	s->part.batch = 7;
	s->part.rows = rows;
	s->id = "d-1";
	s->polls = 2;
	s->time = 1763792520;
}

static int
read_status(struct outcome *s, const char *text, bool cut)
{
	const struct xml_span body = {text, strlen(text)};
	const char *why;
	int result = outcome_read(s, body, cut, NULL, &why);

	assert_int_equal(result < 0, why != NULL);
	return result;
}

static void
assert_line(const struct outcome *s, const char *expected)
{
	size_t n;
	char *line = outcome_line(s, &n);

	assert_non_null(line);
	assert_string_equal(line, expected);
	free(line);
}

static void
test_status_complete(void **state)
{
	struct outcome s;

	(void)state;
	begin(&s, 3);
	assert_int_equal(read_status(&s, complete, false), 0);
	assert_int_equal(s.state, OUTCOME_COMPLETE);
	assert_true(s.reconciled);
	assert_line(&s,
	    "{\"batch\":7,\"batchId\":\"d-1\",\"state\":\"complete\","
	    "\"reconciled\":true,\"rows\":3,\"sha256\":null,\"api\":\"v1\","
	    "\"batchSize\":3,"
	    "\"consumedCount\":3,\"successfulUpdates\":2,"
	    "\"profilesNotFound\":1,\"failedUpdates\":0,\"polls\":2,"
	    "\"message\":null,\"time\":\"2025-11-22T06:22:00Z\"}\n");
	begin(&s, 4);
	assert_int_equal(read_status(&s, complete, false), 0);
	assert_false(s.reconciled);
}

static enum outcome_state
state_of(const char *body, bool *reconciled)
{
	struct outcome s;

	begin(&s, 3);
	assert_int_equal(read_status(&s, body, false), 0);
	*reconciled = s.reconciled;
	return s.state;
}

#define SAYS(word) "<response><status>" word "</status>"
#define SIZE "<batchSize>3</batchSize>"
#define FAILED(n) "<failedUpdates>" n "</failedUpdates>"

static void
test_status_states(void **state)
{
	bool ok;

	(void)state;
	assert_int_equal(state_of(SAYS("incomplete") "</response>", &ok),
	    OUTCOME_INCOMPLETE);
	assert_int_equal(
	    state_of(SAYS("in progress") SIZE FAILED("0") "</response>", &ok),
	    OUTCOME_INCOMPLETE);
	assert_false(ok);
	assert_int_equal(
	    state_of(SAYS("stuck") SIZE FAILED("0") "</response>", &ok),
	    OUTCOME_STUCK);
	assert_false(ok);
	assert_int_equal(
	    state_of(SAYS("COMPLETE") SIZE FAILED("0") "</response>", &ok),
	    OUTCOME_COMPLETE);
	assert_true(ok);
	state_of(SAYS("complete") SIZE FAILED("1") "</response>", &ok);
	assert_false(ok);
	state_of(SAYS("complete") SIZE "</response>", &ok);
	assert_true(ok);
	state_of(SAYS("complete") FAILED("0") "</response>", &ok);
	assert_false(ok);
	state_of(SAYS("complete") SIZE FAILED("-0") "</response>", &ok);
	assert_false(ok);
	state_of(SAYS("complete")
		     SIZE FAILED("99999999999999999999999") "</response>",
	    &ok);
	assert_false(ok);
}

static void
test_status_failed_ids(void **state)
{
	static const char body[] =
	    "<response><profile><id>a&amp;\"b</id><status>failed</status>"
	    "</profile><profile><id>ok</id><status>success</status></profile>"
	    "<profile><id>c</id><status>failed</status></profile>"
	    "<batchId>d-1</batchId><status>complete</status>" SIZE FAILED(
		"0") "</response>";
	struct outcome s;

	(void)state;
	begin(&s, 3);
	assert_int_equal(read_status(&s, body, false), 0);
	assert_int_equal(s.state, OUTCOME_COMPLETE);
	assert_int_equal(s.listed, 2);
	assert_false(s.reconciled);
	assert_line(&s,
	    "{\"batch\":7,\"batchId\":\"d-1\",\"state\":\"complete\","
	    "\"reconciled\":false,\"rows\":3,\"sha256\":null,\"api\":\"v1\","
	    "\"batchSize\":3,"
	    "\"consumedCount\":null,\"successfulUpdates\":null,"
	    "\"profilesNotFound\":null,\"failedUpdates\":0,"
	    "\"failedIds\":[\"a&\\\"b\",\"c\"],\"polls\":2,"
	    "\"message\":\"2 ids are listed as "
	    "failed\",\"time\":\"2025-11-22T06:22:00Z\"}\n");
}

/* An answer of which only the first part was read. */
static void
test_status_cut(void **state)
{
	static const char body[] =
	    "<response><status>complete</status>" SIZE FAILED(
		"2") "<profile><id>a</id><status>failed</status></profile>"
		     "<profile><id>b</id><sta";
	struct outcome s;
	size_t n;
	char *line;

	(void)state;
	begin(&s, 3);
	assert_int_equal(read_status(&s, body, false), -1);
	assert_int_equal(read_status(&s, body, true), 0);
	assert_int_equal(s.counts[OUTCOME_FAILED], 2);
	line = outcome_line(&s, &n);
	assert_non_null(line);
	assert_non_null(
	    strstr(line, "\"failedIds\":[\"a\"],\"failedIdsCut\":true,"));
	free(line);
}

static void
test_status_unreadable(void **state)
{
	static const char *const bodies[] = {
	    "",
	    "<html><body>down</body></html>",
	    "<response></response>",
	    SAYS("") "</response>",
	    "<response><status>complete</status>",
	    "<status>complete</status>",
	    SAYS("complete") "<batchId>d-2</batchId></response>",
	    "<response><x><status>complete</status></x></response>",
	    "<response><success>false</success></response>",
	};
	struct outcome s, before;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		begin(&s, 3);
		before = s;
		assert_int_equal(read_status(&s, bodies[i], false), -1);
		assert_memory_equal(&s, &before, sizeof(s));
	}
}

/* ----------------------------------------------------------------- table */

static void
test_table(void **state)
{
	static const char expected[] =
	    " BATCH STATE          ROWS     SIZE  UPDATED NOTFOUND   FAILED "
	    "POLLS RECONCILED\n"
	    "     7 complete          3        3        2        1        0 "
	    "    2        yes\n"
	    "     8 expired           9        -        -        -        - "
	    "    0         no\n";
	struct error e = ERROR_INIT;
	struct output out;
	struct table t;
	struct outcome s;
	char text[1024];
	int fds[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(output_open(&out, fds[1], "pipe", &e), 0);
	table_init(&t, &out, false);
	begin(&s, 3);
	assert_int_equal(read_status(&s, complete, false), 0);
	assert_int_equal(table_add(&t, &s, &e), 0);
	begin(&s, 9);
	s.part.batch = 8;
	s.polls = 0;
	s.state = OUTCOME_EXPIRED;
	assert_int_equal(table_add(&t, &s, &e), 0);
	assert_int_equal(table_clear(&t, &e), 0);
	assert_int_equal(output_close(&out, &e), 0);
	n = read(fds[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, expected);
	close(fds[0]);
}

/* ----------------------------------------------------------------- inbox */

#define RECEIPT(n) \
	"{\"batch\":" #n ",\"rows\":1,\"bytes\":9,\"state\":\"accepted\"}"

struct feed {
	char path[64];
	struct arrivals *in;
	struct arrival item;
};

/* An inbox that reads a file with this text. */
static void
feed_text(struct feed *f, const char *text, size_t n)
{
	static char *files[1];
	struct error e = ERROR_INIT;
	int fd;

	snprintf(f->path, sizeof(f->path), "/tmp/test-status.XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	close(fd);
	files[0] = f->path;
	f->in = arrivals_open(files, 1, false, &e);
	assert_non_null(f->in);
}

static void
feed_close(struct feed *f)
{
	arrivals_close(f->in);
	unlink(f->path);
}

static void
expect(struct feed *f, enum arrival_kind kind)
{
	arrivals_take(f->in, 5, &f->item);
	assert_int_equal(f->item.kind, kind);
}

static void
expect_receipt(struct feed *f, uint64_t batch)
{
	expect(f, ARRIVAL_RECEIPT);
	assert_int_equal(f->item.receipt.part.batch, batch);
}

static void
expect_malformed(struct feed *f, uint64_t line)
{
	expect(f, ARRIVAL_MALFORMED);
	assert_int_equal(f->item.error.line, line);
	assert_int_equal(f->item.error.code, EXIT_INPUT);
	assert_string_equal(f->item.error.place, f->path);
}

static void
test_inbox_lines(void **state)
{
	static const char text[] =
	    RECEIPT(1) "\n\n" RECEIPT(2) "\r\n{}\nx\n[1]\n" RECEIPT(3);
	struct feed f;

	(void)state;
	feed_text(&f, text, strlen(text));
	expect_receipt(&f, 1);
	expect_receipt(&f, 2);
	expect_malformed(&f, 4);
	expect_malformed(&f, 5);
	expect_malformed(&f, 6);
	expect_receipt(&f, 3);
	expect(&f, ARRIVAL_END);
	arrivals_take(f.in, 0, &f.item);
	assert_int_equal(f.item.kind, ARRIVAL_NOTHING);
	feed_close(&f);
}

static void
test_inbox_torn(void **state)
{
	static const char text[] = RECEIPT(1) "\n{\"batch\":2,\"ro";
	struct feed f;

	(void)state;
	feed_text(&f, text, strlen(text));
	expect_receipt(&f, 1);
	expect_malformed(&f, 2);
	expect(&f, ARRIVAL_END);
	feed_close(&f);
}

/* A line of n bytes, then a receipt. */
static void
with_long_line(size_t n, struct feed *f)
{
	static const char tail[] = "\n" RECEIPT(9) "\nx\n";
	char *text = malloc(n + sizeof(tail));

	assert_non_null(text);
	memset(text, ' ', n);
	memcpy(text, RECEIPT(1), strlen(RECEIPT(1)));
	memcpy(text + n, tail, sizeof(tail));
	feed_text(f, text, n + strlen(tail));
	free(text);
}

static void
test_inbox_long_lines(void **state)
{
	struct feed f;

	(void)state;
	with_long_line(ARRIVALS_LINE - 1, &f);
	expect_receipt(&f, 1);
	expect_receipt(&f, 9);
	expect_malformed(&f, 3);
	expect(&f, ARRIVAL_END);
	feed_close(&f);
	with_long_line(ARRIVALS_LINE, &f);
	expect_malformed(&f, 1);
	expect_receipt(&f, 9);
	feed_close(&f);
	with_long_line(3 * ARRIVALS_LINE, &f);
	expect_malformed(&f, 1);
	expect_receipt(&f, 9);
	expect_malformed(&f, 3);
	expect(&f, ARRIVAL_END);
	feed_close(&f);
	with_long_line(ARRIVALS_LINE, &f);
	feed_close(&f); /* while it is read, or just behind */
}

static void
test_inbox_many(void **state)
{
	char *text = malloc(100 * 200);
	struct feed f;
	uint64_t i;
	int n = 0;

	(void)state;
	assert_non_null(text);
	for (i = 1; i <= 200; i++)
		n += snprintf(text + n, 100,
		    "{\"batch\":%d,\"rows\":1,\"bytes\":9,"
		    "\"state\":\"refused\"}\n",
		    (int)i);
	feed_text(&f, text, (size_t)n);
	for (i = 1; i <= 200; i++)
		expect_receipt(&f, i);
	expect(&f, ARRIVAL_END);
	feed_close(&f);
	/* Closed while the reading waits for room. */
	feed_text(&f, text, (size_t)n);
	expect_receipt(&f, 1);
	feed_close(&f);
	free(text);
}

static void
test_inbox_missing_file(void **state)
{
	static char missing[] = "/nonexistent/file";
	static char *files[] = {missing};
	struct error e = ERROR_INIT;
	struct feed f;

	(void)state;
	f.in = arrivals_open(files, 1, false, &e);
	assert_non_null(f.in);
	expect(&f, ARRIVAL_FAILED);
	assert_int_equal(f.item.error.code, EXIT_INPUT);
	expect(&f, ARRIVAL_END);
	arrivals_close(f.in);
}

/* A pipe into which nothing comes: taking waits no longer than it was told
 * to, and closing ends the reading. */
/* What a thread that was left to itself holds is no leak: waits for it to end,
 * where that can be told. */
static void
await_threads(void)
{
	double begun = clock_monotonic();
	unsigned int entries;

	do {
		DIR *tasks = opendir("/proc/self/task");

		if (tasks == NULL)
			return;
		for (entries = 0; readdir(tasks) != NULL; entries++)
			continue;
		closedir(tasks);
		assert_true(clock_monotonic() - begun < 60);
	} while (entries > 3); /* . and .. and main's */
}

static void
test_inbox_silence(void **state)
{
	static char path[32];
	static char *files[] = {path};
	struct error e = ERROR_INIT;
	struct feed f;
	double begun;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	assert_int_equal(write(fds[1], RECEIPT(5) "\n", sizeof(RECEIPT(5))),
	    (ssize_t)sizeof(RECEIPT(5)));
	f.in = arrivals_open(files, 1, false, &e);
	assert_non_null(f.in);
	expect_receipt(&f, 5);
	begun = clock_monotonic();
	arrivals_take(f.in, 0.3, &f.item);
	assert_int_equal(f.item.kind, ARRIVAL_NOTHING);
	assert_true(clock_monotonic() - begun >= 0.3);
	assert_true(clock_monotonic() - begun < 60);
	arrivals_close(f.in);
	close(fds[0]);
	close(fds[1]);
	await_threads();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_url_of_the_service),
	    cmocka_unit_test(test_url_elsewhere),
	    cmocka_unit_test(test_url_other_path),
	    cmocka_unit_test(test_url_bounds),
	    cmocka_unit_test(test_url_of_the_endpoint),
	    cmocka_unit_test(test_schedule),
	    cmocka_unit_test(test_schedule_short),
	    cmocka_unit_test(test_watch_patience),
	    cmocka_unit_test(test_status_complete),
	    cmocka_unit_test(test_status_states),
	    cmocka_unit_test(test_status_failed_ids),
	    cmocka_unit_test(test_status_cut),
	    cmocka_unit_test(test_status_unreadable),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_inbox_lines),
	    cmocka_unit_test(test_inbox_torn),
	    cmocka_unit_test(test_inbox_long_lines),
	    cmocka_unit_test(test_inbox_many),
	    cmocka_unit_test(test_inbox_missing_file),
	    cmocka_unit_test(test_inbox_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
