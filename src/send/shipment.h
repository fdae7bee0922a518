/*
 * shipment.h: one batch on its way: skipped if the journal says that it is
 * settled, else sent, and halved if it is refused.
 */
#ifndef TP_SEND_SHIPMENT_H
#define TP_SEND_SHIPMENT_H

#include "base/sha256.h"
#include "batch/reader.h"
#include "send/delivery.h"
#include "send/halving.h"

/* What comes of the batch, or of a part of it. */
struct shipment_piece {
	struct receipt receipt;
	size_t at, size; /* in the batch; of a part, without the header */
	bool keep;	 /* to go to the failed file */
	bool earlier;	 /* settled in an earlier run, and told again */
};

struct shipment {
	struct delivery delivery;
	struct sha256 *sha256;
	unsigned calls; /* for halving */
	/* Told, with arg: */
	void (*settled)(void *arg, struct shipment_piece *piece);
	/* Before what an earlier run may have sent is sent again. */
	void (*repeats)(void *arg, const struct receipt *r);
	/* Each refusal.  True: no halving any more, all will be refused. */
	bool (*refused)(void *arg);
	void (*stopped)(
	    void *arg, enum delivery_end why, const struct error *e);
	void *arg;
};

/* Each row is in exactly one piece that is told of. */
void shipment_run(
    struct shipment *s, const struct batch *b, const char *sha256);

#endif
