#include "send/keeper.h"

#include <stddef.h>
#include <stdlib.h>
#include "base/sys.h"

/* Did an earlier run put it there, and die before it could say so? */
static bool
is_there(struct keeper *k, const struct receipt *r, uint64_t *id)
{
	struct error ignored = ERROR_INIT;
	struct history_past past;
	uint64_t at;
	char *file;
	bool result;

	if (k->journal == NULL)
		return false;
	history_find(journal_history(k->journal), r->batch, r->rows_from,
	    r->rows, &past);
	if (past.keeping == NULL ||
	    journal_place(k->journal, past.keeping, &file, &at, &ignored) != 0)
		return false;
	result = failed_holds(k->failed, file, at, r->bytes, r->sha256);
	free(file);
	*id = history_number(journal_history(k->journal), past.keeping);
	return result;
}

/* What of the batch is not in memory. */
static int
copy_rest(struct keeper *k, struct batch *b, struct error *e)
{
	enum { PIECE = 64 * 1024 };
	char *piece = sys_malloc(PIECE);
	ptrdiff_t n;
	int result = 0;

	if (piece == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	while (result == 0 &&
	       (n = batch_reader_rest(k->reader, b, piece, PIECE, e)) != 0) {
		result =
		    n < 0 ? -1 : failed_write(k->failed, piece, (size_t)n, e);
		if (result == 0)
			sha256_add(k->sha256, piece, (size_t)n);
	}
	free(piece);
	return result;
}

static int
write_rest(
    struct keeper *k, struct batch *b, struct receipt *r, struct error *e)
{
	int result = copy_rest(k, b, e);

	if (result != 0)
		failed_drop(k->failed);
	sha256_take(k->sha256, r->sha256);
	r->rows = b->rows;
	r->bytes = b->bytes;
	return result;
}

/* It is: only the journal does not know. */
static int
close_earlier(struct keeper *k, uint64_t id, struct receipt *r, enum kept *kept,
    struct error *e)
{
	*kept = KEPT_EARLIER;
	return journal_kept(k->journal, id, r, e);
}

static int
write_all(struct keeper *k, struct batch *b, size_t at, size_t size,
    struct receipt *r, struct error *e)
{
	struct failed *f = k->failed;

	if (failed_begin(f, e) != 0 ||
	    failed_write(f, b->body.data, b->header, e) != 0 ||
	    failed_write(f, b->body.data + at, size, e) != 0)
		return -1;
	return b->more ? write_rest(k, b, r, e) : 0;
}

int
keeper_keep(struct keeper *k, struct batch *b, size_t at, size_t size,
    struct receipt *r, enum kept *kept, struct error *e)
{
	struct failed *f = k->failed;
	uint64_t id = 0;

	*kept = KEPT_NOT;
	if (!b->more && is_there(k, r, &id))
		return close_earlier(k, id, r, kept, e);
	if (write_all(k, b, at, size, r, e) != 0)
		return -1;
	if (b->cut) {
		failed_drop(f);
		return 0;
	}
	/* What it is was not known before all of it was read. */
	if (b->more && is_there(k, r, &id)) {
		failed_drop(f);
		return close_earlier(k, id, r, kept, e);
	}
	if (k->journal != NULL && journal_keep(k->journal, r, failed_path(f),
				      failed_begun(f), &id, e) != 0) {
		failed_drop(f);
		return -1;
	}
	if (failed_end(f, e) != 0)
		return -1;
	*kept = KEPT_NOW;
	return k->journal == NULL ? 0 : journal_kept(k->journal, id, r, e);
}
