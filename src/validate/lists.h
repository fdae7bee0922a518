/*
 * lists.h: --only-ids and --except-ids: whose records are kept.
 */
#ifndef TP_VALIDATE_LISTS_H
#define TP_VALIDATE_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "csv/fields.h"
#include "keyed/idlist.h"
#include "profile/export.h"

/* What those are named in to lose or to keep their records. */
enum list_kind { LISTS_ONLY, LISTS_EXCEPT, LISTS_KINDS };

/* "only-ids", "except-ids" */
const char *lists_option(enum list_kind kind);

/* Of both kinds together. */
#define LISTS_FILES 16

struct lists_file {
	enum list_kind kind;
	const char *path;
	struct idlist found;
};

/* Begins as all zeros, and is open for reading. */
struct lists {
	struct lists_file file[LISTS_FILES];
	size_t files;
	struct hash_key key;
	struct idset *set[LISTS_KINDS]; /* NULL: no file of that kind */
	uint64_t met[LISTS_KINDS]; /* records with an identifier of these */
	uint64_t left_out;	   /* records */
};

/* One more file, as the option of that kind says; -1 with EXIT_USAGE.  The path
 * stays the caller's. */
int lists_add(
    struct lists *l, enum list_kind kind, const char *path, struct error *e);

/* Reads the files, which are for x, whose options these are.  -1. */
int lists_read(struct lists *l, const struct export_options *options,
    const struct export *x, struct error *e);
void lists_free(struct lists *l);

/*
 * Which records of n, at most LISTS_MANY, good ones with these identifiers, are
 * kept: bit i is for the i'th.  Those that are not are counted.  Where no file
 * was given it need not be asked.
 */
#define LISTS_MANY 32
uint32_t lists_keep(struct lists *l, const struct csv_field *id, size_t n);

#endif
