/*
 * hash.h: identifiers as 128 bits, so that each takes the same room.  The only
 * file that knows libsodium.
 *
 * It is SipHash-2-4-128 with a key that is drawn for each run: whoever makes
 * the input cannot choose identifiers that meet in one value, and among N that
 * nobody chose, two do so with a probability of N * N / 2^129: 10^-21 for 10^9.
 * HACKING says why that is enough.
 */
#ifndef TP_KEYED_HASH_H
#define TP_KEYED_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

struct hash_key {
	unsigned char bytes[16];
};

struct hash {
	uint64_t high, low;
};

/* -1 with EXIT_LOCAL: there are no random bytes. */
int hash_draw_key(struct hash_key *key, struct error *e);

struct hash hash_text(const struct hash_key *key, const char *text, size_t n);

static inline bool
hash_equal(const struct hash *a, const struct hash *b)
{
	return a->high == b->high && a->low == b->low;
}

#endif
