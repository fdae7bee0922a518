/* clock.h: the time, for records and for measuring. */
#ifndef TP_BASE_CLOCK_H
#define TP_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* "2026-11-22T06:22:00Z" and its NUL */
#define CLOCK_TEXT 21

/* RFC 3339, UTC, whole seconds; years 0 to 9999.  Returns out. */
char *clock_text(time_t when, char out[CLOCK_TEXT]);

/* The same back; 0: text is none (NULL is none). */
time_t clock_parse(const char *text);

/*
 * Any RFC 3339 time, with a fraction of a second and a zone ("Z", "-05:00"),
 * in milliseconds since 1970; -1: text is none (NULL is none).
 */
int64_t clock_parse_fine(const char *text);

/* Seconds since some fixed moment; never runs backwards. */
double clock_monotonic(void);

/*
 * Sleeps.  1: cut short because stop, asked as base/wait.h describes it, said
 * so; stop may be NULL: then a caught signal does.
 */
int clock_sleep(double seconds, bool (*stop)(void *arg), void *arg);

/* Sleeps until that time, also if the machine does or its clock is set.  1: a
 * caught signal cut it short. */
int clock_sleep_until(time_t when);

#endif
