/*
 * token.h: the bearer token that a customer may require.
 *
 * It comes from a file, never from the command line, and goes to the
 * endpoint's host, and to those of statuses (statusurl.h), alone.  While one is
 * held the process leaves no core dump.
 */
#ifndef TP_API_TOKEN_H
#define TP_API_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

/* No length is documented; a signed web token has some 2 KiB. */
#define TOKEN_MAX 8192

/*
 * The token in the first and only line of the file at path.  Refused with
 * EXIT_USAGE: a file that others can read or write or the group can write,
 * more than one line, characters that no header takes.  NULL: e says why.
 * The caller gives it to token_free.
 */
char *token_read(const char *path, struct error *e);

/*
 * The token of a file for as long as a run lasts: the service may have ended
 * it, and its owner have put another one there.  From any thread.
 */
struct bearer;

/* NULL: as token_read. */
struct bearer *bearer_open(const char *path, struct error *e);
void bearer_free(struct bearer *b);

/* The one to use now, valid until bearer_free; NULL if b is NULL. */
const char *bearer_token(struct bearer *b);

/*
 * That token was refused.  True: there is another one now, as the file, which
 * is read again, holds it, or another thread has found.  False: there is none.
 * What is no regular file is not read again.  hint: what is to be said of it,
 * behind what the service says; "": nothing.
 */
enum { BEARER_HINT = 800 }; /* a whole error, and some words */
bool bearer_renewed(
    struct bearer *b, const char *refused, char hint[BEARER_HINT]);

/* Overwrites it, then frees it.  NULL is fine. */
void token_free(char *token);

/*
 * Puts stars over the token in a text of a server, which may be what it was
 * sent; at the end of the text also over a beginning of it, of 8 bytes and
 * more.  A token of less than 8 bytes may be a part of many words: it is hidden
 * where it stands as a word, between what is neither letter nor digit; at the
 * end also a half of it or more.
 */
void token_hide(char *text, size_t n, const char *token);

/* Overwrites memory, also if it is not read any more. */
void token_wipe(void *memory, size_t n);

#endif
