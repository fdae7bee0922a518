#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include "base/signals.h"
#include "base/sys.h"

int
output_open(struct output *o, int fd, const char *name, struct error *e)
{
	o->fd = fd;
	o->broken = false;
	o->written = 0;
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

static int
write_all(struct output *o, const char *data, size_t n, struct error *e)
{
	while (n > 0) {
		ssize_t done = sys_write(o->fd, data, n);

		if (done < 0 && errno == EINTR && signals_pending() == 0)
			continue;
		if (done < 0) {
			o->broken = errno == EPIPE;
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

	o->pending.len = 0;
	return write_all(o, o->pending.data, n, e);
}

int
output_write(struct output *o, const void *data, size_t n, struct error *e)
{
	o->written += n;
	if (n > OUTPUT_BUFFER - o->pending.len && output_flush(o, e) != 0)
		return -1;
	if (n >= OUTPUT_BUFFER / 8)
		return output_flush(o, e) != 0 ? -1 : write_all(o, data, n, e);
	buffer_add(&o->pending, data, n); /* fits: it was reserved */
	return 0;
}

void
output_abandon(struct output *o)
{
	if (o->fd >= 0)
		(void)sys_close(o->fd);
	o->fd = -1;
	buffer_free(&o->pending);
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
	o->fd = -1;
	buffer_free(&o->pending);
	return result;
}
