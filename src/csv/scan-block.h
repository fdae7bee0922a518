/*
 * scan-block.h: what the masks of 64 bytes mean: the rules of CSV, for every
 * kernel.  Only the scan-*.c files include it: each gives masks in its own
 * way and has this inlined.
 *
 * In a mask, bit i is byte i of the block.
 */
#ifndef TP_CSV_SCAN_BLOCK_H
#define TP_CSV_SCAN_BLOCK_H

#include "csv/scan.h"

/* Into the kernel, always: only there are the machine's instructions for
 * counting bits and the like allowed. */
#if defined(__GNUC__)
#define BLOCK_INLINE __attribute__((always_inline)) static inline
#else
#define BLOCK_INLINE static inline
#endif

struct masks {
	uint64_t delimiter, quote, lf, cr;
	uint64_t high;	  /* >= 0x80 */
	uint64_t control; /* < 0x20, but not tab, CR, LF */
	uint64_t rare;	  /* see struct csv_index */
};

/* What one block leaves for the next. */
struct carry {
	uint64_t inside;   /* all ones: the last byte was inside quotes */
	uint64_t closed;   /* 1: the last byte was a closing quote */
	uint64_t ended;	   /* 1: a field may begin */
	uint64_t returned; /* 1: the last byte was a CR outside quotes */
	uint32_t flags;	   /* of the row so far */
	uint32_t lines, seps;
};

BLOCK_INLINE uint32_t
bits(uint64_t mask)
{
	return (uint32_t)__builtin_popcountll(mask);
}

BLOCK_INLINE uint32_t
lowest(uint64_t mask)
{
	return (uint32_t)__builtin_ctzll(mask);
}

/* Bit i becomes the exclusive-or of the bits 0 to i. */
BLOCK_INLINE uint64_t
prefix_xor(uint64_t x)
{
	x ^= x << 1;
	x ^= x << 2;
	x ^= x << 4;
	x ^= x << 8;
	x ^= x << 16;
	x ^= x << 32;
	return x;
}

BLOCK_INLINE uint32_t
row_flags(const struct masks *m, uint64_t odd, uint64_t inner, uint64_t range)
{
	return ((odd & range) != 0 ? CSV_ROW_ODD : 0) |
	       ((m->quote & range) != 0 ? CSV_ROW_QUOTED : 0) |
	       ((m->high & range) != 0 ? CSV_ROW_HIGH : 0) |
	       ((m->control & range) != 0 ? CSV_ROW_CONTROL : 0) |
	       ((inner & range) != 0 ? CSV_ROW_INNER : 0);
}

/* Reports the rows that end in this block. */
BLOCK_INLINE void
put_rows(struct csv_index *ix, const struct masks *m, struct carry *c,
    uint64_t sep, uint64_t odd, uint64_t inner, uint64_t ends, uint32_t base)
{
	uint64_t seen = 0; /* bytes that belong to rows already reported */
	uint64_t special = odd | inner | m->quote | m->high | m->control;
	struct csv_row *row = &ix->row[ix->rows];

	ix->rows += bits(ends);
	for (; ends != 0; row++) {
		uint64_t to = ends ^ (ends - 1); /* up to and with the LF */

		row->end = base + lowest(ends);
		row->seps = c->seps + bits(sep & to);
		row->lines = c->lines + bits(m->lf & to);
		row->flags = c->flags;
		if (special != 0)
			row->flags |= row_flags(m, odd, inner, to & ~seen);
		c->flags = 0;
		seen = to;
		ends &= ends - 1;
	}
	if (special != 0)
		c->flags |= row_flags(m, odd, inner, ~seen);
	c->lines += bits(m->lf);
	c->seps += bits(sep);
}

/* One block; base is its offset in the text. */
BLOCK_INLINE void
take_block(struct csv_index *ix, const struct masks *m, struct carry *c,
    uint32_t base, uint64_t running)
{
	/* Opening quotes count as inside, closing ones do not. */
	uint64_t inside = running ^ c->inside;
	uint64_t open = m->quote & inside;
	uint64_t close = m->quote & ~inside;
	uint64_t sep = (m->delimiter | m->lf) & ~inside;
	uint64_t cr = m->cr & ~inside;
	uint64_t closed = close << 1 | c->closed; /* behind a closing quote */
	uint64_t begins = sep << 1 | c->ended;	  /* a field begins here */
	uint64_t returned = cr << 1 | c->returned;
	uint64_t odd, inner;

	/* A quote right behind a closing one is the second of a doubled
	 * pair; any other must begin a field. */
	odd = open & ~(begins | closed);
	odd |= closed & ~(m->delimiter | m->lf | m->cr | m->quote);
	odd |= returned & ~m->lf;

	inner = (m->delimiter | m->lf | m->cr) & inside;
	put_rows(ix, m, c, sep, odd, inner, m->lf & ~inside, base);
	ix->sep[base / 64] = sep;
	ix->rare[base / 64] = m->rare;

	c->inside = (uint64_t)0 - (inside >> 63);
	c->closed = close >> 63;
	c->ended = sep >> 63;
	c->returned = cr >> 63;
}

/* The bits of a last block that are text. */
BLOCK_INLINE void
cut_masks(struct masks *m, size_t n)
{
	uint64_t text = ((uint64_t)1 << n) - 1;

	m->delimiter &= text;
	m->quote &= text;
	m->lf &= text;
	m->cr &= text;
	m->high &= text;
	m->control &= text;
	m->rare &= text;
}

BLOCK_INLINE bool
has_room(const struct csv_index *ix)
{
	return ix->scanned / 64 < ix->max_blocks &&
	       ix->max_rows - ix->rows >= 64;
}

BLOCK_INLINE void
begin_scan(struct csv_index *ix, struct carry *c)
{
	ix->rows = ix->scanned = 0;
	c->inside = c->closed = c->returned = 0;
	c->ended = 1;
	c->flags = c->lines = c->seps = 0;
}

#endif
