/*
 * error.h: one error, filled in where it happens and printed by main.
 *
 * Library code never prints: it returns -1 and leaves here what was wrong,
 * where, and with which code the program is to exit.  The first error wins;
 * later ones, which are mostly consequences, are dropped.
 */
#ifndef TP_BASE_ERROR_H
#define TP_BASE_ERROR_H

#include <stdint.h>
#include "base/exit.h"

struct error {
	enum exit_code code; /* EXIT_COMPLETE: no error */
	char place[256];     /* file or host; "" if there is none */
	uint64_t line;	     /* from 1; 0: none */
	uint64_t column;     /* in bytes, from 1; 0: none */
	char text[768];	     /* what was wrong and what to do; no newline */
};

#define ERROR_INIT                          \
	{                                   \
		EXIT_COMPLETE, "", 0, 0, "" \
	}

/* Both return -1, so that a function can end with `return error_set(…)`. */
int error_set(struct error *e, enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, with ": " and the text of errno behind it. */
int error_errno(struct error *e, enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What strerror() says, which is not for threads.  Returns out. */
enum { ERROR_TEXT = 128 };
char *error_text(int number, char out[ERROR_TEXT]);

/* Says where the error was, unless it says so already. */
void error_place(
    struct error *e, const char *place, uint64_t line, uint64_t column);

#endif
