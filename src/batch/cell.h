/* cell.h: one name or value of a row, as it was meant: not encoded. */
#ifndef TP_BATCH_CELL_H
#define TP_BATCH_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct cell {
	const char *text;
	size_t len;
};

static inline bool
cell_is(const struct cell *c, const char *text)
{
	return c->len == strlen(text) && memcmp(c->text, text, c->len) == 0;
}

#endif
