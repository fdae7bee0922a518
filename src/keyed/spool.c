#define _GNU_SOURCE /* O_TMPFILE */
#include "keyed/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/options.h"
#include "base/sys.h"

struct spool {
	int fd; /* -1: not made yet */
	char folder[PATH_MAX / 4];
	uint64_t blocks;  /* the file's */
	uint64_t *unused; /* owned */
	size_t n_unused, room;
};

struct spool *
spool_new(struct error *e)
{
	const char *folder = options_environment("TMPDIR");
	struct spool *s = sys_calloc(1, sizeof(*s));

	if (s == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	s->fd = -1;
	snprintf(s->folder, sizeof(s->folder), "%s",
	    folder == NULL ? "/tmp" : folder);
	return s;
}

void
spool_free(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->fd >= 0)
		sys_close(s->fd);
	free(s->unused);
	free(s);
}

/* Where a file cannot be made without a name, it loses that at once. */
static int
open_named(const struct spool *s)
{
	char path[sizeof(s->folder) + 48];
	int fd;

	snprintf(path, sizeof(path), "%s/tp-tools.tmp-%ld", s->folder,
	    (long)getpid());
	fd = sys_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd >= 0 && sys_unlink(path) != 0) {
		sys_close(fd);
		return -1;
	}
	return fd;
}

static int
make_file(struct spool *s, struct error *e)
{
	s->fd = sys_open(s->folder, O_TMPFILE | O_RDWR, 0600);
	if (s->fd < 0 &&
	    (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		s->fd = open_named(s);
	if (s->fd < 0)
		return error_errno(e, EXIT_LOCAL,
		    "cannot make a temporary file in %s (set TMPDIR to a "
		    "folder with room)",
		    s->folder);
	return 0;
}

/* Bytes to or from a block; writing a block that is the file's last makes it
 * longer. */
static int
move(struct spool *s, uint64_t block, char *data, size_t n, bool write,
    struct error *e)
{
	off_t at = (off_t)(block * SPOOL_BLOCK);
	ssize_t done;

	for (; n > 0; n -= (size_t)done, data += done, at += done) {
		done = write ? sys_pwrite(s->fd, data, n, at)
			     : sys_pread(s->fd, data, n, at);
		if (done < 0 && errno == EINTR)
			done = 0;
		else if (done < 0 && write)
			return error_errno(e, EXIT_LOCAL,
			    "cannot write to a temporary file in %s (set "
			    "TMPDIR to a folder with room)",
			    s->folder);
		else if (done <= 0)
			return error_errno(e, EXIT_LOCAL,
			    "cannot read a temporary file in %s", s->folder);
	}
	return 0;
}

/* A growable array of numbers of blocks. */
static int
push(uint64_t **array, size_t *n, size_t *room, uint64_t block)
{
	if (*n == *room) {
		size_t more = *room == 0 ? 16 : *room * 2;
		uint64_t *p = sys_realloc(*array, more * sizeof(*p));

		if (p == NULL)
			return -1;
		*array = p;
		*room = more;
	}
	(*array)[(*n)++] = block;
	return 0;
}

/* What is in the buffer becomes a block of the file. */
static int
put_block(struct spool *s, struct stream *t, struct error *e)
{
	uint64_t block;

	if (s->fd < 0 && make_file(s, e) != 0)
		return -1;
	block = s->n_unused > 0 ? s->unused[--s->n_unused] : s->blocks++;
	if (push(&t->block, &t->blocks, &t->room, block) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	if (move(s, block, t->buffer, t->end, true, e) != 0)
		return -1;
	t->end = 0;
	return 0;
}

static int
make_buffer(struct stream *t, struct error *e)
{
	t->buffer = sys_malloc(SPOOL_BLOCK);
	return t->buffer == NULL ? error_set(e, EXIT_LOCAL, "out of memory")
				 : 0;
}

int
stream_write(struct spool *s, struct stream *t, const void *data, size_t n,
    struct error *e)
{
	const char *from = data;

	if (t->buffer == NULL && make_buffer(t, e) != 0)
		return -1;
	t->bytes += n;
	while (n > 0) {
		size_t piece = SPOOL_BLOCK - t->end;

		if (piece == 0) {
			if (put_block(s, t, e) != 0)
				return -1;
			continue;
		}
		if (piece > n)
			piece = n;
		memcpy(t->buffer + t->end, from, piece);
		t->end += piece;
		from += piece;
		n -= piece;
	}
	return 0;
}

int
stream_rewind(struct spool *s, struct stream *t, struct error *e)
{
	t->next = t->at = 0;
	if (t->blocks == 0)
		return 0;
	if (t->end > 0 && put_block(s, t, e) != 0)
		return -1;
	free(t->buffer);
	t->buffer = NULL;
	return 0;
}

/* The next block comes to the buffer, and can be used again. */
static int
get_block(struct spool *s, struct stream *t, struct error *e)
{
	uint64_t left = t->bytes - (uint64_t)t->next * SPOOL_BLOCK;
	size_t n = left < SPOOL_BLOCK ? (size_t)left : SPOOL_BLOCK;

	if (t->buffer == NULL && make_buffer(t, e) != 0)
		return -1;

	if (move(s, t->block[t->next], t->buffer, n, false, e) != 0)
		return -1;
	if (push(&s->unused, &s->n_unused, &s->room, t->block[t->next]) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	t->next++;
	t->at = 0;
	t->end = n;
	return 0;
}

int
stream_read(
    struct spool *s, struct stream *t, void *to, size_t n, struct error *e)
{
	const bool some = n > 0;
	char *out = to;

	while (n > 0) {
		size_t piece = t->end - t->at;

		if (piece == 0) {
			if (t->next == t->blocks)
				return out == to
					   ? 0
					   : error_set(e, EXIT_LOCAL,
						 "a temporary file in %s is "
						 "shorter than it was",
						 s->folder);
			if (get_block(s, t, e) != 0)
				return -1;
			continue;
		}
		if (piece > n)
			piece = n;
		memcpy(out, t->buffer + t->at, piece);
		t->at += piece;
		out += piece;
		n -= piece;
	}
	return some;
}

void
stream_drop(struct spool *s, struct stream *t)
{
	/* Without memory to note them, the file only becomes larger. */
	for (; t->next < t->blocks; t->next++)
		(void)push(
		    &s->unused, &s->n_unused, &s->room, t->block[t->next]);
	free(t->block);
	free(t->buffer);
	memset(t, 0, sizeof(*t));
}
