#include "base/progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/number.h"

/* Over what follows it; a thread that waits may have something to say. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool shown, drawn;
static const char *unit_one, *unit_many;
static double begun, last;

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
draw(uint64_t units, uint64_t bytes, double now)
{
	last = now;
	drawn = true;
	fprintf(stderr, "\r\033[K%llu %s", (unsigned long long)units,
	    number_form(units, unit_one, unit_many));
	if (bytes > 0)
		fprintf(stderr, ", %.1f MB, %.0f MB/s", (double)bytes / 1e6,
		    (double)bytes / 1e6 / (now - begun));
	fflush(stderr);
}

void
progress_show(uint64_t units, uint64_t bytes)
{
	double now;

	if (!shown)
		return;
	now = clock_monotonic();
	pthread_mutex_lock(&lock);
	if (now - last >= 0.5)
		draw(units, bytes, now);
	pthread_mutex_unlock(&lock);
}

void
progress_end(void)
{
	pthread_mutex_lock(&lock);
	if (drawn) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	drawn = false;
	pthread_mutex_unlock(&lock);
}
