/*
 * The CSV reader: known cases, and each way of reading against the others:
 * libcsv alone, every scan kernel, whole and cut into small pieces.
 *
 * TP_TEST_RECORDS=N compares about N generated records (default 200,000);
 * TP_TEST_SEED=N begins elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "csv/reader.h"
#include "csv/window.h"
#include "csv/scan.h"
#include "given.h"

static uint64_t state = 1;

static unsigned int
below(unsigned int n)
{
	/* xorshift64*: the same on every machine */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned int)((state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

/* One record as a line of text, whatever way it was read. */
static void
print(struct buffer *out, const struct csv_record *r)
{
	char line[128];
	size_t i;

	snprintf(line, sizeof(line), "%d@%llu+%zu/%zu!%zu #%zu", r->fault,
	    (unsigned long long)r->line, r->len, r->ending, r->bad, r->fields);
	buffer_add(out, line, strlen(line));
	for (i = 0; i < r->fields; i++) {
		const struct csv_field *f = &r->field[i];

		snprintf(line, sizeof(line), " %u-%u[", f->start, f->end);
		buffer_add(out, line, strlen(line));
		buffer_add(out, f->text, f->len);
		buffer_add(out, "]", 1);
	}
	buffer_add(out, "\n", 1);
}

/* A good record is cut by its text alone as it was with an index. */
static void
read_again(const struct csv_dialect *d, const struct csv_record *r)
{
	struct csv_fields fields = {NULL, 0, 0};
	struct buffer text;
	size_t i;

	if (r->fault != CSV_GOOD)
		return;
	buffer_init(&text, SIZE_MAX / 2);
	assert_int_equal(
	    csv_fields_read(&fields, d, r->raw, r->len - r->ending, &text), 0);
	assert_int_equal(fields.n, r->fields);
	for (i = 0; i < fields.n && i < CSV_MAX_FIELDS; i++) {
		const struct csv_field *a = &fields.field[i], *b = &r->field[i];

		assert_int_equal(a->start, b->start);
		assert_int_equal(a->end, b->end);
		assert_int_equal(a->len, b->len);
		assert_memory_equal(a->text, b->text, a->len);
	}
	csv_fields_free(&fields);
	buffer_free(&text);
}

struct way {
	enum kernel kernel;
	size_t piece;
	struct csv_dialect dialect;
};

/* Everything that reading gives, and whether no byte was lost. */
static size_t
read_all(const struct way *w, const char *text, size_t n, struct buffer *out)
{
	struct error e = ERROR_INIT;
	struct csv_reader *r;
	struct input *in;
	struct csv_record record;
	const char *piece;
	size_t records = 0, len;
	int got;

	given_stdin(text, n, w->piece);
	kernel_use(w->kernel);
	out->len = 0;
	r = csv_reader_new(&w->dialect, &e);
	assert_non_null(r);
	in = input_open("-", &e);
	if (in == NULL) { /* it began like something packed */
		csv_reader_free(r);
		return 0;
	}
	csv_reader_start(r, in);
	while ((got = csv_reader_next(r, &record, &e)) > 0) {
		if (records++ == 0 && record.fault == CSV_GOOD)
			csv_reader_set_columns(r, record.fields);
		read_again(&w->dialect, &record);
		if (record.fault != CSV_TOO_LONG) {
			print(out, &record);
			continue;
		}
		/* Its pieces differ, their sum does not. */
		len = record.len;
		while ((got = csv_reader_rest(r, &piece, &len, &e)) > 0)
			record.len += len;
		assert_int_equal(got, 0);
		record.ending = 0;
		print(out, &record);
	}
	buffer_add(out, e.text, strlen(e.text));
	buffer_add(out, "", 1);
	csv_reader_free(r);
	input_close(in);
	return records;
}

static size_t
generate(char *text, size_t max)
{
	static const char *const pieces[] = {",", ",", ",", "\n", "\n", "\r\n",
	    "\"", "\"", "\"\"", "a", "bc", " ", "\t", "\r", "\xc3\xa9", "\xff",
	    "x,y", "\",\"", "\"\n", "\n\"", "\0", "--------",
	    "0123456789abcdefghijklmnopqrstuvwxyz"};
	size_t n = 0, count = 1 + below(60);

	while (count-- > 0) {
		unsigned int i = below(sizeof(pieces) / sizeof(pieces[0]));
		size_t len = strlen(pieces[i]);

		if (len == 0)
			len = 1;
		if (n + len > max)
			break;
		memcpy(text + n, pieces[i], len);
		n += len;
	}
	return n;
}

static void
show(const char *title, const char *text, size_t n)
{
	size_t i;

	printf("%s:\n", title);
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c < 0x7f)
			putchar(c);
		else
			printf(c == '\n' ? "\\n\n" : "\\x%02x", c);
	}
	putchar('\n');
}

