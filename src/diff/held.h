/*
 * held.h: the results, held back until all of them are known: the rows that
 * are to be sent, the base for the next night, and the rows of the base that
 * are in the export no more.
 *
 * Most rows of the export bring their results in order.  The results of one
 * that had to wait are put where they belong when everything is written.
 */
#ifndef TP_DIFF_HELD_H
#define TP_DIFF_HELD_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "diff/compare.h"
#include "diff/walk.h"
#include "io/output.h"

struct held;

/* memory: bytes, beside up to 10 MiB of buffers.  NULL: no memory. */
struct held *held_new(size_t memory, struct error *e);
void held_free(struct held *h);

/* Where the results are now. */
const struct walk_place *held_here(const struct held *h);

/* What a row of the export brings; place NULL: it is in order.  Empty ones are
 * nothing. */
int held_add(struct held *h, const struct walk_place *place,
    const struct result *r, struct error *e);

/* A row of the base that is in the export no more, the number'th. */
int held_add_removed(struct held *h, uint64_t number, const char *row, size_t n,
    struct error *e);

/* Rows that will be sent, and that the next base will have. */
uint64_t held_delta_rows(const struct held *h);
uint64_t held_next_rows(const struct held *h);

/* Everything is written, once; next NULL: it is not wanted. */
int held_write(
    struct held *h, struct output *delta, struct output *next, struct error *e);
int held_write_removed(struct held *h, struct output *out, struct error *e);

#endif
