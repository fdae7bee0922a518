#include "record/failed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/safety.h"
#include "base/sha256.h"
#include "base/signals.h"
#include "base/sys.h"
#include "base/wait.h"
#include "batch/limits.h"
#include "batch/reader.h"
#include "io/lockfile.h"
#include "io/outfile.h"

struct failed {
	struct lockfile file; /* from the first batch on, or as it was found */
	bool regular;
	bool look;   /* nothing of it is to be changed */
	bool held;   /* a batch was begun; the lock is held */
	bool first;  /* of this batch nothing was written yet */
	off_t begun; /* where this batch begins */
	off_t end;   /* where all ends that is known to be good */
	uint64_t batches;
	uint64_t torn;
};

/* How far back is read at a time, to find the last batch. */
enum { BLOCK = 64 * 1024 };

/* All n bytes; the file has them. */
static int
read_at(const struct lockfile *file, off_t at, char *to, size_t n)
{
	return lockfile_read(file, at, to, n) == (ptrdiff_t)n ? 0 : -1;
}

/*
 * The offset of the last line that begins a batch, or one that was not
 * finished; 0 if there is none, -1 if it cannot be read.
 */
static off_t
find_last(const struct lockfile *file, off_t size, char *block)
{
	off_t at = size;

	while (at > 0) {
		off_t from = at > BLOCK ? at - BLOCK : 0;
		off_t end = at + BATCH_PREFIX_LEN;
		size_t i, n;

		/* A prefix may stand across the end of the block. */
		n = (size_t)((end < size ? end : size) - from);
		if (read_at(file, from, block, n) != 0)
			return -1;
		for (i = (size_t)(at - from); i-- > 0;) {
			if (block[i] == '\n' &&
			    batch_begins(block + i + 1, n - i - 1))
				return from + (off_t)i + 1;
		}
		at = from;
	}
	return 0;
}

/* Where the NULs begin that a power cut may have left at its end; -1: cannot be
 * read. */
static off_t
find_zeros(const struct lockfile *file, off_t size, char *block)
{
	while (size > 0) {
		size_t n = size > BLOCK ? BLOCK : (size_t)size;

		if (read_at(file, size - (off_t)n, block, n) != 0)
			return -1;
		for (; n > 0 && block[n - 1] == '\0'; n--)
			size--;
		if (n > 0)
			break;
	}
	return size;
}

/* Where the first "batch=" is, from there on; size: there is none; -1: cannot
 * be read. */
static off_t
find_next(const struct lockfile *file, off_t from, off_t size, char *block)
{
	while (size - from >= BATCH_PREFIX_LEN) {
		size_t n = size - from > BLOCK ? BLOCK : (size_t)(size - from);
		size_t at;

		if (read_at(file, from, block, n) != 0)
			return -1;
		at = batch_find(block, n);
		if (n - at >= BATCH_PREFIX_LEN)
			return from + (off_t)at;
		/* What may be its beginning is looked at once more. */
		from += (off_t)(at < n ? at : n);
	}
	return size;
}

/* How many NULs the file begins with; -1: cannot be read. */
static off_t
count_nuls(const struct lockfile *file, off_t size, char *block)
{
	off_t from = 0;

	while (from < size) {
		size_t n = size - from > BLOCK ? BLOCK : (size_t)(size - from);
		size_t i = 0;

		if (read_at(file, from, block, n) != 0)
			return -1;
		while (i < n && block[i] == '\0')
			i++;
		from += (off_t)i;
		if (i < n)
			break;
	}
	return from;
}

/*
 * Of n bytes, and NULs behind them: is it a batch stream?  -1: it is none, or
 * cannot be read.  What begins with many NULs must have a batch behind them:
 * else it may be anything, the image of a disk for example.
 */
static int
check_kind(struct failed *f, off_t size, char *block, struct error *e)
{
	size_t n = size < BATCH_PREFIX_LEN ? (size_t)size : BATCH_PREFIX_LEN;
	off_t nuls = count_nuls(&f->file, size, block);

	if (nuls < 0 || read_at(&f->file, 0, block, n) != 0)
		return lockfile_fail(
		    &f->file, e, EXIT_USAGE, "cannot read this");
	if (!batch_may_begin(block, n))
		return lockfile_refuse(&f->file, e,
		    "this exists and is not a file of batches; nothing was "
		    "changed; name another file");
	if (SAFETY("failed-nuls-refused", nuls < BATCH_PREFIX_LEN, true))
		return 0;
	nuls = find_next(&f->file, nuls, size, block) - nuls;
	if (nuls == 0)
		return 0;
	return lockfile_refuse(&f->file, e,
	    "this begins with NULs and no batch behind them, so it may not be "
	    "a file of batches; nothing was changed; move it away, and send it "
	    "with tp-send if batches are in it");
}

