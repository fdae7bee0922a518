#define _DEFAULT_SOURCE /* timegm, which POSIX has since 2024 */
#include "base/clock.h"

#include <string.h>
#include "base/wait.h"

char *
clock_text(time_t when, char out[CLOCK_TEXT])
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || tm.tm_year > 9999 - 1900 ||
	    strftime(out, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		memcpy(out, "0000-00-00T00:00:00Z", CLOCK_TEXT);
	return out;
}

time_t
clock_parse(const char *text)
{
	char again[CLOCK_TEXT];
	struct tm tm;
	time_t when;

	memset(&tm, 0, sizeof(tm));
	if (text == NULL || strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL)
		return 0;
	when = timegm(&tm);
	/* strptime is lenient: spaces, one digit for two, what follows. */
	return strcmp(clock_text(when, again), text) == 0 ? when : 0;
}

double
clock_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int
clock_sleep(double seconds, bool (*stop)(void *arg), void *arg)
{
	return wait_for(-1, 0, seconds < 0 ? 0 : seconds, stop, arg) ==
	       WAIT_STOPPED;
}
