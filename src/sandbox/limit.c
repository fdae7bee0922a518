#include "sandbox/limit.h"

#include <stdlib.h>
#include "base/sys.h"

int
limit_init(struct limit *l, size_t rate)
{
	l->rate = rate;
	l->oldest = 0;
	l->used = 0;
	l->times = NULL;
	if (rate > 0)
		l->times = sys_calloc(rate, sizeof(*l->times));
	return rate > 0 && l->times == NULL ? -1 : 0;
}

void
limit_free(struct limit *l)
{
	free(l->times);
	l->times = NULL;
}

bool
limit_take(struct limit *l, double now, double *wait)
{
	*wait = 0;
	if (l->rate == 0)
		return true;
	if (l->used == l->rate) {
		*wait = l->times[l->oldest] + LIMIT_SECONDS - now;
		if (*wait > 0)
			return false;
		l->oldest = (l->oldest + 1) % l->rate;
		l->used--;
	}
	l->times[(l->oldest + l->used) % l->rate] = now;
	l->used++;
	*wait = 0;
	return true;
}
