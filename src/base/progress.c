#include "base/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/number.h"

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

void
progress_show(uint64_t units, uint64_t bytes)
{
	double now;

	if (!shown)
		return;
	now = clock_monotonic();
	if (now - last < 0.5)
		return;
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
progress_end(void)
{
	if (!drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	drawn = false;
}
