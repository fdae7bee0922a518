#include "io/seal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/number.h"

/* What stands before, between and behind the three values. */
static const struct {
	const char *part[4];
} forms[] = {
    [SEAL_LINE] = {{"#tp-seal rows=", " bytes=", " sha256=", "\n"}},
    [SEAL_NDJSON] = {{"{\"seal\":{\"rows\":", ",\"bytes\":", ",\"sha256\":\"",
	"\"}}\n"}},
};
static const char delta[] = " delta=";
enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

size_t
seal_format(const struct seal *s, enum seal_form form, char out[SEAL_MAX])
{
	const char *const *part = forms[form].part;

	return (size_t)snprintf(out, SEAL_MAX,
	    "%s%" PRIu64 "%s%" PRIu64 "%s%s%s%s%s", part[0], s->rows, part[1],
	    s->bytes, part[2], s->sha256, *s->delta != '\0' ? delta : "",
	    s->delta, part[3]);
}

/* Passes a fixed text; false if it is not there. */
static bool
pass(const char **at, const char *end, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(end - *at) < n || memcmp(*at, text, n) != 0)
		return false;
	*at += n;
	return true;
}

static bool
pass_number(const char **at, const char *end, uint64_t *out)
{
	char digits[24];
	size_t n = 0;

	while (
	    *at < end && n < sizeof(digits) - 1 && **at >= '0' && **at <= '9')
		digits[n++] = *(*at)++;
	digits[n] = '\0';
	return number_parse(digits, 0, UINT64_MAX, out) == 0;
}

static bool
pass_digest(const char **at, const char *end, char out[SHA256_HEX])
{
	size_t n = SHA256_HEX - 1;

	if ((size_t)(end - *at) < n)
		return false;
	memcpy(out, *at, n);
	out[n] = '\0';
	*at += n;
	return strspn(out, "0123456789abcdef") == n;
}

int
seal_parse(struct seal *s, const char *line, size_t n)
{
	const char *end = line + n;
	int i;

	for (i = 0; i < FORMS; i++) {
		const char *const *part = forms[i].part, *at = line;

		s->delta[0] = '\0';
		if (pass(&at, end, part[0]) &&
		    pass_number(&at, end, &s->rows) &&
		    pass(&at, end, part[1]) &&
		    pass_number(&at, end, &s->bytes) &&
		    pass(&at, end, part[2]) &&
		    pass_digest(&at, end, s->sha256) &&
		    (i != SEAL_LINE || !pass(&at, end, delta) ||
			pass_digest(&at, end, s->delta)) &&
		    pass(&at, end, part[3]) && at == end)
			return 0;
	}
	return -1;
}

/* As far as both go. */
static bool
agrees(const char *line, size_t n, const char *text)
{
	size_t len = strlen(text);

	return memcmp(line, text, n < len ? n : len) == 0;
}

bool
seal_may_begin(const char *line, size_t n)
{
	int i;

	for (i = 0; i < FORMS; i++) {
		if (n > 0 && n < SEAL_MAX && agrees(line, n, forms[i].part[0]))
			return true;
	}
	return false;
}

bool
seal_like(const char *line, size_t n)
{
	const char *const *part = forms[SEAL_LINE].part;
	size_t i = strlen(part[0]);

	if (!seal_suspected(line, n) || !agrees(line, n, part[0]))
		return false;
	while (i < n && line[i] >= '0' && line[i] <= '9')
		i++;
	return i >= n || agrees(line + i, n - i, part[1]);
}
