/* The parts of tp-sandbox that need no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>
#include "sandbox/fault.h"
#include "sandbox/form.h"
#include "sandbox/limit.h"
#include "sandbox/route.h"
#include "sandbox/rows.h"
#include "sandbox/store.h"
#include "sandbox/update.h"

static void
assert_form(const char *text, enum form_result expected, const char *value)
{
	char body[128], *found = NULL;
	size_t n = 0;

	snprintf(body, sizeof(body), "%s", text);
	assert_int_equal(form_find(body, strlen(text), &found, &n), expected);
	if (expected != FORM_FOUND)
		return;
	assert_int_equal(n, strlen(value));
	assert_memory_equal(found, value, n);
}

static void
test_form_find(void **state)
{
	(void)state;
	assert_form("batch=a,b\n1,2\n", FORM_FOUND, "a,b\n1,2\n");
	assert_form("batch=a,b\n1,2&3\n", FORM_FOUND, "a,b\n1,2");
	assert_form("batch=a=b", FORM_FOUND, "a=b");
	assert_form("batch=&a,b\n", FORM_EMPTY, "");
	assert_form("batch=", FORM_EMPTY, "");
	assert_form("batch", FORM_EMPTY, "");
	assert_form("", FORM_EMPTY, "");
	assert_form("x=1&batch=a", FORM_EMPTY, "");
	assert_form("batch=a%2Cb%0a", FORM_FOUND, "a%2Cb%0a");
	assert_form("batch=50% off", FORM_MALFORMED, "");
	assert_form("batch=a%4", FORM_MALFORMED, "");
	assert_form("batch=a%", FORM_MALFORMED, "");
	assert_form("batch=a%%41", FORM_MALFORMED, "");
	assert_form("batch=a&%zz", FORM_MALFORMED, "");
}

static void
test_form_decode(void **state)
{
	char text[] = "a+b%20c%2Bd%00%C3%a9+";
	size_t n = form_decode(text, strlen(text));

	(void)state;
	assert_int_equal(n, 11);
	assert_memory_equal(text, "a b c+d\0\303\251 ", 11);
}

static void
assert_cell(struct rows *r, const char *expected)
{
	char *text;
	size_t n;

	assert_true(rows_cell(r, &text, &n));
	assert_int_equal(n, strlen(expected));
	assert_memory_equal(text, expected, n);
}

static void
assert_no_cell(struct rows *r)
{
	char *text;
	size_t n;

	assert_false(rows_cell(r, &text, &n));
}

static void
test_rows_first(void **state)
{
	char batch[] = "id,x\n\n1,a%2Cb%0Ac\n2,\n3";
	struct rows r;

	(void)state;
	(void)rows_open(&r, batch, strlen(batch), ROWS_FIRST);
	assert_int_equal(rows_count(&r), 4);
	assert_true(rows_next(&r));
	assert_cell(&r, "id");
	assert_cell(&r, "x");
	assert_no_cell(&r);
	assert_int_equal(rows_count(&r), 3);
	assert_true(rows_next(&r));
	assert_cell(&r, "1");
	assert_cell(&r, "a,b\nc");
	assert_no_cell(&r);
	assert_true(rows_next(&r));
	assert_cell(&r, "2");
	assert_cell(&r, "");
	assert_no_cell(&r);
	assert_true(rows_next(&r));
	assert_cell(&r, "3");
	assert_no_cell(&r);
	assert_false(rows_next(&r));
}

static void
test_form_first(void **state)
{
	char batch[] = "id,x\n1,a%2Cb%0Ac\n";
	struct rows r;

	(void)state;
	(void)rows_open(&r, batch, strlen(batch), FORM_FIRST);
	assert_int_equal(rows_count(&r), 3);
	assert_true(rows_next(&r));
	assert_true(rows_next(&r));
	assert_cell(&r, "1");
	assert_cell(&r, "a");
	assert_cell(&r, "b");
	assert_no_cell(&r);
	assert_true(rows_next(&r));
	assert_cell(&r, "c");
	assert_no_cell(&r);
	assert_false(rows_next(&r));
}

/* No 60 seconds ever hold more than the rate. */
static void
test_limit(void **state)
{
	struct limit l;
	double wait;

	(void)state;
	assert_int_equal(limit_init(&l, 2), 0);
	assert_true(limit_take(&l, 100, &wait));
	assert_true(limit_take(&l, 130, &wait));
	assert_false(limit_take(&l, 159.5, &wait));
	assert_true(wait > 0.49 && wait < 0.51);
	assert_true(limit_take(&l, 160, &wait));
	assert_false(limit_take(&l, 189, &wait));
	assert_true(limit_take(&l, 190, &wait));
	assert_false(limit_take(&l, 190, &wait));
	limit_free(&l);
	assert_int_equal(limit_init(&l, 0), 0);
	assert_true(limit_take(&l, 1, &wait));
	limit_free(&l);
}

