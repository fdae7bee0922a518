#include "sandbox/form.h"

#include <string.h>
#include <strings.h>

bool
form_is_type(const char *content_type)
{
	static const char type[] = "application/x-www-form-urlencoded";
	const size_t n = sizeof(type) - 1;

	if (content_type == NULL || strncasecmp(content_type, type, n) != 0)
		return false;
	content_type += n + strspn(content_type + n, " \t");
	return *content_type == '\0' || *content_type == ';';
}

/* The value of a hexadecimal digit, or -1. */
static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool
form_is_well_formed(const char *text, size_t n)
{
	const char *end = text + n, *p = text;

	while ((p = memchr(p, '%', (size_t)(end - p))) != NULL) {
		if (end - p < 3 || digit(p[1]) < 0 || digit(p[2]) < 0)
			return false;
		p += 3;
	}
	return true;
}

enum form_result
form_find(char *body, size_t n, char **value, size_t *len)
{
	static const char key[] = "batch=";
	const size_t skip = sizeof(key) - 1;
	const char *end;

	if (!form_is_well_formed(body, n))
		return FORM_MALFORMED;
	if (n <= skip || memcmp(body, key, skip) != 0)
		return FORM_EMPTY;
	*value = body + skip;
	*len = n - skip;
	end = memchr(*value, '&', *len);
	if (end != NULL)
		*len = (size_t)(end - *value);
	return *len == 0 ? FORM_EMPTY : FORM_FOUND;
}

size_t
form_decode(char *text, size_t n)
{
	char *from = text, *to = text;
	const char *end = text + n;

	for (; from < end && *from != '%' && *from != '+'; from++)
		to++;
	while (from < end) {
		if (*from == '%') {
			*to++ = (char)(digit(from[1]) * 16 + digit(from[2]));
			from += 3;
		} else {
			*to++ = *from == '+' ? ' ' : *from;
			from++;
		}
	}
	return (size_t)(to - text);
}

bool
form_next(char **text, char **name, char **value)
{
	char *end = *text + strcspn(*text, "&"), *equals;

	if (**text == '\0')
		return false;
	*name = *text;
	*text = *end == '\0' ? end : end + 1;
	*end = '\0';
	equals = strchr(*name, '=');
	*value = equals == NULL ? end : equals + 1;
	if (equals != NULL)
		*equals = '\0';
	(*name)[form_decode(*name, strlen(*name))] = '\0';
	(*value)[form_decode(*value, strlen(*value))] = '\0';
	return true;
}
