/*
 * queue.h: the batches in memory, on their way from the one thread that reads
 * to those that send.
 *
 * Nobody waits with the lock of a struct queue held, but for a change of it.
 */
#ifndef TP_SEND_QUEUE_H
#define TP_SEND_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include "base/error.h"
#include "base/sha256.h"
#include "batch/reader.h"

enum slot_use { SLOT_FREE, SLOT_READY, SLOT_BUSY };

struct slot {
	struct batch batch;
	char sha256[SHA256_HEX];
	enum slot_use use;
};

struct queue {
	struct slot *list;
	unsigned n;
	bool ended; /* no more batches will be ready */
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/* n of them, all free.  -1: no memory.  To be freed in any case. */
int queue_init(struct queue *s, unsigned n, struct error *e);
void queue_free(struct queue *s);

/* For the thread that reads: a free one, once there is one; its batch is read
 * and can be sent; no more will come; all that were read have been sent. */
struct slot *queue_take_free(struct queue *s);
void queue_ready(struct queue *s, struct slot *slot);
void queue_end(struct queue *s);
void queue_wait_idle(struct queue *s);

/* For those that send: the batch that comes first in the stream, once there is
 * one, or NULL at the end; it has been sent. */
struct slot *queue_take_ready(struct queue *s);
void queue_done(struct queue *s, struct slot *slot);

#endif
