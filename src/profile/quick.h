/*
 * quick.h: which rows of a run are plainly good, by the masks and flags of its
 * index, without being cut into fields.
 *
 * It only ever says "certainly".  All other rows take the thorough way, as
 * records, where each rule stands in full (check.h).  Both programs judge
 * here what they both mind; what tp-validate minds besides is in checkrun.c.
 */
#ifndef TP_PROFILE_QUICK_H
#define TP_PROFILE_QUICK_H

#include <stdbool.h>
#include <stdint.h>
#include "csv/reader.h"
#include "io/seal.h"
#include "profile/header.h"

struct quick {
	const struct header *header;
	uint32_t columns; /* its */
	uint32_t odd;	  /* flags of rows that only libcsv can read */
	char delimiter;
	bool rewritten; /* the header is not written as it was read */
	/* The header again has so many bytes, and at most so many more. */
	size_t header_len, header_more;
	unsigned char first[256]; /* what a row that begins so may be: */
};
enum {
	QUICK_NO_ROW = 1, /* the header again, or as it is written; a seal */
	QUICK_NO_ID = 2	  /* one whose first field is empty, or in quotes */
};

void quick_init(
    struct quick *q, const struct header *h, const struct csv_dialect *d);

/* Whether a row, of len bytes without its ending, that begins like one is the
 * header again, or as it is written, or a seal. */
bool quick_is_no_row(const struct quick *q, const char *raw, size_t len);

/*
 * Whether a row of a run is a record that can be sent, if it is UTF-8 and has
 * an identifier: its CSV_ROW flags, how many fields it has, and its text, of
 * which a CR of its line ending may be part.  longest: bytes that it may have.
 */
static inline bool
quick_sound(const struct quick *q, uint32_t flags, uint32_t fields,
    const char *raw, size_t len, size_t longest)
{
	if ((flags & q->odd) != 0 || len - 1 >= longest)
		return false;
	if (fields > q->columns &&
	    !header_surplus_empty(q->header, raw, len - (raw[len - 1] == '\r'),
		fields, q->delimiter))
		return false;
	return (q->first[(unsigned char)*raw] & QUICK_NO_ROW) == 0 ||
	       (len - q->header_len > q->header_more && *raw != '#') ||
	       !quick_is_no_row(q, raw, len - (raw[len - 1] == '\r'));
}

/* A row of a run. */
struct quick_row {
	const struct csv_run *run;
	uint32_t begin, end; /* offsets in its text; the line ending is not
				part of it */
	uint32_t fields, flags;
};

/* Row i, which begins at `begin` with so many separators before it. */
static inline void
quick_take(struct quick_row *r, const struct csv_run *run, size_t i,
    uint32_t begin, uint32_t seps)
{
	const struct csv_row *row = &run->row[i];

	r->run = run;
	r->begin = begin;
	r->end = row->end;
	if (r->end > begin && run->text[r->end - 1] == '\r')
		r->end--;
	r->fields = row->seps - seps;
	r->flags = row->flags;
}

/* The identifier of a row that has one, and is not CSV_ROW_ODD: without quotes
 * and layout around it.  Whether it stands in quotes; those in it are doubled
 * then. */
static inline bool
quick_id(const struct quick_row *r, const struct header *h,
    const struct csv_dialect *d, struct csv_field *id)
{
	uint32_t from = r->begin, to;
	size_t i;

	for (i = 0; i < h->id; i++)
		from = csv_index_next(r->run->sep, from) + 1;
	to = csv_index_next(r->run->sep, from);
	if (to > r->end) /* a CR stands before it */
		to = r->end;
	id->text = r->run->text + from;
	id->len = to - from;
	if (d->trim)
		csv_field_trim(d, id);
	if (id->len == 0 || *id->text != d->quote)
		return false;
	id->text++;
	id->len -= 2;
	return true;
}

/* So much text is looked at for UTF-8 at once: little enough to look at some
 * of it again behind a row that is not. */
#define QUICK_STRETCH 2048

/* How many of n rows of a run are UTF-8, from row `first` on, which begins at
 * `begin` in its text, to the first that is not; `doubts` of them are
 * CSV_ROW_DOUBT. */
size_t quick_utf8(const struct csv_run *run, size_t first, size_t n,
    size_t doubts, uint32_t begin);

#endif
