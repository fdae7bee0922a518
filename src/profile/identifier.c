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
	static const bool usual[256] = {['0'] = 1,
	    1,
	    1,
	    1,
	    1,
	    1,
	    1,
	    1,
	    1,
	    1,
	    ['a'] = 1,
	    1,
	    1,
	    1,
	    1,
	    1,
	    ['A'] = 1,
	    1,
	    1,
	    1,
	    1,
	    1,
	    ['-'] = 1};
	size_t i = 0;

	while (i < n && usual[(unsigned char)s[i]])
		i++;
	if (i == 0 || i >= n || s[i++] != '.' || !digits(s, n, &i))
		return false;
	return i < n && s[i++] == '_' && digits(s, n, &i) && i == n;
}
