/*
 * manifest.h: what --manifest writes: a line of NDJSON for each batch
 * (tp-batch(5)).
 */
#ifndef TP_BATCH_MANIFEST_H
#define TP_BATCH_MANIFEST_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* The first and the last record of a batch, and where they stand. */
struct manifest_entry {
	uint64_t batch, rows, bytes;
	const char *path; /* of the batch; NULL: it is in a stream */
	const char *first_file, *last_file;
	uint64_t first_line, last_line;
};

struct manifest;

/* NULL: it cannot be made (EXIT_USAGE), or no memory. */
struct manifest *manifest_open(const char *path, struct error *e);
/* Bytes of the batch that is being written. */
void manifest_add(struct manifest *m, const char *data, size_t n);
/* The batch is whole. */
int manifest_entry(
    struct manifest *m, const struct manifest_entry *entry, struct error *e);
/* Makes the file appear; -1 if it does not. */
int manifest_commit(struct manifest *m, struct error *e);
/* Removes what was not committed. */
void manifest_free(struct manifest *m);

#endif
