/*
 * null.h: a text that counts as an empty cell (--null).
 */
#ifndef TP_PROFILE_NULL_H
#define TP_PROFILE_NULL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "csv/fields.h"

struct null {
	const char *text;
	size_t len;
	uint64_t first, mask; /* its first bytes as they lie in memory, and
				 which of eight these are */
};

void null_set(struct null *null, const char *text);

/* Whether a field is one of n such texts.  Without a branch for what is as
 * often so as not. */
static inline bool
null_is(const struct null *null, size_t n, const struct csv_field *f)
{
	uint64_t first;
	bool is = false;
	size_t i;

	/* They can be read, see fields.h. */
	memcpy(&first, f->text, sizeof(first));
	for (i = 0; i < n; i++, null++) {
		bool same = (int)(f->len == null->len) &
			    (int)((first & null->mask) == null->first);

		if (null->len > sizeof(first) && same)
			same = memcmp(null->text, f->text, f->len) == 0;
		is |= same;
	}
	return is;
}

#endif