static void
ways_agree(void **context)
{
	const char *wanted = getenv("TP_TEST_RECORDS");
	const char *seed = getenv("TP_TEST_SEED");
	size_t goal = wanted == NULL ? 200000 : strtoul(wanted, NULL, 10);
	size_t records = 0;
	struct buffer expected, got;
	char text[1024];

	(void)context;
	state = seed == NULL ? 1 : strtoul(seed, NULL, 10);
	buffer_init(&expected, 1 << 24);
	buffer_init(&got, 1 << 24);
	while (records < goal) {
		size_t n = generate(text, sizeof(text));
		struct way w = {KERNEL_LIBCSV, 0, CSV_DIALECT_INIT};
		const struct csv_kernel *k;

		w.dialect.trim = below(4) == 0;
		if (below(4) == 0)
			w.dialect.max_record = 1 + below(100);
		if (below(8) == 0)
			w.dialect.delimiter = '\t';
		read_all(&w, text, n, &expected);
		for (k = csv_kernels; k->scan != NULL; k++) {
			if (!kernel_is_usable(k->kernel))
				continue;
			w.kernel = k->kernel;
			/* Whole, or cut at each size, small ones oftener. */
			w.piece = below(2) == 0 ? below(6) : below(1024);
			if (w.piece > 0 && n / w.piece >= 250)
				w.piece = 5;
			records += 1 + read_all(&w, text, n, &got);
			if (expected.len == got.len &&
			    memcmp(expected.data, got.data, got.len) == 0)
				continue;
			printf("kernel %s, pieces of %zu, trim %d, max %zu\n",
			    kernel_name(w.kernel), w.piece, w.dialect.trim,
			    w.dialect.max_record);
			show("input", text, n);
			show("libcsv", expected.data, expected.len);
			show("this", got.data, got.len);
			fail();
		}
	}
	buffer_free(&expected);
	buffer_free(&got);
}

/* A record about as long as the window, or as a record may be. */
static void
add_long(struct buffer *text)
{
	size_t goal =
	    text->len + (below(2) == 0 ? WINDOW_SIZE : CSV_MAX_RECORD);

	goal -= below(20);
	buffer_add(text, "1,\"", 3);
	while (text->len + 4 < goal)
		buffer_add(text, "abcdefgh,\n\"\"", below(2) == 0 ? 8 : 12);
	buffer_add(text, "\",x\n", 4);
}