static void
test_route(void **state)
{
	static const struct {
		const char *path;
		enum route_kind kind;
		const char *client;
		const char *id;
	} cases[] = {
	    {"/m2/demo/profile/batchUpdate", ROUTE_UPDATE, "demo", NULL},
	    {"/m2/demo/v2/profile/batchUpdate", ROUTE_UPDATE_V2, "demo", NULL},
	    {"/m2/demo/profile/batchStatus", ROUTE_STATUS, "demo", NULL},
	    {"/m2/de mo/profile/batchStatus", ROUTE_NONE, "", NULL},
	    {"/m2//profile/batchStatus", ROUTE_NONE, "", NULL},
	    {"/m2/demo/profile/batchUpdate/", ROUTE_NONE, "", NULL},
	    {"/m2/demo/v2/profile/batchStatus", ROUTE_NONE, "", NULL},
	    {"/rest/v1/profiles/1.0_1", ROUTE_PROFILE, "", "1.0_1"},
	    {"/rest/v1/profiles/thirdPartyId/a/b", ROUTE_PROFILE_THIRD, "",
		"a/b"},
	    {"/rest/v1/profiles/thirdPartyId/", ROUTE_NONE, "", ""},
	    {"/rest/v1/profiles/", ROUTE_NONE, "", ""},
	    {"/", ROUTE_NONE, "", NULL},
	};
	struct route r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		route_find(&r, cases[i].path);
		assert_int_equal(r.kind, cases[i].kind);
		assert_string_equal(r.client, cases[i].client);
		if (cases[i].id != NULL)
			assert_string_equal(r.id, cases[i].id);
	}
	assert_true(route_is_client("demo-1.x"));
	assert_false(route_is_client(""));
	assert_false(route_is_client("a/b"));
}

static void
test_fault_specs(void **state)
{
	static const char *const good[] = {"1:code=503", "*:cut",
	    "2-4:delay=2m", "3-:false=Batch is empty", "1:false", "1:huge",
	    "1:huge=1M", "1:redirect=http://example.com/a:b?c=d,e",
	    "1:code=429,retry-after=Wed, 21 Oct 2026 07:28:00 GMT",
	    "status:1:empty", "status:*:reset-before"};
	static const char *const bad[] = {"", "1", "cut", "0:cut", "1:", ":cut",
	    "2-1:cut", "1-2-3:cut", "-:cut", "a:cut", "1:none", "1:cut=1",
	    "1:code", "1:code=99", "1:code=600", "1:code=", "1:redirect",
	    "1:delay", "1:delay=x", "1:huge=1", "1:cut,retry-after=1",
	    "status:1:stuck", "status:1:reset-mid", "batch:1:cut",
	    "1:code=503 "};
	struct faults f = {NULL};
	const struct fault *one;
	struct error e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(faults_add(&f, good[i], &e), 0);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(faults_add(&f, bad[i], &e), -1);
		assert_int_equal(e.code, EXIT_USAGE);
	}
	for (i = 0, one = f.first; one != NULL; one = one->next)
		i++;
	assert_int_equal(i, sizeof(good) / sizeof(good[0]));
	faults_free(&f);
}

