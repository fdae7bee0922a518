/*
 * The masks by AVX2, 32 bytes at a time, and the running exclusive-or by a
 * carry-less multiplication; built for these by function attributes, chosen
 * at run time.
 */
#include "csv/scan-avx2.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include "csv/scan-block.h"

#define AVX2 __attribute__((target("avx2,pclmul,bmi,popcnt")))

/* The top bits of 64 bytes. */
AVX2 static inline uint64_t
join(__m256i a, __m256i b)
{
	return (uint32_t)_mm256_movemask_epi8(a) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

AVX2 static inline uint64_t
equal(__m256i a, __m256i b, __m256i character)
{
	return join(
	    _mm256_cmpeq_epi8(a, character), _mm256_cmpeq_epi8(b, character));
}

/* All ones in the bytes that are at most a limit, unsigned. */
AVX2 static inline __m256i
at_most(__m256i a, __m256i limit)
{
	return _mm256_cmpeq_epi8(_mm256_min_epu8(a, limit), a);
}

AVX2 static inline uint64_t
prefix(uint64_t quotes)
{
	__m128i ones = _mm_set1_epi8((char)0xff);
	__m128i bits = _mm_set_epi64x(0, (long long)quotes);

	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(bits, ones, 0));
}

AVX2 void
scan_avx2(const char *text, size_t n, char delimiter, char quote,
    struct csv_index *ix)
{
	__m256i delimiters = _mm256_set1_epi8(delimiter);
	__m256i quotes = _mm256_set1_epi8(quote);
	__m256i lfs = _mm256_set1_epi8('\n');
	__m256i crs = _mm256_set1_epi8('\r');
	__m256i tabs = _mm256_set1_epi8('\t');
	__m256i last_control = _mm256_set1_epi8(0x1f);
	struct carry c;
	struct masks m;

	begin_scan(ix, &c);
	while (ix->scanned < n && has_room(ix)) {
		size_t at = ix->scanned;
		const __m256i *p = (const __m256i *)(const void *)(text + at);
		__m256i a = _mm256_loadu_si256(p);
		__m256i b = _mm256_loadu_si256(p + 1);

		m.delimiter = equal(a, b, delimiters);
		m.quote = equal(a, b, quotes);
		m.lf = equal(a, b, lfs);
		m.cr = equal(a, b, crs);
		m.high = join(a, b);
		m.control =
		    join(at_most(a, last_control), at_most(b, last_control));
		m.control &= ~(m.lf | m.cr);
		if (m.control != 0)
			m.control &= ~equal(a, b, tabs);
		if (n - at < 64)
			cut_masks(&m, n - at);
		take_block(ix, &m, &c, (uint32_t)at, prefix(m.quote));
		ix->scanned = n - at < 64 ? n : at + 64;
	}
}

bool
scan_avx2_usable(void)
{
	return __builtin_cpu_supports("avx2") &&
	       __builtin_cpu_supports("pclmul") &&
	       __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("popcnt");
}

#endif
