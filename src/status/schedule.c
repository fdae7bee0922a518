#include "status/schedule.h"

static double
lesser(double a, double b)
{
	return a < b ? a : b;
}

void
schedule_start(struct schedule *s, double now, double first, double interval,
    double deadline)
{
	s->due = now + lesser(first, interval);
	s->deadline = now + deadline;
	s->delay = 0;
}

void
schedule_again(struct schedule *s, double now, double interval, double at_least)
{
	s->delay = s->delay == 0 ? SCHEDULE_GROWTH : 2 * s->delay;
	s->delay = lesser(s->delay, interval);
	s->due = now + (at_least > s->delay ? at_least : s->delay);
}
