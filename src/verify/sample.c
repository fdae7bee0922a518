#include "verify/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "base/sha256.h"
#include "base/sys.h"
#include "batch/percent.h"

struct sample {
	size_t most;
	bool twice;
	char key[40];
	struct sha256 *digest;
	struct sample_header *headers;
	struct sample_row *rows; /* at most twice `most`, and all others have
				  * an order above the limit */
	size_t n, room;
	uint64_t limit;
	size_t *table; /* their places + 1, by order; 0: free */
	size_t slots;  /* a power of two; 0: there is no table */
	char *id;      /* room to decode one */
	size_t id_room;
	uint64_t counted;
	bool all;
};

static const char no_memory[] = "out of memory";

struct sample *
sample_new(size_t n, const uint64_t *seed, bool twice, struct error *e)
{
	struct sample *s = sys_calloc(1, sizeof(*s));
	uint64_t key;

	if (s == NULL || (s->digest = sha256_new()) == NULL) {
		free(s);
		error_set(e, EXIT_LOCAL, no_memory);
		return NULL;
	}
	s->most = n;
	s->twice = twice;
	s->limit = UINT64_MAX;
	s->all = true;
	if (seed != NULL) {
		snprintf(s->key, sizeof(s->key), "seed %llu ",
		    (unsigned long long)*seed);
	} else if (getrandom(&key, sizeof(key), 0) == sizeof(key)) {
		snprintf(s->key, sizeof(s->key), "key %llu ",
		    (unsigned long long)key);
	} else {
		error_errno(e, EXIT_LOCAL, "cannot get random bytes");
		sample_free(s);
		return NULL;
	}
	return s;
}

static void
free_row(struct sample_row *row)
{
	free(row->id);
}

void
sample_free(struct sample *s)
{
	struct sample_header *h;

	if (s == NULL)
		return;
	while ((h = s->headers) != NULL) {
		s->headers = h->next;
		free(h->names);
		free(h);
	}
	while (s->n > 0)
		free_row(&s->rows[--s->n]);
	free(s->rows);
	free(s->table);
	free(s->id);
	sha256_free(s->digest);
	free(s);
}

/* What the service makes of a cell.  out may be where the text is. */
static size_t
decode(const struct sample *s, char *out, const char *text, size_t n)
{
	n = percent_decode(out, text, n);
	return s->twice ? percent_decode(out, out, n) : n;
}

/* ------------------------------------------------------------- headers */

/* Points to the decoded names, which lie behind the pointers. */
static int
split_names(struct sample *s, struct sample_header *h)
{
	const char *at = h->text, *end = h->text + h->len;
	size_t i, columns = 0;
	char *to;

	for (i = 0; i < h->len; i++)
		columns += h->text[i] == ',';
	h->columns = columns;
	h->names = sys_malloc((columns + 1) * sizeof(char *) + 2 * h->len + 2);
	if (h->names == NULL)
		return -1;
	to = (char *)(h->names + columns + 1);
	for (i = 0; i <= columns; i++) {
		const char *comma = memchr(at, ',', (size_t)(end - at));

		if (comma == NULL)
			comma = end;
		h->names[i] = to;
		to += decode(s, to, at, (size_t)(comma - at));
		*to++ = '\0';
		at = comma + 1;
	}
	return 0;
}

const struct sample_header *
sample_header(struct sample *s, const char *row, size_t n, struct error *e)
{
	struct sample_header *h;

	for (h = s->headers; h != NULL; h = h->next) {
		if (h->len == n && memcmp(h->text, row, n) == 0)
			return h;
	}
	h = sys_calloc(1, sizeof(*h) + n);
	if (h != NULL) {
		memcpy(h->text, row, n);
		h->len = n;
	}
	if (h == NULL || split_names(s, h) != 0) {
		free(h);
		error_set(e, EXIT_LOCAL, no_memory);
		return NULL;
	}
	h->next = s->headers;
	s->headers = h;
	return h;
}

/* --------------------------------------------------------------- rows */

static uint64_t
find_order(struct sample *s, const char *id, size_t n)
{
	char hex[SHA256_HEX];

	sha256_add(s->digest, s->key, strlen(s->key));
	sha256_add(s->digest, id, n);
	sha256_take(s->digest, hex);
	hex[16] = '\0';
	return strtoull(hex, NULL, 16);
}

/* The place in the table of an identifier, or of the free slot for it. */
static size_t *
find_slot(struct sample *s, uint64_t order, const char *id, size_t n)
{
	size_t at = (size_t)order & (s->slots - 1);

	for (; s->table[at] != 0; at = (at + 1) & (s->slots - 1)) {
		const struct sample_row *row = &s->rows[s->table[at] - 1];

		if (row->order == order && row->id_len == n &&
		    memcmp(row->id, id, n) == 0)
			break;
	}
	return &s->table[at];
}

static void
fill_table(struct sample *s)
{
	size_t i;

	memset(s->table, 0, s->slots * sizeof(*s->table));
	for (i = 0; i < s->n; i++) {
		const struct sample_row *row = &s->rows[i];

		*find_slot(s, row->order, row->id, row->id_len) = i + 1;
	}
}

