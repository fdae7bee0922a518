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

/* Two digits, from 0 to max; -1. */
static int
two_digits(const char *text, int max)
{
	int n;

	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return -1;
	n = (text[0] - '0') * 10 + text[1] - '0';
	return n <= max ? n : -1;
}

/* The zone that text is, in minutes east of UTC; -1: it is none. */
static int
parse_zone(const char *text, int *minutes)
{
	int hours, rest;

	*minutes = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return 0;
	if ((text[0] != '+' && text[0] != '-') || strlen(text) != 6 ||
	    text[3] != ':')
		return -1;
	hours = two_digits(text + 1, 23);
	rest = two_digits(text + 4, 59);
	*minutes = (text[0] == '-' ? -1 : 1) * (hours * 60 + rest);
	return hours < 0 || rest < 0 ? -1 : 0;
}

int64_t
clock_parse_fine(const char *text)
{
	char whole[CLOCK_TEXT];
	int minutes, thousandths = 0, place = 100;
	time_t when;

	if (text == NULL || strlen(text) < CLOCK_TEXT - 1)
		return -1;
	memcpy(whole, text, CLOCK_TEXT - 2);
	memcpy(whole + CLOCK_TEXT - 2, "Z", 2);
	when = clock_parse(whole);
	text += CLOCK_TEXT - 2;
	if (*text == '.') {
		if (*++text < '0' || *text > '9')
			return -1;
		for (; *text >= '0' && *text <= '9'; text++, place /= 10)
			thousandths += place * (*text - '0');
	}
	if (when <= 0 || parse_zone(text, &minutes) != 0)
		return -1;
	return ((int64_t)when - (int64_t)minutes * 60) * 1000 + thousandths;
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

int
clock_sleep_until(time_t when)
{
	time_t now;

	while ((now = time(NULL)) < when) {
		double rest = (double)(when - now);

		/* The monotonic clock may stand still meanwhile. */
		if (clock_sleep(rest > 30 ? 30 : rest, NULL, NULL) != 0)
			return 1;
	}
	return 0;
}
