/*
 * percent.h: percent-encoding (RFC 3986) of names and values.
 */
#ifndef TP_BATCH_PERCENT_H
#define TP_BATCH_PERCENT_H

#include <stdbool.h>
#include <stddef.h>
#include "batch/cell.h"

/*
 * The room that the encoding of n bytes needs: three for each, and some that
 * whole vectors are written over.
 */
#define PERCENT_SLACK 64
#define PERCENT_BOUND(n) (3 * (n) + PERCENT_SLACK)

/* Behind what is encoded, be it empty, so many bytes must be readable (their
 * value is nothing), but for percent_encode. */
#define PERCENT_PAD 64

/*
 * Encodes text[0..n) to out, which has PERCENT_BOUND(n) bytes, and returns
 * the end of what it wrote.  All but letters, digits and - . _ ~ becomes %XX;
 * raw_utf8 leaves bytes from 0x80 up as they are, too (the text has to be
 * UTF-8), which the service allows and which makes batches smaller.
 */
char *percent_encode(char *out, const char *text, size_t n, bool raw_utf8);

/* The same for n cells, with a comma behind each. */
char *percent_encode_cells(
    char *out, const struct cell *cells, size_t n, bool raw_utf8);

/* The same for rows: the commas that separate their fields stay, and so do the
 * LFs that end them. */
char *percent_encode_rows(char *out, const char *rows, size_t n, bool raw_utf8);

/*
 * The same for rows with quotes: those around fields are dropped, of two inside
 * a field one is kept, and a comma inside quotes is taken for `comma`.  The
 * rows must be plain (see csv/scan.h).
 */
char *percent_encode_quoted_rows(char *out, const char *rows, size_t n,
    char quote, char comma, bool raw_utf8);

/*
 * Encodes once more, in place, what one of those wrote: each % becomes %25.
 * text has PERCENT_AGAIN_BOUND(n) bytes; returns how many it then takes.
 */
#define PERCENT_AGAIN_BOUND(n) ((n) + 2 * ((n) / 3 + 1))
size_t percent_again(char *text, size_t n);

/* Decodes to out, of n bytes; returns how many it wrote.  A % without two
 * hex digits stays as it is. */
size_t percent_decode(char *out, const char *text, size_t n);

/* The offset of the first % that no two hex digits follow; n: none. */
size_t percent_valid(const char *text, size_t n);

#endif
