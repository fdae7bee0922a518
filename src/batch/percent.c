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

/* Letters, digits and - . _ ~ (RFC 3986, 2.3, "unreserved"). */
#define UNRESERVED 1
/* A byte of a UTF-8 character of several. */
#define HIGH 2
#define COMMA 4

static const unsigned char kinds[256] = {
    /* clang-format off */
	[','] = COMMA, ['-'] = 1, ['.'] = 1, ['_'] = 1, ['~'] = 1,
	['0'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	['A'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	['a'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
#define H16 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2
	[0x80] = H16, H16, H16, H16, H16, H16, H16, H16,
#undef H16
    /* clang-format on */
};

static char *
encode(char *out, const char *text, size_t n, unsigned int kept)
{
	static const char digits[] = "0123456789ABCDEF";
	const unsigned char *at = (const unsigned char *)text, *end = at + n;

	for (; at < end; at++) {
		if ((kinds[*at] & kept) != 0) {
			*out++ = (char)*at;
			continue;
		}
		out[0] = '%';
		out[1] = digits[*at >> 4];
		out[2] = digits[*at & 15];
		out += 3;
	}
	return out;
}

char *
percent_encode(char *out, const char *text, size_t n, bool raw_utf8)
{
	return encode(out, text, n, UNRESERVED | (raw_utf8 ? HIGH : 0));
}

char *
percent_encode_row(char *out, const char *row, size_t n, bool raw_utf8)
{
	return encode(out, row, n, UNRESERVED | COMMA | (raw_utf8 ? HIGH : 0));
}
