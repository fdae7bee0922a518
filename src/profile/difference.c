#include "profile/difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "base/sys.h"

struct name {
	const char *text;
	size_t len;
};

/* The name of a column as the first header has it: without a prefix, if that
 * is stripped. */
static struct name
name_here(const struct csv_record *r, size_t i, const struct header_options *o)
{
	struct name n = {r->field[i].text, r->field[i].len};

	if (o->strip_prefix && header_prefixed(n.text, n.len)) {
		n.text += HEADER_PREFIX;
		n.len -= HEADER_PREFIX;
	}
	return n;
}

static struct name
name_there(const struct header *h, size_t i)
{
	struct name n = {h->column[i].name, h->column[i].len};

	return n;
}

static int
compare(const void *left, const void *right)
{
	const struct name *a = left, *b = right;
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	if (order != 0)
		return order;
	return (a->len > b->len) - (a->len < b->len);
}

/* The same names in another order.  Without memory for it: no. */
static bool
is_reordered(const struct header *h, const struct csv_record *r,
    const struct header_options *o)
{
	size_t n = h->columns, i;
	struct name *here, *there;
	bool same = true;

	if (r->fields != n)
		return false;
	here = sys_calloc(n, sizeof(*here));
	there = sys_calloc(n, sizeof(*there));
	if (here == NULL || there == NULL) {
		same = false;
	} else {
		for (i = 0; i < n; i++) {
			here[i] = name_here(r, i, o);
			there[i] = name_there(h, i);
		}
		qsort(here, n, sizeof(*here), compare);
		qsort(there, n, sizeof(*there), compare);
		for (i = 0; i < n && same; i++)
			same = compare(&here[i], &there[i]) == 0;
	}
	free(there);
	free(here);
	return same;
}

/* The first column that is another one; the number of those that both have, if
 * it is none of them. */
static size_t
find_difference(const struct header *h, const struct csv_record *r,
    const struct header_options *o)
{
	size_t n = h->columns < r->fields ? h->columns : r->fields, i;

	for (i = 0; i < n; i++) {
		struct name here = name_here(r, i, o);
		struct name there = name_there(h, i);

		if (compare(&here, &there) != 0)
			break;
	}
	return i;
}

void
difference_tell(const struct header *h, const struct csv_record *r,
    const struct header_options *o, const char *file, const char *first,
    struct error *e)
{
	size_t i = find_difference(h, r, o);
	char here[80] = "", there[80] = "", what[256];
	uint64_t line, column;
	struct name name;

	if (i < r->fields) {
		name = name_here(r, i, o);
		escape_text(here, sizeof(here), name.text, name.len);
	}
	if (i < h->columns) {
		name = name_there(h, i);
		escape_text(there, sizeof(there), name.text, name.len);
	}
	if (i < r->fields && i < h->columns)
		snprintf(what, sizeof(what),
		    "%scolumn %zu is '%s' here, but '%s' there",
		    is_reordered(h, r, o) ? "the columns are in another order: "
					  : "",
		    i + 1, here, there);
	else if (i < r->fields)
		snprintf(what, sizeof(what), "column %zu, '%s', is only here",
		    i + 1, here);
	else if (i < h->columns)
		snprintf(what, sizeof(what), "column %zu, '%s', is only there",
		    i + 1, there);
	else
		snprintf(what, sizeof(what),
		    "the names are the same, but the quotes or spaces around "
		    "them are not");
	csv_record_place(r,
	    i < r->fields ? r->field[i].start : r->len - r->ending, &line,
	    &column);
	error_set(e, EXIT_INPUT,
	    "the header differs from that of %s: %s; files of one run must "
	    "have the same header",
	    first, what);
	error_place(e, file, line, column);
}
