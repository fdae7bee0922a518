/*
 * seal.h: the last line of a stream whose writer finished:
 *
 *	#tp-seal rows=N bytes=N sha256=HEX
 *	{"seal":{"rows":N,"bytes":N,"sha256":"HEX"}}	(NDJSON)
 *
 * or, of a base for the next night, with the sha256 of the changes that it is
 * the outcome of (tp-diff):
 *
 *	#tp-seal rows=N bytes=N sha256=HEX delta=HEX
 *
 * over everything before it.  A program that died did not write it, so the
 * one that reads can tell, in shells without pipefail too.
 */
#ifndef TP_IO_SEAL_H
#define TP_IO_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/sha256.h"

struct seal {
	uint64_t rows; /* records, rows or objects; headers not counted */
	uint64_t bytes;
	char sha256[SHA256_HEX];
	char
	    delta[SHA256_HEX]; /* ""; or, of a SEAL_LINE, that of the changes */
};

enum seal_form { SEAL_LINE, SEAL_NDJSON };

/* A seal's line has at most so many bytes. */
#define SEAL_MAX 256

/* The line with its LF, ended by NUL too; returns its length. */
size_t seal_format(
    const struct seal *s, enum seal_form form, char out[SEAL_MAX]);

/* A whole line in one of the forms, with its LF.  -1: it is no seal. */
int seal_parse(struct seal *s, const char *line, size_t n);

/* Whether a line that begins like this may be a seal. */
bool seal_may_begin(const char *line, size_t n);

/*
 * Whether a line among rows, n bytes without its ending, can only be what is
 * left of a SEAL_LINE, be it cut short, changed, or not where it belongs: as
 * far as it goes, or up to "bytes=", it is one, and it goes to "#tp-" at least.
 */
bool seal_like(const char *line, size_t n);

/* A quick look for that, at a line of one byte at least. */
static inline bool
seal_suspected(const char *line, size_t n)
{
	return *line == '#' && n >= 4 && memcmp(line, "#tp-", 4) == 0;
}

#endif
