/*
 * What tp-probe makes of the profiles that it may find.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "probe/cases.h"

static const char id[] = "tp-probe-0123-x";

/* The finding in a profile with these values; FINDINGS: none. */
static enum finding
reading(enum case_id c, const char *const values[CASE_VALUES])
{
	ndjson *attributes = ndjson_new(), *object = ndjson_new();
	const struct case_reading *r;
	struct profile p;
	int i;

	for (i = 0; i < CASE_VALUES; i++) {
		ndjson *one = ndjson_new();

		ndjson_set_string(one, "value", values[i]);
		if (values[i] == NULL)
			ndjson_free(one);
		else
			ndjson_set(attributes, case_attributes[i], one);
	}
	ndjson_set(object, "profileAttributes", attributes);
	p.object = object;
	p.attributes = attributes;
	r = case_read(c, id, &p);
	profile_free(&p);
	return r == NULL ? FINDINGS : r->finding;
}

/* Each reading is found in the profile that it is of, and in no other. */
static void
test_readings(void **state)
{
	const char *const strange[CASE_VALUES] = {"strange", "z", NULL};
	const char *const nothing[CASE_VALUES] = {NULL, NULL, NULL};
	int c, i, j;

	(void)state;
	for (c = 0; c < CASES; c++) {
		const struct probe_case *p = &probe_cases[c];

		for (i = 0; p->readings[i].text != NULL; i++) {
			const char *values[CASE_VALUES];
			char text[CASE_VALUES][CASE_TEXT];

			assert_true(i < 3);
			for (j = 0; j < CASE_VALUES; j++) {
				const char *v = p->readings[i].values[j];

				values[j] = v == NULL
						? NULL
						: case_fill(v, id, text[j]);
			}
			assert_int_equal(reading((enum case_id)c, values),
			    p->readings[i].finding);
			/* Something more in it is something else. */
			values[CASE_VALUES - 1] = "more";
			assert_int_equal(
			    reading((enum case_id)c, values), FINDINGS);
		}
		assert_true(i > 0);
		assert_int_equal(reading((enum case_id)c, strange), FINDINGS);
		assert_int_equal(reading((enum case_id)c, nothing), FINDINGS);
	}
}

/* They are what tp-send would send, too: all of them fit, and an id takes the
 * place of each "@". */
static void
test_batches(void **state)
{
	char text[CASE_TEXT], one[CASE_ID], run[CASE_RUN], other[CASE_RUN];
	struct error e = ERROR_INIT;
	int c, k;

	(void)state;
	assert_int_equal(case_new_run(run, &e), 0);
	assert_int_equal(strlen(run), strlen("tp-probe-") + 16);
	assert_int_equal(case_new_run(other, &e), 0);
	assert_string_not_equal(run, other);
	for (c = 0; c < CASES; c++) {
		for (k = 0; k < 2; k++) {
			if (probe_cases[c].batches[k] == NULL)
				continue;
			case_id_text((enum case_id)c, run, one);
			case_fill(probe_cases[c].batches[k], one, text);
			assert_non_null(strstr(text, probe_cases[c].name));
			assert_null(strchr(text, '@'));
			assert_memory_equal(text, "batch=", 6);
			assert_int_equal(text[strlen(text) - 1], '\n');
			assert_true(strlen(text) < CASE_TEXT - 1);
		}
	}
	assert_string_equal(case_fill("a@b@", "ID", text), "aIDbID");
}

static void
test_names(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i < FINDINGS; i++) {
		assert_non_null(finding_name((enum finding)i));
		for (j = 0; j < i; j++)
			assert_string_not_equal(finding_name((enum finding)i),
			    finding_name((enum finding)j));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_readings),
	    cmocka_unit_test(test_batches),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
