#include "validate/lists.h"

const char *
lists_option(enum list_kind kind)
{
	return kind == LISTS_ONLY ? "only-ids" : "except-ids";
}

int
lists_add(
    struct lists *l, enum list_kind kind, const char *path, struct error *e)
{
	if (l->files == LISTS_FILES)
		return error_set(e, EXIT_USAGE,
		    "--only-ids and --except-ids may be given at most %d "
		    "times together",
		    LISTS_FILES);
	l->file[l->files].kind = kind;
	l->file[l->files++].path = path;
	return 0;
}

int
lists_read(struct lists *l, const struct export_options *options,
    const struct export *x, struct error *e)
{
	const enum id_kind kind = export_header(x)->kind;
	size_t i;

	if (l->files > 0 && hash_draw_key(&l->key, e) != 0)
		return -1;
	for (i = 0; i < l->files; i++) {
		struct lists_file *f = &l->file[i];
		struct idset **set = &l->set[f->kind];

		if (*set == NULL && (*set = idset_new(e)) == NULL)
			return -1;
		if (idlist_read(&f->found, f->path, options, kind, &l->key,
			*set, e) != 0)
			return -1;
	}
	return 0;
}

void
lists_free(struct lists *l)
{
	enum list_kind kind;

	for (kind = 0; kind < LISTS_KINDS; kind++)
		idset_free(l->set[kind]);
}

/* Which identifiers are in the set of a kind. */
static uint32_t
find(struct lists *l, enum list_kind kind, const struct hash *id, size_t n)
{
	uint32_t found = 0;
	size_t i;

	for (i = 0; i < n; i++)
		idset_expect(l->set[kind], &id[i]);
	for (i = 0; i < n; i++)
		found |= (uint32_t)idset_has(l->set[kind], &id[i]) << i;
	l->met[kind] += (uint64_t)__builtin_popcount(found);
	return found;
}

uint32_t
lists_keep(struct lists *l, const struct csv_field *id, size_t n)
{
	const uint32_t all = UINT32_MAX >> (LISTS_MANY - n);
	struct hash hash[LISTS_MANY];
	uint32_t keep = all;
	size_t i;

	for (i = 0; i < n; i++)
		hash[i] = hash_text(&l->key, id[i].text, id[i].len);
	if (l->set[LISTS_ONLY] != NULL)
		keep &= find(l, LISTS_ONLY, hash, n);
	if (l->set[LISTS_EXCEPT] != NULL)
		keep &= ~find(l, LISTS_EXCEPT, hash, n);
	l->left_out += (uint64_t)__builtin_popcount(all ^ keep);
	return keep;
}
