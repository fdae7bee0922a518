/*
 * Percent-encoding by AVX-512 (VBMI and VBMI2), without a branch for what has
 * to be encoded: of 63 bytes at a time it is found by a table of 128 entries,
 * what each byte would become lies in three slots of a vector, and of those
 * the ones that are wanted are packed.
 */
#include "batch/percent-avx512.h"

#ifdef PERCENT_AVX512

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define AVX512                                                        \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi," \
			      "avx512vbmi2,pclmul,bmi,bmi2,popcnt")))
#define AVX512_INLINE AVX512 __attribute__((always_inline)) static inline

enum {
	BLOCK = 63,
	PIECE = 21 /* bytes whose slots fill a vector */
};

/* The first slots of a piece; bit 63 is in none. */
#define FIRST UINT64_C(0x1249249249249249)

struct tables {
	__m512i low, high; /* all ones for a byte below 64, below 128 that
			      stays */
	uint64_t beyond;   /* all ones: so do those from 128 up */
};

/* What is to become of the bytes of a block, a bit for each. */
struct fates {
	uint64_t live;	  /* is not dropped */
	uint64_t encoded; /* becomes %XX */
};

AVX512_INLINE struct tables
make_tables(unsigned int kept)
{
	__m512i set = _mm512_set1_epi8((char)kept);
	struct tables t;

	t.low = _mm512_movm_epi8(
	    _mm512_test_epi8_mask(_mm512_loadu_si512(percent_kinds), set));
	t.high = _mm512_movm_epi8(
	    _mm512_test_epi8_mask(_mm512_loadu_si512(percent_kinds + 64), set));
	t.beyond = (kept & PERCENT_HIGH) != 0 ? ~UINT64_C(0) : 0;
	return t;
}

/* The bytes that do not stay. */
AVX512_INLINE uint64_t
find_special(__m512i v, const struct tables *t)
{
	uint64_t beyond = _mm512_movepi8_mask(v);
	uint64_t stay =
	    _mm512_movepi8_mask(_mm512_permutex2var_epi8(t->low, v, t->high));

	return ~((stay & ~beyond) | (beyond & t->beyond));
}

/* A block, its bytes that are to become %XX being % already, and the digits of
 * each byte. */
struct block {
	__m512i bytes, upper, lower;
};

/* The bytes from `from` on, one piece. */
AVX512_INLINE char *
put_piece(char *out, const struct block *b, int from, const struct fates *f)
{
	/* Slots of the byte and of its upper digit; those of the lower one. */
	const __m512i places = _mm512_set_epi8(20, 20, 84, 20, 19, 83, 19, 18,
	    82, 18, 17, 81, 17, 16, 80, 16, 15, 79, 15, 14, 78, 14, 13, 77, 13,
	    12, 76, 12, 11, 75, 11, 10, 74, 10, 9, 73, 9, 8, 72, 8, 7, 71, 7, 6,
	    70, 6, 5, 69, 5, 4, 68, 4, 3, 67, 3, 2, 66, 2, 1, 65, 1, 0, 64, 0);
	__m512i at = _mm512_add_epi8(places, _mm512_set1_epi8((char)from));
	uint64_t encoded = _pdep_u64(f->encoded >> from, FIRST);
	uint64_t wanted =
	    _pdep_u64(f->live >> from, FIRST) | encoded << 1 | encoded << 2;
	__m512i slots = _mm512_permutex2var_epi8(b->bytes, at, b->upper);

	slots = _mm512_mask_permutexvar_epi8(slots, FIRST << 2, at, b->lower);
	_mm512_storeu_si512(out, _mm512_maskz_compress_epi8(wanted, slots));
	return out + _mm_popcnt_u64(wanted);
}

AVX512_INLINE struct block
make_block(__m512i v, const struct fates *f)
{
	const __m512i digits =
	    _mm512_broadcast_i32x4(_mm_setr_epi8('0', '1', '2', '3', '4', '5',
		'6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'));
	const __m512i half = _mm512_set1_epi8(15);
	struct block b;

	b.bytes = _mm512_mask_mov_epi8(v, f->encoded, _mm512_set1_epi8('%'));
	b.upper = _mm512_shuffle_epi8(
	    digits, _mm512_and_si512(_mm512_srli_epi16(v, 4), half));
	b.lower = _mm512_shuffle_epi8(digits, _mm512_and_si512(v, half));
	return b;
}

