#include "record/rowfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/buffer.h"
#include "base/safety.h"
#include "base/sys.h"
#include "io/lockfile.h"
#include "io/outfile.h"
#include "record/rowline.h"

static const char *const kinds[] = {
    [BATCH_ID_PC] = BATCH_NAME_PC,
    [BATCH_ID_THIRD_PARTY] = BATCH_NAME_THIRD_PARTY,
};

static const char name[] = "file of rows";

/* Bytes that are read at a time. */
enum { BLOCK = 64 * 1024 };

struct rowfile {
	struct lockfile file;
	struct output out; /* the same descriptor, while it is open */
	enum batch_id id;  /* of the header; NONE: there is none yet */
	bool begun;	   /* a batch of this run was there */
	uint64_t torn;
	pthread_mutex_t lock; /* over all that follows */
	off_t end;	      /* of the lines that are whole … */
	off_t opened;	      /* … when it was opened */
	struct buffer text;   /* an identifier, decoded */
	bool broken;	      /* nothing is added any more; it was told */
};

/* ------------------------------------------------------------- reading */

static int
read_header(struct rowfile *f, struct error *e)
{
	char start[ROWLINE_HEADER];
	ptrdiff_t got = lockfile_read(&f->file, 0, start, sizeof(start));

	if (got < 0)
		return lockfile_fail(
		    &f->file, e, EXIT_USAGE, "cannot read this");
	if (rowline_begins(start, (size_t)got, &f->id))
		return 0;
	return lockfile_refuse(&f->file, e,
	    "this exists and is no file of rows; nothing was changed; name "
	    "another file");
}

/* Where the last line ends that is whole: an identifier may hold line feeds. */
static int
read_lines(struct rowfile *f, char *block, struct error *e)
{
	bool quoted = false;
	off_t at = 0;
	ptrdiff_t got, i;

	while ((got = lockfile_read(&f->file, at, block, BLOCK)) > 0) {
		for (i = 0; i < got; i++) {
			quoted ^= block[i] == '"';
			if (block[i] == '\n' && !quoted)
				f->end = at + i + 1;
		}
		at += got;
	}
	if (got < 0)
		return lockfile_fail(
		    &f->file, e, EXIT_USAGE, "cannot read this");
	f->opened = f->end;
	f->torn = (uint64_t)(at - f->end);
	return 0;
}

