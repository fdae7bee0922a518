/*
 * output.h: a stream that is written front to back: stdout, or the inside of
 * an outfile.  A write, flush or close that fails is an error with
 * EXIT_LOCAL; what was written before it is not taken back, and nothing is
 * written behind it.  A write waits for the reader of a pipe until a signal is
 * caught; from then on one that the pipe has no room for fails.
 */
#ifndef TP_IO_OUTPUT_H
#define TP_IO_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/error.h"
#include "io/gzip.h"
#include "io/seal.h"

struct output {
	int fd;
	bool waits;	       /* a write can wait for a reader */
	bool nonblocking;      /* fd has O_NONBLOCK */
	bool broken;	       /* the reader has gone (EPIPE) */
	bool failed;	       /* a write did: all that follow fail too */
	char name[256];	       /* for messages */
	uint64_t written;      /* bytes taken, buffered ones included */
	struct sha256 *digest; /* NULL: it will not be sealed */
	struct gzip *gzip;     /* NULL: it is not compressed */
	struct buffer pending; /* at most OUTPUT_BUFFER bytes */
};

#define OUTPUT_BUFFER (128 * 1024)

/* Takes over fd.  A pipe is enlarged where the system grants it; behind the
 * number of a pipe or terminal is then a description of this process's own. */
int output_open(struct output *o, int fd, const char *name, struct error *e);

/* It will be sealed: what is written is digested.  Before the first write. */
int output_begin_seal(struct output *o, struct error *e);
/* Writes the seal over all that was written, which has so many rows; nothing
 * if it was not begun. */
int output_seal(
    struct output *o, enum seal_form form, uint64_t rows, struct error *e);
/* … a SEAL_LINE that names the sha256 of the changes. */
int output_seal_delta(struct output *o, uint64_t rows,
    const char delta[SHA256_HEX], struct error *e);

/* What is written is compressed on its way; `written` and a seal are of the
 * text.  Before the first write; -1: no memory. */
int output_begin_gzip(struct output *o, struct error *e);
/* It is whole, but for what output_flush does.  Nothing if it was not begun. */
int output_end_gzip(struct output *o, struct error *e);

/* n bytes, or -1.  Much at a time goes straight to the descriptor. */
int output_write(struct output *o, const void *data, size_t n, struct error *e);
/* The same, and frees the line; NULL: there was no memory for it. */
int output_line(struct output *o, char *line, size_t n, struct error *e);
int output_flush(struct output *o, struct error *e);

/* Flushes and closes; frees in any case. */
int output_close(struct output *o, struct error *e);

/* Closes without flushing. */
void output_abandon(struct output *o);

#endif
