/*
 * input.h: the bytes of one input: a file, a pipe, or stdin; gzip is
 * recognised by its magic bytes and unpacked, all members of it, length and
 * CRC checked; a UTF-8 byte order mark in front is dropped.
 *
 * What cannot be read as text is refused with EXIT_INPUT and the command
 * that helps: a folder, zip, zstd, xz, bzip2, UTF-16, and gzip that is cut
 * short or corrupt.
 *
 * A seal (io/seal.h) in the last line is checked and taken away: by its
 * count of bytes always, and by its digest if it is demanded.
 */
#ifndef TP_IO_INPUT_H
#define TP_IO_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "io/seal.h"

struct input;

/* path "-" is stdin.  NULL: e says why. */
struct input *input_open(const char *path, struct error *e);
void input_close(struct input *in);

/* Without a valid seal at its end the input will be refused.  To be called
 * before the first read; -1: no memory. */
int input_demand_seal(struct input *in, struct error *e);

/* The seal, at the end of the text; NULL: there was none. */
const struct seal *input_seal(const struct input *in);

/* It turned out to be of a kind that has none. */
void input_waive_seal(struct input *in);

/* input_read wants room for so many bytes. */
#define INPUT_LEAST 512

/*
 * Up to size bytes (at least INPUT_LEAST) of the text; 0 at its end, -1 with e
 * set. Blocks until there is something.  A caught signal ends it with -1 and
 * EXIT_LOCAL.
 */
ptrdiff_t input_read(struct input *in, char *buf, size_t size, struct error *e);

/* The name for messages: the path, or "-" for stdin; lives with in. */
const char *input_name(const struct input *in);

/* "1.2.13" */
const char *input_zlib_version(void);

#endif
