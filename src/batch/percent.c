#include "batch/percent.h"

#include <string.h>
#include "base/kernel.h"
#include "batch/percent-avx2.h"
#include "batch/percent-avx512.h"
#include "batch/percent-kernel.h"

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

const unsigned char percent_kinds[256] = {
    /* clang-format off */
	['\n'] = PERCENT_LF, [','] = PERCENT_COMMA, ['-'] = 1, ['.'] = 1, ['_'] = 1, ['~'] = 1,
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

char *
percent_put(char *out, unsigned char byte)
{
	static const char digits[] = "0123456789ABCDEF";

	out[0] = '%';
	out[1] = digits[byte >> 4];
	out[2] = digits[byte & 15];
	return out + 3;
}

static char *
encode_portable(char *out, const char *text, size_t n, unsigned int kept)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + n;

	while (at < end) {
		/* Runs of eight that stay as they are. */
		while (end - at >= 8 && (percent_kinds[at[0]] & kept) != 0 &&
		       (percent_kinds[at[1]] & kept) != 0 &&
		       (percent_kinds[at[2]] & kept) != 0 &&
		       (percent_kinds[at[3]] & kept) != 0 &&
		       (percent_kinds[at[4]] & kept) != 0 &&
		       (percent_kinds[at[5]] & kept) != 0 &&
		       (percent_kinds[at[6]] & kept) != 0 &&
		       (percent_kinds[at[7]] & kept) != 0) {
			memcpy(out, at, 8);
			out += 8;
			at += 8;
		}
		if (at == end)
			break;
		if ((percent_kinds[*at] & kept) != 0)
			*out++ = (char)*at;
		else
			out = percent_put(out, *at);
		at++;
	}
	return out;
}

static char *
encode_cells_portable(
    char *out, const struct cell *cells, size_t n, unsigned int kept)
{
	size_t i;

	for (i = 0; i < n; i++) {
		out = encode_portable(out, cells[i].text, cells[i].len, kept);
		*out++ = ',';
	}
	return out;
}

static char *
put(char *out, unsigned char byte, unsigned int kept)
{
	if ((percent_kinds[byte] & kept) == 0)
		return percent_put(out, byte);
	*out++ = (char)byte;
	return out;
}

static char *
encode_quoted_portable(char *out, const char *rows, size_t n, char quote,
    char comma, unsigned int kept)
{
	const char *at = rows, *end = rows + n;
	bool inside = false;

	while (at < end) {
		if (*at != quote) {
			unsigned char byte = (unsigned char)*at++;

			if ((percent_kinds[byte] & kept) != 0)
				*out++ = (char)byte;
			else if (!inside && (byte == ',' || byte == '\n'))
				*out++ = (char)byte;
			else if (byte == ',')
				out = put(out, (unsigned char)comma, kept);
			else
				out = percent_put(out, byte);
		} else if (inside && end - at > 1 && at[1] == quote) {
			out = percent_put(out, (unsigned char)quote);
			at += 2;
		} else {
			inside = !inside;
			at++;
		}
	}
	return out;
}

static const struct percent_kernel portable = {
    encode_portable, encode_cells_portable, encode_quoted_portable};

static const struct percent_kernel *
find_kernel(void)
{
#ifdef PERCENT_AVX512
	if (kernel_covers(KERNEL_AVX512))
		return &percent_avx512;
#endif
#ifdef PERCENT_AVX2
	if (kernel_covers(KERNEL_AVX2))
		return &percent_avx2;
#endif
	return &portable;
}

static unsigned int
high(bool raw_utf8)
{
	return raw_utf8 ? PERCENT_HIGH : 0;
}

char *
percent_encode(char *out, const char *text, size_t n, bool raw_utf8)
{
	/* It is not for much text, nor does it read what is behind that. */
	return encode_portable(
	    out, text, n, PERCENT_UNRESERVED | high(raw_utf8));
}

char *
percent_encode_cells(
    char *out, const struct cell *cells, size_t n, bool raw_utf8)
{
	return find_kernel()->encode_cells(
	    out, cells, n, PERCENT_UNRESERVED | high(raw_utf8));
}

char *
percent_encode_rows(char *out, const char *rows, size_t n, bool raw_utf8)
{
	return find_kernel()->encode(out, rows, n,
	    PERCENT_UNRESERVED | PERCENT_COMMA | PERCENT_LF | high(raw_utf8));
}

char *
percent_encode_quoted_rows(char *out, const char *rows, size_t n, char quote,
    char comma, bool raw_utf8)
{
	return find_kernel()->encode_quoted(
	    out, rows, n, quote, comma, PERCENT_UNRESERVED | high(raw_utf8));
}

size_t
percent_again(char *text, size_t n)
{
	const char *from;
	size_t i, more = 0;
	char *to = text;

	for (i = 0; i < n; i++)
		more += text[i] == '%';
	more *= 2;
	memmove(text + more, text, n);
	/* Without a branch.  What is read is ahead of what is written by two
	 * bytes for each % that is still to come; after the last one all
	 * stands where it belongs. */
	for (from = text + more; to < from; from++) {
		size_t step = 1 + 2 * (size_t)(*from == '%');

		*to = *from;
		to[1] = '2';
		to[2] = '5';
		to += step;
	}
	return n + more;
}
