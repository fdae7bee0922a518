/*
 * fuzz-csv.c: for libFuzzer: any bytes as an export, through reader, header
 * and check.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -I. \
 *	    tests/fuzz/fuzz-csv.c src/{profile,csv,io,base}/[a-z]*.c \
 *	    -lcsv -lz -ljansson -lcrypto
 *
 * With -DFUZZ_MAIN, and without fuzzer in -fsanitize, it runs the files that
 * are named on its command line once.
 *
 * The first four bytes choose options.  What is asked: every byte of the input
 * is passed, skipped or rejected, once; every scan kernel and libcsv alone,
 * with the quick look at runs and without, come to the same verdicts.
 */
#define _GNU_SOURCE /* memfd_create */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/buffer.h"
#include "base/diag.h"
#include "csv/scan.h"
#include "profile/check.h"
#include "profile/export.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
demand(int condition)
{
	if (!condition)
		abort();
}

/* What one way of reading came to. */
struct outcome {
	struct buffer passed, skipped, rejects;
	size_t header; /* bytes of it in front of the rejects */
	uint64_t records, rejected, skips, blank;
	uint64_t warned[RULES], rule[RULES];
	char error[768];
};

static void
choose(const unsigned char *byte, struct export_options *o,
    struct check_options *c)
{
	static const char delimiters[] = ",,,;\t|. ";
	static const char *const ids[] = {NULL, NULL, NULL, "a", "b=pcId",
	    "a=thirdPartyId", "pcId", "thirdPartyId"};
	static const size_t longest[] = {1 << 20, 1 << 20, 300, 40};

	o->dialect.delimiter = delimiters[byte[0] & 7];
	o->dialect.quote = (byte[0] & 8) != 0 ? '\'' : '"';
	o->dialect.trim = (byte[0] & 16) != 0;
	o->dialect.max_record = longest[byte[1] & 3];
	o->header.id = ids[(byte[1] >> 2) & 7];
	o->header.strip_prefix = (byte[1] & 32) != 0;
	if ((byte[2] & 1) != 0)
		o->null[o->nulls++] = "NULL";
	if ((byte[2] & 2) != 0)
		o->null[o->nulls++] = "\"\"";
	c->strict = (byte[2] & 4) != 0;
	c->keep_empty = (byte[2] & 8) != 0;
}

static void
add(struct buffer *b, const char *data, size_t n)
{
	demand(buffer_add(b, data, n) == 0);
}

static int
pass_run(struct check *c, struct export *x, struct outcome *o, struct error *e)
{
	struct csv_run run;
	size_t rows;
	int got = export_run(x, &run, e);

	if (got <= 0)
		return got;
	rows = check_run(c, &run);
	if (rows == 0)
		return 0;
	add(&o->passed, run.text + run.start,
	    run.row[rows - 1].end + 1 - run.start);
	export_take(x, rows);
	return 1;
}

static int
pass_record(
    struct check *c, struct export *x, struct outcome *o, struct error *e)
{
	struct csv_record r;
	struct finding f;
	int got = export_next(x, &r, e);

	if (got <= 0)
		return got;
	demand(r.len > 0 && r.raw[r.len - 1] == '\n');
	switch (check_record(c, &r, &f)) {
	case CHECK_PASS:
		add(&o->passed, r.raw, r.len);
		break;
	case CHECK_SKIP:
		add(&o->skipped, r.raw, r.len);
		export_skip(x, 1);
		break;
	case CHECK_REJECT:
		demand(f.rule < RULES && f.offset <= r.len);
		o->rule[f.rule]++;
		demand(export_reject(x, &r, &f, e) == 0);
		break;
	}
	return 1;
}

/* One way of reading; the rejects go to the descriptor. */
static void
read_all(struct export_options *options, const struct check_options *rules,
    enum kernel kernel, int quick, struct outcome *o)
{
	struct error e = ERROR_INIT;
	struct export *x;
	struct check c;
	int got = 0;

	int ends[2], pipe_ok = pipe(ends);
	char path[64], part[4096];
	ssize_t n;

