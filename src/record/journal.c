#include "record/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/escape.h"
#include "base/safety.h"
#include "base/sys.h"
#include "io/lockfile.h"
#include "io/outfile.h"

struct journal {
	struct lockfile file;
	uint64_t torn;
	struct past past;
	pthread_mutex_t lock; /* over the descriptor, and what follows */
	off_t end;	      /* of its lines */
	uint64_t opened;      /* the last number given */
	bool broken;	      /* its end is not known any more */
	bool lost;	      /* others have taken or changed it; it was told */
};

/* ------------------------------------------------------------- opening */

/* What was never written is all that there is. */
static bool
is_nothing(const char *data, size_t n)
{
	while (n > 0 && data[n - 1] == '\0')
		n--;
	return n == 0;
}

static int
take_line(struct journal *j, const char *line, size_t n, struct error *e)
{
	struct error why = ERROR_INIT;
	enum journalline_kind kind;

	if (past_add(&j->past, line, n, (uint64_t)j->end, &kind, NULL, &why) !=
	    0) {
		bool local = why.code == EXIT_LOCAL;

		error_set(e, local ? EXIT_LOCAL : EXIT_USAGE, "%s%s", why.text,
		    local ? ""
			  : "; nothing was changed; use a copy of it, or "
			    "another file: then all is sent again");
		error_place(e, j->file.shown, 0, 0);
		return -1;
	}
	j->end += (off_t)n + 1;
	return 0;
}

/* The lines that are whole, of n bytes at j->end; `last`: behind them the file
 * ends. */
static int
take_lines(
    struct journal *j, const char *data, size_t n, bool last, struct error *e)
{
	const char *end = data + n, *lf;

	while ((lf = memchr(data, '\n', (size_t)(end - data))) != NULL) {
		/* A file that lost its power may end in what was never
		 * written. */
		if (last && lf + 1 == end &&
		    memchr(data, '\0', (size_t)(lf - data)) != NULL)
			break;
		if (take_line(j, data, (size_t)(lf - data), e) != 0)
			return -1;
		data = lf + 1;
	}
	return 0;
}

static int
read_lines(struct journal *j, char *buf, size_t size, struct error *e)
{
	off_t all = sys_lseek(j->file.fd, 0, SEEK_END), before;
	ptrdiff_t got;

	for (;;) {
		before = j->end;
		got = lockfile_read(&j->file, j->end, buf, size);
		if (got < 0 || all < 0)
			return lockfile_fail(
			    &j->file, e, EXIT_USAGE, "cannot read this");
		if (before == 0 && got > 0 &&
		    !journalline_may_begin(buf, (size_t)got) &&
		    !is_nothing(buf, (size_t)got))
			return lockfile_refuse(&j->file, e,
			    "this exists and is not a journal; nothing was "
			    "changed; name another file");
		if (take_lines(j, buf, (size_t)got, before + got == all, e) !=
		    0)
			return -1;
		if ((size_t)got < size)
			break;
		if (j->end == before)
			/* It is none, and so damaged. */
			return take_line(j, buf, (size_t)got, e);
	}
	j->torn = (uint64_t)(before + got - j->end);
	return 0;
}

