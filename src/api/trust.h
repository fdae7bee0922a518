/*
 * trust.h: certificates to verify the service's with, as --cacert names them;
 * and are those there that libcurl uses by itself?
 *
 * libcurl looks at them when it connects, which is after the first call was
 * counted and written to the journal.  Here they are looked at before.
 */
#ifndef TP_API_TRUST_H
#define TP_API_TRUST_H

#include "base/buffer.h"
#include "base/error.h"

/* A bundle of all well-known authorities has some 250 KiB. */
#define TRUST_MAX ((size_t)16 * 1024 * 1024)

/*
 * Puts the PEM text of the file at path into *pem, which is to be freed in any
 * case.  Refused with EXIT_USAGE: what cannot be read, a folder, a file without
 * a certificate in PEM form or with one that is damaged.
 */
int trust_read(struct buffer *pem, const char *path, struct error *e);

/* Is there something to trust at the places that libcurl looks at by itself?
 * Either is NULL if it has none.  -1 with EXIT_USAGE. */
int trust_check_default(const char *file, const char *folder, struct error *e);

#endif
