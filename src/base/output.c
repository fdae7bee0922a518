#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/signals.h"
#include "base/sys.h"

int
output_open(struct output *o, int fd, const char *name, struct error *e)
{
	o->fd = fd;
	o->broken = o->failed = false;
	o->written = 0;
	o->digest = NULL;
	snprintf(o->name, sizeof(o->name), "%s", name);
	buffer_init(&o->pending, OUTPUT_BUFFER);
#ifdef F_SETPIPE_SZ
	/* Fewer turns between writer and reader; a refusal does no harm. */
	(void)fcntl(fd, F_SETPIPE_SZ, 1 << 20);
#endif
	if (buffer_reserve(&o->pending, OUTPUT_BUFFER) != 0)
		return error_errno(e, EXIT_LOCAL, "%s", name);
	return 0;
}

/*
 * Waits until the reader takes more.  A signal may be blocked in this thread,
 * and then interrupts neither this nor a write; it is looked for now and then.
 * -1 with EINTR: one came.
 */
static int
wait_writable(int fd)
{
	struct pollfd p = {fd, POLLOUT, 0};
	int ready;

	do {
		ready = poll(&p, 1, 500);
		if (ready > 0 || (ready < 0 && errno != EINTR) ||
		    (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
			return 0; /* what is wrong the write will tell */
	} while (signals_pending() == 0);
	errno = EINTR;
	return -1;
}

static int
write_all(struct output *o, const char *data, size_t n, struct error *e)
{
	while (n > 0) {
		ssize_t done = wait_writable(o->fd);

		if (done == 0)
			done = sys_write(o->fd, data, n);
		if (done < 0 && errno == EINTR && signals_pending() == 0)
			continue;
		if (done < 0) {
			o->broken = errno == EPIPE;
			o->failed = true;
			return error_errno(
			    e, EXIT_LOCAL, "cannot write to %s", o->name);
		}
		data += done;
		n -= (size_t)done;
	}
	return 0;
}

int
output_flush(struct output *o, struct error *e)
{
	size_t n = o->pending.len;

	/* Something is missing in front of what waits now. */
	if (o->failed)
		return error_set(e, EXIT_LOCAL, "cannot write to %s", o->name);
	o->pending.len = 0;
	return write_all(o, o->pending.data, n, e);
}

int
output_begin_seal(struct output *o, struct error *e)
{
	o->digest = sha256_new();
	return o->digest == NULL ? error_set(e, EXIT_LOCAL, "out of memory")
				 : 0;
}

int
output_seal(
    struct output *o, enum seal_form form, uint64_t rows, struct error *e)
{
	struct seal seal = {rows, o->written, ""};
	char line[SEAL_MAX];
	size_t n;

	if (o->digest == NULL)
		return 0;
	sha256_take(o->digest, seal.sha256);
	n = seal_format(&seal, form, line);
	return output_write(o, line, n, e);
}

int
output_write(struct output *o, const void *data, size_t n, struct error *e)
{
	o->written += n;
	if (o->digest != NULL)
		sha256_add(o->digest, data, n);
	if (n > OUTPUT_BUFFER - o->pending.len && output_flush(o, e) != 0)
		return -1;
	if (n >= OUTPUT_BUFFER / 8)
		return output_flush(o, e) != 0 ? -1 : write_all(o, data, n, e);
	buffer_add(&o->pending, data, n); /* fits: it was reserved */
	return 0;
}

int
output_line(struct output *o, char *line, size_t n, struct error *e)
{
	int result;

	if (line == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	result = output_write(o, line, n, e);
	free(line);
	return result;
}

/* What is allocated beside the descriptor. */
static void
release(struct output *o)
{
	o->fd = -1;
	buffer_free(&o->pending);
	sha256_free(o->digest);
	o->digest = NULL;
}

void
output_abandon(struct output *o)
{
	if (o->fd >= 0)
		(void)sys_close(o->fd);
	release(o);
}

int
output_close(struct output *o, struct error *e)
{
	int result = 0;

	if (o->fd < 0)
		return 0;
	if (o->pending.data != NULL)
		result = output_flush(o, e);
	if (sys_close(o->fd) != 0 && result == 0)
		result = error_errno(
		    e, EXIT_LOCAL, "cannot finish writing %s", o->name);
	release(o);
	return result;
}
