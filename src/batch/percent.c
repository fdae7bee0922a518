#include "batch/percent.h"

#include <string.h>

/* The value of a hex digit; -1: it is none. */
static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t
percent_valid(const char *text, size_t n)
{
	const char *at = text, *end = text + n;

	while (at < end && (at = memchr(at, '%', (size_t)(end - at))) != NULL) {
		if (end - at < 3 || digit(at[1]) < 0 || digit(at[2]) < 0)
			return (size_t)(at - text);
		at += 3;
	}
	return n;
}

size_t
percent_decode(char *out, const char *text, size_t n)
{
	size_t i = 0, len = 0;

	while (i < n) {
		if (text[i] == '%' && n - i > 2 && digit(text[i + 1]) >= 0 &&
		    digit(text[i + 2]) >= 0) {
			out[len++] = (char)(digit(text[i + 1]) << 4 |
					    digit(text[i + 2]));
			i += 3;
		} else {
			out[len++] = text[i++];
		}
	}
	return len;
}
