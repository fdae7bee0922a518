#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "config.h"
#include "io/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "base/escape.h"
#include "base/safety.h"
#include "base/sha256.h"
#include "base/signals.h"
#include "base/sys.h"
#include "base/wait.h"
#include "io/seal.h"

/* Packed bytes read at a time, the most that is looked at for magic, and for
 * UTF-16. */
enum { PACKED = 64 * 1024, MAGIC = 10, WIDE = 64 };

/* In magic, for a digit but 0. */
#define DIGIT 1

struct input {
	int fd;
	bool waits;	       /* a read can wait for a writer */
	bool packed;	       /* gzip */
	bool member;	       /* inside a gzip member */
	bool ended;	       /* the file has no more bytes */
	bool begun;	       /* text was given out */
	char name[256];	       /* escaped */
	uint64_t taken;	       /* bytes read from fd */
	bool line_begins;      /* what was given out ends a line */
	uint64_t given;	       /* bytes given out */
	struct sha256 *digest; /* of them; NULL: no seal is demanded */
	char seal[SEAL_MAX];   /* held back: what may be the seal */
	size_t sealed;	       /* ... so many bytes */
	struct seal read;      /* the seal, if seal_seen */
	bool seal_seen, finished;
	uint64_t members; /* gzip members finished */
	z_stream z;
	unsigned char *held; /* bytes read and not yet given out */
	size_t first, last;  /* … are held[first..last) */
};

/* What a file begins with, what that is, and what unpacks it. */
static const struct {
	unsigned char magic[MAGIC];
	size_t n;
	const char *kind;
	const char *command;
} refused[] = {
    {{'P', 'K', 3, 4}, 4, "a zip archive", "unzip -p %s"},
    {{0x28, 0xb5, 0x2f, 0xfd}, 4, "zstd data", "zstd -dc %s"},
    {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, "xz data", "xz -dc %s"},
    /* A column may begin with BZh: so with what every block, or the end of
     * no block, has in front: pi, or its square root. */
    {{'B', 'Z', 'h', DIGIT, '1', 'A', 'Y', '&', 'S', 'Y'}, 10, "bzip2 data",
	"bzip2 -dc %s"},
    {{'B', 'Z', 'h', DIGIT, 0x17, 'r', 'E', '8', 'P', 0x90}, 10, "bzip2 data",
	"bzip2 -dc %s"},
    {{0xff, 0xfe}, 2, "UTF-16 text", "iconv -f UTF-16 -t UTF-8 %s"},
    {{0xfe, 0xff}, 2, "UTF-16 text", "iconv -f UTF-16 -t UTF-8 %s"},
};

static int
refuse(const struct input *in, const char *kind, const char *command,
    struct error *e)
{
	char full[320];
	const char *file = strcmp(in->name, "-") == 0 ? "FILE" : in->name;

	if (strlen(command) + strlen(file) >= sizeof(full))
		file = "FILE";
	snprintf(full, sizeof(full), "%.*s%s", (int)strcspn(command, "%"),
	    command, file);
	error_set(e, EXIT_INPUT,
	    "this is %s, not UTF-8 text; unpack or "
	    "convert it first: %s | ...",
	    kind, full);
	error_place(e, in->name, 0, 0);
	return -1;
}

/* One read from the descriptor; 0 at its end. */
static ptrdiff_t
take(struct input *in, void *buf, size_t size, struct error *e)
{
	ssize_t n;

	if (in->waits) {
		n = wait_read(in->fd, buf, size);
	} else {
		do
			n = sys_read(in->fd, buf, size);
		while (n < 0 && errno == EINTR && signals_pending() == 0);
	}
	if (n < 0 && errno == EINTR)
		return signals_interrupt(e);
	if (n < 0) {
		error_errno(e, EXIT_INPUT, "cannot read");
		error_place(e, in->name, 0, 0);
		return -1;
	}
	in->ended = n == 0;
	in->taken += (uint64_t)n;
	return n;
}

