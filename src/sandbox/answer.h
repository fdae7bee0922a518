/* answer.h: what the edge says: the documented XML and JSON. */
#ifndef TP_SANDBOX_ANSWER_H
#define TP_SANDBOX_ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/error.h"
#include "sandbox/store.h"

/* What every answer fits into but a profile, a long message, and a status with
 * ids that failed. */
#define ANSWER_SMALL ((size_t)1024)
/*
 * The longest there can be: a profile of 64 KB, in which each byte of a value
 * takes six, and each attribute some 60 more; or 500 ids that failed, in which
 * each byte takes five.
 */
#define ANSWER_MAX ((size_t)4 * 1024 * 1024)

/* Appends printf-like text.  All of these return -1 without memory, with
 * EXIT_TEMPORARY. */
int answer_text(struct buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* To a bulk update.  url holds nothing that XML minds, unless meant to. */
int answer_accepted(struct buffer *out, const char *url);
int answer_refused(struct buffer *out, const char *message);

/* To batchStatus: incomplete, complete or stuck, as of now (milliseconds since
 * 1970). */
int answer_status(struct buffer *out, struct store *store,
    const struct store_batch *batch, int64_t now, bool details,
    struct error *e);

/* To a fetch.  Returns the HTTP status: 200 or 404; -1 with e set. */
int answer_profile(struct buffer *out, struct store *store,
    const struct store_scope *scope, const char *id, struct error *e);

#endif
