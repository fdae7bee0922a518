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

int
number_parse_percent(const char *s, uint64_t *thousandths)
{
	uint64_t whole, place = 100, part = 0;

	if (digits(&s, &whole) != 0 || whole > 100)
		return -1;
	if (*s == '.') {
		if (s[1] < '0' || s[1] > '9')
			return -1;
		for (s++; *s >= '0' && *s <= '9'; s++, place /= 10) {
			if (place == 0)
				return -1;
			part += place * (uint64_t)(*s - '0');
		}
	}
	if (*s != '\0' || whole * 1000 + part > 100000)
		return -1;
	*thousandths = whole * 1000 + part;
	return 0;
}

int
number_parse_range(const char *s, uint64_t *from, uint64_t *to)
{
	uint64_t first, last;

	if (digits(&s, &first) != 0)
		return -1;
	last = first;
	if (*s == '-') {
		s++;
		last = UINT64_MAX;
		if (*s != '\0' && digits(&s, &last) != 0)
			return -1;
	}
	if (*s != '\0' || last < first)
		return -1;
	*from = first;
	*to = last;
	return 0;
}

const char *
number_form(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}