/* Reads until n bytes are held or the file ends. */
static int
hold(struct input *in, size_t n, struct error *e)
{
	while (in->last - in->first < n && !in->ended) {
		ptrdiff_t got =
		    take(in, in->held + in->last, PACKED - in->last, e);

		if (got < 0)
			return -1;
		in->last += (size_t)got;
	}
	return 0;
}

static int
start_unpacking(struct input *in, struct error *e)
{
	/* 16: gzip only, its header and trailer checked */
	if (inflateInit2(&in->z, 15 + 16) != Z_OK)
		return error_set(e, EXIT_LOCAL, "out of memory");
	in->packed = in->member = true;
	return 0;
}

static bool
begins(const unsigned char *p, const unsigned char *magic, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (magic[i] == DIGIT ? p[i] < '1' || p[i] > '9'
				      : p[i] != magic[i])
			return false;
	return true;
}

/* Looks at how the file begins. */
static int
recognise(struct input *in, struct error *e)
{
	const unsigned char *p = in->held;
	size_t n, i;

	if (hold(in, MAGIC, e) != 0)
		return -1;
	n = in->last;
	if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b)
		return start_unpacking(in, e);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (n >= refused[i].n &&
		    begins(p, refused[i].magic, refused[i].n))
			return refuse(
			    in, refused[i].kind, refused[i].command, e);
	}
	return 0;
}

