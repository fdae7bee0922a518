/*
 * Rows grouped by identifier, texts brought into order, in memory and from
 * disk, and a set of identifiers: against what was put in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "keyed/groups.h"
#include "keyed/hash.h"
#include "keyed/idset.h"
#include "keyed/order.h"
#include "keyed/spool.h"

enum { LEAST = 1 << 20 };

/* The text of row i: as long as that says. */
static size_t
text_of(char *to, uint64_t i)
{
	size_t n = (size_t)(i * 37 % 151);

	memset(to, (int)('a' + i % 26), n);
	return n;
}

/* Adds n rows, row i of the identifier i * 7919 % ids, and takes them back. */
static void
group(uint64_t n, uint64_t ids, size_t memory, bool ordered)
{
	struct error e = ERROR_INIT;
	struct spool *s = spool_new(&e);
	struct groups *g = groups_new(memory, s, &e);
	char *seen = calloc(n, 1), text[151], wanted[151], id[24];
	uint64_t i, groups = 0, before = 0, rows;
	struct hash_key key;
	struct group_row row;
	struct group it;

	assert_int_equal(hash_draw_key(&key, &e), 0);
	for (i = 0; i < n; i++) {
		int len = snprintf(id, sizeof(id), "%llu",
		    (unsigned long long)(i * 7919 % ids));
		struct hash h = hash_text(&key, id, (size_t)len);

		assert_int_equal(groups_add(g, &h, i, (uint32_t)(i % 5), text,
				     text_of(text, i), &e),
		    0);
	}
	while (groups_next(g, &it, &e) > 0) {
		uint64_t last = 0;

		if (groups_ordered(g) && groups++ > 0)
			assert_true(it.place > before);
		before = it.place;
		for (rows = 0; groups_row(g, &row, &e) > 0; rows++) {
			if (rows == 0)
				assert_int_equal(row.place, it.place);
			else
				assert_true(row.place > last);
			last = row.place;
			assert_int_equal(
			    row.place * 7919 % ids, it.place * 7919 % ids);
			assert_int_equal(row.source, row.place % 5);
			assert_int_equal(row.n, text_of(wanted, row.place));
			assert_memory_equal(row.text, wanted, row.n);
			assert_int_equal(seen[row.place]++, 0);
			/* What is not asked for is passed over. */
			if (it.place % 11 == 10)
				break;
		}
		if (it.place % 11 != 10)
			assert_int_equal(rows, it.rows);
		else
			memset(seen + it.place, 1, 1);
	}
	assert_int_equal(e.code, EXIT_COMPLETE);
	assert_int_equal(groups_ordered(g), ordered);
	/* All groups came: the first row of each was seen. */
	for (i = 0; i < n && i < ids; i++)
		assert_int_equal(seen[i], 1);
	free(seen);
	groups_free(g);
	spool_free(s);
}

static void
groups_in_memory(void **context)
{
	(void)context;
	group(0, 1, LEAST, true);
	group(1, 1, LEAST, true);
	group(1000, 1000, LEAST, true);
	group(3000, 7, LEAST, true);
	group(200000, 150001, (size_t)256 << 20, true);
}

static void
groups_on_disk(void **context)
{
	(void)context;
	/* Once and twice partitioned. */
	group(40000, 39989, LEAST, false);
	group(400000, 399989, LEAST, false);
	/* Few identifiers, so that partitions of one are read row by row. */
	group(200000, 1, LEAST, false);
	group(200000, 2, LEAST, false);
	group(200000, 97, LEAST, false);
}

static void
order(uint64_t n, uint64_t step, size_t memory)
{
	struct error e = ERROR_INIT;
	struct spool *s = spool_new(&e);
	struct order *o = order_new(memory, s, &e);
	char text[151], wanted[151];
	struct order_item item;
	uint64_t i;

	/* Each place below n once, if step and n have no common divisor. */
	for (i = 0; i < n; i++) {
		uint64_t place = i * step % n;

		assert_int_equal(
		    order_add(o, place, text, text_of(text, place), &e), 0);
	}
	for (i = 0; order_next(o, &item, &e) > 0; i++) {
		assert_int_equal(item.place, i);
		assert_int_equal(item.n, text_of(wanted, i));
		assert_memory_equal(item.text, wanted, item.n);
	}
	assert_int_equal(i, n);
	assert_int_equal(e.code, EXIT_COMPLETE);
	order_free(o);
	spool_free(s);
}

static void
orders(void **context)
{
	(void)context;
	order(0, 1, LEAST);
	order(1, 1, LEAST);
	order(2003, 1, LEAST);
	order(2003, 1009, LEAST);
	/* A few runs, and so many that some are merged in between. */
	order(50021, 50021 - 1, LEAST);
	order(600011, 7919, LEAST);
}

/* n identifiers, each of them twice. */
static void
hold(uint64_t n)
{
	const struct hash none = {0, 0}, next = {UINT64_C(1) << 40, 0};
	struct error e = ERROR_INIT;
	struct idset *s = idset_new(&e);
	struct hash_key key;
	struct hash id;
	uint64_t i;

	assert_int_equal(hash_draw_key(&key, &e), 0);
	for (i = 0; i < 2 * n; i++) {
		uint64_t text = i % n;

		id = hash_text(&key, (const char *)&text, sizeof(text));
		assert_int_equal(idset_has(s, &id), i >= n);
		assert_int_equal(idset_add(s, &id, &e), 0);
		assert_int_equal(idset_count(s), i < n ? i + 1 : n);
	}
	for (i = 0; i < 2 * n; i++) {
		id = hash_text(&key, (const char *)&i, sizeof(i));
		idset_expect(s, &id);
		assert_int_equal(idset_has(s, &id), i < n);
	}
	/* Zeros, which a free slot has, and one that belongs to the same slot.
	 */
	assert_false(idset_has(s, &none));
	assert_int_equal(idset_add(s, &next, &e), 0);
	assert_false(idset_has(s, &none));
	assert_int_equal(idset_add(s, &none, &e), 0);
	assert_true(idset_has(s, &none));
	assert_true(idset_has(s, &next));
	assert_int_equal(idset_count(s), n + 2);
	idset_free(s);
}

static void
sets(void **context)
{
	(void)context;
	hold(0);
	hold(1);
	/* Up to where it grows, and past it. */
	hold(832);
	hold(833);
	hold(1700);
	hold(300000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(groups_in_memory),
	    cmocka_unit_test(groups_on_disk),
	    cmocka_unit_test(orders),
	    cmocka_unit_test(sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
