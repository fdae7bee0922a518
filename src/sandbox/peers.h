/*
 * peers.h: who is connected, and since when each has been silent.  A peer
 * that is silent for too long is dropped; so is the one that has been silent
 * for longest, when there would be too many.  Safe for threads.
 *
 * A peer is not silent while an answer is made for it, however long that
 * takes (peer_hold to peer_release).
 */
#ifndef TP_SANDBOX_PEERS_H
#define TP_SANDBOX_PEERS_H

#include <pthread.h>
#include <stddef.h>

struct peer;

struct peers {
	pthread_mutex_t lock;
	/* A list of those that may be dropped, by when they were heard. */
	struct peer *oldest;
	struct peer *newest;
	size_t open; /* those that have not been dropped */
	size_t most;
	double idle; /* seconds */
};

void peers_init(struct peers *all, size_t most, double idle);
/* All peers must have been closed. */
void peers_free(struct peers *all);

/* Drops those that have been silent for too long.  Returns after how many
 * seconds to look again: until then there is nothing to drop. */
double peers_drop_idle(struct peers *all);

/*
 * Adds a connection.  To drop it is to shut its socket down, which ends the
 * thread that serves it; fd must stay open until peer_close.
 * NULL: no memory; the connection has been dropped.  All others take NULL.
 */
struct peer *peer_open(struct peers *all, int fd);
void peer_close(struct peer *p);

/* Something came from it, or it took some of an answer. */
void peer_heard(struct peer *p);

/* The target of its request, as it came: kept until the next one. */
void peer_ask(struct peer *p, const char *target);
const char *peer_target(const struct peer *p);

void peer_hold(struct peer *p);
void peer_release(struct peer *p);

#endif
