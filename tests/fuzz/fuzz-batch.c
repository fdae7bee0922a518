/*
 * fuzz-batch.c: for libFuzzer: any bytes as a batch stream.
 *
 *	clang -g -fsanitize=fuzzer,address,undefined -Isrc -I. \
 *	    tests/fuzz/fuzz-batch.c src/io/{input,seal}.c \
 *	    src/batch/{comply,comply-avx2,reader}.c src/batch/percent*.c \
 *	    src/base/[a-z]*.c -lz -lcrypto -ljansson
 *
 * What is given out must be what came in, byte for byte, a batch at each
 * "batch=" that begins a line, and a batch without fault must comply.  One at
 * each line that begins with a NUL was not finished, and ends in front of any
 * "batch=".
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "batch/percent.h"
#include "batch/reader.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
demand(int condition)
{
	if (!condition)
		abort();
}

static void
check_torn(const struct batch *b)
{
	size_t at = batch_find(b->body.data, b->body.len);

	demand(b->cut && b->fault.code == EXIT_INPUT);
	demand(b->body.len - at < BATCH_PREFIX_LEN);
}

static void
check(const struct batch *b)
{
	const char *text = b->body.data;
	size_t n = b->body.len, i, rows = 0;

	demand(n >= BATCH_PREFIX_LEN);
	demand(memcmp(text, BATCH_PREFIX, BATCH_PREFIX_LEN) == 0);
	for (i = 1; i < n; i++)
		demand(text[i - 1] != '\n' || !batch_begins(text + i, n - i));
	if (b->fault.code != EXIT_COMPLETE)
		return;
	demand(!b->cut && !b->more && text[n - 1] == '\n');
	demand(percent_valid(text, n) == n);
	for (i = BATCH_PREFIX_LEN; i < n; i++) {
		demand(strchr("\r &+='\"/\t", text[i]) == NULL);
		rows += text[i] == '\n';
		demand(text[i] != '\n' || text[i - 1] != '\n');
	}
	demand(rows == b->rows + 1 && b->rows > 0);
	demand(b->id != BATCH_ID_NONE);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char path[64], *paths[] = {path};
	struct error e = ERROR_INIT;
	struct batch_reader *r;
	struct batch b;
	size_t at = 0;
	int fd, status;

	/* What unpacks, or drops a mark, does not come out as it went in. */
	if (size < 6 || memcmp(data + 1, "atch=", 5) != 0 ||
	    (data[0] != 'b' && data[0] != '\0'))
		return 0;
	/* Nor does what looks like UTF-16. */
	if (data[0] == '\0' &&
	    memchr(data + 1, '\0', size > 64 ? 63 : size - 1) != NULL)
		return 0;
	fd = memfd_create("fuzz", 0);
	demand(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = batch_reader_open(paths, 1, &e);
	demand(r != NULL);
	batch_init(&b);
	while ((status = batch_reader_next(r, &b, &e)) == 1) {
		demand(at + b.body.len <= size);
		demand(memcmp(data + at, b.body.data, b.body.len) == 0);
		at += b.body.len;
		if (b.body.data[0] == '\0')
			check_torn(&b);
		else
			check(&b);
	}
	demand(status == 0 && at == size);
	batch_free(&b);
	batch_reader_close(r);
	close(fd);
	return 0;
}
