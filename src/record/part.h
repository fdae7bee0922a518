/*
 * part.h: a batch, or some rows of one, on its way: what is sent, and what
 * receipts, the journal and the failed file are about.
 */
#ifndef TP_RECORD_PART_H
#define TP_RECORD_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/ndjson.h"
#include "base/sha256.h"

struct part {
	uint64_t batch; /* its number in the input, from 1 */
	uint64_t from;	/* its first row in the batch, from 1; 0: all of it */
	uint64_t rows;
	uint64_t bytes;		 /* as it is sent, the header row counted */
	char sha256[SHA256_HEX]; /* of these; "": not known */
	bool doubtful;		 /* an earlier run may have sent it */

	/* Where its rows are in the batch, while that is in memory. */
	size_t at, size;
};

/* The same rows with the same bytes? */
bool part_same(const struct part *a, const struct part *b);

/* For messages: "batch 3" or "batch 3, rows 5 to 7".  Returns to. */
enum { PART_NAME = 96 };
char *part_name(const struct part *p, char to[PART_NAME]);

/* What it is, as members of a line: batch, sha256, rowsFrom, rows, bytes; and
 * back.  -1: not there. */
void part_set(ndjson *object, const struct part *p);
int part_get(struct part *p, const ndjson *object);

#endif