static int
grow(struct sample *s)
{
	size_t room = s->room == 0 ? 1024 : 2 * s->room, *table;
	struct sample_row *rows;

	rows = sys_realloc(s->rows, room * sizeof(*rows));
	if (rows == NULL)
		return -1;
	s->rows = rows;
	/* Half of it is free. */
	table = sys_realloc(s->table, 2 * room * sizeof(*table));
	if (table == NULL)
		return -1;
	s->table = table;
	s->room = room;
	s->slots = 2 * room;
	fill_table(s);
	return 0;
}

static int
compare_order(const void *a, const void *b)
{
	const struct sample_row *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

/* Keeps those with the least order. */
static void
keep_most(struct sample *s)
{
	if (s->n > 0)
		qsort(s->rows, s->n, sizeof(*s->rows), compare_order);
	if (s->n <= s->most)
		return;
	s->all = false;
	while (s->n > s->most)
		free_row(&s->rows[--s->n]);
	s->limit = s->rows[s->n - 1].order;
}

/* Is there room for one more? */
static int
make_room(struct sample *s)
{
	if (s->most < SIZE_MAX / 2 && s->n >= 2 * s->most) {
		keep_most(s);
		fill_table(s);
	}
	return s->n < s->room ? 0 : grow(s);
}

static int
set_row(struct sample_row *row, uint64_t order, const char *id, size_t id_len,
    const char *text, size_t len, const struct sample_place *place)
{
	char *copy = sys_malloc(id_len + len + 1);

	if (copy == NULL)
		return -1;
	memcpy(copy, id, id_len);
	if (len > 0)
		memcpy(copy + id_len, text, len);
	*row = (struct sample_row){.order = order,
	    .place = *place,
	    .id_len = id_len,
	    .len = len,
	    .id = copy,
	    .text = copy + id_len};
	return 0;
}

static int
keep_row(struct sample *s, uint64_t order, size_t id_len, const char *text,
    size_t len, const struct sample_place *place)
{
	struct sample_row row;
	size_t *slot;

	if (make_room(s) != 0)
		return -1;
	/* It may just have become less. */
	if (order > s->limit)
		return 0;
	slot = find_slot(s, order, s->id, id_len);
	if (set_row(&row, order, s->id, id_len, text, len, place) != 0)
		return -1;
	if (*slot != 0) {
		free_row(&s->rows[*slot - 1]);
		s->rows[*slot - 1] = row;
	} else {
		s->rows[s->n++] = row;
		*slot = s->n;
	}
	return 0;
}

/* Room to decode an identifier of n bytes. */
static int
reserve_id(struct sample *s, size_t n)
{
	char *id;

	if (n <= s->id_room)
		return 0;
	id = sys_realloc(s->id, n);
	if (id == NULL)
		return -1;
	s->id = id;
	s->id_room = n;
	return 0;
}

int
sample_add(struct sample *s, const char *row, size_t n,
    const struct sample_place *place, struct error *e)
{
	const char *comma = memchr(row, ',', n);
	size_t id_len, len;
	uint64_t order;

	if (comma == NULL)
		return 0;
	len = n - (size_t)(comma + 1 - row);
	/* Trailing commas alone. */
	while (len > 0 && comma[len] == ',')
		len--;
	if (len == 0)
		return 0;
	s->counted++;
	n = (size_t)(comma - row);
	if (reserve_id(s, n) != 0)
		return error_set(e, EXIT_LOCAL, no_memory);
	id_len = decode(s, s->id, row, n);
	order = find_order(s, s->id, id_len);
	if (order > s->limit)
		return 0;
	return keep_row(s, order, id_len, comma + 1, len, place) != 0
		   ? error_set(e, EXIT_LOCAL, no_memory)
		   : 0;
}

struct sample_row *
sample_take(struct sample *s, size_t *n)
{
	keep_most(s);
	*n = s->n;
	return s->rows;
}

uint64_t
sample_rows(const struct sample *s)
{
	return s->counted;
}

bool
sample_is_all(const struct sample *s)
{
	return s->all;
}

/* As many as there are orders, for each of those that are kept. */
double
sample_ids(const struct sample *s)
{
	double about;

	if (s->all)
		return (double)s->n;
	about =
	    (double)(s->n - 1) / ((double)s->limit / 18446744073709551616.0);
	return about > (double)s->n ? about : (double)s->n + 1;
}

bool
sample_cell(const struct sample *s, const struct sample_row *row,
    const char **at, size_t *column, char *out, size_t *n)
{
	const char *end = row->text + row->len;

	while (*at < end) {
		const char *comma = memchr(*at, ',', (size_t)(end - *at));
		const char *text = *at;

		if (comma == NULL)
			comma = end;
		++*column;
		*at = comma < end ? comma + 1 : end;
		if (comma == text)
			continue;
		*n = decode(s, out, text, (size_t)(comma - text));
		return true;
	}
	return false;
}
