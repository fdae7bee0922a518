/*
 * wait.h: waiting, such that a signal ends it: for a descriptor, a reader at
 * the other end of a pipe, a time.
 *
 * What can wait takes a `stop` that is asked before it waits, a few times a
 * second, and as soon as a signal comes: true ends it.  NULL: it ends when a
 * signal has come.
 */
#ifndef TP_BASE_WAIT_H
#define TP_BASE_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum wait_end { WAIT_READY, WAIT_OVER, WAIT_STOPPED };

/*
 * Until the descriptor is ready for those events (POLLIN, POLLOUT), or so many
 * seconds have passed; below 0: however long it takes.  Without a descriptor
 * (-1) it only sleeps.  One that is ready is so also after a signal.  What is
 * wrong with a descriptor makes it ready: the call that follows tells.
 */
enum wait_end wait_for(
    int fd, short events, double seconds, bool (*stop)(void *arg), void *arg);

/*
 * open() that does not wait for the other end of a FIFO while a signal comes:
 * -1 with EINTR then.  What is no regular file gets O_NONBLOCK.
 */
int wait_open(const char *path, int flags, mode_t mode);

/*
 * Whether a read (or a write) can block for long.  No regular file does, nor
 * one that was opened for the opposite: that the call itself tells.
 */
bool wait_is_needed(int fd, bool to_write);

/* read() of a descriptor that can block; -1 with EINTR: a signal came first. */
ssize_t wait_read(int fd, void *buf, size_t n);

/*
 * Another description of this pipe or terminal, for writing, with O_NONBLOCK:
 * to set that on the one there is would set it for all who share it, such as
 * the shell.  -1: that cannot be had.
 */
int wait_reopen(int fd);

/*
 * write() of a descriptor that can block; -1 with EINTR: it was stopped.  It
 * writes some of the bytes, and blocks in poll() alone: with O_NONBLOCK as
 * many as fit, else PIPE_BUF at most.
 */
ssize_t wait_write(int fd, bool nonblocking, const void *data, size_t n,
    bool (*stop)(void *arg), void *arg);

#endif
