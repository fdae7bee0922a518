#include "profile/identifier.h"

#include <string.h>
#include "base/utf8.h"

/* C0, DEL and C1. */
static bool
has_control(const char *s, size_t n)
{
	size_t i = 0;
	uint32_t point;

	while (i < n) {
		size_t len = utf8_decode(s + i, n - i, &point);

		if (len == 0)
			return true;
		if (point < 0x20 || (point >= 0x7f && point < 0xa0))
			return true;
		i += len;
	}
	return false;
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 38 digits: an Experience Cloud ID */
static bool
is_ecid(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && digit(s[i]); i++)
		continue;
	return n == 38 && i == n;
}

enum rule
identifier_check(enum id_kind kind, const char *text, size_t len)
{
	if (len == 0)
		return RULE_ID_EMPTY;
	if (has_control(text, len))
		return RULE_ID_CONTROL;
	if (text[0] == ' ' || text[len - 1] == ' ')
		return RULE_ID_SPACE;
	if (utf8_length(text, len) > IDENTIFIER_MAX)
		return RULE_ID_TOO_LONG;
	if (kind == ID_THIRD_PARTY &&
	    (memchr(text, '+', len) != NULL || memchr(text, '/', len) != NULL))
		return RULE_ID_PLUS_SLASH;
	if (kind == ID_PCID && is_ecid(text, len))
		return RULE_ID_ECID;
	return RULES;
}

/* Digits, at least one, from s[*i] on. */
static bool
digits(const char *s, size_t n, size_t *i)
{
	size_t from = *i;

	while (*i < n && digit(s[*i]))
		(*i)++;
	return *i > from;
}

bool
identifier_usual(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (digit(s[i]) || (s[i] >= 'a' && s[i] <= 'f') ||
			    (s[i] >= 'A' && s[i] <= 'F') || s[i] == '-'))
		i++;
	if (i == 0 || i >= n || s[i++] != '.' || !digits(s, n, &i))
		return false;
	return i < n && s[i++] == '_' && digits(s, n, &i) && i == n;
}

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (byte))

/* A zero byte somewhere in x, if and only if the result is not 0. */
static inline uint64_t
any_zero(uint64_t x)
{
	return (x - EVERY(1)) & ~x & EVERY(0x80);
}

/* Not 0: one of eight bytes is not printing ASCII, or is a space, + or /. */
static inline uint64_t
unplain(uint64_t w)
{
	return ((w | ~(w + EVERY(0x5f)) | (w + EVERY(1))) & EVERY(0x80)) |
	       any_zero(w ^ EVERY('+')) | any_zero(w ^ EVERY('/'));
}

bool
identifier_plain(enum id_kind kind, const char *text, size_t len)
{
	uint64_t w = EVERY('a'), odd = 0;
	size_t i;

	if (len == 0 || len > IDENTIFIER_MAX)
		return false;
	if (kind == ID_PCID)
		return identifier_usual(text, len);
	for (i = 0; i + sizeof(w) <= len; i += sizeof(w)) {
		memcpy(&w, text + i, sizeof(w));
		odd |= unplain(w);
	}
	if (len >= sizeof(w)) {
		memcpy(&w, text + len - sizeof(w), sizeof(w));
		return (odd | unplain(w)) == 0;
	}
	memcpy(&w, text, len);
	return unplain(w) == 0;
}
