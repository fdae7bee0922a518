#include "profile/null.h"

/* The first eight bytes of a text, as they lie in memory; zeros behind it. */
static uint64_t
first_bytes(const char *text, size_t n)
{
	uint64_t word = 0;

	memcpy(&word, text, n < sizeof(word) ? n : sizeof(word));
	return word;
}

void
null_set(struct null *null, const char *text)
{
	static const char ones[] = "\xff\xff\xff\xff\xff\xff\xff\xff";

	null->text = text;
	null->len = strlen(text);
	null->first = first_bytes(text, null->len);
	null->mask = first_bytes(ones, null->len);
}
