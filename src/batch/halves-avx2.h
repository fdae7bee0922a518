/*
 * halves-avx2.h: which of 32 bytes are in a set, by two table look-ups: on the
 * low and on the high half of each byte.  For the kernels of this folder, where
 * AVX2 is known to be there.
 */
#ifndef TP_BATCH_HALVES_AVX2_H
#define TP_BATCH_HALVES_AVX2_H

#include <immintrin.h>

#define HALVES_AVX2 __attribute__((target("avx2")))

/*
 * For each high half the bits of the groups that it belongs to; for each low
 * half those of the groups in which it is in the set.
 */
struct halves {
	__m256i low, high;
};

HALVES_AVX2 static inline struct halves
halves_make(__m128i low, __m128i high)
{
	struct halves h;

	h.low = _mm256_broadcastsi128_si256(low);
	h.high = _mm256_broadcastsi128_si256(high);
	return h;
}

/* All ones in the bytes that are not in the set. */
HALVES_AVX2 static inline __m256i
halves_missing(const struct halves *h, __m256i v)
{
	__m256i half = _mm256_set1_epi8(15);
	__m256i low = _mm256_shuffle_epi8(h->low, _mm256_and_si256(v, half));
	__m256i high = _mm256_shuffle_epi8(
	    h->high, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));

	return _mm256_cmpeq_epi8(
	    _mm256_and_si256(low, high), _mm256_setzero_si256());
}

HALVES_AVX2 static inline __m256i
halves_load(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

#endif
