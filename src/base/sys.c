#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "config.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/safety.h"

#ifdef TP_FAULT_HOOK

/*
 * TP_FAULT=CALL:N fails the Nth call of that name, TP_FAULT=CALL:N+ that one
 * and every later one; TP_FAULT_COUNT=FILE has the number of calls by name
 * appended at exit.  Only in builds made for the tests.
 */
static struct call {
	const char *name;
	int error;
	unsigned long made;
} calls[] = {{"open", EACCES, 0}, {"read", EIO, 0}, {"write", ENOSPC, 0},
    {"fsync", EIO, 0}, {"ftruncate", EIO, 0}, {"rename", EACCES, 0},
    {"close", EIO, 0}, {"malloc", ENOMEM, 0}, {"mkdir", EACCES, 0},
    {"unlink", EACCES, 0}, {"opendir", EACCES, 0}, {"readdir", EIO, 0},
    {"lseek", EIO, 0}, {"lock", ENOLCK, 0}, {"thread", EAGAIN, 0},
    {"socket", EMFILE, 0}, {"pipe", EMFILE, 0}};
enum {
	OPEN,
	READ,
	WRITE,
	FSYNC,
	FTRUNCATE,
	RENAME,
	CLOSE,
	MALLOC,
	MKDIR,
	UNLINK,
	OPENDIR,
	READDIR,
	LSEEK,
	LOCK,
	THREAD,
	SOCKET,
	PIPE,
	CALLS
};

bool
safety_is_off(const char *name)
{
	const char *off = getenv("SAFETY_OFF");

	return off != NULL && strcmp(off, name) == 0;
}

static void
report(void)
{
	const char *path = getenv("TP_FAULT_COUNT");
	FILE *f = path == NULL ? NULL : fopen(path, "ae");
	int i;

	if (f == NULL)
		return;
	for (i = 0; i < CALLS; i++)
		fprintf(f, "%s %lu\n", calls[i].name, calls[i].made);
	fclose(f);
}

static int
fails(int which)
{
	static int registered;
	const char *spec = getenv("TP_FAULT");
	struct call *c = &calls[which];
	unsigned long n, made;
	char *end;
	size_t len;

	if (__sync_bool_compare_and_swap(&registered, 0, 1))
		atexit(report);
	made = __sync_add_and_fetch(&c->made, 1);
	len = strlen(c->name);
	if (spec == NULL || strncmp(spec, c->name, len) != 0 ||
	    spec[len] != ':')
		return 0;
	n = strtoul(spec + len + 1, &end, 10);
	if (made != n && !(*end == '+' && made > n))
		return 0;
	errno = c->error;
	return 1;
}
#define FAILS(which) fails(which)
#else
#define FAILS(which) 0
#endif

int
sys_guard_standard(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return -1;
	}
	return 0;
}

int
sys_spare(unsigned n)
{
	int list[SYS_SPARE_MAX], fd = 0, number;
	unsigned used = 0;

	while (used < n && (fd = fcntl(2, F_DUPFD_CLOEXEC, 3)) >= 0)
		list[used++] = fd;
	number = errno;
	while (used > 0)
		(void)close(list[--used]);
	errno = number;
	return fd < 0 ? -1 : 0;
}

int
sys_open(const char *path, int flags, mode_t mode)
{
	return FAILS(OPEN) ? -1 : open(path, flags | O_CLOEXEC, mode);
}

int
sys_reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_NOCTTY | O_CLOEXEC);
}

int
sys_openat(int folder, const char *name, int flags, mode_t mode)
{
	return FAILS(OPEN) ? -1 : openat(folder, name, flags | O_CLOEXEC, mode);
}

ssize_t
sys_read(int fd, void *buf, size_t n)
{
	return FAILS(READ) ? -1 : read(fd, buf, n);
}

ssize_t
sys_write(int fd, const void *buf, size_t n)
{
	return FAILS(WRITE) ? -1 : write(fd, buf, n);
}

ssize_t
sys_pread(int fd, void *buf, size_t n, off_t at)
{
	return FAILS(READ) ? -1 : pread(fd, buf, n, at);
}

ssize_t
sys_pwrite(int fd, const void *buf, size_t n, off_t at)
{
	return FAILS(WRITE) ? -1 : pwrite(fd, buf, n, at);
}

ssize_t
sys_put(int fd, const void *buf, size_t n)
{
	return write(fd, buf, n);
}

int
sys_fsync(int fd)
{
	return FAILS(FSYNC) ? -1 : fsync(fd);
}

int
sys_ftruncate(int fd, off_t length)
{
	return FAILS(FTRUNCATE) ? -1 : ftruncate(fd, length);
}

int
sys_rename(const char *from, const char *to)
{
	return FAILS(RENAME) ? -1 : rename(from, to);
}

int
sys_mkdir(const char *path, mode_t mode)
{
	return FAILS(MKDIR) ? -1 : mkdir(path, mode);
}

int
sys_unlink(const char *path)
{
	return FAILS(UNLINK) ? -1 : unlink(path);
}

DIR *
sys_opendir(const char *path)
{
	return FAILS(OPENDIR) ? NULL : opendir(path);
}

struct dirent *
sys_readdir(DIR *folder)
{
	return FAILS(READDIR) ? NULL : readdir(folder);
}

off_t
sys_lseek(int fd, off_t at, int whence)
{
	return FAILS(LSEEK) ? -1 : lseek(fd, at, whence);
}

int
sys_lock(int fd, int command, struct flock *l)
{
	return FAILS(LOCK) ? -1 : fcntl(fd, command, l);
}

int
sys_thread(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = FAILS(THREAD) ? errno : pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed != 0)
		errno = failed;
	return failed != 0 ? -1 : 0;
}

int
sys_socket(int family, int type, int protocol)
{
	int fd = FAILS(SOCKET) ? -1 : socket(family, type, protocol);

	/* SOCK_CLOEXEC came after POSIX.1-2008. */
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

int
sys_pipe(int fd[2])
{
	int i;

	if (FAILS(PIPE) || pipe(fd) != 0)
		return -1;
	for (i = 0; i < 2; i++) {
		/* These cannot fail: both are flags of a new descriptor. */
		(void)fcntl(fd[i], F_SETFD, FD_CLOEXEC);
		(void)fcntl(fd[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

int
sys_close(int fd)
{
	/* As with a real failing close, the descriptor is gone. */
	int failed = FAILS(CLOSE);

	return close(fd) != 0 || failed ? -1 : 0;
}

void *
sys_malloc(size_t n)
{
	return FAILS(MALLOC) ? NULL : malloc(n);
}

void *
sys_calloc(size_t count, size_t n)
{
	return FAILS(MALLOC) ? NULL : calloc(count, n);
}

void *
sys_mmap(size_t n)
{
	void *p = MAP_FAILED;

	if (!FAILS(MALLOC))
		p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

void *
sys_realloc(void *p, size_t n)
{
	return FAILS(MALLOC) ? NULL : realloc(p, n);
}

char *
sys_strdup(const char *s)
{
	return FAILS(MALLOC) ? NULL : strdup(s);
}