/* The first n <= BLOCK bytes of v. */
AVX512_INLINE char *
put_block(char *out, __m512i v, size_t n, const struct fates *f)
{
	struct block b;

	if (f->encoded == 0) {
		_mm512_storeu_si512(
		    out, _mm512_maskz_compress_epi8(f->live, v));
		return out + _mm_popcnt_u64(f->live);
	}
	b = make_block(v, f);
	out = put_piece(out, &b, 0, f);
	if (n > PIECE)
		out = put_piece(out, &b, PIECE, f);
	if (n > 2 * PIECE)
		out = put_piece(out, &b, 2 * PIECE, f);
	return out;
}

AVX512_INLINE char *
encode_text(char *out, const char *text, size_t n, const struct tables *t)
{
	struct fates f;

	while (n > 0) {
		size_t taken = n < BLOCK ? n : BLOCK;
		__m512i v = _mm512_loadu_si512(text);

		f.live = _bzhi_u64(~0ULL, (unsigned int)taken);
		f.encoded = find_special(v, t) & f.live;
		out = put_block(out, v, taken, &f);
		text += taken;
		n -= taken;
	}
	return out;
}

/* n <= PIECE */
AVX512_INLINE char *
encode_piece(char *out, const char *text, size_t n, const struct tables *t)
{
	__m512i v = _mm512_loadu_si512(text);
	struct fates f = {_bzhi_u64(~0ULL, (unsigned int)n), 0};
	struct block b;

	f.encoded = find_special(v, t) & f.live;
	b = make_block(v, &f);
	return put_piece(out, &b, 0, &f);
}

AVX512 static char *
encode(char *out, const char *text, size_t n, unsigned int kept)
{
	struct tables t = make_tables(kept);

	return encode_text(out, text, n, &t);
}

AVX512 static char *
encode_cells(char *out, const struct cell *cells, size_t n, unsigned int kept)
{
	struct tables t = make_tables(kept);
	size_t i;

	for (i = 0; i < n; i++) {
		size_t len = cells[i].len;

		/* Most are short: without a branch for what is in them. */
		if (len <= PIECE)
			out = encode_piece(out, cells[i].text, len, &t);
		else
			out = encode_text(out, cells[i].text, len, &t);
		*out++ = ',';
	}
	return out;
}

AVX512_INLINE uint64_t
running_xor(uint64_t x)
{
	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(
	    _mm_set_epi64x(0, (long long)x), _mm_set1_epi8((char)0xff), 0));
}

/* See csv/scan-block.h for what follows from the quotes. */
AVX512 static char *
encode_quoted(char *out, const char *rows, size_t n, char quote, char comma,
    unsigned int kept)
{
	struct tables t = make_tables(kept);
	uint64_t inside = 0, closed = 0; /* of what comes before the block */

	while (n > 0) {
		size_t taken = n < BLOCK ? n : BLOCK;
		__m512i v = _mm512_loadu_si512(rows);
		uint64_t all = _bzhi_u64(~0ULL, (unsigned int)taken);
		uint64_t quotes =
		    all & _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(quote));
		uint64_t commas =
		    all & _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(','));
		uint64_t lfs =
		    all & _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n'));
		uint64_t within = running_xor(quotes) ^ inside;
		uint64_t close = quotes & ~within;
		/* The second of a doubled pair opens right behind one that
		 * closed. */
		uint64_t second = quotes & within & (close << 1 | closed);
		struct fates f;

		f.live = all & ~(quotes & ~second);
		v = _mm512_mask_mov_epi8(
		    v, commas & within, _mm512_set1_epi8(comma));
		f.encoded = find_special(v, &t) & ~((commas | lfs) & ~within);
		f.encoded = (f.encoded | second) & f.live;
		out = put_block(out, v, taken, &f);
		inside = (uint64_t)0 - (within >> (taken - 1) & 1);
		closed = close >> (taken - 1) & 1;
		rows += taken;
		n -= taken;
	}
	return out;
}

const struct percent_kernel percent_avx512 = {
    encode, encode_cells, encode_quoted};

#endif
