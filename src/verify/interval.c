#include "verify/interval.h"

#include <math.h>

/* The probability that at most k of n are seen, if the share is p. */
static double
at_most(uint64_t k, uint64_t n, double p)
{
	const double all = lgamma((double)n + 1);
	const double yes = log(p), no = log1p(-p);
	double sum = 0;
	uint64_t i;

	for (i = 0; i <= k; i++) {
		double x = (double)i, y = (double)(n - i);

		sum +=
		    exp(all - lgamma(x + 1) - lgamma(y + 1) + x * yes + y * no);
	}
	return sum;
}

/* The share for which at_most(k, n, share) is that probability: the larger
 * the share, the less it is. */
static double
solve(uint64_t k, uint64_t n, double probability)
{
	double low = 0, high = 1;
	int i;

	for (i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (at_most(k, n, middle) > probability)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

struct interval
interval_of(uint64_t k, uint64_t n)
{
	struct interval i = {1, 0, 1};

	if (k < n) {
		i.upper = solve(k, n, 0.05);
		i.high = solve(k, n, 0.025);
	}
	/* Seen at least k times: not at most k - 1 times. */
	if (k > 0)
		i.low = solve(k - 1, n, 0.975);
	return i;
}