static void
test_fault_find(void **state)
{
	struct faults f = {NULL};
	struct error e = ERROR_INIT;
	const struct fault *found;

	(void)state;
	assert_int_equal(
	    faults_add(&f, "2:code=429,retry-after=7, maybe", &e), 0);
	assert_int_equal(faults_add(&f, "2-3:cut", &e), 0);
	assert_int_equal(faults_add(&f, "3-:delay=5", &e), 0);
	assert_int_equal(faults_add(&f, "*:delay=1", &e), 0);
	assert_int_equal(faults_add(&f, "status:1:html", &e), 0);
	assert_null(faults_find(&f, FAULT_BATCH, 1));
	found = faults_find(&f, FAULT_BATCH, 2);
	assert_int_equal(found->kind, FAULT_CODE);
	assert_int_equal(found->number, 429);
	assert_string_equal(found->retry_after, "7, maybe");
	assert_int_equal(faults_find(&f, FAULT_BATCH, 3)->kind, FAULT_CUT);
	assert_null(faults_find(&f, FAULT_BATCH, 4));
	assert_int_equal(faults_find(&f, FAULT_STATUS, 1)->kind, FAULT_HTML);
	assert_null(faults_find(&f, FAULT_STATUS, 2));
	assert_int_equal(faults_delay(&f, FAULT_BATCH, 2), 1);
	assert_int_equal(faults_delay(&f, FAULT_BATCH, 9), 6);
	assert_int_equal(faults_delay(&f, FAULT_STATUS, 9), 0);
	/* Those that are over find nothing, but can be looked at. */
	faults_end(&f);
	assert_null(faults_find(&f, FAULT_BATCH, 2));
	assert_int_equal(faults_delay(&f, FAULT_BATCH, 9), 0);
	assert_string_equal(found->retry_after, "7, maybe");
	assert_int_equal(faults_add(&f, "2:empty", &e), 0);
	assert_int_equal(faults_find(&f, FAULT_BATCH, 2)->kind, FAULT_EMPTY);
	faults_free(&f);
}

/* A document as JSON. */
static void
assert_document(const struct document *d, const char *expected)
{
	struct buffer out;

	buffer_init(&out, 1 << 20);
	assert_int_equal(document_write(d, &out), 0);
	assert_int_equal(out.len, strlen(expected));
	assert_memory_equal(out.data, expected, out.len);
	buffer_free(&out);
}

static void
test_document(void **state)
{
	static const struct document_name tier = {7, 4}, offer = {2, 5};
	static const char whole[] =
	    "[[7,\"\\\"g\\\\\\u0001\",5,1,8],[2,\"50%\",6,0,8]]";
	struct document d;
	size_t i;

	(void)state;
	document_init(&d);
	assert_document(&d, "[]");
	assert_int_equal(document_set(&d, &tier, "old", 3, 4, false), 0);
	assert_int_equal(document_set(&d, &offer, "50%", 3, 6, false), 0);
	assert_int_equal(document_set(&d, &tier, "\"g\\\1", 4, 5, true), 0);
	assert_document(&d, whole);
	assert_int_equal(d.bytes, 16);
	/* What was written is read back, and nothing that is shorter. */
	assert_int_equal(document_load(&d, whole, sizeof(whole) - 1), 0);
	assert_document(&d, whole);
	assert_int_equal(d.bytes, 16);
	for (i = 0; i < sizeof(whole) - 1; i++)
		assert_int_equal(document_load(&d, whole, i), 1);
	assert_int_equal(document_load(&d, "[]", 2), 0);
	assert_document(&d, "[]");

	assert_int_equal(document_load(&d, whole, sizeof(whole) - 1), 0);
	document_drop_loose(&d);
	assert_document(&d, "[[2,\"50%\",6,0,8]]");
	assert_int_equal(document_set(&d, &tier, "x", 1, 7, true), 0);
	document_tie(&d);
	document_drop_loose(&d);
	assert_document(&d, "[[2,\"50%\",6,0,8],[7,\"x\",7,0,5]]");
	document_free(&d);
}

