/*
 * scan.h: finds the structure of CSV text: where fields and records end.
 *
 * A scan works on 64 bytes at a time, as bit masks of where the delimiter,
 * the quote, CR, LF and so on are; a running exclusive-or of the quotes tells
 * what is inside them.  It reports where they are and marks what it is not sure
 * of; the rules of CSV stand in scan-block.h, once, for every kernel, and
 * this is the one place that decides which records are "plainly" RFC 4180.
 * Records marked CSV_ROW_ODD are libcsv's.
 */
#ifndef TP_CSV_SCAN_H
#define TP_CSV_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/kernel.h"

enum {
	/*
	 * Not plainly RFC 4180: a quote within an unquoted field, something
	 * behind a closing quote, a CR without LF outside of quotes.  From
	 * such a row on, where rows end is a guess.
	 */
	CSV_ROW_ODD = 1,
	CSV_ROW_QUOTED = 2,  /* holds a quote */
	CSV_ROW_DOUBT = 4,   /* may hold what is not UTF-8 */
	CSV_ROW_CONTROL = 8, /* holds a C0 control other than tab, CR, LF */
	CSV_ROW_INNER = 16   /* holds a delimiter or line break in quotes */
};

struct csv_row {
	uint32_t end;	 /* offset of its LF */
	uint32_t seps;	 /* separators from the start of the text up to and
			    with that LF */
	uint32_t breaks; /* LFs inside quotes, from there up to its end */
	uint32_t flags;	 /* CSV_ROW_… */
};

/*
 * The index of a stretch of text that begins at a record: row i begins one
 * byte behind the LF of row i - 1, row 0 at 0.  In the masks, bit i % 64 of
 * word i / 64 is byte i of the text.
 */
struct csv_index {
	uint64_t *sep;	/* delimiters outside quotes, and LFs that end rows */
	uint64_t *rare; /* all but printing ASCII, and + / space and the quote:
			   what identifiers must not hold, or seldom do */
	size_t max_blocks; /* words in each mask */
	struct csv_row *row;
	size_t rows, max_rows;
	size_t scanned; /* bytes looked at; a record cut off at this place is
			   not reported */
};

/* 64 bits of a mask, from a place within the index on.  What lies behind
 * `scanned` is nothing. */
static inline uint64_t
csv_index_bits(const uint64_t *mask, uint32_t at)
{
	uint32_t block = at / 64, shift = at % 64;

	return mask[block] >> shift | mask[block + 1] << 1 << (63 - shift);
}

/* The offset of the first separator from `from` on; there must be one. */
static inline uint32_t
csv_index_next(const uint64_t *sep, uint32_t from)
{
	uint64_t bits;

	while ((bits = csv_index_bits(sep, from)) == 0)
		from += 64;
	return from + (uint32_t)__builtin_ctzll(bits);
}

/* Whether a mask has a bit in [from, to). */
static inline bool
csv_index_any(const uint64_t *mask, uint32_t from, uint32_t to)
{
	if (from >= to)
		return false;
	for (; to - from > 64; from += 64)
		if (csv_index_bits(mask, from) != 0)
			return true;
	return csv_index_bits(mask, from) << (64 - (to - from)) != 0;
}

/* Past the text, so many bytes must be readable (their value is nothing). */
#define CSV_SCAN_PAD 64

/*
 * Scans text[0..n), n < 2^32, and fills the index anew; stops early, at a
 * block of 64, when the index is full.  The masks have one word more than
 * max_blocks says, for csv_index_bits.
 */
typedef void csv_scan_function(const char *text, size_t n, char delimiter,
    char quote, struct csv_index *index);

struct csv_kernel {
	enum kernel kernel;
	csv_scan_function *scan;
};

/* All that were built, best first; the portable one last; ended by NULL. */
extern const struct csv_kernel csv_kernels[];

/* That of the kernel in use; KERNEL_LIBCSV calls every row odd. */
csv_scan_function *csv_scanner(void);

#endif
