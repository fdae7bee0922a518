/*
 * check.h: the rules of records: what tp-validate passes, skips, rejects and
 * warns about.
 */
#ifndef TP_PROFILE_CHECK_H
#define TP_PROFILE_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include "profile/export.h"
#include "profile/quick.h"

/* Longest name and value in pages, in characters: "Target limits".  No such
 * limit is stated for bulk updates, so being over it is a warning. */
#define CHECK_NAME_MAX 128
#define CHECK_VALUE_MAX 256

enum verdict { CHECK_PASS, CHECK_SKIP, CHECK_REJECT };

struct check_options {
	bool strict;	 /* reject what would be warned about */
	bool keep_empty; /* pass records without values */
};

struct check {
	struct check_options options;
	struct csv_dialect dialect;
	struct export *export;
	struct quick quick;
	uint32_t stretch; /* QUICK_STRETCH; less behind rows that were bad */
	const struct header *header;
	size_t null_max;     /* bytes of the longest --null, its quotes
				doubled */
	size_t no_values[2]; /* bytes that a record without values may have
				besides its id, any with a column that is left
				out; [1]: if it holds quotes */
	uint32_t simple_max; /* bytes of records that can be judged in few
				steps; 0: none can */
};

/*
 * Both structs outlive it.  -1 with EXIT_INPUT: --strict, and the header
 * itself is what would be warned about.
 */
int check_init(struct check *c, const struct check_options *options,
    const struct export_options *input, struct export *x, struct error *e);

/* One record.  With CHECK_REJECT, *finding says why. */
enum verdict check_record(
    struct check *c, const struct csv_record *record, struct finding *finding);

/* How many rows from the start of a run are certainly good; quick_id finds
 * their identifiers as they are. */
size_t check_run(struct check *c, const struct csv_run *run);

/*
 * What every program that reads CSV must reject, since it cannot be
 * represented in a batch: RULE_COLUMNS, RULE_UTF8, RULE_ID_EMPTY (an
 * identifier that --null names is not empty here).  false: *finding says why.
 */
bool check_representable(const struct export *x,
    const struct csv_record *record, struct finding *finding);

#endif
