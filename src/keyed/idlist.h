/*
 * idlist.h: a file that lists identifiers.
 *
 * It is CSV if its first line names a column that is the identifier; such are a
 * file of rejects and tp-rows(5).  It may be written as the input is, or
 * plainly. Any other file has one identifier a line, which is taken as it
 * stands.
 */
#ifndef TP_KEYED_IDLIST_H
#define TP_KEYED_IDLIST_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "keyed/hash.h"
#include "keyed/idset.h"
#include "profile/export.h"

/* What was found in it. */
struct idlist {
	uint64_t ids;	       /* those that stand twice, too */
	size_t column;	       /* where they stand, from 1; 0: one a line */
	uint64_t unterminated; /* its last line, if that has no line ending */
};

/* What that tells a person. */
#define IDLIST_UNTERMINATED                                                   \
	"the last line has no line ending, as in a list that was cut short: " \
	"if it was, make the list again; if it is whole, end the line"

/*
 * Adds what the file at path lists to a set, by the key; "-" is stdin.  input
 * is how the input is written that the list is for, and whether the last line
 * must be ended; kind, which identifiers it has.  Blank lines, and records
 * without identifier, are passed over.  -1: the list cannot be read whole, and
 * is of no use.
 */
int idlist_read(struct idlist *l, const char *path,
    const struct export_options *input, enum id_kind kind,
    const struct hash_key *key, struct idset *set, struct error *e);

#endif
