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

/* All ones in the bytes that are not printing ASCII, or one of + / space. */
AVX2 static inline __m256i
rare(__m256i a, __m256i space, __m256i del, __m256i plus, __m256i slash)
{
	/* As signed numbers, bytes from 0x80 on are below a space. */
	__m256i printing = _mm256_cmpgt_epi8(a, space);
	__m256i others = _mm256_or_si256(_mm256_cmpeq_epi8(a, del),
	    _mm256_or_si256(
		_mm256_cmpeq_epi8(a, plus), _mm256_cmpeq_epi8(a, slash)));

	return _mm256_or_si256(
	    _mm256_xor_si256(printing, _mm256_set1_epi8(-1)), others);
}

AVX2 static inline uint64_t
prefix(uint64_t quotes)
{
	__m128i ones = _mm_set1_epi8((char)0xff);
	__m128i bits = _mm_set_epi64x(0, (long long)quotes);

	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(bits, ones, 0));
}

/* The masks of the 64 bytes at p. */
AVX2 __attribute__((always_inline)) static inline void
make_masks(const char *p, __m256i delimiters, __m256i quotes, struct masks *m)
{
	__m256i last_control = _mm256_set1_epi8(0x1f);
	__m256i space = _mm256_set1_epi8(' '), del = _mm256_set1_epi8(0x7f);
	__m256i plus = _mm256_set1_epi8('+'), slash = _mm256_set1_epi8('/');
	const __m256i *v = (const __m256i *)(const void *)p;
	__m256i a = _mm256_loadu_si256(v), b = _mm256_loadu_si256(v + 1);

	m->delimiter = equal(a, b, delimiters);
	m->quote = equal(a, b, quotes);
	m->lf = equal(a, b, _mm256_set1_epi8('\n'));
	m->high = join(a, b);
	m->rare = join(
	    rare(a, space, del, plus, slash), rare(b, space, del, plus, slash));
	m->cr = 0;
	m->control =
	    join(at_most(a, last_control), at_most(b, last_control)) & ~m->lf;
	if (m->control != 0) {
		m->cr = equal(a, b, _mm256_set1_epi8('\r'));
		m->control &= ~(m->cr | equal(a, b, _mm256_set1_epi8('\t')));
	}
}

AVX2 void
scan_avx2(const char *text, size_t n, char delimiter, char quote,
    struct csv_index *ix)
{
	__m256i delimiters = _mm256_set1_epi8(delimiter);
	__m256i quotes = _mm256_set1_epi8(quote);
	struct carry c;
	struct masks m;

	begin_scan(ix, &c);
	while (n - ix->scanned >= 64 && has_room(ix)) {
		make_masks(text + ix->scanned, delimiters, quotes, &m);
		take_block(ix, &m, &c, (uint32_t)ix->scanned, prefix(m.quote));
		ix->scanned += 64;
	}
	if (n - ix->scanned < 64 && n > ix->scanned && has_room(ix)) {
		make_masks(text + ix->scanned, delimiters, quotes, &m);
		cut_masks(&m, n - ix->scanned);
		take_block(ix, &m, &c, (uint32_t)ix->scanned, prefix(m.quote));
		ix->scanned = n;
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
