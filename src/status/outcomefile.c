#include "status/outcomefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/ndjson.h"
#include "base/safety.h"
#include "base/sys.h"
#include "io/lockfile.h"
#include "io/outfile.h"

/* No outcome that is written is longer: the ids are of 64 KiB of an answer. */
enum { LINE_MAX_BYTES = 1024 * 1024 };

struct outcomefile {
	struct lockfile file;
	char **ids; /* owned, sorted once all are read */
	size_t n, room;
	off_t end; /* of the lines that are whole */
	uint64_t torn;
};

static const char name[] = "file of outcomes";

/* ------------------------------------------------------------- reading */

static int
keep_id(struct outcomefile *f, const char *id, struct error *e)
{
	size_t room = f->room == 0 ? 64 : 2 * f->room;
	char **ids;

	if (f->n == f->room) {
		ids = sys_realloc(f->ids, room * sizeof(*ids));
		if (ids == NULL)
			return error_set(e, EXIT_LOCAL, "out of memory");
		f->ids = ids;
		f->room = room;
	}
	f->ids[f->n] = sys_strdup(id);
	if (f->ids[f->n] == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	f->n++;
	return 0;
}

/* A line without its line feed. */
static int
take_line(struct outcomefile *f, const char *line, size_t n, struct error *e)
{
	ndjson *o = ndjson_parse(line, n);
	const char *id = ndjson_get_string(o, "batchId");
	uint64_t batch;
	int result = 0;

	if (ndjson_get_count(o, "batch", &batch) != 0 ||
	    ndjson_get_string(o, "state") == NULL ||
	    !ndjson_has(o, "reconciled"))
		result = lockfile_refuse(&f->file, e,
		    "this exists and is no file of outcomes; nothing was "
		    "changed; name another file");
	else if (id != NULL)
		result = keep_id(f, id, e);
	ndjson_free(o);
	f->end += (off_t)n + 1;
	return result;
}

/* All lines but one at the end that is not whole. */
static int
read_lines(struct outcomefile *f, char *buf, struct error *e)
{
	for (;;) {
		ptrdiff_t got =
		    lockfile_read(&f->file, f->end, buf, LINE_MAX_BYTES);
		const char *line = buf, *lf;
		off_t before = f->end;

		if (got < 0)
			return lockfile_fail(
			    &f->file, e, EXIT_USAGE, "cannot read this");
		while ((lf = memchr(line, '\n', (size_t)(buf + got - line))) !=
		       NULL) {
			if (take_line(f, line, (size_t)(lf - line), e) != 0)
				return -1;
			line = lf + 1;
		}
		if (got < LINE_MAX_BYTES) {
			f->torn = (uint64_t)(buf + got - line);
			return 0;
		}
		if (f->end == before)
			return take_line(f, buf, (size_t)got, e);
	}
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
load(struct outcomefile *f, struct error *e)
{
	char *buf = sys_malloc(LINE_MAX_BYTES);
	int result;

	if (buf == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	result = read_lines(f, buf, e);
	free(buf);
	if (f->n > 0)
		qsort(f->ids, f->n, sizeof(*f->ids), compare);
	return result;
}

/* ------------------------------------------------------------- opening */

static struct outcomefile *
make(const char *path, struct error *e)
{
	struct outcomefile *f = sys_calloc(1, sizeof(*f));

	if (f == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	if (lockfile_init(&f->file, path, e) == 0)
		return f;
	outcomefile_free(f);
	return NULL;
}

struct outcomefile *
outcomefile_open(const char *path, struct error *e)
{
	struct outcomefile *f = make(path, e);

	if (f == NULL)
		return NULL;
	if (lockfile_take(&f->file, O_APPEND | O_CREAT, name, e) == 0 &&
	    load(f, e) == 0 && outfile_sync_folder(path, e) == 0) {
		if (SAFETY("outcome-torn", f->torn == 0, true) ||
		    lockfile_cut(&f->file, f->end) == 0)
			return f;
		lockfile_fail(
		    &f->file, e, EXIT_USAGE, "cannot cut off a torn line");
	}
	outcomefile_free(f);
	return NULL;
}

int
outcomefile_look(const char *path, struct error *e)
{
	struct outcomefile *f;
	int result;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	f = make(path, e);
	if (f == NULL)
		return -1;
	if (lockfile_open(&f->file, AT_FDCWD, O_NONBLOCK) != 0)
		result = lockfile_fail_open(
		    &f->file, e, "cannot use this as the file of outcomes");
	else
		result = load(f, e);
	outcomefile_free(f);
	return result;
}

void
outcomefile_free(struct outcomefile *f)
{
	if (f == NULL)
		return;
	while (f->n > 0)
		free(f->ids[--f->n]);
	free(f->ids);
	lockfile_free(&f->file);
	free(f);
}

uint64_t
outcomefile_torn(const struct outcomefile *f)
{
	return f->torn;
}

bool
outcomefile_has(const struct outcomefile *f, const char *batch_id)
{
	return batch_id[0] != '\0' && f->n > 0 &&
	       bsearch(&batch_id, f->ids, f->n, sizeof(*f->ids), compare) !=
		   NULL;
}

int
outcomefile_add(struct outcomefile *f, const struct outcome *o, struct error *e)
{
	size_t n;
	char *line = outcome_line(o, &n);
	int result;

	if (line == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	result = lockfile_write(&f->file, line, n);
	free(line);
	if (result != 0 ||
	    SAFETY("outcome-fsync", sys_fsync(f->file.fd) != 0, false))
		return lockfile_fail(
		    &f->file, e, EXIT_LOCAL, "cannot write an outcome");
	return 0;
}
