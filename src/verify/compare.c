#include "verify/compare.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"

const char *
kept_name(enum kept kept)
{
	static const char *const names[KEPTS] = {
	    [KEPT] = "kept",
	    [KEPT_CHANGED] = "changed",
	    [KEPT_DIFFERS] = "differs",
	    [KEPT_MISSING] = "missing",
	    [KEPT_UNREAD] = "unread",
	};

	return names[kept];
}

/* A value that was sent, and what is held in its place. */
struct pair {
	const char *name;
	bool there;		 /* there is something in its place: */
	const char *sent, *held; /* held NULL: no text */
	size_t sent_len, held_len;
	int64_t modified; /* milliseconds since 1970; -1: not known */
};

/* The next value of a row.  false: there are no more. */
static bool
next_pair(const struct sample *s, const struct sample_row *row,
    const struct profile *profile, const char **at, size_t *column, char *room,
    struct pair *p)
{
	const struct sample_header *h = row->place.header;

	if (!sample_cell(s, row, at, column, room, &p->sent_len))
		return false;
	p->sent = room;
	/* tp-send does not send a row that has more. */
	p->name = *column <= h->columns ? h->names[*column] : "";
	p->held = NULL;
	p->held_len = 0;
	p->modified = -1;
	p->there =
	    profile_get(profile, p->name, &p->held, &p->held_len, &p->modified);
	return true;
}

static bool
is_same(const struct pair *p)
{
	return p->held != NULL && p->held_len == p->sent_len &&
	       memcmp(p->held, p->sent, p->sent_len) == 0;
}

/* From when on a change is somebody else's, in milliseconds since 1970. */
static int64_t
find_later(const struct sample *s, const struct sample_row *row,
    const struct profile *profile, char *room)
{
	const int64_t accepted = (int64_t)row->place.accepted * 1000;
	const char *at = row->text;
	int64_t newest = -1;
	size_t column = 0;
	struct pair p;

	while (next_pair(s, row, profile, &at, &column, room, &p)) {
		if (is_same(&p) && p.modified > newest)
			newest = p.modified;
	}
	if (newest < 0)
		return accepted + COMPARE_APPLIED * 1000;
	return (newest > accepted ? newest : accepted) + COMPARE_SLACK * 1000;
}

static void
note(ndjson *attributes, const struct profile *profile, const struct pair *p,
    enum kept kept, bool values)
{
	ndjson *one = ndjson_new();
	char text[CLOCK_TEXT], *held;

	ndjson_set_string(
	    one, "finding", kept_name(p->there ? kept : KEPT_MISSING));
	if (p->modified >= 0)
		ndjson_set_string(one, "modifiedAt",
		    clock_text((time_t)(p->modified / 1000), text));
	if (values) {
		ndjson_set_text(one, "sent", p->sent, p->sent_len);
		held = p->held == NULL
			   ? NULL
			   : profile_shown(profile, p->held, p->held_len);
		if (held != NULL)
			ndjson_set_text(one, "held", held, p->held_len);
		else if (p->held != NULL)
			ndjson_set(one, "held", NULL); /* fails its line */
		free(held);
	}
	ndjson_set(attributes, p->name, one);
}

enum kept
compare_row(const struct sample *s, const struct sample_row *row,
    const struct profile *profile, bool values, char *room, ndjson *attributes)
{
	const char *at = row->text;
	enum kept worst = KEPT;
	size_t column = 0;
	int64_t later;
	struct pair p;

	if (profile == NULL)
		return KEPT_MISSING;
	later = find_later(s, row, profile, room);
	while (next_pair(s, row, profile, &at, &column, room, &p)) {
		enum kept kept = KEPT_DIFFERS;

		if (is_same(&p))
			continue;
		if (p.there && p.modified > later)
			kept = KEPT_CHANGED;
		worst = kept > worst ? kept : worst;
		note(attributes, profile, &p, kept, values);
	}
	return worst;
}
