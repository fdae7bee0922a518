#include "sandbox/update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "sandbox/form.h"

/* The only two messages of a refusal that are known. */
static const char unexpected[] = "Unexpected error";
static const char empty[] = "Batch is empty";

/* What a row sets. */
struct cell {
	const struct document_name *name;
	char *text;
	size_t n;
};

struct job {
	struct store *store;
	struct store_scope *scope;
	const struct update_rules *rules;
	struct update_result *result;
	struct error *e;
	struct rows rows;
	struct store_profile profile; /* of the row */
	struct buffer names; /* struct document_name for each after the id */
	struct buffer cells; /* struct cell */
	uint64_t too_large;  /* cells of the row */
};

static size_t
columns(const struct job *j)
{
	return j->names.len / sizeof(struct document_name);
}

static int
no_memory(struct job *j)
{
	return error_set(j->e, EXIT_TEMPORARY, "out of memory");
}

static bool
printable(const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if ((unsigned char)text[i] < ' ')
			return false;
	}
	return utf8_valid(text, n) == n;
}

static bool
is(const char *text, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(text, word, n) == 0;
}

/* A column without a name has the number -1: its cells are dropped. */
static int
read_names(struct job *j)
{
	struct document_name name;
	char *text;
	size_t n;

	while (rows_cell(&j->rows, &text, &n)) {
		name.number = -1;
		name.n = 0;
		if (n >= DOCUMENT_MAX || !printable(text, n) ||
		    columns(j) == UPDATE_MAX_COLUMNS) {
			j->result->refused = unexpected;
			return 0;
		}
		if (n > 0 && store_name(j->store, text, n, &name, j->e) != 0)
			return -1;
		if (buffer_add(&j->names, &name, sizeof(name)) != 0)
			return no_memory(j);
	}
	return 0;
}

/* thirdPartyId: no "+" and no "/" (Bulk Profile Update API), 256 characters
 * (Target limits).  pcId: not the Experience Cloud ID, which is 38 digits. */
static bool
acceptable(enum store_kind kind, const char *id, size_t n)
{
	size_t i;

	if (n == 0 || !printable(id, n) || utf8_length(id, n) > 256)
		return false;
	for (i = 0; i < n; i++) {
		if (kind == STORE_THIRD_PARTY_ID &&
		    (id[i] == '+' || id[i] == '/'))
			return false;
	}
	for (i = 0; i < n && id[i] >= '0' && id[i] <= '9'; i++)
		;
	return kind != STORE_PCID || n != 38 || i < n;
}

/* Keeps a cell that sets something.  An empty one does not; one that with its
 * name is larger than a profile can be would be dropped again at once. */
static int
add_cell(struct job *j, const struct document_name *name, char *text, size_t n)
{
	const struct cell c = {name, text, n};

	if (n == 0 || name->number < 0)
		return 0;
	if (name->n + n > DOCUMENT_MAX) {
		j->too_large++;
		return 0;
	}
	return buffer_add(&j->cells, &c, sizeof(c)) != 0 ? no_memory(j) : 0;
}

/* The cells of a row that have a column: false if one is no text. */
static int
read_cells(struct job *j, bool *valid)
{
	const struct document_name *name =
	    (const struct document_name *)(const void *)j->names.data;
	size_t i, n;
	char *text;

	*valid = true;
	j->cells.len = 0;
	j->too_large = 0;
	for (i = 0; i < columns(j) && rows_cell(&j->rows, &text, &n); i++) {
		if (utf8_valid(text, n) < n || memchr(text, '\0', n) != NULL)
			*valid = false;
		if (add_cell(j, &name[i], text, n) != 0)
			return -1;
	}
	return 0;
}

/* Whether this row is one of those that are not kept: the same ones whenever
 * the same batches come with the same seed. */
static int
is_lost(struct job *j, const char *id, size_t n, bool *lost)
{
	char hex[SHA256_HEX], text[64];
	struct sha256 *h;

	*lost = false;
	if (j->rules->lose <= 0)
		return 0;
	h = sha256_new();
	if (h == NULL)
		return no_memory(j);
	snprintf(text, sizeof(text), "%llu %lld ",
	    (unsigned long long)j->rules->seed,
	    (long long)j->result->batch.number);
	sha256_add(h, text, strlen(text));
	sha256_add(h, id, n);
	sha256_take(h, hex);
	sha256_free(h);
	hex[8] = '\0';
	*lost = (double)strtoul(hex, NULL, 16) < j->rules->lose * 4294967296.0;
	return 0;
}

