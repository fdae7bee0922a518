/*
 * single.h: what a single update does: GET or POST .../profile/update, with
 * mboxPC=ID or mbox3rdPartyId=ID and profile.NAME=VALUE, encoded as a form is.
 * It updates profiles that there are.  Source: Single Profile Update API.
 */
#ifndef TP_SANDBOX_SINGLE_H
#define TP_SANDBOX_SINGLE_H

#include <stddef.h>
#include "sandbox/store.h"

/* 8 KB by GET, 60 KB by POST; KB or KiB is not said: the smaller. */
#define SINGLE_MAX_GET 8000
#define SINGLE_MAX_POST 60000

/*
 * query and body end with NUL, and are changed; scope's kind is set here.
 * *refused: what was wrong, or NULL.  -1: the database or memory failed, as in
 * store.h; nothing is changed then.
 */
int single_apply(struct store *s, struct store_scope *scope, char *query,
    char *body, const char **refused, struct error *e);

#endif
