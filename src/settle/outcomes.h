/*
 * outcomes.h: what became of the batches that were accepted, as far as it
 * decides which rows count (tp-outcome(5)).
 */
#ifndef TP_SETTLE_OUTCOMES_H
#define TP_SETTLE_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* What is known of the rows of a batch. */
struct outcome_verdict {
	bool kept;	/* all of them count, but those that are listed */
	bool all_found; /* no profile was missing: what version 1 needs */
};

struct outcomes;

/* Reads a file, a seal in its last line included.  take: called for each
 * identifier that the service lists as failed of a batch whose other rows
 * count; -1 ends it.  NULL: e says why, with EXIT_INPUT and the line. */
struct outcomes *outcomes_read(const char *path,
    int (*take)(void *arg, const char *id, size_t n, struct error *e),
    void *arg, struct error *e);
void outcomes_free(struct outcomes *o);

/* Of the batch, or the part of one, with that batchId, or if it has none ("")
 * with that number.  NULL: there is no outcome. */
const struct outcome_verdict *outcomes_find(
    const struct outcomes *o, const char *batch_id, size_t n, uint64_t batch);

#endif
