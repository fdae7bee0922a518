/*
 * given.h: what a test is given: a standard input, a file.
 */
#ifndef TP_TESTS_GIVEN_H
#define TP_TESTS_GIVEN_H

#include <stddef.h>

/* Makes stdin give these bytes: of a file; or in pieces, if piece > 0. */
void given_stdin(const char *text, size_t n, size_t piece);

/* Makes a file of these bytes, or makes it hold them. */
void given_file(const char *path, const char *data, size_t n);

#endif
