#include "base/console.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/signals.h"
#include "base/sys.h"
#include "base/wait.h"

/* Over all that follows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static enum {
	UNKNOWN,
	WAITING, /* it takes a line when it is ready */
	ANYTIME, /* a regular file, or one that refuses each write */
} way;
static int fd = STDERR_FILENO;

/* Of the time that writes may wait after a signal: what is left of it, in
 * seconds, and since when (0: not yet) the one that runs has waited. */
static double patience = 1;
static double since;

/*
 * A terminal can take a part of a line, and then no more.  Only with
 * O_NONBLOCK does write() return then, and only a description of our own can
 * have that.  If that cannot be had (a terminal of another user, after su),
 * such a write blocks.  No other does: a pipe that poll() calls ready has room
 * for PIPE_BUF bytes.
 */
static void
set_up(void)
{
	int own;

	if (way != UNKNOWN)
		return;
	way = wait_is_needed(fd, true) ? WAITING : ANYTIME;
	own = way == WAITING ? wait_reopen(fd) : -1;
	if (own >= 0)
		fd = own;
}

static bool
is_enough(void *unused)
{
	double now;

	(void)unused;
	if (signals_pending() == 0)
		return false;
	now = clock_monotonic();
	if (since == 0)
		since = now;
	return now - since >= patience;
}

static bool
may_write(double seconds)
{
	return way == ANYTIME ||
	       wait_for(fd, POLLOUT, seconds, is_enough, NULL) == WAIT_READY;
}

void
console_write(const char *text, size_t n)
{
	pthread_mutex_lock(&lock);
	set_up();
	since = 0;
	while (n > 0 && may_write(-1)) {
		ssize_t done = sys_put(fd, text, n < PIPE_BUF ? n : PIPE_BUF);

		if (done > 0) {
			text += done;
			n -= (size_t)done;
		} else if (done == 0 || (errno != EINTR && errno != EAGAIN)) {
			break;
		} else if (errno == EAGAIN) {
			/* Room, and yet none for this byte. */
			(void)wait_for(-1, 0, 0.01, is_enough, NULL);
		}
	}
	if (since != 0)
		patience -= clock_monotonic() - since;
	pthread_mutex_unlock(&lock);
}

void
console_try(const char *text, size_t n)
{
	if (pthread_mutex_trylock(&lock) != 0)
		return;
	set_up();
	since = 0;
	if (may_write(0))
		(void)sys_put(fd, text, n < PIPE_BUF ? n : PIPE_BUF);
	pthread_mutex_unlock(&lock);
}