static int
open_path(struct input *in, const char *path, struct error *e)
{
	struct stat st;

	if (path[0] == '\0')
		return error_set(e, EXIT_INPUT,
		    "the name of an input is empty; is a variable of the "
		    "script not set?");
	if (strcmp(path, "-") == 0)
		in->fd = STDIN_FILENO;
	else
		in->fd = wait_open(path, O_RDONLY | O_NOCTTY, 0);
	if (in->fd < 0 || fstat(in->fd, &st) != 0) {
		error_errno(e, EXIT_INPUT, "cannot open");
		error_place(e, in->name, 0, 0);
		return -1;
	}
	if (S_ISDIR(st.st_mode)) {
		error_set(
		    e, EXIT_INPUT, "this is a folder; name the files in it");
		error_place(e, in->name, 0, 0);
		return -1;
	}
	in->waits = wait_is_needed(in->fd, false);
#ifdef F_SETPIPE_SZ
	if (S_ISFIFO(st.st_mode))
		(void)fcntl(in->fd, F_SETPIPE_SZ, 1 << 20);
#endif
#ifdef POSIX_FADV_SEQUENTIAL
	(void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
	return 0;
}

struct input *
input_open(const char *path, struct error *e)
{
	struct input *in = sys_calloc(1, sizeof(*in));

	if (in == NULL) {
		error_errno(e, EXIT_LOCAL, "%s", path);
		return NULL;
	}
	in->fd = -1;
	in->line_begins = true;
	escape_text(in->name, sizeof(in->name), path, strlen(path));
	in->held = sys_malloc(PACKED);
	if (in->held == NULL)
		error_errno(e, EXIT_LOCAL, "%s", in->name);
	else if (open_path(in, path, e) == 0 && recognise(in, e) == 0)
		return in;
	input_close(in);
	return NULL;
}

void
input_close(struct input *in)
{
	if (in == NULL)
		return;
	if (in->packed)
		inflateEnd(&in->z);
	if (in->fd > STDIN_FILENO)
		(void)sys_close(in->fd);
	sha256_free(in->digest);
	free(in->held);
	free(in);
}

static int
corrupt(struct input *in, const char *what, struct error *e)
{
	error_set(e, EXIT_INPUT,
	    "gzip data %s (after %llu packed bytes); "
	    "fetch or make the file again",
	    what, (unsigned long long)(in->taken - (in->last - in->first)));
	error_place(e, in->name, 0, 0);
	return -1;
}

/* Behind a member: another one, padding of zeros, or the end. */
static int
next_member(struct input *in, struct error *e)
{
	in->members++;
	for (;;) {
		/* A full buffer would be taken for the end. */
		if (in->first == in->last)
			in->first = in->last = 0;
		if (hold(in, 1, e) != 0)
			return -1;
		if (in->first == in->last)
			return 0;
		if (in->held[in->first] != 0)
			break;
		in->first++;
	}
	if (in->held[in->first] != 0x1f)
		return corrupt(in, "is followed by something else", e);
	inflateReset(&in->z);
	in->member = true;
	return 0;
}

static ptrdiff_t
unpack(struct input *in, char *buf, size_t size, struct error *e)
{
	in->z.next_out = (unsigned char *)buf;
	in->z.avail_out = (unsigned int)(size > INT32_MAX ? INT32_MAX : size);
	size = in->z.avail_out;
	while (in->member && in->z.avail_out > 0) {
		int status;

		if (in->first == in->last)
			in->first = in->last = 0;
		if (hold(in, 1, e) != 0)
			return -1;
		if (in->first == in->last)
			return SAFETY("gzip-cut-short",
			    corrupt(in, "ends early: it was cut", e), 0);
		in->z.next_in = in->held + in->first;
		in->z.avail_in = (unsigned int)(in->last - in->first);
		status = inflate(&in->z, Z_NO_FLUSH);
		in->first = in->last - in->z.avail_in;
		if (status == Z_MEM_ERROR)
			return error_set(e, EXIT_LOCAL, "out of memory");
		if (status == Z_STREAM_END) {
			in->member = false;
			if (next_member(in, e) != 0)
				return -1;
		} else if (status != Z_OK && status != Z_BUF_ERROR) {
			return corrupt(in, "is corrupt", e);
		}
	}
	return (ptrdiff_t)(size - in->z.avail_out);
}

static ptrdiff_t
read_plain(struct input *in, char *buf, size_t size, struct error *e)
{
	size_t n = in->last - in->first;

	if (n == 0)
		return in->ended ? 0 : take(in, buf, size, e);
	if (n > size)
		n = size;
	memcpy(buf, in->held + in->first, n);
	in->first += n;
	return (ptrdiff_t)n;
}

static ptrdiff_t
read_some(struct input *in, char *buf, size_t size, struct error *e)
{
	return in->packed ? unpack(in, buf, size, e)
			  : read_plain(in, buf, size, e);
}

/* Reads on until buf has so many bytes of the text, or all; how many it has.
 */
static ptrdiff_t
read_least(struct input *in, char *buf, size_t size, ptrdiff_t n,
    ptrdiff_t least, struct error *e)
{
	while (n < least) {
		ptrdiff_t got = read_some(in, buf + n, size - (size_t)n, e);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += got;
	}
	return n;
}

/*
 * Is one of the first two bytes a NUL, and so is most of what stands on the
 * same side of other bytes, and nothing on the other side, as in UTF-16?  Few
 * are none: batches that were not finished begin with one each
 * (batch/reader.h), and so may anything that was damaged.  What a power cut has
 * left has NULs on both sides.
 */
static bool
is_wide(const char *text, size_t n)
{
	size_t side = n > 0 && text[0] == '\0' ? 0 : 1, nuls = 0, i;

	/* At its end half a letter is none. */
	n = n > WIDE ? WIDE : n - n % 2;
	for (i = 0; i < n; i++) {
		if (text[i] == '\0' && i % 2 != side)
			return false;
		nuls += text[i] == '\0';
	}
	return n >= 4 && text[side] == '\0' &&
	       SAFETY("batch-not-finished-wide", 4 * nuls > n, true);
}

/* The first bytes of the text: a mark is dropped, UTF-16 refused. */
static ptrdiff_t
read_first(struct input *in, char *buf, size_t size, struct error *e)
{
	ptrdiff_t n = read_least(in, buf, size, 0, 3, e);

	if (n >= 2 && (buf[0] == '\0') != (buf[1] == '\0'))
		n = read_least(in, buf, size, n, WIDE, e);
	if (n < 0)
		return -1;
	if (n >= 2 &&
	    (memcmp(buf, "\xff\xfe", 2) == 0 ||
		memcmp(buf, "\xfe\xff", 2) == 0 || is_wide(buf, (size_t)n)))
		return refuse(in, "UTF-16 text",
		    in->packed ? "zcat %s" : "iconv -f UTF-16 -t UTF-8 %s", e);
	if (n >= 3 && memcmp(buf, "\xef\xbb\xbf", 3) == 0) {
		n -= 3;
		memmove(buf, buf + 3, (size_t)n);
		if (n == 0)
			return read_some(in, buf, size, e);
	}
	return n;
}

/* ------------------------------------------------------------- seal */

int
input_demand_seal(struct input *in, struct error *e)
{
	in->digest = sha256_new();
	return in->digest == NULL ? error_set(e, EXIT_LOCAL, "out of memory")
				  : 0;
}

const struct seal *
input_seal(const struct input *in)
{
	return in->seal_seen ? &in->read : NULL;
}

void
input_waive_seal(struct input *in)
{
	sha256_free(in->digest);
	in->digest = NULL;
}

/* Bytes at the end of text that may be, or become, a seal. */
static size_t
find_seal(const struct input *in, const char *text, size_t n)
{
	size_t line = n;

	/* Behind the last line feed but one that ends the text. */
	if (line > 0)
		line--;
	while (line > 0 && n - line < SEAL_MAX && text[line - 1] != '\n')
		line--;
	if ((line == 0 && !in->line_begins) || n - line >= SEAL_MAX ||
	    !seal_may_begin(text + line, n - line))
		return 0;
	return n - line;
}

/* Notes what was given out. */
static ptrdiff_t
give(struct input *in, const char *buf, size_t n)
{
	in->given += n;
	if (n > 0)
		in->line_begins = buf[n - 1] == '\n';
	if (in->digest != NULL)
		sha256_add(in->digest, buf, n);
	return (ptrdiff_t)n;
}

static int
refuse_seal(struct input *in, const char *why, struct error *e)
{
	error_set(e, EXIT_INPUT,
	    "%s: what wrote this did not finish, or it "
	    "was changed since; run it again",
	    why);
	error_place(e, in->name, 0, 0);
	return -1;
}

/* At the end of the file: the bytes held back are a seal, or text. */
static ptrdiff_t
settle_seal(struct input *in, char *buf, struct error *e)
{
	char digest[SHA256_HEX];
	size_t n = in->sealed;
	struct seal seal;

	in->sealed = 0;
	if (n == 0 || seal_parse(&seal, in->seal, n) != 0) {
		if (SAFETY("seal-demanded",
			n == 0 && in->digest != NULL && !in->seal_seen, false))
			return refuse_seal(
			    in, "there is no seal at the end", e);
		memcpy(buf, in->seal, n);
		return give(in, buf, n);
	}
	in->seal_seen = true;
	in->read = seal;
	if (SAFETY("seal-bytes", seal.bytes != in->given, false))
		return refuse_seal(in,
		    "the seal is over another number of "
		    "bytes",
		    e);
	if (SAFETY("seal-sha256", in->digest != NULL, false) &&
	    strcmp(sha256_take(in->digest, digest), seal.sha256) != 0)
		return refuse_seal(in, "the seal does not match", e);
	return 0;
}

static ptrdiff_t
read_any(struct input *in, char *buf, size_t size, struct error *e)
{
	if (in->begun)
		return read_some(in, buf, size, e);
	in->begun = true;
	return read_first(in, buf, size, e);
}

ptrdiff_t
input_read(struct input *in, char *buf, size_t size, struct error *e)
{
	for (;;) {
		size_t held = in->sealed, n;
		ptrdiff_t got;

		if (in->finished)
			return 0;
		memcpy(buf, in->seal, held);
		got = read_any(in, buf + held, size - held, e);
		if (got < 0)
			return -1;
		if (got == 0) {
			got = settle_seal(in, buf, e);
			in->finished = got == 0;
			return got;
		}
		n = held + (size_t)got;
		in->sealed = find_seal(in, buf, n);
		n -= in->sealed;
		memcpy(in->seal, buf + n, in->sealed);
		if (n > 0)
			return give(in, buf, n);
	}
}

const char *
input_name(const struct input *in)
{
	return in->name;
}

const char *
input_zlib_version(void)
{
	return zlibVersion();
}
