#include "sandbox/rows.h"

#include <string.h>
#include "sandbox/form.h"

bool
rows_open(struct rows *r, char *batch, size_t n, enum rows_order order)
{
	if (order != ROWS_FIRST)
		n = form_decode(batch, n);
	r->next = batch;
	r->end = batch + n;
	r->cell = NULL;
	r->line_end = batch;
	r->decode = order != FORM_FIRST;
	return order != FORM_TWICE || form_is_well_formed(batch, n);
}

bool
rows_next(struct rows *r)
{
	char *line = r->next, *feed;

	while (line < r->end && *line == '\n')
		line++;
	if (line == r->end) {
		r->next = line;
		return false;
	}
	feed = memchr(line, '\n', (size_t)(r->end - line));
	r->cell = line;
	r->line_end = feed == NULL ? r->end : feed;
	r->next = feed == NULL ? r->end : feed + 1;
	return true;
}

bool
rows_cell(struct rows *r, char **text, size_t *n)
{
	char *comma;

	if (r->cell == NULL)
		return false;
	*text = r->cell;
	comma = memchr(r->cell, ',', (size_t)(r->line_end - r->cell));
	if (comma == NULL)
		comma = r->line_end;
	*n = (size_t)(comma - r->cell);
	r->cell = comma == r->line_end ? NULL : comma + 1;
	if (r->decode)
		*n = form_decode(*text, *n);
	return true;
}

uint64_t
rows_count(const struct rows *r)
{
	struct rows copy = *r;
	uint64_t n = 0;

	while (rows_next(&copy))
		n++;
	return n;
}
