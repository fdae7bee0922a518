/*
 * writer.h: writes rows as a batch stream (tp-batch(5)), or as a folder of
 * files that hold one batch each.
 *
 * A batch ends before the row that would pass a limit, so batches are as full
 * as can be.  Nothing is held but the rows of one buffer.
 *
 * The last line feed of what was written is held back until the next row, so
 * that a stream whose writer failed or was killed ends within a line: its
 * last batch is seen to be cut short.
 */
#ifndef TP_BATCH_WRITER_H
#define TP_BATCH_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "batch/limits.h"
#include "io/output.h"

struct batch_writer_options {
	uint64_t max_bytes;   /* at most BATCH_BYTES */
	uint64_t max_rows;    /* at most BATCH_ROWS */
	size_t max_row;	      /* the most that batch_writer_room is asked for */
	bool encode_twice;    /* all rows, and the header: see percent_again */
	const char *folder;   /* NULL: to out */
	const char *manifest; /* NULL: none */
};

/* Where a record stands in the input. */
struct batch_place {
	const char *file;     /* must live until the writer is closed */
	uint64_t first, last; /* lines */
};

struct batch_writer;

/* Whether a path has a name of those that batches get, and is in their folder.
 * Of a folder that does not exist nothing is. */
bool batch_writer_is_file(
    const struct batch_writer_options *o, const char *path);

/* Batches go to out, or, with a folder, the paths of finished files do.
 * Strings in o and out must outlive the writer. */
struct batch_writer *batch_writer_open(
    const struct batch_writer_options *o, struct output *out, struct error *e);

/*
 * The header row, encoded, without "batch=" and LF; copied.  To be called
 * once, before the first row.  EXIT_USAGE: no row could stand under it.  Then
 * the folder is made; one that holds batch files already is EXIT_USAGE.
 */
int batch_writer_begin(
    struct batch_writer *w, const char *header, size_t n, struct error *e);

/* Room for an encoded row of at most n bytes; NULL: no memory, or a write
 * failed.  Good until the next call. */
char *batch_writer_room(struct batch_writer *w, size_t n, struct error *e);

/*
 * The n bytes put there, LF included, are a row.  1: it is too large for any
 * batch and was not taken; 0; -1.
 */
int batch_writer_row(struct batch_writer *w, size_t n,
    const struct batch_place *place, struct error *e);

/*
 * The n bytes put there, an LF behind each row, are so many rows; place is that
 * of all.  1: they were not taken, since they do not all belong to the batch
 * that has begun, or none has; 0.
 */
int batch_writer_rows_at_once(struct batch_writer *w, size_t n, uint64_t rows,
    const struct batch_place *place);

/* Finishes the last batch and the manifest, and flushes out. */
int batch_writer_close(struct batch_writer *w, struct error *e);

/* Instead of close, when the run cannot go on: of the last batch, all but its
 * last line feed goes to out, so that whoever reads it knows.  Not flushed. */
void batch_writer_cut(struct batch_writer *w, struct error *e);

/* After close: frees.  Without: an unfinished file and the manifest are
 * removed. */
void batch_writer_free(struct batch_writer *w);

uint64_t batch_writer_batches(const struct batch_writer *w);
uint64_t batch_writer_rows(const struct batch_writer *w);
/* Of finished and unfinished batches. */
uint64_t batch_writer_bytes(const struct batch_writer *w);

#endif