/* Where a batch stream of that size ends, of which what is not finished may
 * be behind that.  -1: this is none, or cannot be read. */
static off_t
find_end(struct failed *f, off_t size, char *block, struct error *e)
{
	off_t end = find_zeros(&f->file, size, block), last, next;
	size_t n;

	if (end == 0)
		return 0;
	if (end > 0 && check_kind(f, end, block, e) != 0)
		return -1;
	last = next = end < 0 ? -1 : find_last(&f->file, end, block);
	n = end - last < BATCH_PREFIX_LEN ? (size_t)(end - last)
					  : BATCH_PREFIX_LEN;
	if (last < 0 || read_at(&f->file, last, block, n) != 0)
		return lockfile_fail(
		    &f->file, e, EXIT_USAGE, "cannot read this");
	if (SAFETY("failed-torn-cut", block[0] == '\0', false) &&
	    batch_may_begin(block, n)) {
		/* It is cut away, unless a batch has come behind it. */
		next = find_next(&f->file, last, end, block);
		if (SAFETY("failed-torn-followed", next == end, true))
			return last;
	}
	if (next < 0 || read_at(&f->file, end - 1, block + 1, 1) != 0)
		return lockfile_fail(
		    &f->file, e, EXIT_USAGE, "cannot read this");
	if (SAFETY("failed-cut-refused", block[1] != '\n', false))
		return lockfile_refuse(&f->file, e,
		    "this does not end in a line feed: something has cut or "
		    "changed it; nothing was changed; move it away, and send "
		    "it with tp-send, which leaves out the last batch");
	return SAFETY("failed-zeros-cut", end, size);
}

