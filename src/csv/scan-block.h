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
	uint64_t delimiter, quote, lf;
	uint64_t rare;	  /* see struct csv_index */
	uint64_t doubt;	  /* >= 0x80, and not known to be UTF-8 */
	uint64_t special; /* < 0x20 but not LF; of these: */
	uint64_t cr;
	uint64_t control; /* < 0x20, but not tab, CR, LF */
};

/* What one block leaves for the next. */
struct carry {
	size_t block;
	struct csv_row *row; /* the next to be filled */
	uint64_t inside;     /* all ones: the last byte was inside quotes */
	uint64_t closed;     /* 1: the last byte was a closing quote */
	uint64_t ended;	     /* 1: a field may begin */
	uint64_t returned;   /* 1: the last byte was a CR outside quotes */
	uint32_t flags;	     /* of the row so far */
	uint32_t breaks, seps;
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

/* What the bytes of a range say of their row. */
BLOCK_INLINE uint32_t
row_flags(const struct masks *m, uint64_t odd, uint64_t inner, uint64_t range)
{
	uint32_t flags = (m->quote & range) != 0 ? CSV_ROW_QUOTED : 0;

	if (((odd | inner | m->doubt | m->control) & range) == 0)
		return flags;
	return flags | ((odd & range) != 0 ? CSV_ROW_ODD : 0) |
	       ((m->doubt & range) != 0 ? CSV_ROW_DOUBT : 0) |
	       ((m->control & range) != 0 ? CSV_ROW_CONTROL : 0) |
	       ((inner & range) != 0 ? CSV_ROW_INNER : 0);
}

/* Reports the rows that end in a block; inner and odd are masks of what makes
 * a row CSV_ROW_INNER and _ODD, breaks of the LFs inside quotes. */
BLOCK_INLINE void
put_rows(const struct masks *m, struct carry *c, uint64_t sep, uint64_t odd,
    uint64_t inner, uint64_t breaks)
{
	uint32_t base = (uint32_t)c->block * 64;
	uint64_t seen = 0; /* bytes that belong to rows already reported */
	uint64_t ends = m->lf & ~breaks;

	for (; ends != 0; c->row++) {
		uint64_t to = ends ^ (ends - 1); /* up to and with the LF */

		c->row->end = base + lowest(ends);
		c->row->seps = c->seps + bits(sep & to);
		c->row->breaks = c->breaks;
		if (breaks != 0)
			c->row->breaks += bits(breaks & to);
		c->row->flags = c->flags | row_flags(m, odd, inner, to & ~seen);
		c->flags = 0;
		seen = to;
		ends &= ends - 1;
	}
	c->flags |= row_flags(m, odd, inner, ~seen);
	c->breaks += bits(breaks);
	c->seps += bits(sep);
}

/* The same where bytes say nothing of their rows but CSV_ROW_DOUBT. */
BLOCK_INLINE void
put_plain_rows(uint64_t ends, struct carry *c, uint64_t sep, uint64_t doubt)
{
	for (; ends != 0; c->row++) {
		uint64_t to = ends ^ (ends - 1);

		c->row->end = (uint32_t)c->block * 64 + lowest(ends);
		c->row->seps = c->seps + bits(sep & to);
		c->row->breaks = c->breaks;
		c->row->flags =
		    c->flags | ((doubt & to) != 0 ? CSV_ROW_DOUBT : 0);
		doubt &= ~to;
		c->flags = 0;
		ends &= ends - 1;
	}
	c->flags |= doubt != 0 ? CSV_ROW_DOUBT : 0;
	c->seps += bits(sep);
}

BLOCK_INLINE void
put_masks(struct csv_index *ix, struct carry *c, uint64_t sep, uint64_t rare)
{
	ix->sep[c->block] = sep;
	ix->rare[c->block] = rare;
	c->ended = sep >> 63;
}

/* Whether take_plain_block will do. */
BLOCK_INLINE bool
is_plain(const struct masks *m, const struct carry *c)
{
	return (m->quote | m->special | c->inside | c->closed | c->returned) ==
	       0;
}

/* A block without quotes and what is special. */
BLOCK_INLINE void
take_plain_block(struct csv_index *ix, const struct masks *m, struct carry *c)
{
	uint64_t sep = m->delimiter | m->lf;

	put_plain_rows(m->lf, c, sep, m->doubt);
	put_masks(ix, c, sep, m->rare);
}

/* running is the running exclusive-or of the quotes. */
BLOCK_INLINE void
take_quoted_block(struct csv_index *ix, const struct masks *m, struct carry *c,
    uint64_t running)
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
	put_rows(m, c, sep, odd, inner, m->lf & inside);
	put_masks(ix, c, sep, m->rare | m->quote);

	c->inside = (uint64_t)0 - (inside >> 63);
	c->closed = close >> 63;
	c->returned = cr >> 63;
}

/* Any block. */
BLOCK_INLINE void
take_block(struct csv_index *ix, const struct masks *m, struct carry *c,
    uint64_t running)
{
	struct masks quoted = *m;

	if (m->special != 0) {
		take_quoted_block(ix, m, c, running);
		return;
	}
	/* Most have quotes only; now the compiler knows it. */
	quoted.cr = quoted.control = 0;
	take_quoted_block(ix, &quoted, c, running);
}

/* The bits of a last block that are text. */
BLOCK_INLINE void
cut_masks(struct masks *m, size_t n)
{
	uint64_t text = ((uint64_t)1 << n) - 1;

	m->delimiter &= text;
	m->quote &= text;
	m->lf &= text;
	m->rare &= text;
	m->special &= text;
	m->doubt &= text;
	m->cr &= text;
	m->control &= text;
}

/* A block may be 64 rows. */
BLOCK_INLINE bool
has_room(const struct csv_index *ix, const struct carry *c)
{
	return c->block < ix->max_blocks &&
	       c->row + 64 <= ix->row + ix->max_rows;
}

BLOCK_INLINE void
begin_scan(struct csv_index *ix, struct carry *c)
{
	c->block = 0;
	c->row = ix->row;
	c->inside = c->closed = c->returned = 0;
	c->ended = 1;
	c->flags = c->breaks = c->seps = 0;
}

/* Of n bytes. */
BLOCK_INLINE void
end_scan(struct csv_index *ix, const struct carry *c, size_t n)
{
	ix->rows = (size_t)(c->row - ix->row);
	ix->scanned = c->block * 64 < n ? c->block * 64 : n;
}

#endif
