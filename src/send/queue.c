#include "send/queue.h"

#include <stdlib.h>
#include <string.h>
#include "base/safety.h"
#include "base/sys.h"

int
queue_init(struct queue *s, unsigned n, struct error *e)
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
queue_free(struct queue *s)
{
	while (s->n > 0)
		batch_free(&s->list[--s->n].batch);
	free(s->list);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
}

/* Of those in that use the first in the stream; or NULL. */
static struct slot *
find(struct queue *s, enum slot_use use)
{
	struct slot *found = NULL;
	unsigned i;

	for (i = 0; i < s->n; i++) {
		struct slot *slot = &s->list[i];

		if (slot->use == use &&
		    (found == NULL ||
			SAFETY("order-of-jobs",
			    slot->batch
				.number<found->batch.number, slot->batch.number>
				    found->batch.number)))
			found = slot;
	}
	return found;
}

static void
change(struct queue *s, struct slot *slot, enum slot_use use)
{
	pthread_mutex_lock(&s->lock);
	slot->use = use;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

struct slot *
queue_take_free(struct queue *s)
{
	struct slot *slot;

	pthread_mutex_lock(&s->lock);
	while ((slot = find(s, SLOT_FREE)) == NULL)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return slot;
}

void
queue_ready(struct queue *s, struct slot *slot)
{
	change(s, slot, SLOT_READY);
}

void
queue_end(struct queue *s)
{
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

void
queue_wait_idle(struct queue *s)
{
	pthread_mutex_lock(&s->lock);
	while (find(s, SLOT_READY) != NULL || find(s, SLOT_BUSY) != NULL)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

struct slot *
queue_take_ready(struct queue *s)
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
queue_done(struct queue *s, struct slot *slot)
{
	change(s, slot, SLOT_FREE);
}
