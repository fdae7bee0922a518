#include "api/retry.h"
#include "base/safety.h"

/* [0, 1): xorshift64*, which is random enough to spread calls. */
static double
draw(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (double)((*seed * 0x2545f4914f6cdd1dU) >> 11) /
	       9007199254740992.0;
}

double
retry_delay(struct retry *r, unsigned n, double after)
{
	double delay = r->first;

	if (after >= 0) {
		if (after < RETRY_AFTER_MIN)
			return RETRY_AFTER_MIN;
		return SAFETY("retry-after-clamped", after > RETRY_AFTER_MAX,
			   false)
			   ? RETRY_AFTER_MAX
			   : after;
	}
	while (--n > 0 && delay < RETRY_LONGEST)
		delay *= 2;
	if (delay > RETRY_LONGEST)
		delay = RETRY_LONGEST;
	return delay * (1 - draw(&r->seed) / 2);
}

double
retry_busy(struct retry *r, unsigned busy)
{
	return busy > 1 ? RETRY_LONGEST
			: RETRY_BUSY + RETRY_BUSY_MORE * draw(&r->seed);
}

double
retry_wait(struct retry *r, unsigned n, unsigned busy, double after)
{
	return busy > 0 && after < 0 && !r->given ? retry_busy(r, busy)
						  : retry_delay(r, n, after);
}
