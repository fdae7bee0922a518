/* sha256.h: SHA-256, by libcrypto. */
#ifndef TP_BASE_SHA256_H
#define TP_BASE_SHA256_H

#include <stddef.h>

#define SHA256_HEX 65 /* 64 digits and the NUL */

struct sha256;

/* NULL: no memory. */
struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t n);

/* The digest of all that was added so far.  -1: no memory. */
int sha256_peek(const struct sha256 *h, char out[SHA256_HEX]);
/* The digest of all that was added; then begins anew.  Returns out. */
char *sha256_take(struct sha256 *h, char out[SHA256_HEX]);

#endif
