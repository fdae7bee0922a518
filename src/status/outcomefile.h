/*
 * outcomefile.h: a file that outcomes are added to, one run after another, and
 * which batches have one in it.
 *
 * A line is on disk when outcomefile_add returns.  One that was not finished is
 * cut off at the next open.  It is locked for one process alone.
 */
#ifndef TP_STATUS_OUTCOMEFILE_H
#define TP_STATUS_OUTCOMEFILE_H

#include <stdbool.h>
#include "base/error.h"
#include "status/outcome.h"

struct outcomefile;

/*
 * Makes it if it does not exist, and reads it.  path must live as long.  NULL
 * with EXIT_USAGE: it cannot be used, or holds what is no outcome, and was not
 * changed.
 */
struct outcomefile *outcomefile_open(const char *path, struct error *e);
void outcomefile_free(struct outcomefile *f);

/* Would outcomefile_open succeed?  Makes and changes nothing. */
int outcomefile_look(const char *path, struct error *e);

/* Bytes of a line that was cut off. */
uint64_t outcomefile_torn(const struct outcomefile *f);

/* Whether it had an outcome of that batch of the service ("": of none) when it
 * was opened. */
bool outcomefile_has(const struct outcomefile *f, const char *batch_id);

/* -1 with EXIT_LOCAL. */
int outcomefile_add(
    struct outcomefile *f, const struct outcome *o, struct error *e);

#endif
