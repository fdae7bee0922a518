#include "record/past.h"

#include <stdlib.h>
#include <string.h>
#include "base/safety.h"
#include "base/sys.h"

void
past_free(struct past *p)
{
	size_t i;

	for (i = 0; i < p->n_files; i++)
		free(p->files[i].name);
	free(p->files);
	free(p->entries);
	free(p->order);
	memset(p, 0, sizeof(*p));
}

/* ------------------------------------------------------------- reading */

static int
damaged(const struct past *p, struct error *e, const char *why)
{
	return error_set(e, EXIT_INPUT,
	    "line %llu of this journal is damaged: %s",
	    (unsigned long long)p->lines, why);
}

static struct past_entry *
make_entry(struct past *p)
{
	struct past_entry *more;
	size_t room = p->room == 0 ? 256 : p->room * 2;

	if (p->n == p->room) {
		more = room > UINT32_MAX
			   ? NULL
			   : sys_realloc(p->entries, room * sizeof(*more));
		if (more == NULL)
			return NULL;
		p->entries = more;
		p->room = room;
	}
	more = &p->entries[p->n++];
	memset(more, 0, sizeof(*more));
	more->open = true;
	return more;
}

/* The place of a failed file, of which there is one for each run at most; takes
 * over the name.  -1: no memory. */
static int
take_file(struct past *p, char *name, uint32_t *place)
{
	struct past_file *more;
	size_t i;

	for (i = p->n_files; i-- > 0;) {
		if (strcmp(p->files[i].name, name) == 0) {
			*place = (uint32_t)i;
			free(name);
			return 0;
		}
	}
	more = sys_realloc(p->files, (p->n_files + 1) * sizeof(*more));
	if (more == NULL) {
		free(name);
		return -1;
	}
	p->files = more;
	more[p->n_files].name = name;
	more[p->n_files].kept = 0;
	*place = (uint32_t)p->n_files++;
	return 0;
}

/* A line that opens something. */
static struct past_entry *
open_entry(struct past *p, struct journalline *l, struct error *e)
{
	struct past_entry *entry;

	if (l->number != p->n + 1) {
		free(l->file);
		damaged(p, e, "its number is not the next");
		return NULL;
	}
	entry = make_entry(p);
	if (entry != NULL)
		entry->keep = l->kind == JOURNALLINE_KEEP;
	if (entry == NULL)
		free(l->file);
	else if (!entry->keep || take_file(p, l->file, &entry->file) == 0) {
		entry->part = l->receipt.part;
		entry->offset = l->at;
		return entry;
	}
	error_set(e, EXIT_LOCAL, "out of memory");
	return NULL;
}

/* A line that closes what another one opened. */
static struct past_entry *
close_entry(struct past *p, const struct journalline *l, struct error *e)
{
	const struct result *result = &l->receipt.result;
	bool keep = l->kind == JOURNALLINE_KEPT;
	struct past_entry *entry = l->number == 0 || l->number > p->n
				       ? NULL
				       : &p->entries[l->number - 1];

	if (entry == NULL || !entry->open || entry->keep != keep) {
		damaged(p, e, "nothing is open under its number");
		return NULL;
	}
	if (SAFETY("journal-closes-the-same",
		!part_same(&entry->part, &l->receipt.part), false)) {
		damaged(p, e,
		    "it is about another batch than the line that it closes");
		return NULL;
	}
	entry->open = false;
	if (keep)
		p->files[entry->file].kept +=
		    SAFETY("kept-earlier-named", 1, 0);
	entry->state = result->state;
	entry->fate = result->fate;
	entry->http = result->http;
	return entry;
}

static int
take_line(struct past *p, const char *line, size_t n, uint64_t at,
    enum journalline_kind *kind, struct receipt *r, struct error *e)
{
	struct past_entry *entry;
	struct journalline l;
	const char *why;

	if (journalline_read(&l, line, n, &why, e) != 0)
		return why == NULL ? -1 : damaged(p, e, why);
	*kind = l.kind;
	l.receipt.api = p->header.api; /* older lines do not say */
	entry = l.kind == JOURNALLINE_ATTEMPT || l.kind == JOURNALLINE_KEEP
		    ? open_entry(p, &l, e)
		    : close_entry(p, &l, e);
	if (entry == NULL)
		return -1;
	entry->at = at;
	entry->length = (uint32_t)n;
	entry->line = (uint32_t)p->lines;
	if (r != NULL)
		*r = l.receipt;
	return 0;
}

int
past_add(struct past *p, const char *line, size_t n, uint64_t at,
    enum journalline_kind *kind, struct receipt *r, struct error *e)
{
	const char *why;

	p->lines++;
	*kind = JOURNALLINE_HEADER;
	if (p->headed)
		return take_line(p, line, n, at, kind, r, e);
	if (journalline_read_header(&p->header, line, n, &why, e) != 0)
		return why == NULL ? -1 : damaged(p, e, why);
	p->headed = true;
	return 0;
}

/* ------------------------------------------------------------- finding */

/* The sort must keep what came first in front, and knows no other argument:
 * so the batch and the place are sorted together. */
struct key {
	uint64_t batch;
	uint32_t entry;
};

static int
compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->batch != y->batch)
		return x->batch < y->batch ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

