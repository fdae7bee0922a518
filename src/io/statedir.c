#include "io/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/escape.h"
#include "base/options.h"
#include "base/sys.h"

static char *
join(const char *folder, const char *below, struct error *e)
{
	size_t size = strlen(folder) + strlen(below) + 1;
	char *path = sys_malloc(size);

	if (path == NULL)
		error_set(e, EXIT_LOCAL, "out of memory");
	else
		snprintf(path, size, "%s%s", folder, below);
	return path;
}

static char *
make_path(struct error *e)
{
	const char *state = options_environment("TP_STATE_DIR");
	const char *xdg = options_environment("XDG_STATE_HOME");
	const char *home = options_environment("HOME");

	if (state != NULL)
		return join(state, "", e);
	/* One that is not absolute does not count: so says XDG. */
	if (xdg != NULL && xdg[0] == '/')
		return join(xdg, "/tp", e);
	if (home != NULL)
		return join(home, "/.local/state/tp", e);
	error_set(e, EXIT_USAGE,
	    "no folder for the state that processes share: set TP_STATE_DIR "
	    "or HOME");
	return NULL;
}

/* With a slash at its end a symbolic link would be followed. */
static void
trim_slashes(char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
}

static int
make_folders(char *path)
{
	char *p = path;

	while ((p = strchr(p + 1, '/')) != NULL) {
		/* Most are there; if one is not, the last tells. */
		*p = '\0';
		(void)sys_mkdir(path, 0700);
		*p = '/';
	}
	return sys_mkdir(path, 0700) != 0 && errno != EEXIST ? -1 : 0;
}

static int
check(int fd, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_errno(e, EXIT_USAGE, "cannot use this folder");
	if (st.st_uid != geteuid())
		return error_set(e, EXIT_USAGE,
		    "this folder belongs to another user; set TP_STATE_DIR to "
		    "one of your own");
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(e, EXIT_USAGE,
		    "others can write to this folder; do: chmod 700");
	return 0;
}

static const char cannot_make[] =
    "cannot make this folder (TP_STATE_DIR can name another)";

/* Could make_folders make it?  Cuts path down to what there is. */
static int
look_above(char *path, struct error *e)
{
	struct stat st;
	char *slash;

	do {
		slash = strrchr(path, '/');
		if (slash != NULL && slash != path)
			*slash = '\0';
		else
			memcpy(path, slash == NULL ? "." : "/", 2);
	} while (stat(path, &st) != 0 && errno == ENOENT);
	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		errno = ENOTDIR;
	else if (access(path, W_OK | X_OK) == 0)
		return STATEDIR_NONE;
	return error_errno(e, EXIT_USAGE, cannot_make);
}

static int
open_folder(char *path, bool make, struct error *e)
{
	struct stat st;
	int fd;

	if (make && make_folders(path) != 0)
		return error_errno(e, EXIT_USAGE, cannot_make);
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0 && !make && lstat(path, &st) != 0)
		return look_above(path, e);
	if (fd < 0)
		return error_errno(e, EXIT_USAGE,
		    "cannot open this as a folder; it may be no symbolic link "
		    "(TP_STATE_DIR can name another)");
	if (check(fd, e) == 0)
		return fd;
	(void)sys_close(fd);
	return -1;
}

static int
open_it(char shown[STATEDIR_SHOWN], bool make, struct error *e)
{
	char *path = make_path(e);
	int fd;

	if (path == NULL)
		return -1;
	trim_slashes(path);
	escape_text(shown, STATEDIR_SHOWN, path, strlen(path));
	fd = open_folder(path, make, e);
	if (fd == -1)
		error_place(e, shown, 0, 0);
	free(path);
	return fd;
}

int
statedir_open(char shown[STATEDIR_SHOWN], struct error *e)
{
	return open_it(shown, true, e);
}

int
statedir_look(char shown[STATEDIR_SHOWN], struct error *e)
{
	return open_it(shown, false, e);
}
