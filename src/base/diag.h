/*
 * diag.h: what the programs say to a person, on stderr.
 *
 *	PROGRAM: FILE:LINE:COLUMN: RULE: text
 *
 * One process has one stderr, so the settings are the process's: they are made
 * before there are threads, and diag_finish comes when there are none any more.
 * All other functions any thread may call; lines do not mix.  How long a line
 * waits that nobody reads: base/console.h.  Text that comes from data must pass
 * escape_text first.
 */
#ifndef TP_BASE_DIAG_H
#define TP_BASE_DIAG_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

/* Of one kind (rule) at a place, so many are shown; the rest is counted. */
#define DIAG_SHOWN 20

void diag_init(const char *program);
void diag_quiet(void);	 /* -q: only why the exit code is 2 or more */
void diag_verbose(void); /* -v */

void diag_error(const struct error *e);
void diag_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void diag_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Also with -q. */
void diag_always(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Only with -v. */
void diag_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * One thing wrong at one place.  code is what it makes the program exit with:
 * from EXIT_USAGE on it is shown with -q too.  rule must be a string that
 * lives as long as the process; line and column as in struct error.
 */
void diag_place(enum exit_code code, const char *file, uint64_t line,
    uint64_t column, const char *rule, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Says how many of each rule were not shown. */
void diag_finish(void);

#endif