	/* What is no regular file is written in place. */
	demand(pipe_ok == 0 && fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
	options->reject.rejects = path;
	kernel_use(kernel);
	x = export_open(options, &e);
	if (x != NULL)
		o->header =
		    export_header(x)->raw_len + export_header(x)->ending;
	if (x != NULL && check_init(&c, rules, options, x, &e) == 0) {
		do {
			do
				got = quick ? pass_run(&c, x, o, &e) : 0;
			while (got > 0);
			if (got == 0)
				got = pass_record(&c, x, o, &e);
		} while (got > 0);
		o->records = export_records(x);
		o->rejected = export_rejected(x);
		o->skips = export_skipped(x);
		for (got = 0; got < RULES; got++)
			o->warned[got] =
			    export_warning(x, (enum rule)got)->count;
		demand(export_commit(x, &e) == 0 || e.code != EXIT_COMPLETE);
	}
	snprintf(o->error, sizeof(o->error), "%s", e.text);
	export_close(x);
	close(ends[1]);
	while ((n = read(ends[0], part, sizeof(part))) > 0)
		add(&o->rejects, part, (size_t)n);
	demand(n == 0);
	close(ends[0]);
}

static void
count_bytes(size_t count[256], const void *data, size_t n)
{
	const unsigned char *p = data;

	while (n-- > 0)
		count[*p++]++;
}

/* But for blank lines and the ending that an unterminated one is given. */
static void
complete(const struct outcome *o, const unsigned char *data, size_t n)
{
	size_t in[256] = {0}, out[256] = {0};
	int i;

	if (o->error[0] != '\0' || (n > 1 && data[0] == 0x1f))
		return;
	if (n >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		n -= 3;
	}
	count_bytes(in, data, n);
	count_bytes(out, o->passed.data, o->passed.len);
	count_bytes(out, o->skipped.data, o->skipped.len);
	count_bytes(out, o->rejects.data, o->rejects.len);
	for (i = 0; i < 256; i++)
		demand(in[i] == out[i] || strchr("\r\n \t", i) != NULL);
	demand(o->rejects.len >= o->header);
}

static int
same(const struct buffer *a, const struct buffer *b)
{
	return a->len == b->len &&
	       (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void
compare(const struct outcome *a, const struct outcome *b)
{
	demand(strcmp(a->error, b->error) == 0);
	demand(same(&a->passed, &b->passed));
	demand(same(&a->skipped, &b->skipped));
	demand(same(&a->rejects, &b->rejects));
	demand(a->records == b->records && a->rejected == b->rejected);
	demand(a->skips == b->skips);
	demand(memcmp(a->warned, b->warned, sizeof(a->warned)) == 0);
	demand(memcmp(a->rule, b->rule, sizeof(a->rule)) == 0);
}

static int
memory_file(const void *data, size_t n, char path[64])
{
	int fd = memfd_create("fuzz", 0);

	demand(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void
free_outcome(struct outcome *o)
{
	buffer_free(&o->passed);
	buffer_free(&o->skipped);
	buffer_free(&o->rejects);
}

static void
init_outcome(struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	buffer_init(&o->passed, 1 << 24);
	buffer_init(&o->skipped, 1 << 24);
	buffer_init(&o->rejects, 1 << 24);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct export_options options = EXPORT_OPTIONS_INIT;
	struct check_options rules = {0};
	const struct csv_kernel *k;
	struct outcome first, other;
	char path[64], *paths[] = {path};
	int fd, quick;

	if (size < 4 || size > 256 * 1024)
		return 0;
	diag_quiet();
	choose(data, &options, &rules);
	fd = memory_file(data + 4, size - 4, path);
	options.files = paths;
	options.count = 1;
	init_outcome(&first);
	read_all(&options, &rules, KERNEL_LIBCSV, 0, &first);
	demand(first.records >= first.rejected + first.skips);
	complete(&first, data + 4, size - 4);
	for (k = csv_kernels; k->scan != NULL; k++) {
		for (quick = 0; quick < 2 && kernel_is_usable(k->kernel);
		     quick++) {
			init_outcome(&other);
			read_all(&options, &rules, k->kernel, quick, &other);
			compare(&first, &other);
			free_outcome(&other);
		}
	}
	free_outcome(&first);
	close(fd);
	return 0;
}

#ifdef FUZZ_MAIN
int
main(int argc, char **argv)
{
	static unsigned char data[1 << 20];
	int i;

	for (i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		demand(f != NULL);
		LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), f));
		fclose(f);
	}
	return 0;
}
#endif
