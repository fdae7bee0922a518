/*
 * reader.h: reads a batch stream (tp-batch(5)): one batch at a time, whole in
 * memory, checked while it is read.
 *
 * A batch begins at each line that begins with "batch=", and with each FILE.
 * A line that begins with a NUL begins one that was not finished (see
 * record/failed.h).  That one may break off anywhere, so it ends in front of
 * the next "batch=", which may stand in the middle of a line.
 */
#ifndef TP_BATCH_READER_H
#define TP_BATCH_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/error.h"
#include "batch/limits.h"

/*
 * The caller's, filled in by batch_reader_next; it can be filled again, which
 * keeps its memory.  While one is in flight another can be read.
 */
struct batch {
	struct buffer body; /* the bytes to send, "batch=" included */
	size_t header;	    /* bytes of its header row, "batch=" and LF too */
	enum batch_id id;
	uint64_t number;    /* in the stream, from 1 */
	uint64_t rows;	    /* the header is none */
	uint64_t bytes;	    /* body.len, and what batch_reader_rest gave */
	char file[256];	    /* where it stands, for messages */
	uint64_t line;	    /* … its first line there, from 1 */
	bool more;	    /* too large for memory: see batch_reader_rest */
	bool cut;	    /* not all is there: its last line has no LF, or it
			     * was not finished */
	struct error fault; /* code EXIT_COMPLETE: it complies */
};

/* The most bytes that a struct batch ever takes. */
#define BATCH_MEMORY (BATCH_BYTES + 1 + BATCH_PREFIX_LEN + 256 * 1024)

void batch_init(struct batch *b);
void batch_free(struct batch *b);

struct batch_reader;

/*
 * Whether a file that begins with these bytes may be a batch stream: it begins
 * with "batch=" or with a batch that was not finished, which has a NUL in
 * place of the first byte of that, may have NULs in place of others, and may
 * break off in front of the next "batch=".  Of fewer bytes than the prefix
 * has, as far as they go.
 */
bool batch_may_begin(const char *text, size_t n);
/* Whether a line begins a batch, or one that was not finished. */
bool batch_begins(const char *line, size_t n);
/* The offset of the first "batch=", or of what may be the beginning of one at
 * the end; n: there is none. */
size_t batch_find(const char *text, size_t n);

/*
 * Reads the n paths one after another ("-" is stdin; n 0: stdin alone), which
 * must outlive the reader.  Each is opened when it is its turn.
 * NULL: no memory.
 */
struct batch_reader *batch_reader_open(
    char *const *paths, size_t n, struct error *e);
void batch_reader_close(struct batch_reader *r);

/*
 * Each input must end with a valid seal.  The last batch of one is not given
 * out before that is known: its writer may have died between two rows, which
 * looks like the end of a batch.  Before the first batch_reader_next.
 */
void batch_reader_demand_seal(struct batch_reader *r);

/*
 * The next batch.  1: there is one; 0: the stream has ended; -1: it cannot be
 * read on: an input fails or does not begin with "batch=" (EXIT_INPUT; what
 * was read of an unfinished batch is in b->body), no memory (EXIT_LOCAL), or
 * a signal came.
 *
 * A batch that does not comply is given out all the same, with b->fault
 * filled in: place, line and column of the first byte at fault, or of the row.
 * It must not be sent.
 */
int batch_reader_next(struct batch_reader *r, struct batch *b, struct error *e);

/*
 * The bytes of a batch with b->more that follow those in its body, at most
 * size (size >= 64) at a time; 0: there are no more; -1 as above.  Counts on
 * in b->rows and b->bytes, and says at the end whether it was cut.
 * batch_reader_next drops what was not asked for.
 */
ptrdiff_t batch_reader_rest(struct batch_reader *r, struct batch *b, char *buf,
    size_t size, struct error *e);

#endif