/* The oldest go first; of equally old ones, those with the lower number. */
static void
test_document_fit(void **state)
{
	static char value[DOCUMENT_MAX];
	struct document_name name = {1, 1};
	struct document d;

	(void)state;
	memset(value, 'x', sizeof(value));
	document_init(&d);
	for (name.number = 1; name.number <= 4; name.number++)
		assert_int_equal(document_set(&d, &name, value, 15999,
				     name.number == 3 ? 1 : 2, false),
		    0);
	assert_int_equal(d.bytes, DOCUMENT_MAX);
	assert_int_equal(document_fit(&d), 0);
	name.number = 9;
	assert_int_equal(document_set(&d, &name, "", 0, 3, false), 0);
	assert_int_equal(document_fit(&d), 1); /* 3 */
	assert_int_equal(d.bytes, 3 * 16000 + 1);
	assert_int_equal(document_set(&d, &name, value, 16000, 3, false), 0);
	assert_int_equal(document_fit(&d), 1); /* 1 */
	assert_int_equal(d.bytes, 2 * 16000 + 16001);
	/* Those that are left are found in their new places. */
	for (name.number = 2; name.number <= 4; name.number += 2)
		assert_int_equal(document_set(&d, &name, "", 0, 3, false), 0);
	assert_int_equal(d.bytes, 1 + 1 + 16001);
	document_free(&d);
}

/* The statuses of a client that are kept, and that others do not count. */
static void
test_store_keeps(void **state)
{
	const struct update_rules rules = {.create = true, .keep = 2};
	struct update_result results[4];
	struct store_batch found;
	struct error e = ERROR_INIT;
	struct store *s = store_open(NULL, 1 << 28, &e);
	const char *clients[] = {"one", "two", "one", "one"};
	const int kept[] = {0, 1, 1, 1};
	size_t i;

	(void)state;
	assert_non_null(s);
	for (i = 0; i < 4; i++) {
		char body[] = "batch=pcId,x\n1,a\n2,\n%FF,b\n";
		struct store_scope scope = {.client = clients[i]};

		assert_int_equal(update_apply(s, &scope, &rules, body,
				     strlen(body), &results[i], &e),
		    0);
		assert_null(results[i].refused);
		assert_int_equal(results[i].batch.failed, 1);
	}
	for (i = 0; i < 4; i++)
		assert_int_equal(store_status(s, clients[i],
				     results[i].batch.id, 1, &found, &e),
		    kept[i]);
	assert_int_equal(found.size, 3);
	assert_int_equal(found.successful, 2);
	assert_int_equal(
	    store_status(s, "one", results[1].batch.id, 1, &found, &e), 0);
	assert_int_equal(store_close(s, &e), 0);
}

/* A limit of the service, from both sides. */
static void
test_update_rows(void **state)
{
	static const char header[] = "batch=pcId,x\n";
	const struct update_rules rules = {.keep = 1};
	struct store_scope scope = {.client = "c"};
	const size_t fixed = sizeof(header) - 1;
	struct update_result result;
	struct error e = ERROR_INIT;
	struct store *s = store_open(NULL, 1 << 28, &e);
	size_t rows, i;
	char *body = test_malloc(fixed + 2 * (UPDATE_MAX_ROWS + 1));

	(void)state;
	for (rows = UPDATE_MAX_ROWS; rows <= UPDATE_MAX_ROWS + 1; rows++) {
		memcpy(body, header, fixed);
		for (i = 0; i < rows; i++)
			memcpy(body + fixed + 2 * i, "1\n", 2);
		assert_int_equal(update_apply(s, &scope, &rules, body,
				     fixed + 2 * rows, &result, &e),
		    0);
		if (rows == UPDATE_MAX_ROWS)
			assert_null(result.refused);
		else
			assert_string_equal(result.refused, "Unexpected error");
	}
	test_free(body);
	assert_int_equal(store_close(s, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_form_find),
	    cmocka_unit_test(test_form_decode),
	    cmocka_unit_test(test_rows_first),
	    cmocka_unit_test(test_form_first),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_route),
	    cmocka_unit_test(test_fault_specs),
	    cmocka_unit_test(test_fault_find),
	    cmocka_unit_test(test_document),
	    cmocka_unit_test(test_document_fit),
	    cmocka_unit_test(test_store_keeps),
	    cmocka_unit_test(test_update_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
