#include "base/number.h"

#include <string.h>

struct unit {
	char letter;
	uint64_t factor;
};

/* Digits from *s on; *s is left behind the last. */
static int
digits(const char **s, uint64_t *out)
{
	const char *p = *s;
	uint64_t n = 0;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*s = p;
	*out = n;
	return 0;
}

static int
parse(const char *s, const struct unit *units, uint64_t min, uint64_t max,
    uint64_t *out)
{
	uint64_t n;

	if (digits(&s, &n) != 0)
		return -1;
	for (; *s != '\0' && units->letter != '\0'; units++) {
		if (s[0] != units->letter || s[1] != '\0')
			continue;
		if (n > UINT64_MAX / units->factor)
			return -1;
		n *= units->factor;
		s++;
		break;
	}
	if (*s != '\0' || n < min || n > max)
		return -1;
	*out = n;
	return 0;
}

int
number_parse(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	static const struct unit none[] = {{'\0', 0}};

	return parse(s, none, min, max, out);
}

int
number_parse_size(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	static const struct unit sizes[] = {
	    {'K', 1 << 10}, {'M', 1 << 20}, {'G', 1 << 30}, {'\0', 0}};

	return parse(s, sizes, min, max, out);
}

int
number_parse_seconds(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	static const struct unit times[] = {
	    {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'\0', 0}};

	return parse(s, times, min, max, out);
}

const char *
number_form(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}
