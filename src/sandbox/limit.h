/* limit.h: so many calls in any 60 seconds, and no more. */
#ifndef TP_SANDBOX_LIMIT_H
#define TP_SANDBOX_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#define LIMIT_SECONDS 60.0

struct limit {
	double *times; /* when the last calls were let through: a ring */
	size_t rate;   /* its size; 0: no limit */
	size_t oldest;
	size_t used;
};

/* -1: no memory. */
int limit_init(struct limit *l, size_t rate);
void limit_free(struct limit *l);

/*
 * Whether a call is let through at now, in seconds that never run backwards.
 * Only those that are count.  If not, *wait is how long until one would be.
 */
bool limit_take(struct limit *l, double now, double *wait);

#endif
