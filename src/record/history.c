#include "record/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/sys.h"

static const char *const keys[HISTORY_LINES] = {
    [HISTORY_ATTEMPT] = "attempt",
    [HISTORY_RESULT] = "result",
    [HISTORY_KEEP] = "keep",
    [HISTORY_KEPT] = "kept",
};

static const char begin[] = "{\"journal\":\"tp-send\",";

void
history_free(struct history *h)
{
	size_t i;

	for (i = 0; i < h->n_files; i++)
		free(h->files[i].name);
	free(h->files);
	free(h->endpoint);
	free(h->client);
	free(h->entries);
	free(h->order);
	memset(h, 0, sizeof(*h));
}

bool
history_may_begin(const char *text, size_t n)
{
	if (n > sizeof(begin) - 1)
		n = sizeof(begin) - 1;
	return memcmp(text, begin, n) == 0;
}

bool
history_begins(const char *line, size_t n)
{
	return n >= sizeof(begin) - 1 && history_may_begin(line, n);
}

/* ------------------------------------------------------------- reading */

static int
damaged(const struct history *h, struct error *e, const char *why)
{
	return error_set(e, EXIT_INPUT,
	    "line %llu of this journal is damaged: %s",
	    (unsigned long long)h->lines, why);
}

static int
copy_text(const ndjson *o, const char *key, char **to)
{
	const char *text = ndjson_get_string(o, key);

	*to = sys_strdup(text == NULL ? "" : text);
	return *to == NULL ? -1 : 0;
}

/* What differs between versions is dealt with here and in take_entry; so far
 * there is one. */
