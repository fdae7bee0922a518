#include "record/part.h"

#include <stdio.h>
#include <string.h>

bool
part_same(const struct part *a, const struct part *b)
{
	return a->batch == b->batch && a->from == b->from &&
	       a->rows == b->rows && a->bytes == b->bytes &&
	       strcmp(a->sha256, b->sha256) == 0;
}

char *
part_name(const struct part *p, char to[PART_NAME])
{
	unsigned long long batch = p->batch, from = p->from;

	if (from == 0)
		snprintf(to, PART_NAME, "batch %llu", batch);
	else if (p->rows == 1)
		snprintf(to, PART_NAME, "batch %llu, row %llu", batch, from);
	else
		snprintf(to, PART_NAME, "batch %llu, rows %llu to %llu", batch,
		    from, from + p->rows - 1);
	return to;
}

void
part_set(ndjson *o, const struct part *p)
{
	ndjson_set_count(o, "batch", p->batch);
	ndjson_set_string(o, "sha256", p->sha256[0] == '\0' ? NULL : p->sha256);
	if (p->from != 0)
		ndjson_set_count(o, "rowsFrom", p->from);
	ndjson_set_count(o, "rows", p->rows);
	ndjson_set_count(o, "bytes", p->bytes);
}

int
part_get(struct part *p, const ndjson *o)
{
	const char *sha256 = ndjson_get_string(o, "sha256");
	size_t n = sha256 == NULL ? 0 : strlen(sha256);

	memset(p, 0, sizeof(*p));
	if (ndjson_get_count(o, "batch", &p->batch) != 0 ||
	    ndjson_get_count(o, "rows", &p->rows) != 0 ||
	    ndjson_get_count(o, "bytes", &p->bytes) != 0 ||
	    n >= sizeof(p->sha256))
		return -1;
	(void)ndjson_get_count(o, "rowsFrom", &p->from);
	if (n > 0)
		memcpy(p->sha256, sha256, n);
	return 0;
}
