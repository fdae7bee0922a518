#include "keyed/hash.h"

#include <sodium/crypto_shorthash_siphash24.h>
#include <string.h>
#include <sys/random.h>

int
hash_draw_key(struct hash_key *key, struct error *e)
{
	if (getrandom(key->bytes, sizeof(key->bytes), 0) != sizeof(key->bytes))
		return error_errno(e, EXIT_LOCAL, "cannot get random bytes");
	return 0;
}

struct hash
hash_text(const struct hash_key *key, const char *text, size_t n)
{
	unsigned char out[crypto_shorthash_siphashx24_BYTES];
	struct hash h;

	/* It cannot fail. */
	(void)crypto_shorthash_siphashx24(
	    out, (const unsigned char *)text, n, key->bytes);
	memcpy(&h.high, out, sizeof(h.high));
	memcpy(&h.low, out + sizeof(h.high), sizeof(h.low));
	return h;
}
