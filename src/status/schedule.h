/*
 * schedule.h: when a batch is asked about: some time after it was accepted,
 * then at growing intervals.  Seconds, on a clock that never runs backwards.
 */
#ifndef TP_STATUS_SCHEDULE_H
#define TP_STATUS_SCHEDULE_H

#define SCHEDULE_FIRST 30 /* after it is known: before, few are complete */
#define SCHEDULE_GROWTH 5 /* the first interval, which then doubles */
#define SCHEDULE_INTERVAL 60
#define SCHEDULE_DEADLINE 7200

struct schedule {
	double due;	 /* when to ask next */
	double deadline; /* when to give up */
	double delay;	 /* between the last time and the next */
};

/* first: the time until the first; interval: the longest until that, and
 * between two; deadline: after now. */
void schedule_start(struct schedule *s, double now, double first,
    double interval, double deadline);

/* After asking.  at_least: what the service asked for; below 0: nothing. */
void schedule_again(
    struct schedule *s, double now, double interval, double at_least);

#endif
