#include "base/escape.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/utf8.h"

/* Code points that a terminal obeys instead of showing, or hides. */
static bool
unseen(uint32_t p)
{
	return p < 0x20 || (p >= 0x7f && p < 0xa0) || p == 0xad || p == 0x61c ||
	       (p >= 0x200b && p <= 0x200f) || (p >= 0x2028 && p <= 0x202e) ||
	       (p >= 0x2060 && p <= 0x206f) || p == 0xfeff ||
	       (p >= 0xfff9 && p <= 0xfffb) || (p >= 0xe0000 && p <= 0xe007f);
}

/* One character into piece; returns how many bytes of text it was. */
static size_t
escape_one(char piece[16], const char *text, size_t len)
{
	uint32_t point;
	size_t n = utf8_decode(text, len, &point);

	if (n == 0) {
		snprintf(piece, 16, "\\x%02X", (unsigned char)text[0]);
		return 1;
	}
	if (point < 0x80 && unseen(point))
		snprintf(piece, 16, "\\x%02X", (unsigned int)point);
	else if (unseen(point))
		snprintf(piece, 16, "\\u{%04X}", (unsigned int)point);
	else if (point == '\\')
		memcpy(piece, "\\\\", 3);
	else {
		memcpy(piece, text, n);
		piece[n] = '\0';
	}
	return n;
}

char *
escape_text(char *out, size_t size, const char *text, size_t len)
{
	char piece[16];
	size_t i = 0, used = 0, cut = 0; /* room for "..." is behind cut */

	while (i < len) {
		size_t n = escape_one(piece, text + i, len - i);
		size_t add = strlen(piece);

		if (used + add + 1 > size) {
			snprintf(out + cut, size - cut, "...");
			return out;
		}
		memcpy(out + used, piece, add);
		used += add;
		i += n;
		if (used + 4 <= size)
			cut = used;
	}
	out[used] = '\0';
	return out;
}
