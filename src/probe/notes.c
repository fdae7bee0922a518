#include "probe/notes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/sys.h"
#include "io/lockfile.h"
#include "io/outfile.h"

/* There are some sixty notes, of a few hundred bytes each. */
enum { NOTES_BYTES = 1024 * 1024, NOTES = 1000 };

struct notes {
	struct lockfile file; /* not open: in memory only */
	ndjson *of[NOTES];
	size_t n;
};

static const char foreign[] =
    "this exists and is no state of tp-probe; nothing was changed; name "
    "another file";

static int
keep(struct notes *n, ndjson *note, struct error *e)
{
	if (n->n == NOTES) {
		ndjson_free(note);
		return error_set(e, EXIT_USAGE, "there are too many notes");
	}
	n->of[n->n++] = note;
	return 0;
}

/* The lines of text, and where the last of them ends. */
static int
take_lines(
    struct notes *n, const char *text, size_t len, off_t *end, struct error *e)
{
	const char *line = text, *lf;

	while ((lf = memchr(line, '\n', len - (size_t)(line - text))) != NULL) {
		ndjson *note = ndjson_parse(line, (size_t)(lf - line));

		if (ndjson_get_string(note, "note") == NULL) {
			ndjson_free(note);
			return lockfile_refuse(&n->file, e, foreign);
		}
		if (keep(n, note, e) != 0)
			return -1;
		line = lf + 1;
	}
	*end = line - text;
	/* What is cut off must at least look like a line of these. */
	return len > (size_t)*end && *line != '{'
		   ? lockfile_refuse(&n->file, e, foreign)
		   : 0;
}

static int
load(struct notes *n, struct error *e)
{
	char *text = sys_malloc(NOTES_BYTES);
	ptrdiff_t got;
	int result;
	off_t end = 0;

	if (text == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	got = lockfile_read(&n->file, 0, text, NOTES_BYTES);
	if (got < 0)
		result =
		    lockfile_fail(&n->file, e, EXIT_USAGE, "cannot read this");
	else if (got == NOTES_BYTES)
		result = lockfile_refuse(&n->file, e, foreign);
	else
		result = take_lines(n, text, (size_t)got, &end, e);
	free(text);
	if (result == 0 && end < got && lockfile_cut(&n->file, end) != 0)
		result = lockfile_fail(
		    &n->file, e, EXIT_USAGE, "cannot cut off a torn line");
	return result;
}

struct notes *
notes_open(const char *path, struct error *e)
{
	struct notes *n = sys_calloc(1, sizeof(*n));

	if (n == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	n->file = (struct lockfile)LOCKFILE_INIT;
	if (path == NULL ||
	    (lockfile_init(&n->file, path, e) == 0 &&
		lockfile_take(&n->file, O_APPEND | O_CREAT, "state", e) == 0 &&
		load(n, e) == 0 && outfile_sync_folder(path, e) == 0))
		return n;
	notes_free(n);
	return NULL;
}

void
notes_free(struct notes *n)
{
	if (n == NULL)
		return;
	while (n->n > 0)
		ndjson_free(n->of[--n->n]);
	lockfile_free(&n->file);
	free(n);
}

const ndjson *
notes_find(const struct notes *n, const char *step)
{
	size_t i;

	for (i = 0; i < n->n; i++) {
		if (strcmp(ndjson_get_string(n->of[i], "note"), step) == 0)
			return n->of[i];
	}
	return NULL;
}

int
notes_add(struct notes *n, const char *step, ndjson *note, struct error *e)
{
	size_t len;
	char *line;
	int result = 0;

	ndjson_set_string(note, "note", step);
	line = ndjson_line(note, &len);
	if (line == NULL) {
		ndjson_free(note);
		return error_set(e, EXIT_LOCAL, "out of memory");
	}
	if (n->file.fd >= 0 && (lockfile_write(&n->file, line, len) != 0 ||
				   sys_fsync(n->file.fd) != 0))
		result = lockfile_fail(
		    &n->file, e, EXIT_LOCAL, "cannot write the state");
	free(line);
	if (result != 0) {
		ndjson_free(note);
		return -1;
	}
	return keep(n, note, e);
}
