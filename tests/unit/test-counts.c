/*
 * The counts of a run of tp-send: when the service refuses so much that it
 * makes no sense to go on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "send/counts.h"

static bool
tell(struct counts *c, enum receipt_state state, uint64_t from)
{
	const struct receipt r = {.part = {.batch = 1, .from = from, .rows = 1},
	    .result = {.state = state, .fate = FATE_REFUSED, .attempts = 1}};

	return counts_receipt(c, &r, false);
}

/* Calls that were refused: 8 while nothing was accepted. */
static void
test_calls(void **state)
{
	struct counts c = {0};
	int i;

	(void)state;
	for (i = 1; i < COUNTS_REFUSED_CALLS; i++)
		assert_false(counts_refusal(&c, 1));
	assert_null(c.denied);
	assert_true(counts_refusal(&c, 1));
	assert_non_null(c.denied);
}

/* Batches that were: 3 in a row; parts do not count. */
static void
test_batches(void **state)
{
	struct counts c = {0};

	(void)state;
	assert_false(tell(&c, RECEIPT_REFUSED, 0));
	assert_false(tell(&c, RECEIPT_REFUSED, 1));
	assert_false(tell(&c, RECEIPT_REFUSED, 0));
	assert_true(tell(&c, RECEIPT_REFUSED, 0));
}

/* Once something was accepted: 20 calls in a row, over two batches. */
static void
test_later(void **state)
{
	struct counts c = {0};
	int i;

	(void)state;
	assert_false(tell(&c, RECEIPT_ACCEPTED, 0));
	for (i = 0; i < 2 * COUNTS_REFUSED_LATER; i++)
		assert_false(counts_refusal(&c, 2));
	assert_true(counts_refusal(&c, 3));
	assert_false(tell(&c, RECEIPT_ACCEPTED, 0));
	assert_false(counts_refusal(&c, 4));
}

/* That the run has stopped for another reason is not why a batch that was under
 * way is refused: the next run may halve it. */
static void
test_denied_by_another(void **state)
{
	struct counts c = {0};

	(void)state;
	assert_true(counts_denial(&c));
	assert_non_null(c.denied);
	assert_false(counts_refusal(&c, 2));
	assert_false(tell(&c, RECEIPT_REFUSED, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_calls),
	    cmocka_unit_test(test_batches),
	    cmocka_unit_test(test_later),
	    cmocka_unit_test(test_denied_by_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
