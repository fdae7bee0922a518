#include "base/progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/console.h"
#include "base/number.h"

/* Set before there are threads. */
static bool shown;
static const char *unit_one, *unit_many;
static double begun;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over both */
static bool drawn;
static double last;

void
progress_start(enum progress_mode mode, const char *one, const char *many)
{
	shown = mode == PROGRESS_ALWAYS ||
		(mode == PROGRESS_AUTO && isatty(STDERR_FILENO));
	unit_one = one;
	unit_many = many;
	begun = last = shown ? clock_monotonic() : 0;
}

static void
draw(uint64_t units, uint64_t bytes, double seconds)
{
	char line[160];
	size_t used;

	snprintf(line, sizeof(line), "\r\033[K%llu %s",
	    (unsigned long long)units, number_form(units, unit_one, unit_many));
	used = strlen(line);
	if (bytes > 0)
		snprintf(line + used, sizeof(line) - used,
		    ", %.1f MB, %.0f MB/s", (double)bytes / 1e6,
		    (double)bytes / 1e6 / seconds);
	console_try(line, strlen(line));
}

void
progress_show(uint64_t units, uint64_t bytes)
{
	double now;

	if (!shown)
		return;
	now = clock_monotonic();
	pthread_mutex_lock(&lock);
	if (now - last >= 0.5) {
		last = now;
		drawn = true;
		draw(units, bytes, now - begun);
	}
	pthread_mutex_unlock(&lock);
}

void
progress_end(void)
{
	static const char clear[] = "\r\033[K";

	if (!shown)
		return;
	pthread_mutex_lock(&lock);
	if (drawn)
		console_write(clear, sizeof(clear) - 1);
	drawn = false;
	pthread_mutex_unlock(&lock);
}
