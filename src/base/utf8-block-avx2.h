/*
 * utf8-block-avx2.h: what is not UTF-8 in 32 bytes, after J. Keiser and
 * D. Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte" (2021).
 * For kernels, where AVX2 is known to be there.
 *
 * Every error but one shows in two bytes that follow each other: three table
 * look-ups, on the high and the low half of the first and on the high half of
 * the second, each give the set of errors that their half allows, and what is
 * in all three sets is an error.  The one that needs more bytes is whether
 * the third and fourth byte of a character are there.
 */
#ifndef TP_BASE_UTF8_BLOCK_AVX2_H
#define TP_BASE_UTF8_BLOCK_AVX2_H

#include <immintrin.h>

#define UTF8_BLOCK __attribute__((target("avx2"), always_inline)) static inline

enum {
	UTF8_SHORT = 1,	      /* a lead byte, then no continuation */
	UTF8_LONG = 2,	      /* ASCII, then a continuation */
	UTF8_OVERLONG_3 = 4,  /* E0 80 to E0 9F */
	UTF8_LARGE = 8,	      /* F4 90 and up, F5 and up: past U+10FFFF */
	UTF8_SURROGATE = 16,  /* ED A0 to ED BF */
	UTF8_OVERLONG_2 = 32, /* C0, C1 */
	UTF8_LARGE_1000 = 64, /* F5 and up, with 80 to 8F behind */
	UTF8_OVERLONG_4 = 64, /* F0 80 to F0 8F */
	UTF8_TWO = 128 /* two continuations: right only behind a lead of 3
			  or 4 bytes */
};
/* Errors that the low half of the first byte does not decide. */
#define UTF8_CARRY (UTF8_SHORT | UTF8_LONG | UTF8_TWO)
#define UTF8_FROM_F5 (UTF8_CARRY | UTF8_LARGE | UTF8_LARGE_1000)

UTF8_BLOCK __m256i
utf8_table(__m128i entries)
{
	return _mm256_broadcastsi128_si256(entries);
}

/* The bytes n before those of v; before holds the 32 before v. */
#define UTF8_PREVIOUS(v, before, n) \
	_mm256_alignr_epi8(         \
	    v, _mm256_permute2x128_si256(before, v, 0x21), 16 - (n))

UTF8_BLOCK __m256i
utf8_high_half(__m256i v)
{
	return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
}

UTF8_BLOCK __m256i
utf8_errors_of_pairs(__m256i v, __m256i first)
{
	__m256i first_high = utf8_table(
	    _mm_setr_epi8(UTF8_LONG, UTF8_LONG, UTF8_LONG, UTF8_LONG, UTF8_LONG,
		UTF8_LONG, UTF8_LONG, UTF8_LONG, (char)UTF8_TWO, (char)UTF8_TWO,
		(char)UTF8_TWO, (char)UTF8_TWO, UTF8_SHORT | UTF8_OVERLONG_2,
		UTF8_SHORT, UTF8_SHORT | UTF8_OVERLONG_3 | UTF8_SURROGATE,
		UTF8_SHORT | UTF8_LARGE | UTF8_LARGE_1000 | UTF8_OVERLONG_4));
	__m256i first_low =
	    utf8_table(_mm_setr_epi8((char)(UTF8_CARRY | UTF8_OVERLONG_3 |
					    UTF8_OVERLONG_2 | UTF8_OVERLONG_4),
		(char)(UTF8_CARRY | UTF8_OVERLONG_2), (char)UTF8_CARRY,
		(char)UTF8_CARRY, (char)(UTF8_CARRY | UTF8_LARGE),
		(char)UTF8_FROM_F5, (char)UTF8_FROM_F5, (char)UTF8_FROM_F5,
		(char)UTF8_FROM_F5, (char)UTF8_FROM_F5, (char)UTF8_FROM_F5,
		(char)UTF8_FROM_F5, (char)UTF8_FROM_F5,
		(char)(UTF8_FROM_F5 | UTF8_SURROGATE), (char)UTF8_FROM_F5,
		(char)UTF8_FROM_F5));
	__m256i second_high =
	    utf8_table(_mm_setr_epi8(UTF8_SHORT, UTF8_SHORT, UTF8_SHORT,
		UTF8_SHORT, UTF8_SHORT, UTF8_SHORT, UTF8_SHORT, UTF8_SHORT,
		(char)(UTF8_LONG | UTF8_OVERLONG_2 | UTF8_TWO |
		       UTF8_OVERLONG_3 | UTF8_LARGE_1000 | UTF8_OVERLONG_4),
		(char)(UTF8_LONG | UTF8_OVERLONG_2 | UTF8_TWO |
		       UTF8_OVERLONG_3 | UTF8_LARGE),
		(char)(UTF8_LONG | UTF8_OVERLONG_2 | UTF8_TWO | UTF8_SURROGATE |
		       UTF8_LARGE),
		(char)(UTF8_LONG | UTF8_OVERLONG_2 | UTF8_TWO | UTF8_SURROGATE |
		       UTF8_LARGE),
		UTF8_SHORT, UTF8_SHORT, UTF8_SHORT, UTF8_SHORT));
	__m256i low = _mm256_and_si256(first, _mm256_set1_epi8(15));

	return _mm256_and_si256(_mm256_and_si256(_mm256_shuffle_epi8(first_high,
						     utf8_high_half(first)),
				    _mm256_shuffle_epi8(first_low, low)),
	    _mm256_shuffle_epi8(second_high, utf8_high_half(v)));
}

/* Not zero in the bytes of v at which an error shows; before holds the 32
 * before them.  Of a character that is cut off it shows in what follows. */
UTF8_BLOCK __m256i
utf8_errors(__m256i v, __m256i before)
{
	__m256i pairs = utf8_errors_of_pairs(v, UTF8_PREVIOUS(v, before, 1));
	/* Top bit: a third or a fourth byte must be here. */
	__m256i third = _mm256_subs_epu8(
	    UTF8_PREVIOUS(v, before, 2), _mm256_set1_epi8((char)(0xe0 - 0x80)));
	__m256i fourth = _mm256_subs_epu8(
	    UTF8_PREVIOUS(v, before, 3), _mm256_set1_epi8((char)(0xf0 - 0x80)));
	__m256i must = _mm256_and_si256(
	    _mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));

	return _mm256_xor_si256(pairs, must);
}

#endif
