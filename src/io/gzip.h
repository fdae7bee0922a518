/*
 * gzip.h: compresses what is written.  input.h reads it.
 */
#ifndef TP_IO_GZIP_H
#define TP_IO_GZIP_H

#include <stdbool.h>
#include <stddef.h>

struct gzip;

/* NULL: no memory. */
struct gzip *gzip_new(void);
void gzip_free(struct gzip *g);

/* Gives it n bytes, and after the last of them the end.  Then all pieces that
 * this makes must be taken before more is given. */
void gzip_give(struct gzip *g, const char *data, size_t n, bool end);
/* The next piece, of *n bytes, which lives until the next call; false: no more
 * for now. */
bool gzip_take(struct gzip *g, const char **piece, size_t *n);

#endif
