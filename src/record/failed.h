/*
 * failed.h: the file of batches that were not accepted: a batch stream again,
 * which can be sent as it is.
 *
 * What is added is on disk when failed_end returns.  Its first byte is
 * written last, in place of a NUL, so that a batch whose writer died is
 * recognised by the next one, wherever it broke off, and cut away.
 * Others may use the file at the same time, move it or remove it.
 */
#ifndef TP_RECORD_FAILED_H
#define TP_RECORD_FAILED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

struct failed;

/*
 * path NULL: tp-failed-TIME-PID.batches in the current folder.  The file is
 * made, with mode 0600, when the first batch is added; that it can be made or
 * appended to is found out now.  Refused with EXIT_USAGE: a symbolic link, a
 * file that holds something else than a batch stream, that begins with NULs
 * and has no batch right behind them, or whose last line is not whole.
 * NULL: e says why.
 */
struct failed *failed_open(const char *path, struct error *e);
void failed_free(struct failed *f);

/* Would failed_open succeed?  Cuts nothing, and leaves no file behind. */
int failed_look(const char *path, struct error *e);

/* One batch, in pieces.  -1 (EXIT_LOCAL): nothing of it is in the file. */
int failed_begin(struct failed *f, struct error *e);
int failed_write(struct failed *f, const char *data, size_t n, struct error *e);
int failed_end(struct failed *f, struct error *e);
/* Instead of failed_end: takes back what was written. */
void failed_drop(struct failed *f);

/* Where the batch that was begun begins; 0 if the file is no regular one. */
uint64_t failed_begun(const struct failed *f);

/* Is that batch, whole, at that offset of that file, which may be this one?
 * Not between failed_begin and the last failed_write. */
bool failed_holds(const struct failed *f, const char *path, uint64_t at,
    uint64_t bytes, const char *sha256);

const char *failed_path(const struct failed *f);

/* Batches added. */
uint64_t failed_batches(const struct failed *f);

/* Bytes of a torn batch that failed_open cut off. */
uint64_t failed_torn(const struct failed *f);

#endif
