#define _GNU_SOURCE /* O_DIRECT pipes keep their pieces apart */
#include "given.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

static void
pipe_pieces(const char *text, size_t n, size_t piece)
{
	int ends[2];
	size_t i;

	assert_int_equal(pipe2(ends, O_DIRECT), 0);
	(void)fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
	assert_true(n / piece < 250);
	for (i = 0; i < n; i += piece) {
		size_t part = n - i < piece ? n - i : piece;

		assert_int_equal(write(ends[1], text + i, part), part);
	}
	close(ends[1]);
	assert_int_equal(dup2(ends[0], 0), 0);
	close(ends[0]);
}

void
given_stdin(const char *text, size_t n, size_t piece)
{
	FILE *f;

	if (piece > 0) {
		pipe_pieces(text, n, piece);
		return;
	}
	f = tmpfile();
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	assert_int_equal(dup2(fileno(f), 0), 0);
	fclose(f);
}

void
given_file(const char *path, const char *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}
