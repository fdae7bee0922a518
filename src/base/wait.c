#include "base/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/signals.h"
#include "base/sys.h"

/* Seconds: how often `stop` is asked, and whether a FIFO has a reader. */
static const double ask_again = 0.1, open_again = 0.05;

/* What poll() may wait: milliseconds, rounded up; -1: for good. */
static int
get_time(double left, bool asked)
{
	if (left >= 0 && !(asked && left > ask_again))
		return left > 3600 ? 3600000 : (int)(left * 1000) + (left > 0);
	return asked ? (int)(ask_again * 1000) : -1;
}

enum wait_end
wait_for(
    int fd, short events, double seconds, bool (*stop)(void *arg), void *arg)
{
	double until = seconds < 0 ? 0 : clock_monotonic() + seconds;

	for (;;) {
		/* Once it has come, the pipe would end each wait at once. */
		bool came = signals_pending() != 0;
		bool stopped = stop != NULL ? stop(arg) : came;
		double left = seconds < 0 ? -1 : until - clock_monotonic();
		struct pollfd p[2] = {
		    {fd, events, 0}, {came ? -1 : signals_fd(), POLLIN, 0}};
		int result;

		if (seconds >= 0 && left < 0)
			left = 0;
		result = poll(p, 2, stopped ? 0 : get_time(left, stop != NULL));
		if (fd >= 0 &&
		    (p[0].revents != 0 || (result < 0 && errno != EINTR)))
			return WAIT_READY;
		if (stopped)
			return WAIT_STOPPED;
		if (left == 0)
			return WAIT_OVER;
	}
}

int
wait_open(const char *path, int flags, mode_t mode)
{
	struct stat st;
	int fd;

	/* Of a file that a lease is on, O_NONBLOCK would not wait. */
	if (stat(path, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return sys_open(path, flags, mode);
	for (;;) {
		fd = sys_open(path, flags | O_NONBLOCK, mode);
		/* ENXIO: nobody has opened the FIFO to read it. */
		if (fd >= 0 || errno != ENXIO || !S_ISFIFO(st.st_mode))
			return fd;
		if (wait_for(-1, 0, open_again, NULL, NULL) == WAIT_STOPPED) {
			errno = EINTR;
			return -1;
		}
	}
}

bool
wait_is_needed(int fd, bool to_write)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st) != 0 ||
	    (flags & O_ACCMODE) == (to_write ? O_RDONLY : O_WRONLY))
		return false;
	if (S_ISCHR(st.st_mode))
		return !to_write || isatty(fd) != 0;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
}

/*
 * A FIFO that was opened with O_NONBLOCK and has no writer yet reads as ended;
 * poll() waits for the first one (Linux and the BSDs), hence it comes first.
 */
ssize_t
wait_read(int fd, void *buf, size_t n)
{
	for (;;) {
		ssize_t got;

		if (wait_for(fd, POLLIN, -1, NULL, NULL) == WAIT_STOPPED) {
			errno = EINTR;
			return -1;
		}
		got = sys_read(fd, buf, n);
		if (got >= 0 || (errno != EINTR && errno != EAGAIN))
			return got;
	}
}

/* To open the name of a pseudoterminal's master makes another one. */
static bool
is_master(int fd)
{
#ifdef TIOCGPTN
	unsigned int number;

	return ioctl(fd, TIOCGPTN, &number) == 0;
#else
	return isatty(fd) != 0;
#endif
}

int
wait_reopen(int fd)
{
	struct stat st, other;
	int result;

	if (!wait_is_needed(fd, true) || fstat(fd, &st) != 0 ||
	    S_ISSOCK(st.st_mode) || is_master(fd))
		return -1;
	result = sys_reopen(fd, O_WRONLY | O_NONBLOCK);
	if (result < 0)
		return -1;
	if (fstat(result, &other) == 0 && st.st_dev == other.st_dev &&
	    st.st_ino == other.st_ino &&
	    (fcntl(result, F_GETFL) & O_NONBLOCK) != 0)
		return result;
	(void)sys_close(result);
	return -1;
}

ssize_t
wait_write(int fd, bool nonblocking, const void *data, size_t n,
    bool (*stop)(void *arg), void *arg)
{
	bool wait = !nonblocking;

	/* Where poll() says that there is room for so many, there is. */
	if (!nonblocking && n > PIPE_BUF)
		n = PIPE_BUF;
	for (;;) {
		ssize_t done;

		if (wait &&
		    wait_for(fd, POLLOUT, -1, stop, arg) != WAIT_READY) {
			errno = EINTR;
			return -1;
		}
		done = sys_write(fd, data, n);
		if (done >= 0 || (errno != EINTR && errno != EAGAIN))
			return done;
		/* A terminal may have room, and yet none for this byte. */
		if (wait && errno == EAGAIN)
			(void)wait_for(-1, 0, 0.01, stop, arg);
		wait = true;
	}
}
