/*
 * idset.h: a set of identifiers in memory, each known by its hash.
 *
 * An identifier takes at most 60 bytes, however long it is: that many while the
 * set grows, and 20 to 40 at other times.
 */
#ifndef TP_KEYED_IDSET_H
#define TP_KEYED_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "keyed/hash.h"

struct idset;

/* NULL with EXIT_LOCAL: no memory. */
struct idset *idset_new(struct error *e);
void idset_free(struct idset *s);

/* Nothing changes if it is there.  -1 with EXIT_LOCAL: no memory. */
int idset_add(struct idset *s, const struct hash *id, struct error *e);

bool idset_has(const struct idset *s, const struct hash *id);
/* That one will be asked for soon: what that needs is fetched meanwhile. */
void idset_expect(const struct idset *s, const struct hash *id);

/* How many there are. */
size_t idset_count(const struct idset *s);

#endif
