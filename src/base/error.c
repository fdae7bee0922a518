#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The one of POSIX, not GNU's of the same name, which returns the text. */
_Static_assert(
    _Generic(&strerror_r, int (*)(int, char *, size_t) : 1, default : 0),
    "strerror_r is not the one of POSIX");

char *
error_text(int number, char out[ERROR_TEXT])
{
	if (strerror_r(number, out, ERROR_TEXT) != 0)
		snprintf(out, ERROR_TEXT, "error %d", number);
	return out;
}

__attribute__((format(printf, 4, 0))) static void
set(struct error *e, enum exit_code code, int number, const char *format,
    va_list ap)
{
	char why[ERROR_TEXT];
	size_t used;

	if (e->code != EXIT_COMPLETE)
		return;
	e->code = code;
	vsnprintf(e->text, sizeof(e->text), format, ap);
	used = strlen(e->text);
	if (number != 0)
		snprintf(e->text + used, sizeof(e->text) - used, ": %s",
		    error_text(number, why));
}

int
error_set(struct error *e, enum exit_code code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	set(e, code, 0, format, ap);
	va_end(ap);
	return -1;
}

int
error_errno(struct error *e, enum exit_code code, const char *format, ...)
{
	int number = errno;
	va_list ap;

	va_start(ap, format);
	set(e, code, number, format, ap);
	va_end(ap);
	return -1;
}

void
error_place(struct error *e, const char *place, uint64_t line, uint64_t column)
{
	if (e->place[0] != '\0')
		return;
	snprintf(e->place, sizeof(e->place), "%s", place);
	e->line = line;
	e->column = column;
}
