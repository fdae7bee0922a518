/*
 * UTF-8 by AVX2, 32 bytes at a time, after J. Keiser and D. Lemire,
 * "Validating UTF-8 In Less Than One Instruction Per Byte" (2021).
 *
 * Every error but one shows in two bytes that follow each other: three table
 * look-ups, on the high and the low half of the first and on the high half of
 * the second, each give the set of errors that their half allows, and what is
 * in all three sets is an error.  The one that needs more bytes is whether
 * the third and fourth byte of a character are there.
 */
#include "base/utf8-avx2.h"

#ifdef UTF8_AVX2

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

enum {
	SHORT = 1,	 /* a lead byte, then no continuation */
	LONG = 2,	 /* ASCII, then a continuation */
	OVERLONG_3 = 4,	 /* E0 80 to E0 9F */
	LARGE = 8,	 /* F4 90 and up, F5 and up: past U+10FFFF */
	SURROGATE = 16,	 /* ED A0 to ED BF */
	OVERLONG_2 = 32, /* C0, C1 */
	LARGE_1000 = 64, /* F5 and up, with 80 to 8F behind */
	OVERLONG_4 = 64, /* F0 80 to F0 8F */
	TWO = 128	 /* two continuations: right only behind a lead of 3
			    or 4 bytes */
};
/* Errors that the low half of the first byte does not decide. */
#define CARRY (SHORT | LONG | TWO)
#define FROM_F5 (CARRY | LARGE | LARGE_1000)

AVX2 static inline __m256i
table(__m128i entries)
{
	return _mm256_broadcastsi128_si256(entries);
}

/* The bytes n before those of v; before holds the 32 before v. */
#define PREVIOUS(v, before, n) \
	_mm256_alignr_epi8(    \
	    v, _mm256_permute2x128_si256(before, v, 0x21), 16 - (n))

AVX2 static inline __m256i
high_half(__m256i v)
{
	return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
}

AVX2 static inline __m256i
errors_of_pairs(__m256i v, __m256i first)
{
	__m256i first_high = table(_mm_setr_epi8(LONG, LONG, LONG, LONG, LONG,
	    LONG, LONG, LONG, (char)TWO, (char)TWO, (char)TWO, (char)TWO,
	    SHORT | OVERLONG_2, SHORT, SHORT | OVERLONG_3 | SURROGATE,
	    SHORT | LARGE | LARGE_1000 | OVERLONG_4));
	__m256i first_low = table(
	    _mm_setr_epi8((char)(CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4),
		(char)(CARRY | OVERLONG_2), (char)CARRY, (char)CARRY,
		(char)(CARRY | LARGE), (char)FROM_F5, (char)FROM_F5,
		(char)FROM_F5, (char)FROM_F5, (char)FROM_F5, (char)FROM_F5,
		(char)FROM_F5, (char)FROM_F5, (char)(FROM_F5 | SURROGATE),
		(char)FROM_F5, (char)FROM_F5));
	__m256i second_high = table(_mm_setr_epi8(SHORT, SHORT, SHORT, SHORT,
	    SHORT, SHORT, SHORT, SHORT,
	    (char)(LONG | OVERLONG_2 | TWO | OVERLONG_3 | LARGE_1000 |
		   OVERLONG_4),
	    (char)(LONG | OVERLONG_2 | TWO | OVERLONG_3 | LARGE),
	    (char)(LONG | OVERLONG_2 | TWO | SURROGATE | LARGE),
	    (char)(LONG | OVERLONG_2 | TWO | SURROGATE | LARGE), SHORT, SHORT,
	    SHORT, SHORT));
	__m256i low = _mm256_and_si256(first, _mm256_set1_epi8(15));

	return _mm256_and_si256(
	    _mm256_and_si256(_mm256_shuffle_epi8(first_high, high_half(first)),
		_mm256_shuffle_epi8(first_low, low)),
	    _mm256_shuffle_epi8(second_high, high_half(v)));
}

/* Errors in v, of which `before` is what came before. */
AVX2 static inline __m256i
errors(__m256i v, __m256i before)
{
	__m256i pairs = errors_of_pairs(v, PREVIOUS(v, before, 1));
	/* Top bit: a third or a fourth byte must be here. */
	__m256i third = _mm256_subs_epu8(
	    PREVIOUS(v, before, 2), _mm256_set1_epi8((char)(0xe0 - 0x80)));
	__m256i fourth = _mm256_subs_epu8(
	    PREVIOUS(v, before, 3), _mm256_set1_epi8((char)(0xf0 - 0x80)));
	__m256i must = _mm256_and_si256(
	    _mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));

	return _mm256_xor_si256(pairs, must);
}

/* A bit for each byte from 0x80 up. */
AVX2 static inline uint64_t
not_ascii(__m256i v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

AVX2 bool
utf8_avx2_valid(const char *s, size_t n)
{
	const size_t all = n;
	__m256i before = _mm256_setzero_si256();
	__m256i wrong = _mm256_setzero_si256();
	/* n is below 32 in the end, so a NUL stands behind the text, in
	 * which a character that is cut off shows. */
	char last[32] = {0};
	__m256i v;

	for (; n >= 32; n -= 32, s += 32) {
		v = _mm256_loadu_si256((const __m256i *)(const void *)s);
		/* ASCII behind ASCII; what is cut off shows in the next. */
		if (_mm256_testz_si256(_mm256_or_si256(v, before),
			_mm256_set1_epi8((char)0x80)) == 0)
			wrong = _mm256_or_si256(wrong, errors(v, before));
		before = v;
	}
	/* ASCII behind ASCII again, which spares a copy. */
	if (all >= 32 && not_ascii(before) >> 29 == 0) {
		v = _mm256_loadu_si256(
		    (const __m256i *)(const void *)(s + n - 32));
		if (not_ascii(v) >> (32 - n) == 0)
			return _mm256_testz_si256(wrong, wrong) != 0;
	}
	memcpy(last, s, n);
	v = _mm256_loadu_si256((const __m256i *)(const void *)last);
	wrong = _mm256_or_si256(wrong, errors(v, before));
	return _mm256_testz_si256(wrong, wrong) != 0;
}

#endif
