#include "base/ranges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/sys.h"

/* The first range that ends right before the number, or behind that. */
static size_t
find(const struct ranges *r, uint64_t number)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->list[middle].last < number &&
		    r->list[middle].last + 1 < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
insert(struct ranges *r, size_t at, uint64_t number)
{
	size_t room = r->room == 0 ? 16 : r->room * 2;
	struct range *more;

	if (r->n == r->room) {
		more = sys_realloc(r->list, room * sizeof(*more));
		if (more == NULL)
			return -1;
		r->list = more;
		r->room = room;
	}
	memmove(
	    &r->list[at + 1], &r->list[at], (r->n++ - at) * sizeof(r->list[0]));
	r->list[at].first = r->list[at].last = number;
	return 0;
}

int
ranges_add(struct ranges *r, uint64_t number)
{
	size_t at = find(r, number);
	struct range *own = at < r->n ? &r->list[at] : NULL;

	if (own == NULL || number + 1 < own->first)
		return insert(r, at, number);
	if (number < own->first)
		own->first = number;
	if (number <= own->last)
		return 0;
	own->last = number;
	if (at + 1 < r->n && own[1].first == number + 1) {
		own->last = own[1].last;
		memmove(
		    own + 1, own + 2, (--r->n - at - 1) * sizeof(r->list[0]));
	}
	return 0;
}

uint64_t
ranges_count(const struct ranges *r)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < r->n; i++)
		count += r->list[i].last - r->list[i].first + 1;
	return count;
}

size_t
ranges_text(const struct ranges *r, size_t at, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (; at < r->n; at++) {
		const struct range *own = &r->list[at];
		const char *comma = used == 0 ? "" : ", ";
		char text[64];
		int n;

		if (own->first == own->last)
			n = snprintf(text, sizeof(text), "%s%llu", comma,
			    (unsigned long long)own->first);
		else
			n = snprintf(text, sizeof(text), "%s%llu to %llu",
			    comma, (unsigned long long)own->first,
			    (unsigned long long)own->last);
		if ((size_t)n >= size - used)
			break;
		memcpy(out + used, text, (size_t)n + 1);
		used += (size_t)n;
	}
	return at;
}

void
ranges_free(struct ranges *r)
{
	free(r->list);
	memset(r, 0, sizeof(*r));
}
