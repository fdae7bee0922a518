/*
 * rowline.h: the lines of the file of rows (record/rowfile.h), one for each row
 * of a batch, and the header.
 */
#ifndef TP_RECORD_ROWLINE_H
#define TP_RECORD_ROWLINE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buffer.h"
#include "base/error.h"
#include "batch/reader.h"
#include "io/output.h"
#include "record/receipt.h"

/* The header of a file with that kind of identifier, which is not NONE, with
 * its line feed. */
const char *rowline_header(enum batch_id id);

/*
 * Which header n bytes begin with: *id, or NONE if they break off within one.
 * false: they are no beginning of such a file.  Headers are at most
 * ROWLINE_HEADER bytes.
 */
enum { ROWLINE_HEADER = 64 };
bool rowline_begins(const char *text, size_t n, enum batch_id *id);

/*
 * A line for each row of the receipt's part of the batch.  id: for the
 * identifiers, of which it grows to hold the longest.
 */
int rowline_write(struct output *out, const struct batch *b,
    const struct receipt *r, struct buffer *id, struct error *e);

#endif
