/*
 * escape.h: text from data or from a server, made fit for a terminal.
 *
 * Control characters, terminal escapes, marks that turn the direction of
 * writing or have no width, and bytes that are not UTF-8 come out as \xNN or
 * \u{NNNN}; a backslash is doubled.
 */
#ifndef TP_BASE_ESCAPE_H
#define TP_BASE_ESCAPE_H

#include <stddef.h>

/*
 * Writes text[0..len) to out, of size bytes, always ended by NUL.  What does
 * not fit is cut between characters, with "..." behind it.  Returns out.
 */
char *escape_text(char *out, size_t size, const char *text, size_t len);

#endif
