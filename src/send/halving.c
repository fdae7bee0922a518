#include "send/halving.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"
#include "base/utf8.h"

void
halving_start(struct halving *h, const char *body, size_t header, size_t size,
    uint64_t rows)
{
	memset(h, 0, sizeof(*h));
	h->body = body;
	h->depth = 1;
	h->stack[0].from = 1;
	h->stack[0].rows = rows;
	h->stack[0].at = header;
	h->stack[0].size = size - header;
}

void
halving_free(struct halving *h)
{
	free(h->pieces);
	memset(h, 0, sizeof(*h));
}

bool
halving_next(struct halving *h, struct halving_part *part)
{
	if (h->depth == 0)
		return false;
	*part = h->stack[--h->depth];
	return true;
}

/* Puts both halves on the stack, the first on top. */
static void
divide(struct halving *h, const struct halving_part *part)
{
	struct halving_part first = *part, second = *part;
	const char *begin = h->body + part->at, *end = begin;
	uint64_t i;

	first.rows = part->rows / 2;
	for (i = 0; i < first.rows; i++) {
		size_t left = part->size - (size_t)(end - begin);

		end = (const char *)memchr(end, '\n', left) + 1;
	}
	first.size = (size_t)(end - begin);
	second.from += first.rows;
	second.rows -= first.rows;
	second.at += first.size;
	second.size -= first.size;
	h->stack[h->depth++] = second;
	h->stack[h->depth++] = first;
}

/* Is it a neighbour of the last piece, and alike? */
static bool
extend(struct halving *h, const struct halving_part *part,
    enum halving_verdict kind)
{
	struct halving_piece *last;

	if (h->n == 0 || kind == HALVING_UNKNOWN)
		return false;
	last = &h->pieces[h->n - 1];
	if (last->kind != kind ||
	    last->part.from + last->part.rows != part->from)
		return false;
	last->part.rows += part->rows;
	last->part.size += part->size;
	last->part.marked |= part->marked;
	return true;
}

static void
set_piece(struct halving_piece *piece, const struct halving_part *part,
    enum halving_verdict kind, int http, const char *message)
{
	size_t n =
	    utf8_cut(message, strlen(message), sizeof(piece->message) - 1);

	piece->part = *part;
	piece->kind = kind;
	piece->http = http;
	memcpy(piece->message, message, n);
	piece->message[n] = '\0';
}

/* This part, and all that would have come after it. */
static int
give_up(struct halving *h, const struct halving_part *part, struct error *e)
{
	struct halving_part all = *part;

	while (h->depth > 0) {
		const struct halving_part *next = &h->stack[--h->depth];

		all.rows += next->rows;
		all.size += next->size;
		all.marked |= next->marked;
	}
	set_piece(&h->rest, &all, HALVING_FAILED, 0, "");
	h->no_memory = true;
	return error_set(e, EXIT_LOCAL, "out of memory");
}

static int
add_piece(struct halving *h, const struct halving_part *part,
    enum halving_verdict kind, int http, const char *message, struct error *e)
{
	struct halving_piece *piece;
	size_t room = h->room == 0 ? 16 : h->room * 2;

	if (extend(h, part, kind))
		return 0;
	if (h->n == h->room) {
		piece = sys_realloc(h->pieces, room * sizeof(*piece));
		if (piece == NULL)
			return give_up(h, part, e);
		h->pieces = piece;
		h->room = room;
	}
	set_piece(&h->pieces[h->n++], part, kind, http, message);
	return 0;
}

int
halving_tell(struct halving *h, const struct halving_part *part,
    enum halving_verdict verdict, int http, const char *message,
    struct error *e)
{
	if (verdict == HALVING_TAKEN || verdict == HALVING_KEPT ||
	    verdict == HALVING_UNKNOWN || part->marked)
		h->divided = true;
	if (verdict == HALVING_TAKEN)
		return 0;
	if (verdict == HALVING_REFUSED && part->rows > 1) {
		divide(h, part);
		return 0;
	}
	return add_piece(h, part, verdict, http, message, e);
}

const struct halving_piece *
halving_piece(const struct halving *h, size_t i)
{
	if (i < h->n)
		return &h->pieces[i];
	return i == h->n && h->no_memory ? &h->rest : NULL;
}
