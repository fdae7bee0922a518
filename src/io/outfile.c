#include "io/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/number.h"
#include "base/safety.h"
#include "base/signals.h"
#include "base/sys.h"
#include "base/wait.h"

/* Fills f->temporary with a name beside path that no one uses. */
static int
open_temporary(struct outfile *f)
{
	static unsigned int serial;
	const char *slash = strrchr(f->path, '/');
	int folder = slash == NULL ? 0 : (int)(slash - f->path) + 1;
	size_t size = strlen(f->path) + 48;
	int fd, tries;

	f->temporary = sys_malloc(size);
	if (f->temporary == NULL)
		return -1;
	for (tries = 0; tries < 100; tries++) {
		snprintf(f->temporary, size, "%.*s.%s.tmp-%ld-%u", folder,
		    f->path, f->path + folder, (long)getpid(), serial++);
		fd = sys_open(f->temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	if (fd < 0) {
		free(f->temporary);
		f->temporary = NULL;
	}
	return fd;
}

/*
 * Names of an open descriptor: to rename over them would take /dev/stdout
 * away from everyone, even where it now leads to a regular file.
 */
int
outfile_descriptor(const char *path)
{
	static const char *const names[] = {
	    "/dev/stdin", "/dev/stdout", "/dev/stderr"};
	static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
	uint64_t fd;
	size_t i, n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(path, names[i]) == 0)
			return (int)i;
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		n = strlen(folders[i]);
		if (strncmp(path, folders[i], n) == 0 &&
		    number_parse(path + n, 0, INT_MAX, &fd) == 0)
			return (int)fd;
	}
	return -1;
}

/*
 * A file that is open already is written where its descriptor stands: opened
 * once more it would have a second place to write at, and the one would write
 * over what the other has written.
 */
static int
open_in_place(const char *path)
{
	int fd = outfile_descriptor(path);
	struct stat st;

	/* So is /dev/null in place of a standard stream that is closed. */
	if (fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		return -1;
	}
	if (SAFETY("open-file-in-place", fd < 0, true) || fstat(fd, &st) != 0 ||
	    !S_ISREG(st.st_mode))
		return wait_open(path, O_WRONLY | O_APPEND | O_NOCTTY, 0);
	return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

int
outfile_open(struct outfile *f, const char *path, struct error *e)
{
	struct stat st;
	int fd;

	memset(f, 0, sizeof(*f));
	f->out.fd = -1;
	f->path = sys_strdup(path);
	if (f->path == NULL)
		return error_errno(e, EXIT_LOCAL, "%s", path);
	if (outfile_descriptor(path) >= 0 ||
	    (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		fd = open_in_place(path);
	else
		fd = SAFETY("rename-into-place", open_temporary(f),
		    sys_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
	if (fd < 0) {
		if (errno == EINTR)
			signals_interrupt(e);
		error_errno(e, errno == ENOMEM ? EXIT_LOCAL : EXIT_USAGE,
		    "cannot make %s", path);
		outfile_discard(f);
		return -1;
	}
	if (output_open(&f->out, fd, path, e) != 0) {
		outfile_discard(f);
		return -1;
	}
	return 0;
}

int
outfile_look(const char *path, struct error *e)
{
	const char *slash = strrchr(path, '/');
	char *folder = sys_strdup(slash == NULL ? "." : path);
	struct stat st;
	int result = 0;

	if (folder == NULL)
		return error_errno(e, EXIT_LOCAL, "%s", path);
	if (slash != NULL)
		folder[slash - path + 1] = '\0';
	if ((lstat(path, &st) != 0 && errno != ENOENT) ||
	    faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
		result = error_errno(e, EXIT_USAGE, "cannot make %s", path);
	free(folder);
	return result;
}

int
outfile_sync_folder(const char *path, struct error *e)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? sys_strdup(".") : sys_strdup(path);
	int fd, result = 0;

	if (folder == NULL)
		return error_errno(e, EXIT_LOCAL, "%s", path);
	if (slash != NULL)
		folder[slash == path ? 1 : slash - path] = '\0';
	fd = sys_open(folder, O_RDONLY | O_DIRECTORY, 0);
	/* Some file systems cannot sync a folder: they say EINVAL. */
	if (fd < 0 || (SAFETY("fsync-folder",
			  sys_fsync(fd) != 0 && errno != EINVAL, false)))
		result = error_errno(
		    e, EXIT_LOCAL, "cannot write the folder of %s", path);
	if (fd >= 0)
		(void)sys_close(fd);
	free(folder);
	return result;
}

void
outfile_take_back(struct outfile *f, uint64_t n)
{
	struct output *o = &f->out;
	uint64_t flushed = o->written - o->pending.len;

	if (f->path == NULL || n >= o->written)
		return;
	o->pending.len = n > flushed ? (size_t)(n - flushed) : 0;
	o->written = flushed + o->pending.len;
	if (n >= flushed || f->temporary == NULL)
		return;
	o->written = n;
	/* A part is worse than nothing: then it must not appear. */
	if (sys_ftruncate(o->fd, (off_t)n) != 0 ||
	    sys_lseek(o->fd, (off_t)n, SEEK_SET) < 0)
		o->failed = true;
}

static int
take_name(struct outfile *f, struct error *e)
{
	if (SAFETY("rename-checked", sys_rename(f->temporary, f->path) != 0,
		sys_rename(f->temporary, f->path) > 0))
		return error_errno(e, EXIT_LOCAL, "cannot make %s", f->path);
	free(f->temporary);
	f->temporary = NULL;
	if (SAFETY("fsync-folder-of-name", outfile_sync_folder(f->path, e) == 0,
		true))
		return 0;
	/* It may be gone after a power cut: better it never was there. */
	if (SAFETY("withdraw-unsynced-name", true, false))
		(void)sys_unlink(f->path);
	return -1;
}

int
outfile_commit(struct outfile *f, struct error *e)
{
	int result;

	if (f->path == NULL)
		return 0;
	result = output_flush(&f->out, e);
	if (result == 0 && f->temporary != NULL &&
	    SAFETY("fsync-file", sys_fsync(f->out.fd) != 0, false))
		result = error_errno(e, EXIT_LOCAL, "cannot write %s", f->path);
	if (result == 0)
		result = output_close(&f->out, e);
	if (result == 0 && f->temporary != NULL)
		result = take_name(f, e);
	outfile_discard(f);
	return result;
}

void
outfile_discard(struct outfile *f)
{
	output_abandon(&f->out);
	if (f->temporary != NULL)
		(void)SAFETY("temporary-removed", sys_unlink(f->temporary), 0);
	free(f->temporary);
	free(f->path);
	f->temporary = NULL;
	f->path = NULL;
}
