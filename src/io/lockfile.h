/*
 * lockfile.h: a file that is kept, not replaced: processes share it, so it is
 * locked as a whole, read and added to in place, and cut where one of them
 * died while it wrote.
 *
 * A lock is POSIX's: it keeps out processes that ask for it too, not threads
 * of this one, and it is gone as soon as this process closes any descriptor of
 * the file, also one that it had opened only to read.
 *
 * Without a struct error -1 leaves errno: the caller knows what it was for.
 */
#ifndef TP_IO_LOCKFILE_H
#define TP_IO_LOCKFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/error.h"

struct lockfile {
	int fd;		 /* -1: not open */
	char *path;	 /* owned */
	char shown[512]; /* the path, escaped for messages */
};

#define LOCKFILE_INIT     \
	{                 \
		-1, NULL, \
		{         \
			0 \
		}         \
	}

/* Copies path, and opens nothing.  -1: no memory.  To be freed in any case. */
int lockfile_init(struct lockfile *f, const char *path, struct error *e);
/* Closes it, if it is open; unlocks it so. */
void lockfile_close(struct lockfile *f);
/* … and frees what it owns. */
void lockfile_free(struct lockfile *f);

/*
 * Opens it to be read and written, below that folder (AT_FDCWD: the current
 * one), with more flags (O_CREAT: mode 0600).  Never through a symbolic link
 * at its last step: ELOOP.
 */
int lockfile_open(struct lockfile *f, int folder, int flags);

/*
 * Opens it in the current folder, a regular file, and locks it for this process
 * alone: the one that has the name then, as somebody may have removed or moved
 * it before.  what: "journal", in messages.  -1 with EXIT_USAGE.
 */
int lockfile_take(
    struct lockfile *f, int flags, const char *what, struct error *e);

/* Is it the file of that name? */
bool lockfile_is(const struct lockfile *f, const char *path);

/* Waits for the lock until stop, asked as base/wait.h describes it, says to
 * give up: 1. */
int lockfile_lock(const struct lockfile *f, bool (*stop)(void *arg), void *arg);
/* -1 with EXIT_LOCAL: what that 1 was about, and who holds the lock. */
int lockfile_give_up(const struct lockfile *f, struct error *e);
/* Of all files: what is told, once, of each wait that takes more than a second.
 * From any thread.  To be set before there are threads; NULL: nobody is. */
void lockfile_on_wait(void (*tell)(void *arg, const char *text), void *arg);
/* 1: another process has it. */
int lockfile_try_lock(const struct lockfile *f);
void lockfile_unlock(const struct lockfile *f);
/* The process that has it; 0: none, or it cannot be told. */
pid_t lockfile_holder(const struct lockfile *f);

/* n bytes from there on; fewer: the file has no more. */
ptrdiff_t lockfile_read(const struct lockfile *f, off_t at, void *to, size_t n);
/* All n bytes, where the last read or write ended; or there. */
int lockfile_write(const struct lockfile *f, const void *data, size_t n);
int lockfile_write_at(
    const struct lockfile *f, off_t at, const void *data, size_t n);
/* Ends it there, on disk. */
int lockfile_cut(const struct lockfile *f, off_t at);

/* What is wrong with it, with its name: both return -1.  The first has
 * EXIT_USAGE, the second the text of errno. */
int lockfile_refuse(const struct lockfile *f, struct error *e, const char *why);
int lockfile_fail(const struct lockfile *f, struct error *e,
    enum exit_code code, const char *what);
/* After lockfile_open: of a symbolic link, that; else what. */
int lockfile_fail_open(
    const struct lockfile *f, struct error *e, const char *what);

#endif
