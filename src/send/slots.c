#include "send/slots.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"

int
slots_init(struct slots *s, unsigned n, struct error *e)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	s->list = sys_calloc(n, sizeof(*s->list));
	if (s->list == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	for (; s->n < n; s->n++)
		batch_init(&s->list[s->n].batch);
	return 0;
}

void
slots_free(struct slots *s)
{
	while (s->n > 0)
		batch_free(&s->list[--s->n].batch);
	free(s->list);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
}

/* Of those in that use the first in the stream; or NULL. */
static struct slot *
find(struct slots *s, enum slot_use use)
{
	struct slot *found = NULL;
	unsigned i;

	for (i = 0; i < s->n; i++) {
		struct slot *slot = &s->list[i];

		if (slot->use == use &&
		    (found == NULL || slot->batch.number < found->batch.number))
			found = slot;
	}
	return found;
}

static void
change(struct slots *s, struct slot *slot, enum slot_use use)
{
	pthread_mutex_lock(&s->lock);
	slot->use = use;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

struct slot *
slots_take_free(struct slots *s)
{
	struct slot *slot;

	pthread_mutex_lock(&s->lock);
	while ((slot = find(s, SLOT_FREE)) == NULL)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return slot;
}

void
slots_ready(struct slots *s, struct slot *slot)
{
	change(s, slot, SLOT_READY);
}

void
slots_end(struct slots *s)
{
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

void
slots_wait_idle(struct slots *s)
{
	pthread_mutex_lock(&s->lock);
	while (find(s, SLOT_READY) != NULL || find(s, SLOT_BUSY) != NULL)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

struct slot *
slots_take_ready(struct slots *s)
{
	struct slot *slot;

	pthread_mutex_lock(&s->lock);
	while ((slot = find(s, SLOT_READY)) == NULL && !s->ended)
		pthread_cond_wait(&s->changed, &s->lock);
	if (slot != NULL)
		slot->use = SLOT_BUSY;
	pthread_mutex_unlock(&s->lock);
	return slot;
}

void
slots_done(struct slots *s, struct slot *slot)
{
	change(s, slot, SLOT_FREE);
}
