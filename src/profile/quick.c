#include "profile/quick.h"

#include <string.h>
#include "base/utf8.h"

void
quick_init(struct quick *q, const struct header *h, const struct csv_dialect *d)
{
	memset(q, 0, sizeof(*q));
	q->header = h;
	q->columns = (uint32_t)h->columns;
	/* With --trim, quotes are libcsv's. */
	q->odd = CSV_ROW_ODD | (d->trim ? CSV_ROW_QUOTED : 0);
	q->delimiter = d->delimiter;
	q->first[(unsigned char)d->delimiter] = QUICK_NO_ID;
	q->first[(unsigned char)d->quote] = QUICK_NO_ID;
	q->first['\r'] = QUICK_NO_ID;
	q->first[(unsigned char)*h->raw] |= QUICK_NO_ROW;
	q->first[(unsigned char)*h->written] |= QUICK_NO_ROW;
	q->rewritten = !header_rewritten(h, h->raw, h->raw_len);
	/* A byte order mark, and a CR. */
	q->header_len = h->raw_len;
	q->header_more = q->rewritten ? SIZE_MAX : 4;
	q->first[(unsigned char)'\xef'] |= QUICK_NO_ROW; /* a BOM before it */
	q->first['#'] |= QUICK_NO_ROW;
}

bool
quick_is_no_row(const struct quick *q, const char *raw, size_t len)
{
	return seal_suspected(raw, len) ||
	       header_repeated(q->header, raw, len) ||
	       (q->rewritten && header_rewritten(q->header, raw, len));
}

size_t
quick_utf8(const struct csv_run *run, size_t first, size_t n, size_t doubts,
    uint32_t begin)
{
	const struct csv_row *row = run->row + first;
	size_t i, len;

	if (n == 0 || doubts == 0)
		return n;
	len = row[n - 1].end - begin;
	if (doubts * 4 > n && utf8_is_valid(run->text + begin, len))
		return n;
	for (i = 0; i < n; i++) {
		len = row[i].end - begin;
		if ((row[i].flags & CSV_ROW_DOUBT) != 0 &&
		    !utf8_is_valid(run->text + begin, len))
			break;
		begin = row[i].end + 1;
	}
	return i;
}