/* What the row sets, in the profile. */
static int
set_cells(struct job *j)
{
	const struct cell *c = (const struct cell *)(const void *)j->cells.data;
	size_t i, n = j->cells.len / sizeof(*c);

	if (j->rules->create && j->rules->override_all)
		document_drop_loose(&j->profile.document);
	for (i = 0; i < n; i++) {
		if (document_set(&j->profile.document, c[i].name, c[i].text,
			c[i].n, j->scope->now, j->rules->create) != 0)
			return no_memory(j);
	}
	j->result->dropped += document_fit(&j->profile.document);
	return 0;
}

/* A row that sets nothing makes nothing. */
static int
change_profile(struct job *j, const char *id, size_t n)
{
	struct store_batch *b = &j->result->batch;
	bool lost;

	if (store_find(j->store, id, n, &j->profile, j->e) != 0)
		return -1;
	if (!j->profile.found && !j->rules->create) {
		b->not_found++;
		return 0;
	}
	b->successful++;
	j->result->dropped += j->too_large;
	if (j->cells.len == 0 ||
	    (j->rules->first_wins && j->profile.batch == b->number))
		return 0;
	if (is_lost(j, id, n, &lost) != 0)
		return -1;
	if (lost) {
		j->result->lost++;
		return store_lose(j->store, id, n, j->e);
	}
	if (set_cells(j) != 0)
		return -1;
	return store_keep(j->store, id, n, &j->profile, j->e);
}

static int
apply_row(struct job *j)
{
	char *id;
	size_t n;
	bool valid;

	rows_cell(&j->rows, &id, &n);
	if (read_cells(j, &valid) != 0)
		return -1;
	j->result->batch.consumed++;
	if (valid && acceptable(j->scope->kind, id, n))
		return change_profile(j, id, n);
	j->result->batch.failed++;
	return store_fail(j->store, id, n, j->e);
}

/* From the header to the last row. */
static int
apply_rows(struct job *j)
{
	struct store_batch *b = &j->result->batch;

	if (read_names(j) != 0)
		return -1;
	while (j->result->refused == NULL && rows_next(&j->rows)) {
		if (apply_row(j) != 0)
			return -1;
	}
	b->lists_failed = j->rules->create;
	b->stuck = j->rules->stuck;
	b->ready = j->scope->now + (int64_t)j->rules->delay * 1000;
	return 0;
}

/* Everything that refuses a batch before its rows are read. */
static const char *
check(struct job *j, char *body, size_t n)
{
	char *value, *text;
	size_t len;

	switch (form_find(body, n, &value, &len)) {
	case FORM_MALFORMED:
		return unexpected;
	case FORM_EMPTY:
		return empty;
	case FORM_FOUND:
		break;
	}
	if (!rows_open(&j->rows, value, len, j->rules->order))
		return unexpected;
	if (!rows_next(&j->rows))
		return empty;
	rows_cell(&j->rows, &text, &len);
	if (is(text, len, "thirdPartyId"))
		j->scope->kind = STORE_THIRD_PARTY_ID;
	else if (is(text, len, "pcId"))
		j->scope->kind = STORE_PCID;
	else
		return unexpected;
	j->result->batch.size = rows_count(&j->rows);
	if (j->result->batch.size == 0)
		return empty;
	return j->result->batch.size > UPDATE_MAX_ROWS ? unexpected : NULL;
}

static int
apply(struct job *j)
{
	struct store_batch *b = &j->result->batch;

	if (store_begin(j->store, j->scope, j->e) != 0)
		return -1;
	if (store_begin_batch(j->store, b, j->e) != 0 || apply_rows(j) != 0 ||
	    (j->result->refused == NULL &&
		store_end_batch(j->store, b, j->rules->keep, j->e) != 0)) {
		store_rollback(j->store);
		return -1;
	}
	if (j->result->refused == NULL)
		return store_commit(j->store, j->e);
	store_rollback(j->store);
	return 0;
}

int
update_apply(struct store *s, struct store_scope *scope,
    const struct update_rules *rules, char *body, size_t n,
    struct update_result *result, struct error *e)
{
	struct job j;
	int done;

	memset(&j, 0, sizeof(j));
	memset(result, 0, sizeof(*result));
	j.store = s;
	j.scope = scope;
	j.rules = rules;
	j.result = result;
	j.e = e;
	result->refused = check(&j, body, n);
	if (result->refused != NULL)
		return 0;
	buffer_init(
	    &j.names, UPDATE_MAX_COLUMNS * sizeof(struct document_name));
	buffer_init(&j.cells, UPDATE_MAX_COLUMNS * sizeof(struct cell));
	document_init(&j.profile.document);
	done = apply(&j);
	buffer_free(&j.names);
	buffer_free(&j.cells);
	document_free(&j.profile.document);
	if (done != 0 || j.result->refused != NULL) {
		result->batch.id[0] = '\0';
		result->dropped = 0;
		result->lost = 0;
	}
	return done;
}
