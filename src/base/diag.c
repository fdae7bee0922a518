#include "base/diag.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/console.h"
#include "base/sys.h"

enum { RULES = 64 };

/* Set before there are threads. */
static const char *program = "tp";
static bool quiet;
static bool verbose;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over counts */
static struct {
	const char *rule;
	enum exit_code code;
	uint64_t seen;
} counts[RULES];

void
diag_init(const char *name)
{
	program = name;
}

void
diag_quiet(void)
{
	quiet = true;
}

void
diag_verbose(void)
{
	verbose = true;
}

/* "PROGRAM: PREFIXtext\n" in one piece. */
__attribute__((format(printf, 2, 0))) static void
say(const char *prefix, const char *format, va_list ap)
{
	char room[2048], *line = room, *more = NULL;
	size_t used, size = sizeof(room);
	va_list again;
	int n;

	va_copy(again, ap);
	snprintf(line, size, "%s: %s", program, prefix);
	used = strlen(line);
	n = vsnprintf(line + used, size - used - 1, format, ap);
	if (n > 0 && (size_t)n >= size - used - 1)
		more = sys_malloc(used + (size_t)n + 2);
	if (more != NULL) {
		memcpy(more, line, used);
		line = more;
		vsnprintf(line + used, (size_t)n + 1, format, again);
	}
	va_end(again);
	used = strlen(line);
	line[used++] = '\n';
	console_write(line, used);
	free(more);
}

static void
prefix_place(
    char *out, size_t size, const char *place, uint64_t line, uint64_t column)
{
	if (place[0] == '\0')
		out[0] = '\0';
	else if (line == 0)
		snprintf(out, size, "%s: ", place);
	else if (column == 0)
		snprintf(
		    out, size, "%s:%llu: ", place, (unsigned long long)line);
	else
		snprintf(out, size, "%s:%llu:%llu: ", place,
		    (unsigned long long)line, (unsigned long long)column);
}

__attribute__((format(printf, 2, 3))) static void
say_at(const char *prefix, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(prefix, format, ap);
	va_end(ap);
}

void
diag_error(const struct error *e)
{
	char prefix[320];

	prefix_place(prefix, sizeof(prefix), e->place, e->line, e->column);
	say_at(prefix, "%s", e->text);
}

void
diag_warn(const char *format, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, format);
	say("warning: ", format, ap);
	va_end(ap);
}

void
diag_note(const char *format, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, format);
	say("", format, ap);
	va_end(ap);
}

void
diag_always(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("", format, ap);
	va_end(ap);
}

void
diag_detail(const char *format, ...)
{
	va_list ap;

	if (quiet || !verbose)
		return;
	va_start(ap, format);
	say("", format, ap);
	va_end(ap);
}

/* --quiet never hides why the program ends with such a code. */
static bool
is_hidden(enum exit_code code)
{
	return quiet && code < EXIT_USAGE;
}

/* How often this rule was seen with this code, this time included. */
static uint64_t
count(const char *rule, enum exit_code code)
{
	uint64_t seen;
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < RULES - 1; i++) {
		if (counts[i].rule == NULL) {
			counts[i].rule = rule;
			counts[i].code = code;
		}
		if (counts[i].rule == rule && counts[i].code == code)
			break;
	}
	seen = ++counts[i].seen;
	pthread_mutex_unlock(&lock);
	return seen;
}

void
diag_place(enum exit_code code, const char *file, uint64_t line,
    uint64_t column, const char *rule, const char *format, ...)
{
	char prefix[448];
	size_t used;
	va_list ap;

	if (count(rule, code) > DIAG_SHOWN || is_hidden(code))
		return;
	prefix_place(prefix, sizeof(prefix), file, line, column);
	used = strlen(prefix);
	snprintf(prefix + used, sizeof(prefix) - used, "%s: ", rule);
	va_start(ap, format);
	say(prefix, format, ap);
	va_end(ap);
}

void
diag_finish(void)
{
	int i;

	for (i = 0; i < RULES && counts[i].rule != NULL; i++) {
		if (counts[i].seen > DIAG_SHOWN && !is_hidden(counts[i].code))
			say_at("", "%s: %llu more like these", counts[i].rule,
			    (unsigned long long)(counts[i].seen - DIAG_SHOWN));
	}
}
