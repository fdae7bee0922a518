/*
 * check.h: does a header row, does a row comply with what the service
 * documents?  Used before a batch is sent, whoever made it.
 */
#ifndef TP_BATCH_CHECK_H
#define TP_BATCH_CHECK_H

#include <stddef.h>
#include "base/error.h"
#include "batch/limits.h"

/* A header row longer than this is refused, so that its check takes bounded
 * memory.  A limit of ours: no profile could hold so many names. */
#define CHECK_HEADER_BYTES (2 * 1024 * 1024)

/*
 * line[0..n) is the header row behind "batch=", without its LF.  On -1, *at is
 * the offset of what is wrong and e the error (EXIT_INPUT, no place yet).
 */
int check_header(const char *line, size_t n, enum batch_id *id, size_t *columns,
    size_t *at, struct error *e);

/* line[0..n) is a row without its LF; the rest as above. */
int check_row(
    const char *line, size_t n, size_t columns, size_t *at, struct error *e);

#endif
