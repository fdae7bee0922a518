#include "batch/writer.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/buffer.h"
#include "base/safety.h"
#include "base/sys.h"
#include "batch/manifest.h"
#include "batch/percent.h"
#include "io/outfile.h"
#include "io/paths.h"

/* Rows are encoded straight into a buffer of this size, which grows only for
 * a row that does not fit. */
enum { ROWS = 256 * 1024 };

struct batch_writer {
	struct batch_writer_options options;
	struct output *out;
	struct output *to;   /* the batch goes here: out, or file.out */
	struct outfile file; /* with a folder: the batch's */
	bool open;	     /* a batch has begun */
	char *path;	     /* with a folder: of the file */
	size_t path_size;
	char *header; /* "batch=" to LF */
	size_t header_len;
	struct buffer rows;	     /* not yet written */
	struct manifest *manifest;   /* NULL: none */
	struct manifest_entry entry; /* of the batch that is being written */
	uint64_t all_rows, all_bytes;
};

static bool
is_batch_file(const char *name)
{
	size_t digits;

	if (strncmp(name, "batch-", 6) != 0)
		return false;
	digits = strspn(name + 6, "0123456789");
	return digits > 0 && strcmp(name + 6 + digits, ".txt") == 0;
}

bool
batch_writer_is_file(const struct batch_writer_options *o, const char *path)
{
	const char *slash = strrchr(path, '/');

	return o->folder != NULL &&
	       is_batch_file(slash == NULL ? path : slash + 1) &&
	       paths_in_folder(path, o->folder);
}

static int
check_folder(const char *path, struct error *e)
{
	struct dirent *entry;
	DIR *folder = sys_opendir(path);
	int result = 0;

	if (folder == NULL)
		return error_errno(e, EXIT_USAGE, "cannot use folder %s", path);
	errno = 0;
	while (result == 0 && (entry = sys_readdir(folder)) != NULL)
		if (is_batch_file(entry->d_name))
			result = error_set(e, EXIT_USAGE,
			    "%s holds batch files already (%.40s): name "
			    "another folder or remove them",
			    path, entry->d_name);
	if (result == 0 && errno != 0)
		result = error_errno(e, EXIT_USAGE, "cannot read %s", path);
	closedir(folder);
	return result;
}

static int
prepare_folder(struct batch_writer *w, struct error *e)
{
	const char *path = w->options.folder;

	w->path_size = strlen(path) + sizeof("/batch-.txt") + 20;
	w->path = sys_malloc(w->path_size);
	if (w->path == NULL)
		return error_errno(e, EXIT_LOCAL, "cannot write batches");
	if (sys_mkdir(path, 0700) == 0)
		return SAFETY(
		    "fsync-new-folder", outfile_sync_folder(path, e), 0);
	if (errno != EEXIST)
		return error_errno(
		    e, EXIT_USAGE, "cannot make folder %s", path);
	return check_folder(path, e);
}

struct batch_writer *
batch_writer_open(
    const struct batch_writer_options *o, struct output *out, struct error *e)
{
	struct batch_writer *w = sys_calloc(1, sizeof(*w));

	if (w == NULL) {
		error_errno(e, EXIT_LOCAL, "cannot write batches");
		return NULL;
	}
	w->options = *o;
	w->out = w->to = out;
	w->file.out.fd = -1;
	/* Beside a row: what waits, and the header put before it. */
	buffer_init(
	    &w->rows, PERCENT_AGAIN_BOUND(o->max_row) + BATCH_BYTES + ROWS);
	return w;
}

/* The manifest may be in the folder. */
static int
prepare_files(struct batch_writer *w, struct error *e)
{
	const struct batch_writer_options *o = &w->options;

	if (o->folder != NULL && prepare_folder(w, e) != 0)
		return -1;
	if (o->manifest == NULL)
		return 0;
	/* Now that the folder is there. */
	if (batch_writer_is_file(o, o->manifest))
		return error_set(e, EXIT_USAGE,
		    "%s: expected another name: the batches are called so",
		    o->manifest);
	w->manifest = manifest_open(o->manifest, e);
	return w->manifest == NULL ? -1 : 0;
}

int
batch_writer_begin(
    struct batch_writer *w, const char *header, size_t n, struct error *e)
{
	w->header = sys_malloc(BATCH_PREFIX_LEN + PERCENT_AGAIN_BOUND(n) + 1);
	if (w->header == NULL || buffer_reserve(&w->rows, ROWS) != 0)
		return error_errno(e, EXIT_LOCAL, "cannot write batches");
	memcpy(w->header, BATCH_PREFIX, BATCH_PREFIX_LEN);
	memcpy(w->header + BATCH_PREFIX_LEN, header, n);
	if (w->options.encode_twice)
		n = percent_again(w->header + BATCH_PREFIX_LEN, n);
	w->header_len = BATCH_PREFIX_LEN + n + 1;
	w->header[w->header_len - 1] = '\n';
	/* A row has two bytes at least. */
	if (w->header_len + 2 > w->options.max_bytes)
		return error_set(e, EXIT_USAGE,
		    "no row fits: the header has %zu bytes, and a batch may "
		    "have %llu (--max-bytes)",
		    w->header_len, (unsigned long long)w->options.max_bytes);
	/* Last, so that what does not fit the header leaves nothing. */
	return prepare_files(w, e);
}