static int
read_all(struct journal *j, struct error *e)
{
	size_t size = 4 * JOURNALLINE_MAX;
	char *buf = sys_malloc(size);
	int result;

	if (buf == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	result = read_lines(j, buf, size, e);
	free(buf);
	return result != 0 ? -1 : past_sort(&j->past, e);
}

static int
check_one(const struct journal *j, const char *what, const char *recorded,
    const char *own, struct error *e)
{
	char shown[280];

	if (SAFETY("journal-endpoint", strcmp(recorded, own) == 0, true))
		return 0;
	escape_text(shown, sizeof(shown), recorded, strlen(recorded));
	error_set(e, EXIT_USAGE,
	    "this is the journal of another run: its %s is %s, not %s; name "
	    "another file",
	    what, shown, own);
	error_place(e, j->file.shown, 0, 0);
	return -1;
}

static int
check_header(
    const struct journal *j, const struct endpoint *ep, struct error *e)
{
	const struct journalline_header *its = &j->past.header;
	struct journalline_header own;

	journalline_describe(&own, ep);
	if (check_one(j, "endpoint", its->address, own.address, e) != 0 ||
	    check_one(j, "client code", its->client, own.client, e) != 0)
		return -1;
	return check_one(j, "API", endpoint_api_name(its->api),
	    endpoint_api_name(own.api), e);
}

static int
begin(struct journal *j, const struct endpoint *ep, struct error *e)
{
	struct journalline_header header;
	size_t n;
	char *line;
	int result = 0;

	journalline_describe(&header, ep);
	line = journalline_header(&header, &n);
	if (line == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	j->end = (off_t)n;
	if (lockfile_write(&j->file, line, n) != 0 ||
	    sys_fsync(j->file.fd) != 0)
		result =
		    lockfile_fail(&j->file, e, EXIT_USAGE, "cannot write this");
	free(line);
	return result != 0 ? -1
			   : SAFETY("journal-fsync-folder",
				 outfile_sync_folder(j->file.path, e), 0);
}

static int
load(struct journal *j, int flags, const struct endpoint *ep, struct error *e)
{
	if (lockfile_take(&j->file, O_APPEND | flags, "journal", e) != 0 ||
	    read_all(j, e) != 0)
		return -1;
	return !j->past.headed ? 0 : check_header(j, ep, e);
}

static int
prepare(struct journal *j, const struct endpoint *ep, struct error *e)
{
	if (load(j, O_CREAT, ep, e) != 0)
		return -1;
	if (SAFETY("journal-torn", j->torn > 0, false) &&
	    lockfile_cut(&j->file, j->end) != 0)
		return lockfile_fail(
		    &j->file, e, EXIT_USAGE, "cannot cut off a torn line");
	j->opened = j->past.n;
	return j->past.headed ? 0 : begin(j, ep, e);
}

static struct journal *
make(const char *path, struct error *e)
{
	struct journal *j = sys_calloc(1, sizeof(*j));

	if (j == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&j->lock, NULL);
	if (lockfile_init(&j->file, path, e) == 0)
		return j;
	journal_free(j);
	return NULL;
}

struct journal *
journal_open(const char *path, const struct endpoint *ep, struct error *e)
{
	struct journal *j = make(path, e);

	if (j == NULL || prepare(j, ep, e) == 0)
		return j;
	journal_free(j);
	return NULL;
}

int
journal_look(struct journal **j, const char *path, const struct endpoint *ep,
    struct error *e)
{
	struct stat st;

	*j = NULL;
	if (lstat(path, &st) != 0 && errno == ENOENT)
		return outfile_look(path, e);
	*j = make(path, e);
	if (*j == NULL)
		return -1;
	if (load(*j, 0, ep, e) == 0) {
		lockfile_close(&(*j)->file);
		return 0;
	}
	journal_free(*j);
	*j = NULL;
	return -1;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	lockfile_free(&j->file);
	past_free(&j->past);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

uint64_t
journal_torn(const struct journal *j)
{
	return j->torn;
}

const struct past *
journal_past(const struct journal *j)
{
	return &j->past;
}

/* ---------------------------------------------------- what was recorded */

int
journal_check(const struct journal *j, uint64_t batch, const char *sha256,
    struct error *e)
{
	const struct past_entry *known = past_whole(&j->past, batch);

	if (SAFETY("journal-input",
		known == NULL || strcmp(known->part.sha256, sha256) == 0, true))
		return 0;
	error_set(e, EXIT_USAGE,
	    "batch %llu is another one than the journal has under this number: "
	    "it is the journal of another input, or of other options, or one "
	    "of the inputs was cut short; name another file, or run with that "
	    "input",
	    (unsigned long long)batch);
	error_place(e, j->file.shown, known->line, 0);
	return -1;
}

int
journal_check_end(const struct journal *j, uint64_t batches, struct error *e)
{
	uint64_t known = past_batches(&j->past);

	if (known <= batches)
		return 0;
	return error_set(e, EXIT_INPUT,
	    "the input has ended after batch %llu, but the journal has %llu: "
	    "it was cut short, or is another one",
	    (unsigned long long)batches, (unsigned long long)known);
}

/* The next run will not find all of it.  With the lock held. */
static int
lose(struct journal *j, const char *why, struct error *e)
{
	j->lost = true;
	error_set(e, EXIT_LOCAL, "%s", why);
	error_place(e, j->file.shown, 0, 0);
	return -1;
}

/* Something else has written to it, or cut it. */
static int
tell_changed(struct journal *j, struct error *e)
{
	j->broken = true;
	return lose(j,
	    "something else has changed this journal while it was in use: "
	    "another run may not find what this one has recorded, and would "
	    "send it again; nothing more is sent; use a copy of it, or send "
	    "only the batches without a receipt that says accepted or skipped",
	    e);
}

/* The entry's last line, which the caller frees. */
static char *
read_line(struct journal *j, const struct past_entry *entry, struct error *e)
{
	char *line = sys_malloc((size_t)entry->length + 1);
	ptrdiff_t got;

	if (line == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	pthread_mutex_lock(&j->lock);
	got = lockfile_read(&j->file, (off_t)entry->at, line, entry->length);
	if (got < 0)
		lockfile_fail(&j->file, e, EXIT_LOCAL, "cannot read this");
	else if (got < (ptrdiff_t)entry->length)
		tell_changed(j, e);
	pthread_mutex_unlock(&j->lock);
	if (got == (ptrdiff_t)entry->length)
		return line;
	free(line);
	return NULL;
}

int
journal_recall(struct journal *j, const struct past_entry *entry,
    struct result *r, struct error *e)
{
	char *line = read_line(j, entry, e);
	struct receipt receipt;
	int result = -1;

	memset(r, 0, sizeof(*r));
	if (line != NULL &&
	    receipt_parse(&receipt, line, entry->length, e) == 0) {
		*r = receipt.result;
		result = 0;
	}
	free(line);
	return result;
}

/* -------------------------------------------------------------- writing */

/* The next line must not stand behind what was written there, which may be a
 * part of one. */
static void
take_back(struct journal *j, off_t before)
{
	j->broken = before < 0 || lockfile_cut(&j->file, before) != 0;
	j->end = before;
}

/* One line, on disk or not there.  With the lock held. */
static int
append(struct journal *j, const char *line, size_t n, struct error *e)
{
	off_t before;

	if (line == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	if (j->broken)
		return error_set(e, EXIT_LOCAL, "the journal is broken");
	before = sys_lseek(j->file.fd, 0, SEEK_END);
	if (SAFETY("journal-same-size", before >= 0 && before != j->end, false))
		return tell_changed(j, e);
	if (before >= 0 && lockfile_write(&j->file, line, n) == 0 &&
	    SAFETY("journal-fsync", sys_fsync(j->file.fd) == 0, true)) {
		j->end += (off_t)n;
		return 0;
	}
	lockfile_fail(&j->file, e, EXIT_LOCAL, "cannot write the journal");
	take_back(j, before);
	return -1;
}

/* Will the next run find what is written?  With the lock held. */
static int
check_name(struct journal *j, struct error *e)
{
	if (lockfile_is(&j->file, j->file.path))
		return 0;
	return lose(j,
	    "this journal was removed, renamed or replaced while it was in "
	    "use: another run would not find what this one has recorded, and "
	    "would send it again; nothing more is sent; put the file back "
	    "before you run this again, or send only the batches without a "
	    "receipt that says accepted or skipped",
	    e);
}

static int
write_open(struct journal *j, const struct part *p, const char *file,
    uint64_t at, uint64_t *id, struct error *e)
{
	off_t before;
	char *line;
	size_t n;
	int result;

	pthread_mutex_lock(&j->lock);
	if (j->lost) {
		pthread_mutex_unlock(&j->lock);
		return 1;
	}
	before = j->end;
	*id = j->opened + 1;
	line = file == NULL ? journalline_attempt(*id, p, &n)
			    : journalline_keep(*id, p, file, at, &n);
	result = append(j, line, n, e);
	/* Afterwards: it may have been lost while that took its time. */
	if (SAFETY("journal-follows-name", result == 0 && check_name(j, e) != 0,
		false)) {
		take_back(j, before);
		result = -1;
	}
	if (result == 0)
		j->opened++;
	pthread_mutex_unlock(&j->lock);
	free(line);
	return result;
}

/* With the lock held.  A result is put into a file that was moved, too:
 * somebody may put that back. */
static int
write_close(struct journal *j, enum journalline_kind kind, uint64_t id,
    const struct receipt *r, struct error *e)
{
	size_t n = 0;
	char *line = journalline_close(kind, id, r, &n);
	int result = append(j, line, n, e);

	free(line);
	return result == 0 && !j->lost ? check_name(j, e) : result;
}

int
journal_attempt(
    struct journal *j, const struct part *p, uint64_t *id, struct error *e)
{
	return write_open(j, p, NULL, 0, id, e);
}

int
journal_result(
    struct journal *j, uint64_t id, const struct receipt *r, struct error *e)
{
	int result;

	pthread_mutex_lock(&j->lock);
	result = write_close(j, JOURNALLINE_RESULT, id, r, e);
	pthread_mutex_unlock(&j->lock);
	return result;
}

int
journal_keep(struct journal *j, const struct part *p, const char *file,
    uint64_t at, uint64_t *id, struct error *e)
{
	return write_open(j, p, file, at, id, e);
}

int
journal_kept(
    struct journal *j, uint64_t id, const struct receipt *r, struct error *e)
{
	struct past *past = &j->past;
	int result;

	pthread_mutex_lock(&j->lock);
	/* One that an earlier run began: it is there. */
	if (id <= past->n)
		past->files[past->entries[id - 1].file].kept++;
	result = write_close(j, JOURNALLINE_KEPT, id, r, e);
	pthread_mutex_unlock(&j->lock);
	return result;
}

int
journal_finish(struct journal *j, struct error *e)
{
	off_t size;
	int result = 0;

	pthread_mutex_lock(&j->lock);
	if (!j->lost && !j->broken) {
		size = sys_lseek(j->file.fd, 0, SEEK_END);
		result = size < 0 ? lockfile_fail(&j->file, e, EXIT_LOCAL,
					"cannot read this")
			 : size != j->end ? tell_changed(j, e)
					  : check_name(j, e);
	}
	pthread_mutex_unlock(&j->lock);
	return result;
}

bool
journal_lost(const struct journal *j)
{
	return j->lost;
}
