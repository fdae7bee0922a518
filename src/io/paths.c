#include "io/paths.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/escape.h"
#include "base/options.h"
#include "base/safety.h"
#include "io/outfile.h"

/* Which file it is. */
struct identity {
	dev_t device;
	ino_t inode;	  /* its own, or while it does not exist */
	const char *name; /* its folder's, and this is its name there */
};

static bool
take(struct identity *id, const struct stat *st, const char *name)
{
	id->device = st->st_dev;
	id->inode = st->st_ino;
	id->name = name;
	return true;
}

/* False: it is no regular file. */
static bool
take_file(struct identity *id, const struct stat *st)
{
	return S_ISREG(st->st_mode) && take(id, st, NULL);
}

static bool
identify_open(int fd, struct identity *id)
{
	struct stat st;

	return fstat(fd, &st) == 0 && take_file(id, &st);
}

/* Its last part; *folder is the one that holds it.  NULL: there is none. */
static const char *
find_folder(const char *path, struct stat *folder)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	char to[PATH_MAX];

	if ((size_t)(name - path) >= sizeof(to))
		return NULL;
	snprintf(to, sizeof(to), "%.*s", (int)(name - path), path);
	return stat(name == path ? "." : to, folder) == 0 ? name : NULL;
}

/* False: it is no regular file, nor will it be. */
static bool
identify(const char *path, struct identity *id)
{
	const char *name;
	struct stat st;

	if (outfile_descriptor(path) >= 0)
		return false;
	if (stat(path, &st) == 0)
		return take_file(id, &st);
	name = find_folder(path, &st);
	return name != NULL && take(id, &st, name);
}

/* By whatever name: to read does not replace what the name stands for. */
static bool
identify_input(const char *path, struct identity *id)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return identify_open(STDIN_FILENO, id);
	return stat(path, &st) == 0 && take_file(id, &st);
}

static bool
is_same(const struct identity *a, const struct identity *b)
{
	if (a->device != b->device || a->inode != b->inode)
		return false;
	if (a->name == NULL || b->name == NULL)
		return a->name == b->name;
	return strcmp(a->name, b->name) == 0;
}

/* What is read may be stdin, by whatever name, or not exist yet. */
static bool
identify_use(const struct path_use *use, struct identity *id)
{
	if (use->kind != PATH_READ)
		return identify(use->path, id);
	return identify_input(use->path, id) ||
	       (strcmp(use->path, "-") != 0 && identify(use->path, id));
}

/* what: "--summary" or "standard output". */
static int
check_inputs(const struct identity *id, const char *what, char *const *inputs,
    size_t count, struct error *e)
{
	static char stdin_name[] = "-";
	char *const from_stdin[] = {stdin_name};
	struct identity other;
	char shown[256];
	size_t i;

	if (inputs != NULL && count == 0) {
		inputs = from_stdin;
		count = 1;
	}
	for (i = 0; i < count; i++) {
		if (SAFETY("output-not-an-input",
			identify_input(inputs[i], &other), false) &&
		    is_same(id, &other))
			return error_set(e, EXIT_USAGE,
			    "%s is the input %s: write to another file", what,
			    escape_text(shown, sizeof(shown), inputs[i],
				strlen(inputs[i])));
	}
	return 0;
}

/* A name that is not what it was meant to be. */
static int
refuse_name(const struct path_use *use, struct error *e)
{
	if (use->path[0] == '\0')
		return options_bad(e, use->option, "", "the name of a file");
	if (strcmp(use->path, "-") != 0)
		return 0;
	return error_set(e, EXIT_USAGE,
	    "--%s -: this would make a file called '-': name it ./-, if that "
	    "is meant%s",
	    use->option,
	    use->kind == PATH_WRITTEN ? ", or standard output by /dev/stdout"
				      : "");
}

/* One that is written, against the inputs, stdout and the other uses. */
static int
check_use(const struct path_use *use, size_t n, size_t at, char *const *inputs,
    size_t count, struct error *e)
{
	struct identity own, other;
	char what[80];
	size_t i;

	if (refuse_name(&use[at], e) != 0)
		return -1;
	if (!identify(use[at].path, &own))
		return 0;
	snprintf(what, sizeof(what), "--%s", use[at].option);
	if (check_inputs(&own, what, inputs, count, e) != 0)
		return -1;
	if (identify_open(STDOUT_FILENO, &other) && is_same(&own, &other))
		return error_set(e, EXIT_USAGE,
		    "%s is standard output too: name another file", what);
	for (i = 0; i < n; i++) {
		if (SAFETY("outputs-apart", i != at, false) &&
		    use[i].path != NULL && identify_use(&use[i], &other) &&
		    is_same(&own, &other))
			return error_set(e, EXIT_USAGE,
			    "%s and --%s are the same file: name another for "
			    "one of them",
			    what, use[i].option);
	}
	return 0;
}

/* Standard output, against all that is read. */
static int
check_output(const struct path_use *use, size_t n, char *const *inputs,
    size_t count, struct error *e)
{
	struct identity out, other;
	size_t i;

	if (!identify_open(STDOUT_FILENO, &out))
		return 0;
	if (check_inputs(&out, "standard output", inputs, count, e) != 0)
		return -1;
	for (i = 0; i < n; i++)
		if (use[i].path != NULL && use[i].kind == PATH_READ &&
		    identify_use(&use[i], &other) && is_same(&out, &other))
			return error_set(e, EXIT_USAGE,
			    "standard output is what --%s reads: write to "
			    "another file",
			    use[i].option);
	return 0;
}

int
paths_check(const struct path_use *use, size_t n, char *const *inputs,
    size_t count, struct error *e)
{
	size_t i;

	if (check_output(use, n, inputs, count, e) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		if (use[i].path != NULL && use[i].kind != PATH_READ &&
		    check_use(use, n, i, inputs, count, e) != 0)
			return -1;
	}
	return 0;
}

int
paths_spare_output(
    const struct path_use *use, size_t n, const char *what, struct error *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (use[i].path != NULL &&
		    (strcmp(use[i].path, "-") == 0 ||
			outfile_descriptor(use[i].path) == STDOUT_FILENO))
			return error_set(e, EXIT_USAGE,
			    "--%s %s: standard output is for the %s: name a "
			    "file (./- for one that is called '-')",
			    use[i].option, use[i].path, what);
	}
	return 0;
}

bool
paths_in_folder(const char *path, const char *folder)
{
	struct stat own, other;

	return find_folder(path, &own) != NULL && stat(folder, &other) == 0 &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}
