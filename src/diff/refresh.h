/*
 * refresh.h: which rows are sent again though they did not change
 * (--refresh A-B/N): those whose identifiers fall into some of N parts.
 *
 * The part of an identifier is the CRC-32 of its bytes, as gzip has it, modulo
 * N, plus 1; so it is the same every night, and others can compute it.
 */
#ifndef TP_DIFF_REFRESH_H
#define TP_DIFF_REFRESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parts first to last of so many, from 1; past the end on to 1 if last is less
 * than first.  parts 0: none. */
struct refresh {
	uint32_t first, last, parts;
};

#define REFRESH_PARTS 1000000

/* "A/N" or "A-B/N".  -1: it is neither. */
int refresh_parse(struct refresh *r, const char *text);

bool refresh_has(const struct refresh *r, const char *id, size_t n);

#endif