/* Writes what waits, but for the last `keep` bytes. */
static int
write_rows(struct batch_writer *w, size_t keep, struct error *e)
{
	size_t n = w->rows.len < keep ? 0 : w->rows.len - keep;

	if (n == 0)
		return 0;
	if (w->manifest != NULL)
		manifest_add(w->manifest, w->rows.data, n);
	if (output_write(w->to, w->rows.data, n, e) != 0)
		return -1;
	memmove(w->rows.data, w->rows.data + n, w->rows.len - n);
	w->rows.len -= n;
	return 0;
}

char *
batch_writer_room(struct batch_writer *w, size_t n, struct error *e)
{
	/* The header may have to be put before the row. */
	size_t need = w->header_len +
		      (w->options.encode_twice ? PERCENT_AGAIN_BOUND(n) : n);

	if (need > w->rows.size - w->rows.len) {
		if (write_rows(w, SAFETY("held-back-line-feed", 1, 0), e) != 0)
			return NULL;
		if (buffer_reserve(&w->rows, need) != 0) {
			error_set(e, EXIT_LOCAL, "no memory for a row");
			return NULL;
		}
	}
	return w->rows.data + w->rows.len;
}

/* The path of a finished file, for those that wait for it. */
static int
announce(struct batch_writer *w, struct error *e)
{
	if (output_write(w->out, w->path, strlen(w->path), e) != 0 ||
	    output_write(w->out, "\n", 1, e) != 0)
		return -1;
	return output_flush(w->out, e);
}

static int
end_batch(struct batch_writer *w, struct error *e)
{
	if (!w->open)
		return 0;
	if (write_rows(w, 0, e) != 0)
		return -1;
	w->open = false;
	if (w->options.folder != NULL &&
	    (SAFETY("batch-files-commit", outfile_commit(&w->file, e) != 0,
		 (outfile_discard(&w->file), false)) ||
		announce(w, e) != 0))
		return -1;
	if (w->manifest == NULL)
		return 0;
	w->entry.path = w->path;
	return manifest_entry(w->manifest, &w->entry, e);
}

/* Begins a batch with a row of n bytes, which lie at `row`. */
static int
begin_batch(struct batch_writer *w, const char *row, size_t n, struct error *e)
{
	uint64_t number = w->entry.batch + 1;

	if (w->options.folder != NULL) {
		snprintf(w->path, w->path_size, "%s/batch-%06llu.txt",
		    w->options.folder, (unsigned long long)number);
		if (outfile_open(&w->file, w->path, e) != 0) {
			/* It is no longer true that nothing was done. */
			e->code = EXIT_LOCAL;
			return -1;
		}
		w->to = &w->file.out;
	}
	memset(&w->entry, 0, sizeof(w->entry));
	w->entry.batch = number;
	w->entry.bytes = w->header_len;
	w->all_bytes += w->header_len;
	w->open = true;
	memmove(w->rows.data + w->header_len, row, n);
	memcpy(w->rows.data, w->header, w->header_len);
	w->rows.len = w->header_len;
	return 0;
}

/* Into the batch that has begun. */
static void
take_rows(struct batch_writer *w, size_t n, uint64_t rows,
    const struct batch_place *place)
{
	struct manifest_entry *entry = &w->entry;

	w->rows.len += n;
	entry->rows += rows;
	entry->bytes += n;
	entry->last_file = place->file;
	entry->last_line = place->last;
	w->all_rows += rows;
	w->all_bytes += n;
}

static bool
fits(const struct batch_writer *w, size_t n, uint64_t rows)
{
	return rows <= w->options.max_rows - w->entry.rows &&
	       n <= w->options.max_bytes - w->entry.bytes;
}

int
batch_writer_row(struct batch_writer *w, size_t n,
    const struct batch_place *place, struct error *e)
{
	char *row = w->rows.data + w->rows.len;

	if (w->options.encode_twice)
		n = percent_again(row, n);
	if (n > w->options.max_bytes - w->header_len)
		return 1;
	if (w->open && !fits(w, n, 1) && end_batch(w, e) != 0)
		return -1;
	if (!w->open) {
		if (begin_batch(w, row, n, e) != 0)
			return -1;
		w->entry.first_file = place->file;
		w->entry.first_line = place->first;
	}
	take_rows(w, n, 1, place);
	return 0;
}

int
batch_writer_rows_at_once(struct batch_writer *w, size_t n, uint64_t rows,
    const struct batch_place *place)
{
	if (w->open && w->options.encode_twice)
		n = percent_again(w->rows.data + w->rows.len, n);
	if (!w->open || !fits(w, n, rows))
		return 1;
	take_rows(w, n, rows, place);
	return 0;
}

int
batch_writer_close(struct batch_writer *w, struct error *e)
{
	if (end_batch(w, e) != 0 || output_flush(w->out, e) != 0)
		return -1;
	return w->manifest == NULL ? 0 : manifest_commit(w->manifest, e);
}

void
batch_writer_cut(struct batch_writer *w, struct error *e)
{
	if (w->open && w->options.folder == NULL)
		(void)write_rows(w, SAFETY("held-back-line-feed", 1, 0), e);
}

void
batch_writer_free(struct batch_writer *w)
{
	if (w == NULL)
		return;
	outfile_discard(&w->file);
	manifest_free(w->manifest);
	buffer_free(&w->rows);
	free(w->header);
	free(w->path);
	free(w);
}

uint64_t
batch_writer_batches(const struct batch_writer *w)
{
	return w->entry.batch;
}

uint64_t
batch_writer_rows(const struct batch_writer *w)
{
	return w->all_rows;
}

uint64_t
batch_writer_bytes(const struct batch_writer *w)
{
	return w->all_bytes;
}
