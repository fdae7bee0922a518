/*
 * server.h: HTTP and HTTPS on the loopback address, by libmicrohttpd; the one
 * place that knows it.
 */
#ifndef TP_SANDBOX_SERVER_H
#define TP_SANDBOX_SERVER_H

#include <stdint.h>
#include "base/error.h"
#include "sandbox/edge.h"

/* A connection that is silent for so many seconds is dropped. */
#define SERVER_IDLE 30

struct server_settings {
	uint16_t port; /* 0: any that is free */
	uint64_t idle; /* seconds, from 1 on */
	char *cert;    /* PEM text, only read; NULL: plain HTTP */
	char *key;
};

struct server;

/*
 * Listens on 127.0.0.1 and tells edge its address; each connection has a
 * thread, which inherits the caller's signal mask.  NULL: e says why.
 */
struct server *server_open(
    struct edge *edge, const struct server_settings *settings, struct error *e);

/*
 * Drops the connections that have been silent for too long.  Returns after
 * how many seconds it is to be called again.
 *
 * libmicrohttpd's own time-out is not used: a client that sends a header byte
 * by byte would never reach it.
 */
double server_drop_idle(struct server *s);

/* Drops what is still connected. */
void server_close(struct server *s);

/* "0.9.75" */
const char *server_version(void);

#endif