/* Larger than the window, so that rows lie across every seam. */
static void
large_inputs_agree(void **context)
{
	struct buffer text, expected, got;
	const struct csv_kernel *k;
	char piece[256];
	int round;

	(void)context;
	buffer_init(&text, 1 << 24);
	buffer_init(&expected, 1 << 26);
	buffer_init(&got, 1 << 26);
	for (round = 0; round < 6; round++) {
		struct way w = {KERNEL_LIBCSV, 0, CSV_DIALECT_INIT};

		text.len = 0;
		buffer_add(&text, "id,a,b\n", 7);
		while (text.len < 1500000) {
			size_t n;

			if (round > 3) {
				add_long(&text);
				continue;
			}
			if (round == 3) {
				n = generate(piece, sizeof(piece));
			} else {
				n = (size_t)snprintf(piece, sizeof(piece),
				    "%u,\"x%.*s\",%u\n", below(1000000),
				    (int)below(60), "\"\"\n,\"\"\"\"\n,,",
				    below(9));
				if (round == 1 && below(3000) == 0)
					piece[3] = '"';
			}
			buffer_add(&text, piece, n);
		}
		if (round == 2)
			memset(text.data + 100000, 'x', 600000);
		read_all(&w, text.data, text.len, &expected);
		for (k = csv_kernels; k->scan != NULL; k++) {
			if (!kernel_is_usable(k->kernel))
				continue;
			w.kernel = k->kernel;
			read_all(&w, text.data, text.len, &got);
			assert_int_equal(got.len, expected.len);
			assert_memory_equal(got.data, expected.data, got.len);
		}
	}
	buffer_free(&text);
	buffer_free(&expected);
	buffer_free(&got);
}

/* ---------------------------------------------------------- kernels */

enum { BLOCKS = 16, ROWS = 512 };
static uint64_t seps[2][BLOCKS + 1], rares[2][BLOCKS + 1];
static struct csv_row rows[2][ROWS];

/*
 * The portable kernel doubts each byte from 0x80 up.  Another may know better,
 * but not of a row that is not UTF-8.
 */
static void
doubts_enough(const char *text, const struct csv_index *a, struct csv_index *b)
{
	size_t i, begin = 0;

	for (i = 0; i < a->rows; i++) {
		uint32_t end = a->row[i].end;

		if (!utf8_is_valid(text + begin, end - begin))
			assert_true((b->row[i].flags & CSV_ROW_DOUBT) != 0);
		b->row[i].flags &= ~(uint32_t)CSV_ROW_DOUBT;
		b->row[i].flags |= a->row[i].flags & CSV_ROW_DOUBT;
		begin = end + 1;
	}
}

static void
kernels_equal_on(const char *text, size_t n)
{
	struct csv_index a = {seps[0], rares[0], BLOCKS, rows[0], 0, ROWS, 0};
	struct csv_index b = {seps[1], rares[1], BLOCKS, rows[1], 0, ROWS, 0};
	const struct csv_kernel *k = csv_kernels, *last = csv_kernels;

	while (last[1].scan != NULL)
		last++;
	assert_int_equal(last->kernel, KERNEL_PORTABLE);
	last->scan(text, n, ',', '"', &a);
	for (; k != last; k++) {
		if (!kernel_is_usable(k->kernel))
			continue;
		k->scan(text, n, ',', '"', &b);
		assert_int_equal(a.rows, b.rows);
		assert_int_equal(a.scanned, b.scanned);
		assert_memory_equal(a.sep, b.sep, (n + 63) / 64 * 8);
		assert_memory_equal(a.rare, b.rare, (n + 63) / 64 * 8);
		doubts_enough(text, &a, &b);
		assert_memory_equal(a.row, b.row, a.rows * sizeof(*a.row));
	}
}

/* All alignments × lengths 0 to 256. */
static void
kernels_agree(void **context)
{
	static const char bytes[] = "\",\n\r\t \x01\x1f\x7f\x80\xc3\xff"
				    "\0abcABC019;+/=&%";
	char room[64 + 256 + CSV_SCAN_PAD];
	size_t align, n, i;

	(void)context;
	state = 7;
	for (align = 0; align < 64; align++) {
		for (n = 0; n <= 256; n++) {
			for (i = 0; i < sizeof(room); i++)
				room[i] = below(3) == 0
					      ? (char)below(256)
					      : bytes[below(sizeof(bytes) - 1)];
			kernels_equal_on(room + align, n);
		}
	}
}