static int
take_header(struct history *h, const ndjson *o, struct error *e)
{
	uint64_t version;

	if (o == NULL || ndjson_get_string(o, "journal") == NULL ||
	    ndjson_get_count(o, "version", &version) != 0 || version == 0)
		return error_set(e, EXIT_INPUT, "this is not a journal");
	if (version > HISTORY_VERSION)
		return error_set(e, EXIT_INPUT,
		    "a newer tp-send has written this journal (version %llu of "
		    "its format): use that one",
		    (unsigned long long)version);
	if (copy_text(o, "endpoint", &h->endpoint) != 0 ||
	    copy_text(o, "client", &h->client) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	if (endpoint_api_find(ndjson_get_string(o, "api"), &h->api) != 0)
		return damaged(h, e, "its api is neither v1 nor v2");
	h->version = version;
	return 0;
}

static enum history_line
find_kind(const ndjson *o, uint64_t *number)
{
	int i;

	for (i = HISTORY_ATTEMPT; o != NULL && i < HISTORY_LINES; i++) {
		if (ndjson_get_count(o, keys[i], number) == 0)
			return (enum history_line)i;
	}
	return HISTORY_LINES;
}

static struct history_entry *
make_entry(struct history *h)
{
	struct history_entry *more;
	size_t room = h->room == 0 ? 256 : h->room * 2;

	if (h->n == h->room) {
		more = room > UINT32_MAX
			   ? NULL
			   : sys_realloc(h->entries, room * sizeof(*more));
		if (more == NULL)
			return NULL;
		h->entries = more;
		h->room = room;
	}
	more = &h->entries[h->n++];
	memset(more, 0, sizeof(*more));
	more->open = true;
	return more;
}

/* Its failed file, of which there is one for each run at most. */
static int
take_file(struct history *h, const ndjson *o, struct history_entry *entry)
{
	const char *name = ndjson_get_string(o, "file");
	struct history_file *more;
	size_t i;

	for (i = h->n_files; i-- > 0;) {
		if (name != NULL && strcmp(h->files[i].name, name) == 0) {
			entry->file = (uint32_t)i;
			return 0;
		}
	}
	more = sys_realloc(h->files, (h->n_files + 1) * sizeof(*more));
	if (more == NULL)
		return -1;
	h->files = more;
	more += h->n_files;
	more->kept = 0;
	if (copy_text(o, "file", &more->name) != 0)
		return -1;
	entry->file = (uint32_t)h->n_files++;
	return 0;
}

/* What a line opens is what the other one closes. */
static bool
is_same(const struct history_entry *entry, const struct receipt *r)
{
	return entry->batch == r->batch && entry->from == r->rows_from &&
	       entry->rows == r->rows && entry->bytes == r->bytes &&
	       strcmp(entry->sha256, r->sha256) == 0;
}

static int
take_entry(struct history *h, const ndjson *o, size_t length, uint64_t at,
    enum history_line *kind, struct receipt *r, struct error *e)
{
	struct history_entry *entry;
	uint64_t number = 0;
	bool keep;

	*kind = find_kind(o, &number);
	if (*kind == HISTORY_LINES || receipt_get(r, o) != 0 || r->batch == 0)
		return damaged(h, e, "it is none that is known");
	r->api = h->api; /* older lines do not say */
	keep = *kind == HISTORY_KEEP || *kind == HISTORY_KEPT;
	if (*kind == HISTORY_ATTEMPT || *kind == HISTORY_KEEP) {
		if (number != h->n + 1)
			return damaged(h, e, "its number is not the next");
		entry = make_entry(h);
		if (entry == NULL || (keep && take_file(h, o, entry) != 0))
			return error_set(e, EXIT_LOCAL, "out of memory");
		entry->batch = r->batch;
		entry->from = r->rows_from;
		entry->rows = r->rows;
		entry->bytes = r->bytes;
		memcpy(entry->sha256, r->sha256, SHA256_HEX);
		entry->keep = keep;
	} else {
		entry = number == 0 || number > h->n ? NULL
						     : &h->entries[number - 1];
		if (entry == NULL || !entry->open || entry->keep != keep)
			return damaged(
			    h, e, "nothing is open under its number");
		if (!is_same(entry, r))
			return damaged(h, e,
			    "it is about another batch than the line that it "
			    "closes");
		entry->open = false;
		if (keep)
			h->files[entry->file].kept++;
		entry->state = r->state;
		entry->http = (uint16_t)r->http;
	}
	entry->at = at;
	entry->length = (uint32_t)length;
	entry->line = (uint32_t)h->lines;
	return 0;
}

int
history_add(struct history *h, const char *line, size_t n, uint64_t at,
    enum history_line *kind, struct receipt *r, struct error *e)
{
	ndjson *o = n > HISTORY_LINE ? NULL : ndjson_parse(line, n);
	struct receipt own;
	int result;

	h->lines++;
	*kind = HISTORY_HEADER;
	if (h->version == 0)
		result = take_header(h, o, e);
	else
		result = take_entry(h, o, n, at, kind, r == NULL ? &own : r, e);
	ndjson_free(o);
	return result;
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
history_sort(struct history *h, struct error *e)
{
	struct key *sorted = sys_malloc((h->n + 1) * sizeof(*sorted));
	size_t i;

	free(h->order);
	h->order = sys_malloc((h->n + 1) * sizeof(*h->order));
	if (sorted == NULL || h->order == NULL) {
		free(sorted);
		return error_set(e, EXIT_LOCAL, "out of memory");
	}
	for (i = 0; i < h->n; i++) {
		sorted[i].batch = h->entries[i].batch;
		sorted[i].entry = (uint32_t)i;
	}
	qsort(sorted, h->n, sizeof(*sorted), compare);
	for (i = 0; i < h->n; i++)
		h->order[i] = sorted[i].entry;
	free(sorted);
	return 0;
}

/* The place in the order of the batch's first entry, or of the next one's. */
static size_t
find_first(const struct history *h, uint64_t batch)
{
	size_t low = 0, high = h->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (h->entries[h->order[middle]].batch < batch)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
covers(const struct history_entry *entry, uint64_t from, uint64_t rows)
{
	return entry->from == 0 ||
	       (from != 0 && entry->from <= from &&
		   entry->from + entry->rows >= from + rows);
}

static bool
is_denial(const struct history_entry *entry)
{
	struct receipt r = {.state = entry->state, .http = entry->http};

	return receipt_denied(&r);
}

static bool
is_accepted(const struct history_entry *entry)
{
	return !entry->open && entry->state == RECEIPT_ACCEPTED;
}

static bool
is_doubtful(const struct history_entry *entry)
{
	return entry->open || entry->state == RECEIPT_UNKNOWN;
}

static void
weigh_larger(struct history_past *past, const struct history_entry *entry)
{
	if (is_accepted(entry) ||
	    (is_doubtful(entry) &&
		(past->above == NULL || !is_accepted(past->above))))
		past->above = entry;
}

/* A refusal takes nothing back of what an earlier attempt may have brought
 * there. */
static void
weigh_attempt(struct history_past *past, const struct history_entry *entry)
{
	past->last = entry;
	if (is_doubtful(entry))
		past->doubt = entry;
	else if (is_accepted(entry))
		past->accepted = entry;
	else if (entry->state == RECEIPT_REFUSED && !is_denial(entry))
		past->refused = entry;
}

void
history_find(const struct history *h, uint64_t batch, uint64_t from,
    uint64_t rows, struct history_past *past)
{
	size_t i;

	memset(past, 0, sizeof(*past));
	for (i = find_first(h, batch); i < h->n; i++) {
		const struct history_entry *entry = &h->entries[h->order[i]];

		if (entry->batch != batch)
			break;
		if (entry->keep && !entry->open && covers(entry, from, rows))
			past->kept = entry;
		if (entry->from != from || (from != 0 && entry->rows != rows)) {
			if (!entry->keep && covers(entry, from, rows))
				weigh_larger(past, entry);
			continue;
		}
		if (!entry->keep)
			weigh_attempt(past, entry);
		else if (entry->open)
			past->keeping = entry;
	}
}

const struct history_entry *
history_whole(const struct history *h, uint64_t batch)
{
	size_t i;

	for (i = find_first(h, batch); i < h->n; i++) {
		const struct history_entry *entry = &h->entries[h->order[i]];

		if (entry->batch != batch)
			break;
		if (entry->from == 0 && entry->sha256[0] != '\0')
			return entry;
	}
	return NULL;
}

static bool
is_told(const struct history *h, uint64_t batch, uint64_t from, uint64_t rows)
{
	struct history_past past;

	history_find(h, batch, from, rows, &past);
	return past.last != NULL || past.kept != NULL;
}

/* It was halved, and of each half the journal says what came of it. */
static bool
is_divided(const struct history *h, const struct history_entry *entry)
{
	uint64_t from = entry->from == 0 ? 1 : entry->from;
	uint64_t first = entry->rows / 2;

	return first > 0 && is_told(h, entry->batch, from, first) &&
	       is_told(h, entry->batch, from + first, entry->rows - first);
}

bool
history_unsettled(const struct history *h, size_t i, struct receipt *r)
{
	const struct history_entry *entry = &h->entries[i], *word;
	struct history_past past;

	history_find(h, entry->batch, entry->from, entry->rows, &past);
	word = past.doubt != NULL     ? past.doubt
	       : past.refused != NULL ? past.refused
				      : past.last;
	if (past.accepted != NULL || past.kept != NULL || word != entry ||
	    (past.above != NULL && is_accepted(past.above)) ||
	    is_divided(h, entry))
		return false;
	memset(r, 0, sizeof(*r));
	r->batch = entry->batch;
	r->rows_from = entry->from;
	r->rows = entry->rows;
	memcpy(r->sha256, entry->sha256, SHA256_HEX);
	r->state = past.doubt != NULL || past.above != NULL ? RECEIPT_UNKNOWN
							    : entry->state;
	r->http = entry->http;
	r->api = h->api;
	return true;
}

uint64_t
history_number(const struct history *h, const struct history_entry *entry)
{
	return (uint64_t)(entry - h->entries) + 1;
}

const char *
history_file(const struct history *h, const struct history_entry *entry)
{
	return h->files[entry->file].name;
}

uint64_t
history_batches(const struct history *h)
{
	return h->n == 0 ? 0 : h->entries[h->order[h->n - 1]].batch;
}

/* ------------------------------------------------------------- writing */

static char *
finish(ndjson *o, size_t *n)
{
	char *line = ndjson_line(o, n);

	ndjson_free(o);
	return line;
}

char *
history_endpoint(const struct endpoint *ep, char out[HISTORY_ENDPOINT])
{
	snprintf(out, HISTORY_ENDPOINT, "%s://%s:%u",
	    ep->origin.tls ? "https" : "http", ep->origin.host,
	    ep->origin.port);
	return out;
}

char *
history_header(const struct endpoint *ep, size_t *n)
{
	char endpoint[HISTORY_ENDPOINT];
	ndjson *o = ndjson_new();

	ndjson_set_string(o, "journal", "tp-send");
	ndjson_set_count(o, "version", HISTORY_VERSION);
	ndjson_set_string(o, "endpoint", history_endpoint(ep, endpoint));
	ndjson_set_string(o, "client", ep->client);
	ndjson_set_string(o, "api", endpoint_api_name(ep->api));
	return finish(o, n);
}

/* What is opened has no result yet: that it broke off is its state. */
static ndjson *
open_line(enum history_line kind, uint64_t number, const struct receipt *r)
{
	ndjson *o = ndjson_new();
	char when[CLOCK_TEXT];

	ndjson_set_count(o, keys[kind], number);
	ndjson_set_count(o, "batch", r->batch);
	ndjson_set_string(o, "sha256", r->sha256[0] == '\0' ? NULL : r->sha256);
	if (r->rows_from != 0)
		ndjson_set_count(o, "rowsFrom", r->rows_from);
	ndjson_set_count(o, "rows", r->rows);
	ndjson_set_count(o, "bytes", r->bytes);
	ndjson_set_string(o, "state", receipt_state_name(RECEIPT_UNKNOWN));
	ndjson_set_string(o, "time", clock_text(time(NULL), when));
	return o;
}

char *
history_attempt(uint64_t number, const struct receipt *r, size_t *n)
{
	return finish(open_line(HISTORY_ATTEMPT, number, r), n);
}

char *
history_keep(uint64_t number, const struct receipt *r, const char *file,
    uint64_t at, size_t *n)
{
	ndjson *o = open_line(HISTORY_KEEP, number, r);

	ndjson_set_string(o, "file", file);
	ndjson_set_count(o, "at", at);
	return finish(o, n);
}

char *
history_close(
    enum history_line kind, uint64_t number, const struct receipt *r, size_t *n)
{
	ndjson *o = ndjson_new();

	ndjson_set_count(o, keys[kind], number);
	receipt_set(o, r);
	return finish(o, n);
}

int
history_place(const char *line, size_t n, char **file, uint64_t *at)
{
	ndjson *o = ndjson_parse(line, n);
	int result = -1;

	*file = NULL;
	if (o != NULL && ndjson_get_string(o, "file") != NULL &&
	    ndjson_get_count(o, "at", at) == 0)
		result = copy_text(o, "file", file);
	ndjson_free(o);
	return result;
}
