#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>
#include "base/kernel.h"
#include "base/utf8-avx2.h"

size_t
utf8_decode(const char *s, size_t n, uint32_t *point)
{
	/* The smallest code point that needs this many bytes. */
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *u = (const unsigned char *)s;
	uint32_t p;
	size_t len, i;

	if (u[0] < 0x80) {
		*point = u[0];
		return 1;
	}
	len = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
	if (u[0] < 0xc2 || u[0] > 0xf4 || len > n)
		return 0;
	p = u[0] & (0xffu >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		p = p << 6 | (u[i] & 0x3fu);
	}
	if (p < least[len] || p > 0x10ffff || (p >= 0xd800 && p <= 0xdfff))
		return 0;
	*point = p;
	return len;
}

static size_t
find_invalid(const char *s, size_t n)
{
	size_t i = 0, len;
	uint64_t word;
	uint32_t point;

	while (i < n) {
		if (n - i >= sizeof(word)) {
			memcpy(&word, s + i, sizeof(word));
			if ((word & 0x8080808080808080u) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		len = utf8_decode(s + i, n - i, &point);
		if (len == 0)
			return i;
		i += len;
	}
	return n;
}

bool
utf8_is_valid(const char *s, size_t n)
{
#ifdef UTF8_AVX2
	if (n >= 16 && kernel_covers(KERNEL_AVX2))
		return utf8_avx2_valid(s, n);
#endif
	return find_invalid(s, n) == n;
}

size_t
utf8_valid(const char *s, size_t n)
{
	return utf8_is_valid(s, n) ? n : find_invalid(s, n);
}

size_t
utf8_cut(const char *s, size_t n, size_t most)
{
	if (n <= most)
		return n;
	while (most > 0 && ((unsigned char)s[most] & 0xc0) == 0x80)
		most--;
	return most;
}

size_t
utf8_length(const char *s, size_t n)
{
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xc0) != 0x80;
	return count;
}
