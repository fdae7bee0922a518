/*
 * deliver.h: one batch, from memory to its receipts: skipped if the journal
 * says that it is settled, else sent, again after what is temporary, and halved
 * if it is refused for something in it.
 */
#ifndef TP_SEND_DELIVER_H
#define TP_SEND_DELIVER_H

#include "api/http.h"
#include "api/retry.h"
#include "base/sha256.h"
#include "batch/reader.h"
#include "send/desk.h"

/* What a thread that sends has for itself. */
struct deliverer {
	struct desk *desk;
	struct http *http;
	struct sha256 *sha256;
	struct retry retry;
};

/* Each row is in exactly one receipt.  sha256: of the batch. */
void deliver(
    struct deliverer *by, struct batch *b, const char sha256[SHA256_HEX]);

#endif
