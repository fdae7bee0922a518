/*
 * walk.h: meets each row of an export with the row of the base that has its
 * identifier, in bounded memory.
 *
 * Both mostly have one order.  So they are read side by side: at a row of the
 * export that is not the next of the base, the base is read a little ahead.
 * Rows that have not met wait in memory, and past its bound on disk, for
 * whichever of the two comes later.
 */
#ifndef TP_DIFF_WALK_H
#define TP_DIFF_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "profile/rows.h"

struct walk;

/* What is kept of a row of the export that has to wait: where in the results
 * its own belong. */
struct walk_place {
	uint64_t number;      /* of the row, from 1 */
	uint64_t delta, next; /* bytes of each result before it */
};

/* Rows of a base, or NULL; all stay the caller's.  memory: bytes, beside up to
 * 12 MiB of buffers.  NULL: e says why. */
struct walk *walk_new(
    struct rows *export, struct rows *base, size_t memory, struct error *e);
void walk_free(struct walk *w);

/* Two rows of one identifier, or one that has met none; they live until the
 * next call. */
struct meeting {
	bool has_export, has_base;
	struct row export, base;
	bool late; /* the row of the export was read earlier: */
	struct walk_place place;
};

/*
 * The next: 1; 0 at the end; -1.  here: where the results are now.  Rows of the
 * export that are not late come in order.  At the end, -1 with EXIT_INPUT if an
 * identifier stands twice in the export or in the base.
 */
int walk_next(struct walk *w, const struct walk_place *here, struct meeting *m,
    struct error *e);

#endif
