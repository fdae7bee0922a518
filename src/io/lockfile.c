#include "io/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/escape.h"
#include "base/safety.h"
#include "base/sys.h"

int
lockfile_init(struct lockfile *f, const char *path, struct error *e)
{
	f->fd = -1;
	f->path = sys_strdup(path);
	escape_text(f->shown, sizeof(f->shown), path, strlen(path));
	return f->path == NULL ? error_set(e, EXIT_LOCAL, "out of memory") : 0;
}

void
lockfile_close(struct lockfile *f)
{
	if (f->fd >= 0)
		(void)sys_close(f->fd);
	f->fd = -1;
}

void
lockfile_free(struct lockfile *f)
{
	lockfile_close(f);
	free(f->path);
	f->path = NULL;
}

int
lockfile_open(struct lockfile *f, int folder, int flags)
{
	f->fd = sys_openat(folder, f->path,
	    O_RDWR | SAFETY("lock-no-link", O_NOFOLLOW, 0) | O_NOCTTY | flags,
	    0600);
	return f->fd < 0 ? -1 : 0;
}

bool
lockfile_is(const struct lockfile *f, const char *path)
{
	struct stat own, other;

	return stat(path, &other) == 0 && fstat(f->fd, &own) == 0 &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* ---------------------------------------------------------------- locks */

/* Of all of the file; *l becomes what F_GETLK tells. */
static int
lock(const struct lockfile *f, int command, short type, struct flock *l)
{
	int result;

	memset(l, 0, sizeof(*l));
	l->l_type = type;
	l->l_whence = SEEK_SET;
	do
		result = sys_lock(f->fd, command, l);
	while (result != 0 && errno == EINTR);
	return result;
}

/* Seconds: between two tries, at first and at most; until it is told. */
static const double pause_first = 0.002, pause_longest = 0.05;
static const double told_after = 1;

/* Set before there are threads. */
static void (*teller)(void *arg, const char *text);
static void *teller_arg;

void
lockfile_on_wait(void (*tell)(void *arg, const char *text), void *arg)
{
	teller = tell;
	teller_arg = arg;
}

static void
tell_wait(const struct lockfile *f)
{
	long holder = (long)lockfile_holder(f);
	char text[sizeof(f->shown) + 80];

	if (holder != 0)
		snprintf(text, sizeof(text),
		    "waiting for process %ld, which holds the lock of %s",
		    holder, f->shown);
	else
		snprintf(text, sizeof(text),
		    "waiting for the lock of %s, which another process holds",
		    f->shown);
	teller(teller_arg, text);
}

/* By trying over and over: a wait within the system ends with the lock, and a
 * signal may be for another thread. */
int
lockfile_lock(const struct lockfile *f, bool (*stop)(void *arg), void *arg)
{
	double begun = clock_monotonic(), pause = pause_first;
	bool told = teller == NULL;
	int busy;

	while ((busy = lockfile_try_lock(f)) > 0) {
		if (!told && clock_monotonic() - begun > told_after) {
			told = true;
			tell_wait(f);
		}
		if (clock_sleep(pause, stop, arg) != 0)
			return 1;
		pause = pause < pause_longest / 2 ? 2 * pause : pause_longest;
	}
	return busy;
}

int
lockfile_give_up(const struct lockfile *f, struct error *e)
{
	long holder = (long)lockfile_holder(f);

	if (holder != 0)
		error_set(e, EXIT_LOCAL,
		    "gave up waiting for the lock, which process %ld holds",
		    holder);
	else
		error_set(e, EXIT_LOCAL, "gave up waiting for the lock");
	error_place(e, f->shown, 0, 0);
	return -1;
}

int
lockfile_try_lock(const struct lockfile *f)
{
	struct flock l;

	if (lock(f, F_SETLK, F_WRLCK, &l) == 0)
		return 0;
	return errno == EACCES || errno == EAGAIN ? 1 : -1;
}

void
lockfile_unlock(const struct lockfile *f)
{
	struct flock l;

	(void)lock(f, F_SETLK, F_UNLCK, &l);
}

pid_t
lockfile_holder(const struct lockfile *f)
{
	struct flock l;

	if (lock(f, F_GETLK, F_WRLCK, &l) != 0 || l.l_type == F_UNLCK ||
	    l.l_pid < 0)
		return 0;
	return l.l_pid;
}

/* -------------------------------------------------------------- contents */

ptrdiff_t
lockfile_read(const struct lockfile *f, off_t at, void *to, size_t n)
{
	size_t done = 0;

	if (sys_lseek(f->fd, at, SEEK_SET) < 0)
		return -1;
	while (done < n) {
		ssize_t got = sys_read(f->fd, (char *)to + done, n - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ptrdiff_t)done;
}

int
lockfile_write(const struct lockfile *f, const void *data, size_t n)
{
	const char *rest = data;

	while (n > 0) {
		ssize_t done = sys_write(f->fd, rest, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		rest += done;
		n -= (size_t)done;
	}
	return 0;
}

int
lockfile_write_at(
    const struct lockfile *f, off_t at, const void *data, size_t n)
{
	return sys_lseek(f->fd, at, SEEK_SET) < 0 ? -1
						  : lockfile_write(f, data, n);
}

int
lockfile_cut(const struct lockfile *f, off_t at)
{
	if (sys_ftruncate(f->fd, at) != 0 ||
	    SAFETY("fsync-failed-cut", sys_fsync(f->fd) != 0, false))
		return -1;
	return 0;
}

/* -------------------------------------------------------------- messages */

int
lockfile_refuse(const struct lockfile *f, struct error *e, const char *why)
{
	error_set(e, EXIT_USAGE, "%s", why);
	error_place(e, f->shown, 0, 0);
	return -1;
}

int
lockfile_fail(const struct lockfile *f, struct error *e, enum exit_code code,
    const char *what)
{
	error_errno(e, code, "%s", what);
	error_place(e, f->shown, 0, 0);
	return -1;
}

int
lockfile_fail_open(const struct lockfile *f, struct error *e, const char *what)
{
	if (errno == ELOOP)
		return lockfile_refuse(
		    f, e, "this is a symbolic link; name the file");
	return lockfile_fail(f, e, EXIT_USAGE, what);
}

/* ---------------------------------------------------- for one process alone */

static int
open_regular(struct lockfile *f, int flags, const char *what, struct error *e)
{
	char cannot[64];
	struct stat st;

	snprintf(cannot, sizeof(cannot), "cannot use this as the %s", what);
	if (lockfile_open(f, AT_FDCWD, flags) != 0)
		return lockfile_fail_open(f, e, cannot);
	if (fstat(f->fd, &st) != 0)
		return lockfile_fail(f, e, EXIT_USAGE, cannot);
	snprintf(cannot, sizeof(cannot), "the %s must be a regular file", what);
	return S_ISREG(st.st_mode) ? 0 : lockfile_refuse(f, e, cannot);
}

static int
lock_alone(struct lockfile *f, const char *what, struct error *e)
{
	int busy = SAFETY("journal-lock", lockfile_try_lock(f), 0);
	char who[48] = "another process";
	long holder;

	if (busy == 0)
		return 0;
	if (busy < 0)
		return lockfile_fail(f, e, EXIT_USAGE, "cannot lock this");
	holder = (long)lockfile_holder(f);
	if (holder != 0)
		snprintf(who, sizeof(who), "process %ld", holder);
	error_set(e, EXIT_USAGE,
	    "%s uses this %s; run this again when it has ended", who, what);
	error_place(e, f->shown, 0, 0);
	return -1;
}

int
lockfile_take(struct lockfile *f, int flags, const char *what, struct error *e)
{
	for (;;) {
		if (open_regular(f, flags, what, e) != 0 ||
		    lock_alone(f, what, e) != 0)
			return -1;
		if (SAFETY("journal-checked-locked", lockfile_is(f, f->path),
			true))
			return 0;
		lockfile_close(f);
	}
}
