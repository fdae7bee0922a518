/*
 * UTF-8 by AVX2, 32 bytes at a time.
 */
#include "base/utf8-avx2.h"

#ifdef UTF8_AVX2

#include <stdint.h>
#include <string.h>
#include "base/utf8-block-avx2.h"

#define AVX2 __attribute__((target("avx2")))

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
			wrong = _mm256_or_si256(wrong, utf8_errors(v, before));
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
	wrong = _mm256_or_si256(wrong, utf8_errors(v, before));
	return _mm256_testz_si256(wrong, wrong) != 0;
}

#endif
