/*
 * Percent-encoding by AVX2: 32 bytes are classified at a time by two table
 * look-ups, on the high and on the low half of each byte; they are stored
 * whole, and only what has to be encoded is mended one by one.
 */
#include "batch/percent-avx2.h"

#ifdef PERCENT_AVX2

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "batch/halves-avx2.h"

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

enum { VECTOR = 32 };

/* What stays.  The groups are 0x, each of 2x to 7x, and 8x to fx. */
AVX2 static inline struct halves
make_tables(unsigned int kept)
{
	char comma = (kept & PERCENT_COMMA) != 0 ? 1 : 0;
	char lf = (kept & PERCENT_LF) != 0 ? (char)128 : 0;
	char top = (kept & PERCENT_HIGH) != 0 ? 64 : 0;
	/* 1: 2x, 2: 3x, 4: 4x, 8: 5x, 16: 6x, 32: 7x, 64: 8x to fx, 128: 0x */
	__m128i low = _mm_setr_epi8(2 | 8 | 32 | 64, /* 0 P p */
	    126 & ~1, 126 & ~1, 126 & ~1, 126 & ~1,  /* 1 A Q a q ... */
	    126 & ~1, 126 & ~1, 126 & ~1, 126 & ~1, 126 & ~1, /* ... 9 */
	    4 | 8 | 16 | 32 | 64,			      /* J Z j z */
	    4 | 16 | 64,				      /* K k */
	    4 | 16 | 64,				      /* , L l */
	    1 | 4 | 16 | 64,				      /* - M m */
	    1 | 4 | 16 | 32 | 64,			      /* . N n ~ */
	    4 | 8 | 16 | 64);				      /* O _ o */
	__m128i high = _mm_setr_epi8(
	    lf, 0, 1, 2, 4, 8, 16, 32, top, top, top, top, top, top, top, top);

	low = _mm_or_si128(low,
	    _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, lf, 0, comma, 0, 0, 0));
	return halves_make(low, high);
}

/* A bit for each byte that must be encoded. */
AVX2 static inline uint32_t
special(__m256i v, const struct halves *t)
{
	return (uint32_t)_mm256_movemask_epi8(halves_missing(t, v));
}

AVX2 static inline void
store(char *p, __m256i v)
{
	_mm256_storeu_si256((__m256i *)(void *)p, v);
}

/* "%00" to "%FF", four bytes apart, so that one store writes them. */
static char escapes[256][4];

__attribute__((constructor)) static void
make_escapes(void)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		percent_put(escapes[i], (unsigned char)i);
}

/* n <= 32 bytes at text, of which 64 can be read. */
AVX2 static inline char *
encode_block(char *out, const char *text, uint32_t n, const struct halves *t)
{
	__m256i v = halves_load(text);
	uint32_t mask = special(v, t), from = 0;

	if (n < VECTOR)
		mask &= (1u << n) - 1;
	store(out, v);
	while (mask != 0) {
		uint32_t at = (uint32_t)__builtin_ctz(mask);

		mask &= mask - 1;
		out += at - from;
		memcpy(out, escapes[(unsigned char)text[at]], 4);
		out += 3;
		from = at + 1;
		store(out, halves_load(text + from));
	}
	return out + (n - from);
}

AVX2 static inline char *
encode_text(char *out, const char *text, size_t n, const struct halves *t)
{
	for (; n > VECTOR; n -= VECTOR, text += VECTOR)
		out = encode_block(out, text, VECTOR, t);
	return encode_block(out, text, (uint32_t)n, t);
}

AVX2 static char *
encode(char *out, const char *text, size_t n, unsigned int kept)
{
	struct halves t = make_tables(kept);

	return encode_text(out, text, n, &t);
}

AVX2 static char *
encode_cells(char *out, const struct cell *cells, size_t n, unsigned int kept)
{
	struct halves t = make_tables(kept);
	size_t i;

	for (i = 0; i < n; i++) {
		out = encode_text(out, cells[i].text, cells[i].len, &t);
		*out++ = ',';
	}
	return out;
}

/* What is carried from block to block of a row with quotes. */
struct quotes {
	char character;
	bool inside;
	bool pair;     /* the block before ended within a doubled quote */
	char comma[4]; /* what one inside quotes becomes */
	size_t comma_len;
};

/* As encode_block, quotes by the rules of percent_encode_quoted_row; text
 * goes on for `more` bytes behind the n. */
AVX2 static inline char *
encode_quoted_block(char *out, const char *text, uint32_t n, size_t more,
    const struct halves *t, struct quotes *q)
{
	__m256i v = halves_load(text);
	uint32_t mask = special(v, t), from = 0;
	__m256i quote = _mm256_set1_epi8(q->character);

	mask |= (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, quote));
	if (n < VECTOR)
		mask &= (1u << n) - 1;
	if (q->pair) {
		q->pair = false;
		mask &= ~1u;
		from = 1;
		v = halves_load(text + 1);
	}
	store(out, v);
	while (mask != 0) {
		uint32_t at = (uint32_t)__builtin_ctz(mask);

		mask &= mask - 1;
		out += at - from;
		from = at + 1;
		if (text[at] == ',' && !q->inside) {
			*out++ = ',';
		} else if (text[at] == ',') {
			memcpy(out, q->comma, sizeof(q->comma));
			out += q->comma_len;
		} else if (text[at] != q->character) {
			memcpy(out, escapes[(unsigned char)text[at]], 4);
			out += 3;
		} else if (q->inside && (from < n || more > 0) &&
			   text[from] == q->character) {
			memcpy(out, escapes[(unsigned char)text[at]], 4);
			out += 3;
			q->pair = from == n;
			if (!q->pair) {
				mask &= mask - 1;
				from++;
			}
		} else {
			q->inside = !q->inside;
		}
		store(out, halves_load(text + from));
	}
	return out + (n - from);
}

AVX2 static char *
encode_quoted(char *out, const char *row, size_t n, char quote,
    const struct cell *comma, unsigned int kept)
{
	struct halves t = make_tables(kept);
	struct quotes q = {quote, false, false, "", 0};

	if (comma != NULL) {
		memcpy(q.comma, comma->text, comma->len);
		q.comma_len = comma->len;
	}
	for (; n > VECTOR; n -= VECTOR, row += VECTOR)
		out = encode_quoted_block(out, row, VECTOR, n - VECTOR, &t, &q);
	return encode_quoted_block(out, row, (uint32_t)n, 0, &t, &q);
}

const struct percent_kernel percent_avx2 = {
    encode, encode_cells, encode_quoted};

#endif
