/*
 * interval.h: what a sample says of the whole: the exact bounds of Clopper and
 * Pearson (Biometrika 26, 1934) for a share of which k of n were seen.
 */
#ifndef TP_VERIFY_INTERVAL_H
#define TP_VERIFY_INTERVAL_H

#include <stdint.h>

struct interval {
	double upper;	  /* one-sided: with 95% confidence not more */
	double low, high; /* two-sided, 95% */
};

/* Shares, from 0 to 1.  k <= n. */
struct interval interval_of(uint64_t k, uint64_t n);

#endif
