#include "base/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/sys.h"

struct sha256 {
	EVP_MD_CTX *context;
};

/*
 * Once a context is made, none of the EVP calls on it can fail for any other
 * reason than a broken library: going on would record false digests.
 */
static void
must(int ok)
{
	if (ok != 1)
		abort();
}

struct sha256 *
sha256_new(void)
{
	struct sha256 *h = sys_malloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	h->context = EVP_MD_CTX_new();
	if (h->context == NULL ||
	    EVP_DigestInit_ex(h->context, EVP_sha256(), NULL) != 1) {
		sha256_free(h);
		return NULL;
	}
	return h;
}

void
sha256_free(struct sha256 *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->context);
	free(h);
}

void
sha256_add(struct sha256 *h, const void *data, size_t n)
{
	must(EVP_DigestUpdate(h->context, data, n));
}

int
sha256_peek(const struct sha256 *h, char out[SHA256_HEX])
{
	struct sha256 *copy = sha256_new();

	if (copy == NULL ||
	    EVP_MD_CTX_copy_ex(copy->context, h->context) != 1) {
		sha256_free(copy);
		return -1;
	}
	sha256_take(copy, out);
	sha256_free(copy);
	return 0;
}

char *
sha256_take(struct sha256 *h, char out[SHA256_HEX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int i, n;

	must(EVP_DigestFinal_ex(h->context, digest, &n));
	must(EVP_DigestInit_ex(h->context, EVP_sha256(), NULL));
	for (i = 0; i < 32; i++)
		snprintf(out + (size_t)i * 2, 3, "%02x", digest[i]);
	return out;
}