int
past_sort(struct past *p, struct error *e)
{
	struct key *sorted = sys_malloc((p->n + 1) * sizeof(*sorted));
	size_t i;

	free(p->order);
	p->order = sys_malloc((p->n + 1) * sizeof(*p->order));
	if (sorted == NULL || p->order == NULL) {
		free(sorted);
		return error_set(e, EXIT_LOCAL, "out of memory");
	}
	for (i = 0; i < p->n; i++) {
		sorted[i].batch = p->entries[i].part.batch;
		sorted[i].entry = (uint32_t)i;
	}
	qsort(sorted, p->n, sizeof(*sorted), compare);
	for (i = 0; i < p->n; i++)
		p->order[i] = sorted[i].entry;
	free(sorted);
	return 0;
}

/* The place in the order of the batch's first entry, or of the next one's. */
static size_t
find_first(const struct past *p, uint64_t batch)
{
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->entries[p->order[middle]].part.batch < batch)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
covers(const struct part *all, const struct part *part)
{
	return all->from == 0 ||
	       (part->from != 0 && all->from <= part->from &&
		   all->from + all->rows >= part->from + part->rows);
}

static bool
is_accepted(const struct past_entry *entry)
{
	return !entry->open && entry->state == RECEIPT_ACCEPTED;
}

static bool
is_doubtful(const struct past_entry *entry)
{
	return entry->open || entry->state == RECEIPT_UNKNOWN;
}

static void
weigh_larger(struct past_found *found, const struct past_entry *entry)
{
	if (is_accepted(entry) ||
	    (is_doubtful(entry) &&
		(found->above == NULL || !is_accepted(found->above))))
		found->above = entry;
}

/* A refusal takes nothing back of what an earlier attempt may have brought
 * there. */
static void
weigh_attempt(struct past_found *found, const struct past_entry *entry)
{
	found->last = entry;
	if (is_doubtful(entry))
		found->doubt = SAFETY("journal-unknown-again", entry, NULL);
	else if (is_accepted(entry))
		found->accepted = entry;
	else if (SAFETY("journal-denied-again",
		     fate_is_final(entry->state, entry->fate),
		     entry->state == RECEIPT_REFUSED))
		found->refused = entry;
}

void
past_find(
    const struct past *p, const struct part *part, struct past_found *found)
{
	size_t i;

	memset(found, 0, sizeof(*found));
	for (i = find_first(p, part->batch); i < p->n; i++) {
		const struct past_entry *entry = &p->entries[p->order[i]];
		const struct part *its = &entry->part;

		if (its->batch != part->batch)
			break;
		if (entry->keep && !entry->open && covers(its, part))
			found->kept = entry;
		if (its->from != part->from ||
		    (part->from != 0 && its->rows != part->rows)) {
			if (SAFETY("doubt-of-parts", !entry->keep, false) &&
			    covers(its, part))
				weigh_larger(found, entry);
			continue;
		}
		if (!entry->keep)
			weigh_attempt(found, entry);
		else if (entry->open)
			found->keeping = entry;
	}
}

const struct past_entry *
past_whole(const struct past *p, uint64_t batch)
{
	size_t i;

	for (i = find_first(p, batch); i < p->n; i++) {
		const struct past_entry *entry = &p->entries[p->order[i]];

		if (entry->part.batch != batch)
			break;
		if (entry->part.from == 0 && entry->part.sha256[0] != '\0')
			return entry;
	}
	return NULL;
}

/* Does the journal say what came of these rows of its batch? */
static bool
is_told(
    const struct past *p, const struct part *of, uint64_t from, uint64_t rows)
{
	struct part part = *of;
	struct past_found found;

	part.from = from;
	part.rows = rows;
	past_find(p, &part, &found);
	return found.last != NULL || found.kept != NULL;
}

/* It was halved, and of each half the journal says what came of it. */
static bool
is_divided(const struct past *p, const struct part *part)
{
	uint64_t from = part->from == 0 ? 1 : part->from;
	uint64_t first = part->rows / 2;

	return first > 0 && is_told(p, part, from, first) &&
	       is_told(p, part, from + first, part->rows - first);
}

bool
past_unsettled(const struct past *p, size_t i, struct receipt *r)
{
	const struct past_entry *entry = &p->entries[i], *word;
	struct past_found found;

	past_find(p, &entry->part, &found);
	word = found.doubt != NULL     ? found.doubt
	       : found.refused != NULL ? found.refused
				       : found.last;
	if (found.accepted != NULL || found.kept != NULL || word != entry ||
	    (found.above != NULL && is_accepted(found.above)) ||
	    is_divided(p, &entry->part))
		return false;
	memset(r, 0, sizeof(*r));
	r->part = entry->part;
	r->result.state = found.doubt != NULL || found.above != NULL
			      ? RECEIPT_UNKNOWN
			      : entry->state;
	r->result.fate = entry->fate;
	r->result.http = entry->http;
	r->api = p->header.api;
	return true;
}

uint64_t
past_number(const struct past *p, const struct past_entry *entry)
{
	return (uint64_t)(entry - p->entries) + 1;
}

const char *
past_file(const struct past *p, const struct past_entry *entry)
{
	return p->files[entry->file].name;
}

uint64_t
past_batches(const struct past *p)
{
	return p->n == 0 ? 0 : p->entries[p->order[p->n - 1]].part.batch;
}
