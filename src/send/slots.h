/*
 * slots.h: the batches in memory, on their way from the one thread that reads
 * to those that send.
 *
 * Nobody waits with the lock of a struct slots held, but for a change of it.
 */
#ifndef TP_SEND_SLOTS_H
#define TP_SEND_SLOTS_H

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

struct slots {
	struct slot *list;
	unsigned n;
	bool ended; /* no more batches will be ready */
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/* n of them, all free.  -1: no memory.  To be freed in any case. */
int slots_init(struct slots *s, unsigned n, struct error *e);
void slots_free(struct slots *s);

/* For the thread that reads: a free one, once there is one; its batch is read
 * and can be sent; no more will come; all that were read have been sent. */
struct slot *slots_take_free(struct slots *s);
void slots_ready(struct slots *s, struct slot *slot);
void slots_end(struct slots *s);
void slots_wait_idle(struct slots *s);

/* For those that send: the batch that comes first in the stream, once there is
 * one, or NULL at the end; it has been sent. */
struct slot *slots_take_ready(struct slots *s);
void slots_done(struct slots *s, struct slot *slot);

#endif
