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

#define AVX2 __attribute__((target("avx2,pclmul,bmi,popcnt")))
#define AVX2_INLINE AVX2 __attribute__((always_inline)) static inline

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

/* The top bits of 64 bytes. */
AVX2_INLINE uint64_t
join(__m256i a, __m256i b)
{
	return (uint32_t)_mm256_movemask_epi8(a) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

AVX2_INLINE uint64_t
equal(__m256i a, __m256i b, char character)
{
	__m256i v = _mm256_set1_epi8(character);

	return join(_mm256_cmpeq_epi8(a, v), _mm256_cmpeq_epi8(b, v));
}

/* Bit i becomes the exclusive-or of the bits 0 to i. */
AVX2_INLINE uint64_t
running_xor(uint64_t x)
{
	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(
	    _mm_set_epi64x(0, (long long)x), _mm_set1_epi8((char)0xff), 0));
}

/* What is carried from block to block of rows with quotes. */
struct quotes {
	char character;
	char comma[4];	    /* what one inside quotes becomes … */
	uint32_t comma_len; /* … if it is not encoded; else 0 */
	uint64_t inside;    /* all ones: the last byte was inside quotes */
	uint64_t closed;    /* 1: the last byte was a closing quote */
};

/*
 * n <= 64 bytes.  See csv/scan-block.h for what follows from the quotes.  Those
 * around fields are dropped; that one closes, a separator follows and another
 * one opens is one step.
 */
AVX2_INLINE char *
encode_quoted_block(char *out, const char *text, uint32_t n,
    const struct halves *t, struct quotes *q)
{
	const uint64_t all = ~UINT64_C(0) >> (2 * VECTOR - n);
	__m256i a = halves_load(text), b = halves_load(text + VECTOR);
	uint64_t quotes = equal(a, b, q->character) & all;
	uint64_t commas = equal(a, b, ',') & all;
	uint64_t within = running_xor(quotes) ^ q->inside;
	uint64_t open = quotes & within, close = quotes & ~within;
	/* The second of a doubled pair opens right behind one that closed. */
	uint64_t second = open & (close << 1 | q->closed);
	uint64_t seps = (commas | equal(a, b, '\n')) & ~within;
	uint64_t steps = close & seps >> 1 & (open & ~second) >> 2;
	uint64_t replaced = q->comma_len > 0 ? commas & within : 0;
	uint64_t encoded, left;
	uint32_t from = 0;

	encoded = join(halves_missing(t, a), halves_missing(t, b)) & all;
	encoded = (encoded & ~seps & ~quotes & ~replaced) | second;
	left = (encoded | quotes | replaced) & ~(steps << 2);
	while (left != 0) {
		uint32_t at = (uint32_t)__builtin_ctzll(left);
		uint32_t step = (uint32_t)(steps >> at & 1);

		left &= left - 1;
		store(out, halves_load(text + from));
		if (at - from > VECTOR)
			store(out + VECTOR, halves_load(text + from + VECTOR));
		out += at - from;
		from = at + 1 + 2 * step;
		memcpy(out,
		    step != 0 ? text + at + 1
			      : escapes[(unsigned char)text[at]],
		    4);
		out += (encoded >> at & 1) * 3 + step;
		if ((replaced >> at & 1) != 0) {
			memcpy(out, q->comma, sizeof(q->comma));
			out += q->comma_len;
		}
	}
	store(out, halves_load(text + from));
	if (n - from > VECTOR)
		store(out + VECTOR, halves_load(text + from + VECTOR));
	q->inside = (uint64_t)0 - (within >> (n - 1) & 1);
	q->closed = close >> (n - 1) & 1;
	return out + (n - from);
}

AVX2 static char *
encode_quoted(char *out, const char *rows, size_t n, char quote, char comma,
    unsigned int kept)
{
	struct halves t = make_tables(kept);
	struct quotes q = {quote, "", 0, 0, 0};

	if (comma != ',' && (percent_kinds[(unsigned char)comma] & kept) != 0) {
		q.comma[0] = comma;
		q.comma_len = 1;
	} else if (comma != ',') {
		q.comma_len =
		    (uint32_t)(percent_put(q.comma, (unsigned char)comma) -
			       q.comma);
	}
	for (; n > 2 * VECTOR; n -= 2 * VECTOR, rows += 2 * VECTOR)
		out = encode_quoted_block(out, rows, 2 * VECTOR, &t, &q);
	return n == 0 ? out
		      : encode_quoted_block(out, rows, (uint32_t)n, &t, &q);
}

const struct percent_kernel percent_avx2 = {
    encode, encode_cells, encode_quoted};

#endif
