#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/safety.h"
#include "base/signals.h"
#include "base/sys.h"
#include "base/wait.h"

/* That a signal can end what waits for the reader. */
static void
prepare_waits(struct output *o)
{
	int own;

	o->nonblocking = false;
	o->waits = wait_is_needed(o->fd, true);
	if (!o->waits)
		return;
	if (o->fd > STDERR_FILENO) { /* opened by us */
		o->nonblocking = (fcntl(o->fd, F_GETFL) & O_NONBLOCK) != 0;
		return;
	}
	own = wait_reopen(o->fd);
	if (own < 0)
		return;
	o->nonblocking = dup2(own, o->fd) >= 0;
	(void)sys_close(own);
}

int
output_open(struct output *o, int fd, const char *name, struct error *e)
{
	o->fd = fd;
	o->broken = o->failed = false;
	o->written = 0;
	o->digest = NULL;
	o->gzip = NULL;
	snprintf(o->name, sizeof(o->name), "%s", name);
	buffer_init(&o->pending, OUTPUT_BUFFER);
#ifdef F_SETPIPE_SZ
	/* Fewer turns between writer and reader; a refusal does no harm. */
	(void)fcntl(fd, F_SETPIPE_SZ, 1 << 20);
#endif
	prepare_waits(o);
	if (buffer_reserve(&o->pending, OUTPUT_BUFFER) != 0)
		return error_errno(e, EXIT_LOCAL, "%s", name);
	return 0;
}

static ssize_t
write_some(struct output *o, const char *data, size_t n)
{
	ssize_t done;

	if (SAFETY("poll-before-write", o->waits, false))
		return wait_write(o->fd, o->nonblocking, data, n, NULL, NULL);
	do
		done = sys_write(o->fd, data, n);
	while (done < 0 && errno == EINTR && signals_pending() == 0);
	return done;
}

static int
write_all(struct output *o, const char *data, size_t n, struct error *e)
{
	while (n > 0) {
		ssize_t done = SAFETY("write-checked", write_some(o, data, n),
		    ((void)write_some(o, data, n), (ssize_t)n));

		if (done < 0) {
			o->broken = errno == EPIPE;
			o->failed = true;
			if (errno == EINTR)
				return error_set(e, EXIT_LOCAL,
				    "interrupted while waiting to write to %s",
				    o->name);
			return error_errno(
			    e, EXIT_LOCAL, "cannot write to %s", o->name);
		}
		data += done;
		n -= (size_t)done;
	}
	return 0;
}

/* To the descriptor, compressed if that is wanted. */
static int
put(struct output *o, const char *data, size_t n, bool end, struct error *e)
{
	const char *piece;
	size_t len;

	if (o->gzip == NULL)
		return write_all(o, data, n, e);
	gzip_give(o->gzip, data, n, end);
	while (gzip_take(o->gzip, &piece, &len))
		if (write_all(o, piece, len, e) != 0)
			return -1;
	return 0;
}

int
output_begin_gzip(struct output *o, struct error *e)
{
	o->gzip = gzip_new();
	return o->gzip == NULL ? error_set(e, EXIT_LOCAL, "out of memory") : 0;
}

int
output_end_gzip(struct output *o, struct error *e)
{
	if (o->gzip == NULL)
		return 0;
	if (output_flush(o, e) != 0)
		return -1;
	return put(o, NULL, 0, true, e);
}

int
output_flush(struct output *o, struct error *e)
{
	size_t n = o->pending.len;

	/* Something is missing in front of what waits now. */
	if (SAFETY("nothing-behind-a-gap", o->failed, false))
		return error_set(e, EXIT_LOCAL, "cannot write to %s", o->name);
	o->pending.len = 0;
	return put(o, o->pending.data, n, false, e);
}

int
output_begin_seal(struct output *o, struct error *e)
{
	o->digest = sha256_new();
	return o->digest == NULL ? error_set(e, EXIT_LOCAL, "out of memory")
				 : 0;
}

static int
write_seal(
    struct output *o, enum seal_form form, struct seal *s, struct error *e)
{
	char line[SEAL_MAX];
	size_t n;

	if (o->digest == NULL)
		return 0;
	sha256_take(o->digest, s->sha256);
	n = seal_format(s, form, line);
	return output_write(o, line, n, e);
}

int
output_seal(
    struct output *o, enum seal_form form, uint64_t rows, struct error *e)
{
	struct seal seal = {rows, o->written, "", ""};

	return write_seal(o, form, &seal, e);
}

int
output_seal_delta(struct output *o, uint64_t rows, const char delta[SHA256_HEX],
    struct error *e)
{
	struct seal seal = {rows, o->written, "", ""};

	memcpy(seal.delta, delta, sizeof(seal.delta));
	return write_seal(o, SEAL_LINE, &seal, e);
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
		return output_flush(o, e) != 0 ? -1 : put(o, data, n, false, e);
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
	gzip_free(o->gzip);
	o->gzip = NULL;
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
		result = SAFETY("flush-checked", output_flush(o, e), 0);
	if (SAFETY(
		"close-checked", sys_close(o->fd) != 0, sys_close(o->fd) > 0) &&
	    result == 0)
		result = error_errno(
		    e, EXIT_LOCAL, "cannot finish writing %s", o->name);
	release(o);
	return result;
}