/* Each byte value in each place of a block is in the masks it belongs to. */
static void
kernels_know_bytes(void **context)
{
	char room[128 + CSV_SCAN_PAD];
	unsigned int byte, at;

	(void)context;
	for (byte = 0; byte < 256; byte++) {
		for (at = 0; at < 64; at++) {
			memset(room, 'a', sizeof(room));
			room[100] = '\n';
			room[at] = (char)byte;
			kernels_equal_on(room, 101);
		}
	}
}

/* What the portable kernel itself must say of a byte. */
static void
kernel_flags_bytes(void **context)
{
	struct csv_index ix = {seps[0], rares[0], BLOCKS, rows[0], 0, ROWS, 0};
	const struct csv_kernel *k = csv_kernels;
	char room[64 + CSV_SCAN_PAD];
	unsigned int b;

	(void)context;
	for (; k->scan != NULL; k++) {
		for (b = 0; kernel_is_usable(k->kernel) && b < 256; b++) {
			uint32_t expected = 0;

			if (b == '\n')
				continue;
			memset(room, 'a', sizeof(room));
			room[9] = '\n';
			room[4] = (char)b;
			if (b == '"')
				expected = CSV_ROW_ODD | CSV_ROW_QUOTED;
			else if (b == '\r')
				expected = CSV_ROW_ODD;
			else if (b >= 0x80)
				expected = CSV_ROW_DOUBT;
			else if (b < 0x20 && b != '\t')
				expected = CSV_ROW_CONTROL;
			k->scan(room, 10, ',', '"', &ix);
			if (b == '"') {
				/* opens, and nothing closes it */
				assert_int_equal(ix.rows, 0);
				continue;
			}
			assert_int_equal(ix.rows, 1);
			assert_int_equal(ix.row[0].flags, expected);
			assert_int_equal(ix.row[0].seps, b == ',' ? 2 : 1);
			assert_int_equal(ix.row[0].end, 9);
			assert_int_equal((ix.rare[0] >> 4) & 1,
			    b <= ' ' || b >= 0x7f || b == '+' || b == '/');
		}
	}
}

/* ------------------------------------------------------------- cases */

static void
expect(const char *text, struct csv_dialect d, const char *expected)
{
	static const enum kernel kernels[] = {KERNEL_LIBCSV, KERNEL_PORTABLE};
	struct buffer out;
	size_t i;

	buffer_init(&out, 1 << 20);
	for (i = 0; i < 2; i++) {
		struct way w = {kernels[i], i, d};

		read_all(&w, text, strlen(text), &out);
		assert_string_equal(out.data, expected);
	}
	buffer_free(&out);
}

static void
known_cases(void **context)
{
	struct csv_dialect d = CSV_DIALECT_INIT;

	(void)context;
	expect("a,b\n1,2", d,
	    "0@1+4/1!0 #2 0-1[a] 2-3[b]\n0@2+4/1!0 #2 0-1[1] 2-3[2]\n");
	expect("a,b\r\n1,2", d,
	    "0@1+5/2!0 #2 0-1[a] 2-3[b]\n0@2+5/2!0 #2 0-1[1] 2-3[2]\n");
	expect("\xef\xbb\xbf"
	       "a\n\n\r\nx\n",
	    d, "0@1+2/1!0 #1 0-1[a]\n0@4+2/1!0 #1 0-1[x]\n");
	expect("a,b\n\"x \"\"y\"\"\nz\",\"\"\n", d,
	    "0@1+4/1!0 #2 0-1[a] 2-3[b]\n"
	    "0@2+15/1!0 #2 0-11[x \"y\"\nz] 12-14[]\n");
	/* spaces belong to the field */
	expect("a,b\n x , y\n", d,
	    "0@1+4/1!0 #2 0-1[a] 2-3[b]\n0@2+7/1!0 #2 0-3[ x ] 4-6[ y]\n");
	expect(
	    "a,b\n\"x\" ,y\n", d, "0@1+4/1!0 #2 0-1[a] 2-3[b]\n1@2+7/1!3 #0\n");
	expect("a,b\n1\r2,x\n\"q\rr\",y\r\r\n", d,
	    "0@1+4/1!0 #2 0-1[a] 2-3[b]\n5@2+6/1!1 #0\n5@3+10/2!7 #0\n");
	d.trim = true;
	expect("a,b\n\"x\" , y \n \t\n", d,
	    "0@1+4/1!0 #2 0-1[a] 2-3[b]\n0@2+9/1!0 #2 0-4[x] 5-8[y]\n");
}