/* What others left: a batch stream, whose last batch may be torn. */
static int
mend(struct failed *f, off_t size, struct error *e)
{
	char *block = sys_malloc(BLOCK + BATCH_PREFIX_LEN);
	off_t end;

	if (block == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	end = find_end(f, size, block, e);
	free(block);
	if (end < 0)
		return -1;
	if (end < size && SAFETY("dry-run-cuts-nothing", !f->look, true) &&
	    lockfile_cut(&f->file, end) != 0)
		return lockfile_fail(
		    &f->file, e, EXIT_USAGE, "cannot cut off a torn batch");
	f->torn = (uint64_t)(size - end);
	f->end = end;
	return 0;
}

static int
open_file(struct failed *f, int flags)
{
	struct stat st;

	f->regular = stat(f->file.path, &st) != 0 || S_ISREG(st.st_mode);
	if (f->regular)
		return lockfile_open(&f->file, AT_FDCWD, flags);
	/* Who reads a pipe would see it end. */
	if (f->look && !S_ISDIR(st.st_mode))
		return access(f->file.path, W_OK);
	/* Pipes and devices are written in place. */
	f->file.fd = wait_open(f->file.path, O_WRONLY | O_NOCTTY, 0);
	return f->file.fd < 0 ? -1 : 0;
}

/* Proves that a file can be made there, by another name: this one may be
 * another sender's by now, who must not lose it. */
static int
try_new(struct failed *f, struct error *e)
{
	static const char name[] = "tp-failed";
	const char *slash = strrchr(f->file.path, '/');
	size_t folder = slash == NULL ? 0 : (size_t)(slash + 1 - f->file.path);
	char *path = sys_malloc(folder + sizeof(name));
	struct error why = ERROR_INIT;
	struct outfile trial;
	int result;

	if (path == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	memcpy(path, f->file.path, folder);
	memcpy(path + folder, name, sizeof(name));
	if (f->look) {
		result = outfile_look(path, &why);
	} else {
		result = outfile_open(&trial, path, &why);
		outfile_discard(&trial);
	}
	free(path);
	if (result == 0)
		return 0;
	return error_set(e, why.code,
	    "cannot make the failed file %s%s; --failed can name another",
	    f->file.shown, strrchr(why.text, ':'));
}

/* What of others, or of earlier runs, is behind what this run has put there?
 * With the lock held. */
static int
look(struct failed *f, struct error *e)
{
	off_t size = sys_lseek(f->file.fd, 0, SEEK_END);

	if (size < 0)
		return lockfile_fail(
		    &f->file, e, EXIT_USAGE, "cannot read this");
	if (size < f->end)
		return lockfile_refuse(&f->file, e,
		    "something has cut this while it was in use: batches that "
		    "were kept in it are lost; send the whole input again");
	return SAFETY("failed-shared-end", size == f->end, true)
		   ? 0
		   : mend(f, size, e);
}

static int
try_existing(struct failed *f, struct error *e)
{
	int result;

	if (open_file(f, 0) != 0)
		return errno == EINTR ? signals_interrupt(e)
				      : lockfile_fail_open(
					    &f->file, e, "cannot write this");
	if (!f->regular)
		return 0;
	result =
	    SAFETY("lock-failed-mend", lockfile_lock(&f->file, NULL, NULL), 0);
	if (result > 0)
		return lockfile_give_up(&f->file, e);
	if (result < 0)
		return lockfile_fail(
		    &f->file, e, EXIT_USAGE, "cannot lock this");
	result = look(f, e);
	lockfile_unlock(&f->file);
	return result;
}

static const char *
make_name(char name[64])
{
	time_t now = time(NULL);
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	(void)gmtime_r(&now, &tm);
	snprintf(name, 64, "tp-failed-%04d%02d%02dT%02d%02d%02dZ-%ld.batches",
	    tm.tm_year % 10000 + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (long)getpid());
	return name;
}

static struct failed *
open_path(const char *path, bool look, struct error *e)
{
	struct failed *f = sys_calloc(1, sizeof(*f));
	char name[64];
	struct stat st;
	int result;

	if (f == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	f->look = look;
	result =
	    lockfile_init(&f->file, path == NULL ? make_name(name) : path, e);
	if (result == 0 && lstat(f->file.path, &st) != 0 && errno == ENOENT)
		result = try_new(f, e);
	else if (result == 0)
		result = try_existing(f, e);
	if (result == 0)
		return f;
	failed_free(f);
	return NULL;
}

struct failed *
failed_open(const char *path, struct error *e)
{
	return open_path(path, false, e);
}

int
failed_look(const char *path, struct error *e)
{
	struct failed *f = open_path(path, true, e);

	failed_free(f);
	return f == NULL ? -1 : 0;
}

void
failed_free(struct failed *f)
{
	if (f == NULL)
		return;
	lockfile_free(&f->file);
	free(f);
}

void
failed_drop(struct failed *f)
{
	/* Without the lock, what is there may be another's. */
	if (!f->regular || !f->held)
		return;
	f->held = false;
	/* If this fails, the NUL says at the next open what is to go. */
	(void)sys_ftruncate(f->file.fd, f->begun);
	f->end = f->begun;
	lockfile_unlock(&f->file);
}

static int
give_up(struct failed *f, struct error *e)
{
	if (errno == EINTR) {
		error_set(e, EXIT_LOCAL,
		    "interrupted while waiting to write to this");
		error_place(e, f->file.shown, 0, 0);
	}
	lockfile_fail(&f->file, e, EXIT_LOCAL, "cannot write");
	failed_drop(f);
	return -1;
}

/* Opens the file that has the name now, or makes it, and locks it. */
static int
take(struct failed *f, struct error *e)
{
	int result;

	for (;;) {
		if (f->file.fd < 0) {
			if (open_file(f, O_CREAT) != 0)
				return lockfile_fail(&f->file, e, EXIT_LOCAL,
				    "cannot make this");
			if (f->regular &&
			    SAFETY("fsync-failed-folder",
				outfile_sync_folder(f->file.path, e) != 0,
				false))
				return -1;
		}
		if (!f->regular)
			return 0;
		result = SAFETY("lock-failed-append",
		    lockfile_lock(&f->file, signals_overdue, NULL), 0);
		if (result > 0)
			return lockfile_give_up(&f->file, e);
		if (result < 0)
			return lockfile_fail(
			    &f->file, e, EXIT_LOCAL, "cannot lock");
		if (SAFETY("failed-follows-name",
			lockfile_is(&f->file, f->file.path), true))
			return 0;
		/* It was removed or moved: what it gets may never be seen. */
		lockfile_close(&f->file);
		f->end = 0;
	}
}

int
failed_begin(struct failed *f, struct error *e)
{
	if (take(f, e) != 0)
		return -1;
	f->first = true;
	if (!f->regular)
		return 0;
	if (look(f, e) != 0) {
		lockfile_unlock(&f->file);
		e->code = EXIT_LOCAL;
		return -1;
	}
	f->begun = f->end;
	f->held = true;
	return 0;
}

/* Into a pipe or a device, which may have to wait for its reader. */
static int
write_in_place(const struct failed *f, const char *data, size_t n)
{
	int flags = fcntl(f->file.fd, F_GETFL);
	bool nonblocking = flags >= 0 && (flags & O_NONBLOCK) != 0;

	if (!wait_is_needed(f->file.fd, true))
		return lockfile_write(&f->file, data, n);
	while (n > 0) {
		ssize_t done = wait_write(
		    f->file.fd, nonblocking, data, n, signals_overdue, NULL);

		if (done < 0)
			return -1;
		data += done;
		n -= (size_t)done;
	}
	return 0;
}

int
failed_write(struct failed *f, const char *data, size_t n, struct error *e)
{
	int result;

	if (n == 0)
		return 0;
	if (SAFETY("failed-mark-last", f->first && f->regular, false))
		/* A byte that is not written is a NUL. */
		result =
		    lockfile_write_at(&f->file, f->begun + 1, data + 1, n - 1);
	else if (f->regular)
		result = lockfile_write(&f->file, data, n);
	else
		result = write_in_place(f, data, n);
	f->first = false;
	f->end += (off_t)n;
	return result != 0 ? give_up(f, e) : 0;
}

int
failed_end(struct failed *f, struct error *e)
{
	const struct lockfile *file = &f->file;

	if (f->regular) {
		/* The rest must be on disk before the byte that says so. */
		if (SAFETY(
			"fsync-failed-rows", sys_fsync(file->fd) != 0, false) ||
		    lockfile_write_at(file, f->begun, BATCH_PREFIX, 1) != 0 ||
		    SAFETY(
			"fsync-failed-mark", sys_fsync(file->fd) != 0, false))
			return give_up(f, e);
		f->held = false;
		lockfile_unlock(file);
	}
	f->batches++;
	return 0;
}

uint64_t
failed_begun(const struct failed *f)
{
	return f->regular ? (uint64_t)f->begun : 0;
}

static bool
digest(const struct lockfile *file, off_t at, uint64_t bytes, char *block,
    char out[SHA256_HEX])
{
	struct sha256 *h = sha256_new();

	while (h != NULL && bytes > 0) {
		size_t n = bytes < BLOCK ? (size_t)bytes : BLOCK;

		if (read_at(file, at, block, n) != 0) {
			sha256_free(h);
			return false;
		}
		sha256_add(h, block, n);
		at += (off_t)n;
		bytes -= n;
	}
	if (h == NULL)
		return false;
	sha256_take(h, out);
	sha256_free(h);
	return true;
}

/* For reading; if it is the file in use, that: to close it a second time
 * would give up the lock. */
static int
open_other(const struct failed *f, const char *path)
{
	struct stat st;

	if (lockfile_is(&f->file, path))
		return f->file.fd;
	/* A pipe would keep the one who opens it waiting. */
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return -1;
	return sys_open(path, O_RDONLY | O_NOFOLLOW | O_NOCTTY, 0);
}

bool
failed_holds(const struct failed *f, const char *path, uint64_t at,
    uint64_t bytes, const char *sha256)
{
	char *block = sys_malloc(BLOCK), got[SHA256_HEX];
	struct lockfile file = LOCKFILE_INIT;
	bool result = false;

	if (block != NULL)
		file.fd = open_other(f, path);
	if (file.fd >= 0)
		result = digest(&file, (off_t)at, bytes, block, got) &&
			 strcmp(got, sha256) == 0;
	if (file.fd != f->file.fd)
		lockfile_close(&file);
	free(block);
	return result;
}

const char *
failed_path(const struct failed *f)
{
	return f->file.path;
}

uint64_t
failed_batches(const struct failed *f)
{
	return f->batches;
}

uint64_t
failed_torn(const struct failed *f)
{
	return f->torn;
}
