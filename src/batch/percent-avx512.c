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
	__m512i comma;	   /* in each three slots what a comma becomes … */
	uint64_t more;	   /* … and which but the first of them count */
};

/* What is to become of the bytes of a block, a bit for each. */
struct fates {
	uint64_t live;	  /* is not dropped */
	uint64_t encoded; /* becomes %XX */
	uint64_t commas;  /* becomes what commas become */
};

AVX512_INLINE struct tables
make_tables(unsigned int kept, const struct cell *comma)
{
	__m512i set = _mm512_set1_epi8((char)kept);
	char slots[64] = {0};
	struct tables t;
	int i;

	t.low = _mm512_movm_epi8(
	    _mm512_test_epi8_mask(_mm512_loadu_si512(percent_kinds), set));
	t.high = _mm512_movm_epi8(
	    _mm512_test_epi8_mask(_mm512_loadu_si512(percent_kinds + 64), set));
	t.beyond = (kept & PERCENT_HIGH) != 0 ? ~UINT64_C(0) : 0;
	t.comma = _mm512_setzero_si512();
	t.more = 0;
	if (comma == NULL)
		return t;
	for (i = 0; i < BLOCK; i += 3)
		memcpy(slots + i, comma->text, comma->len);
	t.comma = _mm512_loadu_si512(slots);
	t.more = comma->len > 1 ? FIRST << 1 : 0;
	t.more |= comma->len > 2 ? FIRST << 2 : 0;
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

/* The bytes of v from `from` on, one piece. */
AVX512_INLINE char *
put_piece(char *out, __m512i v, int from, const struct fates *f,
    const struct tables *t)
{
	const __m512i places = _mm512_set_epi8(20, 20, 20, 20, 19, 19, 19, 18,
	    18, 18, 17, 17, 17, 16, 16, 16, 15, 15, 15, 14, 14, 14, 13, 13, 13,
	    12, 12, 12, 11, 11, 11, 10, 10, 10, 9, 9, 9, 8, 8, 8, 7, 7, 7, 6, 6,
	    6, 5, 5, 5, 4, 4, 4, 3, 3, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0);
	const __m512i digits =
	    _mm512_broadcast_i32x4(_mm_setr_epi8('0', '1', '2', '3', '4', '5',
		'6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'));
	const __m512i half = _mm512_set1_epi8(15);
	uint64_t first = _pdep_u64(f->live >> from, FIRST);
	uint64_t encoded = _pdep_u64(f->encoded >> from, FIRST);
	uint64_t commas = _pdep_u64(f->commas >> from, FIRST);
	uint64_t more = (commas << 1 | commas << 2) & t->more;
	uint64_t wanted = first | encoded << 1 | encoded << 2 | more;
	__m512i slots = _mm512_permutexvar_epi8(
	    _mm512_add_epi8(places, _mm512_set1_epi8((char)from)), v);
	__m512i upper = _mm512_shuffle_epi8(
	    digits, _mm512_and_si512(_mm512_srli_epi16(slots, 4), half));
	__m512i lower =
	    _mm512_shuffle_epi8(digits, _mm512_and_si512(slots, half));

	slots = _mm512_mask_mov_epi8(slots, encoded, _mm512_set1_epi8('%'));
	slots = _mm512_mask_mov_epi8(slots, FIRST << 1, upper);
	slots = _mm512_mask_mov_epi8(slots, FIRST << 2, lower);
	slots = _mm512_mask_mov_epi8(slots, commas | more, t->comma);
	_mm512_storeu_si512(out, _mm512_maskz_compress_epi8(wanted, slots));
	return out + _mm_popcnt_u64(wanted);
}

/* The first n <= BLOCK bytes of v. */
AVX512_INLINE char *
put_block(char *out, __m512i v, size_t n, const struct fates *f,
    const struct tables *t)
{
	if ((f->encoded | f->commas) == 0 &&
	    f->live == _bzhi_u64(~0ULL, (unsigned int)n)) {
		_mm512_storeu_si512(out, v);
		return out + n;
	}
	out = put_piece(out, v, 0, f, t);
	if (n > PIECE)
		out = put_piece(out, v, PIECE, f, t);
	if (n > 2 * PIECE)
		out = put_piece(out, v, 2 * PIECE, f, t);
	return out;
}

/* n <= PIECE */
AVX512_INLINE char *
encode_piece(char *out, const char *text, size_t n, const struct tables *t)
{
	__m512i v = _mm512_loadu_si512(text);
	struct fates f = {_bzhi_u64(~0ULL, (unsigned int)n), 0, 0};

	f.encoded = find_special(v, t) & f.live;
	return put_piece(out, v, 0, &f, t);
}

AVX512_INLINE char *
encode_text(char *out, const char *text, size_t n, const struct tables *t)
{
	struct fates f = {0, 0, 0};

	while (n > 0) {
		size_t taken = n < BLOCK ? n : BLOCK;
		__m512i v = _mm512_loadu_si512(text);

		f.live = _bzhi_u64(~0ULL, (unsigned int)taken);
		f.encoded = find_special(v, t) & f.live;
		out = put_block(out, v, taken, &f, t);
		text += taken;
		n -= taken;
	}
	return out;
}

AVX512 static char *
encode(char *out, const char *text, size_t n, unsigned int kept)
{
	struct tables t = make_tables(kept, NULL);

	return encode_text(out, text, n, &t);
}

AVX512 static char *
encode_cells(char *out, const struct cell *cells, size_t n, unsigned int kept)
{
	struct tables t = make_tables(kept, NULL);
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
encode_quoted(char *out, const char *row, size_t n, char quote,
    const struct cell *comma, unsigned int kept)
{
	struct tables t = make_tables(kept, comma);
	uint64_t inside = 0, closed = 0; /* of what comes before the block */

	while (n > 0) {
		size_t taken = n < BLOCK ? n : BLOCK;
		__m512i v = _mm512_loadu_si512(row);
		uint64_t all = _bzhi_u64(~0ULL, (unsigned int)taken);
		uint64_t quotes =
		    all & _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(quote));
		uint64_t commas =
		    all & _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(','));
		uint64_t within = running_xor(quotes) ^ inside;
		uint64_t close = quotes & ~within;
		/* The second of a doubled pair opens right behind one that
		 * closed. */
		uint64_t second = quotes & within & (close << 1 | closed);
		struct fates f;

		f.live = all & ~(quotes & ~second);
		f.commas = comma != NULL ? commas & within : 0;
		f.encoded = ((find_special(v, &t) & ~commas) | second) & f.live;
		out = put_block(out, v, taken, &f, &t);
		inside = (uint64_t)0 - (within >> (taken - 1) & 1);
		closed = close >> (taken - 1) & 1;
		row += taken;
		n -= taken;
	}
	return out;
}

const struct percent_kernel percent_avx512 = {
    encode, encode_cells, encode_quoted};

#endif
