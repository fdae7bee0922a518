/* file.h: a small file, whole, in memory. */
#ifndef TP_SANDBOX_FILE_H
#define TP_SANDBOX_FILE_H

#include "base/error.h"

/* A certificate with its chain, a key or a token is well below this. */
#define FILE_MAX ((size_t)1024 * 1024)

/* What is in path, ended by NUL; the caller frees it.  NULL, with EXIT_USAGE:
 * it cannot be read, is empty, holds a NUL, or comes close to FILE_MAX. */
char *file_read(const char *path, struct error *e);

/* Its first line, without the spaces at its end, likewise. */
char *file_read_line(const char *path, struct error *e);

#endif
