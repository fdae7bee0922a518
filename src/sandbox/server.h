/*
 * server.h: HTTP and HTTPS on the loopback address, by libmicrohttpd; the one
 * place that knows it.
 */
#ifndef TP_SANDBOX_SERVER_H
#define TP_SANDBOX_SERVER_H

#include <stdint.h>
#include "base/error.h"
#include "sandbox/edge.h"

struct server_settings {
	uint16_t port; /* 0: any that is free */
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

/* Drops what is still connected. */
void server_close(struct server *s);

/* "0.9.75" */
const char *server_version(void);

#endif
