/*
 * sys.h: every call to the system of ours that can fail, in one place.
 *
 * A build with --enable-fault-hook makes the Nth of these calls fail (TP_FAULT,
 * see sys.c), so that tests can show what the programs do then.
 * Otherwise they are the calls themselves.
 *
 * tests/lint keeps all other files from making them directly.  Left out is
 * what only looks (stat, isatty) or only advises (the size of a pipe,
 * posix_fadvise), where nothing is lost if it fails; the sandbox's sockets; and
 * what libcurl does by itself.  sys_reopen and sys_put are never made to fail.
 */
#ifndef TP_BASE_SYS_H
#define TP_BASE_SYS_H

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Of the descriptors 0, 1 and 2, those that were closed when the program
 * began become ones that refuse to be read or written, so that no file of
 * ours takes their number.  -1: that cannot be done.
 */
int sys_guard_standard(void);

/* Can so many more descriptors be opened?  -1 with errno.  At most
 * SYS_SPARE_MAX. */
enum { SYS_SPARE_MAX = 256 };
int sys_spare(unsigned n);

int sys_open(const char *path, int flags, mode_t mode);
/* Another description of an open file, where /proc/self/fd has its name
 * (Linux); -1: it cannot be had, and the one there is has to do. */
int sys_reopen(int fd, int flags);
int sys_openat(int folder, const char *name, int flags, mode_t mode);
ssize_t sys_read(int fd, void *buf, size_t n);
ssize_t sys_write(int fd, const void *buf, size_t n);
ssize_t sys_pread(int fd, void *buf, size_t n, off_t at);
ssize_t sys_pwrite(int fd, const void *buf, size_t n, off_t at);
/* write() where a failure can be told to nobody: standard error, and the byte
 * that a signal handler writes.  Nothing but write(): it may be called there.
 */
ssize_t sys_put(int fd, const void *buf, size_t n);
int sys_fsync(int fd);
int sys_ftruncate(int fd, off_t length);
int sys_rename(const char *from, const char *to);
int sys_mkdir(const char *path, mode_t mode);
int sys_unlink(const char *path);
DIR *sys_opendir(const char *path);
struct dirent *sys_readdir(DIR *folder);
off_t sys_lseek(int fd, off_t at, int whence);
/* fcntl with a command that locks. */
int sys_lock(int fd, int command, struct flock *l);
/* Starts a thread with the default attributes, but without signals: they are
 * for the one that there was.  -1 with errno. */
int sys_thread(pthread_t *thread, void *(*run)(void *arg), void *arg);
int sys_socket(int family, int type, int protocol);
/* Both ends with O_NONBLOCK, and closed on exec. */
int sys_pipe(int fd[2]);
int sys_close(int fd);
void *sys_malloc(size_t n);
void *sys_calloc(size_t count, size_t n);
/* n bytes of memory of their own, all zeros, from the system; NULL: none.
 * munmap gives them back. */
void *sys_mmap(size_t n);
void *sys_realloc(void *p, size_t n);
char *sys_strdup(const char *s);

#endif
