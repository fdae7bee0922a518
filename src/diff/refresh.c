#include "diff/refresh.h"

#include <string.h>
#include <zlib.h>
#include "base/number.h"

int
refresh_parse(struct refresh *r, const char *text)
{
	const char *slash = strchr(text, '/');
	uint64_t first, last, parts;
	char range[40];

	if (slash == NULL || (size_t)(slash - text) >= sizeof(range))
		return -1;
	memcpy(range, text, (size_t)(slash - text));
	range[slash - text] = '\0';
	if (number_parse(slash + 1, 1, REFRESH_PARTS, &parts) != 0)
		return -1;
	if (number_parse(range, 1, parts, &first) == 0) {
		last = first;
	} else {
		char *dash = strchr(range, '-');

		if (dash == NULL)
			return -1;
		*dash = '\0';
		if (number_parse(range, 1, parts, &first) != 0 ||
		    number_parse(dash + 1, 1, parts, &last) != 0)
			return -1;
	}
	r->first = (uint32_t)first;
	r->last = (uint32_t)last;
	r->parts = (uint32_t)parts;
	return 0;
}

bool
refresh_has(const struct refresh *r, const char *id, size_t n)
{
	uint32_t part;

	if (r->parts == 0)
		return false;
	/* Identifiers are shorter than 2^32 bytes. */
	part = (uint32_t)(crc32(0, (const Bytef *)id, (uInt)n) % r->parts) + 1;
	return r->first <= r->last ? part >= r->first && part <= r->last
				   : part >= r->first || part <= r->last;
}
