/*
 * Looks at 32 bytes at a time, by two table look-ups, on the high and on the
 * low half of each byte.
 */
#include "batch/comply-look.h"

#ifdef COMPLY_AVX2

#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#include "batch/halves-avx2.h"

#define AVX2 __attribute__((target("avx2,popcnt")))

enum { VECTOR = 32 };

/* What was seen so far. */
struct seen {
	__m256i bare, high; /* bytes that are not 0, with their top bit set */
	uint32_t no_digit;  /* not 0: behind a %, one that is no hex digit */
	uint32_t digits;    /* bits of the next bytes that must be some */
	size_t commas;
};

AVX2 static inline uint32_t
top_bits(__m256i v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

/* All ones in the bytes from first to first + more. */
AVX2 static inline __m256i
among(__m256i v, char first, char more)
{
	__m256i offset = _mm256_sub_epi8(v, _mm256_set1_epi8(first));

	return _mm256_cmpeq_epi8(
	    _mm256_min_epu8(offset, _mm256_set1_epi8(more)), offset);
}

/* A bit for each hex digit. */
AVX2 static inline uint32_t
hex_digits(__m256i v)
{
	__m256i small = _mm256_or_si256(v, _mm256_set1_epi8(0x20));

	return top_bits(
	    _mm256_or_si256(among(v, '0', 9), among(small, 'a', 5)));
}

/* The % of v are bits of percent. */
AVX2 static inline void
look_behind(struct seen *s, uint32_t percent, __m256i v)
{
	uint64_t must =
	    (uint64_t)percent << 1 | (uint64_t)percent << 2 | s->digits;

	s->no_digit |= (uint32_t)must & ~hex_digits(v);
	s->digits = (uint32_t)(must >> 32);
}

/* See kinds in comply.c, which this must equal. */
AVX2 static inline void
look_at(struct seen *s, __m256i v)
{
	/* 1: 2x, 2: 3x, 4: 4x, 8: 5x, 16: 6x, 32: 7x, 64: 8x to fx */
	const struct halves stand =
	    halves_make(_mm_setr_epi8(2 | 8 | 32 | 64, /* 0 P p */
			    127,		       /* ! 1 A Q a q */
			    126, 126, 126,	       /* 2 B R b r ... */
			    127,		       /* % 5 E U e u */
			    126, 126,		       /* 6 F V f v ... */
			    127, 127, /* ( 8 H X h x, ) 9 I Y i y */
			    1 | 4 | 8 | 16 | 32 | 64, /* * J Z j z */
			    4 | 16 | 64,	      /* K k */
			    1 | 4 | 16 | 64,	      /* , L l */
			    1 | 4 | 16 | 64,	      /* - M m */
			    1 | 4 | 16 | 32 | 64,     /* . N n ~ */
			    4 | 8 | 16 | 64),	      /* O _ o */
		_mm_setr_epi8(
		    0, 0, 1, 2, 4, 8, 16, 32, 64, 64, 64, 64, 64, 64, 64, 64));
	__m256i commas = _mm256_cmpeq_epi8(v, _mm256_set1_epi8(','));
	uint32_t percent =
	    top_bits(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('%')));

	s->bare = _mm256_or_si256(s->bare, halves_missing(&stand, v));
	s->high = _mm256_or_si256(s->high, v);
	s->commas += (size_t)__builtin_popcount(top_bits(commas));
	if ((percent | s->digits) != 0)
		look_behind(s, percent, v);
}

AVX2 struct look
comply_look_avx2(const char *line, size_t n)
{
	const __m256i none = _mm256_setzero_si256();
	struct seen s = {none, none, 0, 0, 0};
	char last[VECTOR];
	struct look l;

	for (; n >= VECTOR; n -= VECTOR, line += VECTOR)
		look_at(&s, halves_load(line));
	if (n > 0) {
		/* Filled up with what says nothing. */
		memset(last, 'z', sizeof(last));
		memcpy(last, line, n);
		look_at(&s, halves_load(last));
	}
	l.bare = top_bits(s.bare) != 0;
	l.percent = (s.no_digit | s.digits) != 0;
	l.high = top_bits(s.high) != 0;
	l.commas = s.commas;
	return l;
}

#endif
