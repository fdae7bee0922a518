#include "send/halving.h"

#include <stdlib.h>
#include <string.h>
#include "base/safety.h"
#include "base/sys.h"
#include "base/utf8.h"

void
halving_start(struct halving *h, const struct part *whole, const char *body,
    size_t header)
{
	memset(h, 0, sizeof(*h));
	h->body = body;
	h->header = header;
	h->stack[0] = *whole;
	h->depth = 1;
}

void
halving_free(struct halving *h)
{
	free(h->left);
	memset(h, 0, sizeof(*h));
}

bool
halving_next(struct halving *h, struct part *part)
{
	if (h->depth == 0)
		return false;
	*part = h->stack[--h->depth];
	return true;
}

/* Puts both halves on the stack, the first on top. */
static void
divide_part(struct halving *h, const struct part *part)
{
	struct part first = *part, second;
	const char *begin = h->body + part->at, *end = begin;
	uint64_t i;

	first.sha256[0] = '\0';
	if (first.from == 0)
		first.from = 1;
	second = first;
	first.rows = part->rows / 2;
	for (i = 0; i < first.rows; i++) {
		size_t left = part->size - (size_t)(end - begin);

		end = (const char *)memchr(end, '\n', left) + 1;
	}
	first.size = (size_t)(end - begin);
	first.bytes = h->header + first.size;
	second.from += first.rows;
	second.rows -= first.rows;
	second.at += first.size;
	second.size -= first.size;
	second.bytes = h->header + second.size;
	h->stack[h->depth++] = SAFETY("order-of-halves", second, first);
	h->stack[h->depth++] = SAFETY("order-of-halves", first, second);
}

/* It is to be sent by another run, if at all. */
static bool
is_open(const struct halving_left *l)
{
	return l->state == RECEIPT_FAILED || fate_is_denial(l->state, l->fate);
}

/* Can they be told of together? */
static bool
are_alike(const struct halving_left *a, const struct halving_left *b)
{
	if (a->earlier || b->earlier)
		return a->earlier && b->earlier;
	if (a->state == RECEIPT_UNKNOWN || b->state == RECEIPT_UNKNOWN ||
	    is_open(a) != is_open(b))
		return false;
	if (is_open(a))
		return !a->part.doubtful && !b->part.doubtful;
	return fate_rule(a->fate)->divisible == fate_rule(b->fate)->divisible;
}

/* What comes behind it belongs to it: these are other bytes. */
static void
join(const struct halving *h, struct part *p, const struct part *next)
{
	if (p->from == 0)
		p->from = 1;
	p->rows += next->rows;
	p->size += next->size;
	p->bytes = h->header + p->size;
	p->sha256[0] = '\0';
	p->doubtful |= next->doubtful;
}

/* Is it the neighbour of what came before, and alike? */
static bool
extend(struct halving *h, const struct halving_left *with)
{
	struct halving_left *last = &h->left[h->n - 1];

	if (last->part.from + last->part.rows != with->part.from ||
	    !are_alike(last, with))
		return false;
	join(h, &last->part, &with->part);
	return true;
}

/* This part, and all that would have come after it. */
static int
give_rest(struct halving *h, const struct part *part, struct error *e)
{
	h->rest.part = *part;
	while (h->depth > 0)
		join(h, &h->rest.part, &h->stack[--h->depth]);
	h->rest.state = RECEIPT_FAILED;
	h->rest.fate = FATE_NOT_SENT;
	h->no_memory = true;
	return error_set(e, EXIT_LOCAL, "out of memory");
}

static int
add_left(struct halving *h, const struct halving_left *l, struct error *e)
{
	size_t room = h->room == 0 ? 16 : h->room * 2;
	struct halving_left *more;

	if (h->n > 0 && extend(h, l))
		return 0;
	if (h->n == h->room) {
		more = sys_realloc(h->left, room * sizeof(*more));
		if (more == NULL)
			return give_rest(h, &l->part, e);
		h->left = more;
		h->room = room;
	}
	h->left[h->n++] = *l;
	return 0;
}

int
halving_tell(struct halving *h, const struct part *part, const struct result *r,
    bool divide, bool earlier, struct error *e)
{
	bool taken =
	    r->state == RECEIPT_ACCEPTED || r->state == RECEIPT_SKIPPED;
	struct halving_left l;

	if (taken || earlier || r->state == RECEIPT_UNKNOWN || part->doubtful)
		h->divided = true;
	if (taken)
		return 0;
	if (divide && part->rows > 1) {
		divide_part(h, part);
		return 0;
	}
	memset(&l, 0, sizeof(l));
	l.part = *part;
	l.state = r->state;
	l.fate = r->fate;
	l.http = r->http;
	l.earlier = earlier;
	memcpy(l.message, r->message,
	    utf8_cut(r->message, strlen(r->message), sizeof(l.message) - 1));
	return add_left(h, &l, e);
}

const struct halving_left *
halving_left(const struct halving *h, size_t i)
{
	if (i < h->n)
		return &h->left[i];
	return i == h->n && h->no_memory ? &h->rest : NULL;
}