static int
read_all(struct rowfile *f, struct error *e)
{
	char *block = sys_malloc(BLOCK);
	int result;

	if (block == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	result = read_header(f, e) == 0 ? read_lines(f, block, e) : -1;
	free(block);
	return result;
}

static bool
has_accepted(const struct past *past)
{
	size_t i;

	for (i = 0; i < past->n; i++) {
		const struct past_entry *entry = &past->entries[i];

		if (!entry->keep && !entry->open &&
		    entry->state == RECEIPT_ACCEPTED)
			return true;
	}
	return false;
}

/* Can it be the file of this journal? */
static int
check_journal(const struct rowfile *f, const struct past *past, struct error *e)
{
	bool is_new = past == NULL || !past->headed;
	bool rows = f->id != BATCH_ID_NONE &&
		    f->end > (off_t)strlen(rowline_header(f->id));

	if (SAFETY("rows-of-one-journal", rows && is_new, false))
		return lockfile_refuse(&f->file, e,
		    "this has rows, but the journal is new; a file of rows "
		    "belongs to one journal: name another file, or the journal "
		    "that it was written with");
	if (SAFETY("rows-not-begun-late",
		!rows && !is_new && has_accepted(past), false))
		return lockfile_refuse(&f->file, e,
		    "this has no rows, but the journal has batches that were "
		    "accepted, whose rows would be missing; name the file that "
		    "was written with this journal, or leave out --rows");
	return 0;
}

/* ------------------------------------------------------------- opening */

static struct rowfile *
make(const char *path, struct error *e)
{
	struct rowfile *f = sys_calloc(1, sizeof(*f));

	if (f == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	f->out.fd = -1;
	buffer_init(&f->text, BATCH_MEMORY);
	pthread_mutex_init(&f->lock, NULL);
	if (lockfile_init(&f->file, path, e) == 0)
		return f;
	rowfile_free(f);
	return NULL;
}

static int
load(struct rowfile *f, int flags, const struct past *past, struct error *e)
{
	struct stat st;

	if (lstat(f->file.path, &st) != 0 && errno == ENOENT) {
		/* Before it is made. */
		if (check_journal(f, past, e) != 0)
			return -1;
		if ((flags & O_CREAT) == 0)
			return outfile_look(f->file.path, e);
	}
	return lockfile_take(&f->file, O_APPEND | flags, name, e) != 0 ||
		       read_all(f, e) != 0
		   ? -1
		   : check_journal(f, past, e);
}

struct rowfile *
rowfile_open(const char *path, const struct past *past, struct error *e)
{
	struct rowfile *f = make(path, e);

	if (f == NULL)
		return NULL;
	if (load(f, O_CREAT, past, e) == 0 &&
	    SAFETY("rows-fsync-folder", outfile_sync_folder(path, e), 0) == 0 &&
	    output_open(&f->out, f->file.fd, f->file.shown, e) == 0) {
		if (SAFETY("rows-torn", f->torn == 0, true) ||
		    lockfile_cut(&f->file, f->end) == 0)
			return f;
		lockfile_fail(
		    &f->file, e, EXIT_USAGE, "cannot cut off a torn line");
	}
	rowfile_free(f);
	return NULL;
}

int
rowfile_look(struct rowfile **f, const char *path, const struct past *past,
    struct error *e)
{
	int result;

	*f = make(path, e);
	if (*f == NULL)
		return -1;
	result = load(*f, 0, past, e);
	lockfile_close(&(*f)->file);
	return result;
}

void
rowfile_free(struct rowfile *f)
{
	if (f == NULL)
		return;
	if (f->out.fd >= 0) {
		output_abandon(&f->out);
		f->file.fd = -1;
	}
	lockfile_free(&f->file);
	buffer_free(&f->text);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

uint64_t
rowfile_torn(const struct rowfile *f)
{
	return f->torn;
}

/* ------------------------------------------------------------- writing */

/* Will the next run find all that was written? */
static bool
is_whole(const struct rowfile *f, off_t end)
{
	return lockfile_is(&f->file, f->file.path) &&
	       sys_lseek(f->file.fd, 0, SEEK_END) == end;
}

/* All that was written since the last time is on disk; or it is taken back.
 * result: of the writing. */
static int
finish(struct rowfile *f, int result, struct error *e)
{
	off_t end = f->opened + (off_t)f->out.written;

	if (result == 0)
		result = output_flush(&f->out, e);
	if (result == 0 && SAFETY("rows-fsync", sys_fsync(f->file.fd), 0) != 0)
		result = lockfile_fail(
		    &f->file, e, EXIT_LOCAL, "cannot write the rows");
	if (result != 0) {
		(void)lockfile_cut(&f->file, f->end);
		return -1;
	}
	if (SAFETY("rows-follow-name", is_whole(f, end), true)) {
		f->end = end;
		return 0;
	}
	error_set(e, EXIT_LOCAL,
	    "something else has removed, renamed, replaced or changed this "
	    "file of rows while it was in use; put it back as it was before "
	    "you run this again");
	error_place(e, f->file.shown, 0, 0);
	return -1;
}

/* Once, while nobody adds to it yet. */
static int
write_header(struct rowfile *f, enum batch_id id, struct error *e)
{
	const char *header = rowline_header(id);

	f->id = id;
	return finish(f, output_write(&f->out, header, strlen(header), e), e);
}

int
rowfile_expect(struct rowfile *f, const struct batch *b, struct error *e)
{
	bool first = !f->begun;

	f->begun = true;
	if (f->id == BATCH_ID_NONE) {
		if (f->file.fd >= 0)
			return write_header(f, b->id, e);
		f->id = b->id;
	}
	if (SAFETY("rows-of-one-kind", f->id == b->id, true))
		return 0;
	if (first) {
		error_set(e, EXIT_USAGE,
		    "this is for rows with %s, but batch %llu has %s; name "
		    "another file",
		    kinds[f->id], (unsigned long long)b->number, kinds[b->id]);
		error_place(e, f->file.shown, 0, 0);
	} else {
		error_set(e, EXIT_INPUT,
		    "batch %llu has %s, those before it have %s, and a file of "
		    "rows has one of them: send them in two runs, each with a "
		    "journal and a file of its own",
		    (unsigned long long)b->number, kinds[b->id], kinds[f->id]);
		error_place(e, b->file, b->line, 0);
	}
	return -1;
}

int
rowfile_end(struct rowfile *f, struct error *e)
{
	return f->id != BATCH_ID_NONE
		   ? 0
		   : write_header(f, BATCH_ID_THIRD_PARTY, e);
}

int
rowfile_add(struct rowfile *f, const struct batch *b, const struct receipt *r,
    struct error *e)
{
	int result = 1;

	pthread_mutex_lock(&f->lock);
	if (!f->broken) {
		result =
		    finish(f, rowline_write(&f->out, b, r, &f->text, e), e);
		f->broken = result != 0;
	}
	pthread_mutex_unlock(&f->lock);
	return result;
}
