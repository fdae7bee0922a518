/*
 * utf8.h: UTF-8 as RFC 3629 has it (no surrogates, no overlong forms, at most
 * U+10FFFF).
 */
#ifndef TP_BASE_UTF8_H
#define TP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The length in bytes of the character at s (at most n bytes are read, n > 0),
 * and its code point.  0: not UTF-8.
 */
size_t utf8_decode(const char *s, size_t n, uint32_t *point);

/* The offset of the first byte that is not UTF-8; n if there is none. */
size_t utf8_valid(const char *s, size_t n);

/* Whether there is none; quicker if there is one. */
bool utf8_is_valid(const char *s, size_t n);

/* The length of what is left of valid UTF-8 text of n bytes if it is cut,
 * between characters, to at most `most`. */
size_t utf8_cut(const char *s, size_t n, size_t most);

/* How many characters valid UTF-8 text holds. */
size_t utf8_length(const char *s, size_t n);

#endif
