#include "target/pace.h"

#include <pthread.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/sys.h"

struct pace {
	pthread_mutex_t lock;
	unsigned rate;
	unsigned next; /* where the coming call's time goes */
	double *times; /* of the last rate calls, a ring */
};

static const double window = 60;

struct pace *
pace_new(unsigned rate, struct error *e)
{
	struct pace *p = sys_calloc(1, sizeof(*p));
	unsigned i;

	if (p != NULL)
		p->times = sys_calloc(rate, sizeof(*p->times));
	if (p == NULL || p->times == NULL) {
		free(p);
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	p->rate = rate;
	for (i = 0; i < rate; i++)
		p->times[i] = -window;
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void
pace_free(struct pace *p)
{
	if (p == NULL)
		return;
	pthread_mutex_destroy(&p->lock);
	free(p->times);
	free(p);
}

/* Seconds to wait; counts a call if there is nothing to wait for. */
static double
ask(struct pace *p, bool count)
{
	double now, delay;

	pthread_mutex_lock(&p->lock);
	now = clock_monotonic();
	delay = p->times[p->next] + window - now;
	if (delay <= 0 && count) {
		p->times[p->next] = now;
		p->next = (p->next + 1) % p->rate;
	}
	pthread_mutex_unlock(&p->lock);
	return delay > 0 ? delay : 0;
}

int
pace_wait(struct pace *p, bool (*stop)(void *arg), void *arg)
{
	double delay;

	while ((delay = ask(p, true)) > 0) {
		if (clock_sleep(delay, stop, arg) != 0)
			return 1;
	}
	return 0;
}

double
pace_delay(struct pace *p)
{
	return ask(p, false);
}
