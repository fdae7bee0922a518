/*
 * The masks by AVX2, 32 bytes at a time, and the running exclusive-or by a
 * carry-less multiplication; built for these by function attributes, chosen
 * at run time.
 */
#include "csv/scan-avx2.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include "base/utf8-block-avx2.h"
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

/* 32 times one byte. */
AVX2 static inline __m256i
every(char byte)
{
	__m256i v = _mm256_set1_epi8(byte);

	/* Else compilers make it anew for every block. */
	__asm__("" : "+x"(v));
	return v;
}

/* What is looked for in every block. */
struct bytes {
	__m256i delimiter, quote, lf, space, exclamation, del, slash, plus_bit;
};

/* All ones in the bytes that are not printing ASCII, or one of + / space. */
AVX2 static inline __m256i
rare(__m256i a, const struct bytes *k)
{
	/* As signed numbers, bytes from 0x80 on are below a space.  + and /
	 * differ in one bit. */
	__m256i below = _mm256_cmpgt_epi8(k->exclamation, a);
	__m256i del = _mm256_cmpeq_epi8(a, k->del);
	__m256i slash =
	    _mm256_cmpeq_epi8(_mm256_or_si256(a, k->plus_bit), k->slash);

	return _mm256_or_si256(below, _mm256_or_si256(del, slash));
}

/* The masks that say what the special bytes are. */
AVX2 static inline void
tell_special(__m256i a, __m256i b, struct masks *m)
{
	m->cr = equal(a, b, _mm256_set1_epi8('\r'));
	m->control =
	    m->special & ~(m->cr | equal(a, b, _mm256_set1_epi8('\t')));
}

AVX2 static inline uint64_t
prefix(uint64_t quotes)
{
	__m128i ones = _mm_set1_epi8((char)0xff);
	__m128i bits = _mm_set_epi64x(0, (long long)quotes);

	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(bits, ones, 0));
}

/* The masks of the 64 bytes at p, without doubt; returns where they are 0x80 or
 * more. */
AVX2 __attribute__((always_inline)) static inline uint64_t
make_masks(const char *p, const struct bytes *k, struct masks *m)
{
	const __m256i *v = (const __m256i *)(const void *)p;
	__m256i a = _mm256_loadu_si256(v), b = _mm256_loadu_si256(v + 1);
	uint64_t high;

	m->delimiter = equal(a, b, k->delimiter);
	m->quote = equal(a, b, k->quote);
	m->lf = equal(a, b, k->lf);
	high = join(a, b);
	m->rare = join(rare(a, k), rare(b, k));
	m->special = join(_mm256_cmpgt_epi8(k->space, a),
			 _mm256_cmpgt_epi8(k->space, b)) &
		     ~(m->lf | high);
	m->doubt = m->cr = m->control = 0;
	if (m->special != 0)
		tell_special(a, b, m);
	return high;
}

/* Is there no error in the 64 bytes at p?  first: nothing stands before them.
 */
AVX2 static bool
is_utf8(const char *p, bool first)
{
	const __m256i *v = (const __m256i *)(const void *)p;
	__m256i a = _mm256_loadu_si256(v), b = _mm256_loadu_si256(v + 1);
	__m256i before =
	    first ? _mm256_setzero_si256() : _mm256_loadu_si256(v - 1);
	__m256i wrong =
	    _mm256_or_si256(utf8_errors(a, before), utf8_errors(b, a));

	return _mm256_testz_si256(wrong, wrong) != 0;
}

/* Which of the last three of 64 bytes begin or continue a character. */
AVX2 static uint64_t
tail_of(const char *p)
{
	const __m256i *v = (const __m256i *)(const void *)p;

	return (uint32_t)_mm256_movemask_epi8(_mm256_loadu_si256(v + 1)) >> 29;
}

/*
 * Some of the blocks from `first` up to `end` have bytes from 0x80 up: a bit
 * for each, the last in bit 0.  Rows from `row` on, the first that ends in
 * them, up to `next`, become CSV_ROW_DOUBT if they have a part in a block that
 * is not UTF-8; returns the flags of the one that ends behind them.  *tail: the
 * block before ended with such bytes, so that an error may show in the next.
 */
AVX2 __attribute__((noinline)) static uint32_t
find_doubts(const char *text, size_t first, size_t end, uint64_t blocks,
    struct csv_row *row, const struct csv_row *next, bool *tail)
{
	uint32_t flags = 0;
	size_t block;

	for (block = first; block < end; block++) {
		const char *p = text + block * 64;
		bool before = *tail, high = blocks >> (end - 1 - block) & 1;

		*tail = high && tail_of(p) != 0;
		if ((!high && !before) || is_utf8(p, block == 0))
			continue;
		while (row < next && row->end < block * 64)
			row++;
		for (; row < next; row++) {
			row->flags |= CSV_ROW_DOUBT;
			if (row->end >= block * 64 + 63)
				break;
		}
		if (row == next)
			flags = CSV_ROW_DOUBT;
	}
	return flags;
}

AVX2 void
scan_avx2(const char *text, size_t n, char delimiter, char quote,
    struct csv_index *ix)
{
	const struct bytes k = {every(delimiter), every(quote), every('\n'),
	    every(' '), every('!'), every(0x7f), every('/'), every('+' ^ '/')};
	uint64_t blocks;
	bool tail = false;
	struct carry c;
	struct masks m;

	begin_scan(ix, &c);
	while (c.block < n / 64 && has_room(ix, &c)) {
		size_t first = c.block, end = first + 64;
		struct csv_row *row = c.row;

		blocks = 0;
		if (end > n / 64)
			end = n / 64;
		for (; c.block < end && has_room(ix, &c); c.block++) {
			blocks += blocks;
			blocks += make_masks(text + c.block * 64, &k, &m) != 0;
			if (is_plain(&m, &c))
				take_plain_block(ix, &m, &c);
			else
				take_block(ix, &m, &c, prefix(m.quote));
		}
		if (blocks != 0 || tail)
			c.flags |= find_doubts(
			    text, first, c.block, blocks, row, c.row, &tail);
	}
	if (c.block == n / 64 && n % 64 != 0 && has_room(ix, &c)) {
		const char *p = text + c.block * 64;

		if ((make_masks(p, &k, &m) != 0 || tail) &&
		    !is_utf8(p, c.block == 0))
			m.doubt = ~UINT64_C(0);
		cut_masks(&m, n % 64);
		take_block(ix, &m, &c, prefix(m.quote));
		c.block++;
	}
	end_scan(ix, &c, n);
}

#endif
