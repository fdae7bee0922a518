/*
 * comply.h: does a header row, does a row comply with what the service
 * documents?  Used before a batch is sent, whoever made it.
 */
#ifndef TP_BATCH_COMPLY_H
#define TP_BATCH_COMPLY_H

#include <stddef.h>
#include "base/error.h"
#include "batch/limits.h"

/* A header row longer than this is refused, so that its check takes bounded
 * memory.  A limit of ours: no profile could hold so many names. */
#define COMPLY_HEADER_BYTES (2 * 1024 * 1024)

/*
 * line[0..n) is the header row behind "batch=", without its LF.  On -1, *at is
 * the offset of what is wrong and e the error (EXIT_INPUT, no place yet).
 */
int comply_header(const char *line, size_t n, enum batch_id *id,
    size_t *columns, size_t *at, struct error *e);

/* line[0..n) is a row without its LF; the rest as above. */
int comply_row(
    const char *line, size_t n, size_t columns, size_t *at, struct error *e);

#endif