/* A quote that never closes costs its own line. */
static void
recovery(void **context)
{
	struct csv_dialect d = CSV_DIALECT_INIT;
	static const char head[] = "0@1+6/1!0 #3 0-1[a] 2-3[b] 4-5[c]\n";
	char expected[1024];

	(void)context;
	snprintf(expected, sizeof(expected),
	    "%s1@2+5/1!2 #0\n0@3+6/1!0 #3 0-1[3] 2-3[4] 4-5[5]\n"
	    "0@4+8/1!0 #3 0-1[6] 2-5[q] 6-7[7]\n",
	    head);
	expect("a,b,c\n1,\"x\n3,4,5\n6,\"q\",7\n", d, expected);
	/* … at the end of the input */
	snprintf(expected, sizeof(expected),
	    "%s2@2+5/1!2 #0\n0@3+6/1!0 #3 0-1[3] 2-3[4] 4-5[5]\n", head);
	expect("a,b,c\n1,\"x\n3,4,5", d, expected);
	/* … its tail, until a record has every field */
	snprintf(expected, sizeof(expected),
	    "%s2@2+5/1!2 #0\n4@3+2/1!0 #1 0-1[y]\n4@4+1/1!0 #1 0-0[]\n"
	    "0@5+6/1!0 #3 0-1[3] 2-3[4] 4-5[5]\n0@6+2/1!0 #1 0-1[z]\n"
	    "0@7+7/1!0 #3 0-1[6] 2-4[] 5-6[7]\n",
	    head);
	expect("a,b,c\n1,\"x\ny\n\n3,4,5\nz\n6,\"\",7\n", d, expected);
	/* … past the longest record */
	d.max_record = 8;
	snprintf(expected, sizeof(expected),
	    "%s3@2+5/1!2 #0\n0@3+6/1!0 #3 0-1[3] 2-3[4] 4-5[5]\n"
	    "0@4+6/1!0 #3 0-1[3] 2-3[4] 4-5[6]\n",
	    head);
	expect("a,b,c\n1,\"x\n3,4,5\n3,4,6\n", d, expected);
}

/* --max-record from both sides, its line ending not counted. */
static void
longest_record(void **context)
{
	struct csv_dialect d = CSV_DIALECT_INIT;

	(void)context;
	d.max_record = 5;
	expect("a,b\r\n12,45\r\n", d,
	    "0@1+5/2!0 #2 0-1[a] 2-3[b]\n0@2+7/2!0 #2 0-2[12] 3-5[45]\n");
	expect("a,b\n12,456\n1,2\n", d,
	    "0@1+4/1!0 #2 0-1[a] 2-3[b]\n6@2+7/0!5 #0\n"
	    "0@3+4/1!0 #2 0-1[1] 2-3[2]\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_cases),
	    cmocka_unit_test(recovery),
	    cmocka_unit_test(longest_record),
	    cmocka_unit_test(kernels_agree),
	    cmocka_unit_test(kernels_know_bytes),
	    cmocka_unit_test(kernel_flags_bytes),
	    cmocka_unit_test(ways_agree),
	    cmocka_unit_test(large_inputs_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
