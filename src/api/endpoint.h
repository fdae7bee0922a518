/*
 * endpoint.h: where requests go.
 */
#ifndef TP_API_ENDPOINT_H
#define TP_API_ENDPOINT_H

#include <stdbool.h>
#include "base/error.h"

/* scheme://host[:port] */
struct origin {
	bool tls;
	bool loopback;	/* localhost, 127.0.0.0/8, [::1] */
	char host[256]; /* lower case; an IPv6 address has its brackets */
	unsigned port;	/* 443 or 80 unless the text says another */
};

enum { ORIGIN_BAD_PORT = -2 };

/*
 * Reads the origin that text begins with.  *rest is what stands behind it:
 * "" or "/…".  -1: neither http nor https, a user name in it, a host that is
 * none, or anything but "/" behind it.  ORIGIN_BAD_PORT: its port is none.
 */
int origin_parse(struct origin *o, const char *text, const char **rest);

enum endpoint_api { ENDPOINT_V1, ENDPOINT_V2 };

/* "v1", "v2"; and back.  -1: text is neither (NULL is none). */
const char *endpoint_api_name(enum endpoint_api api);
int endpoint_api_find(const char *text, enum endpoint_api *api);

struct endpoint {
	struct origin origin;
	enum endpoint_api api;
	char client[64];
	char url[512]; /* of batchUpdate */
};

/*
 * client: the client code; letters, digits, "-" and "_" (it becomes part of
 * a host's name and of a path).  address: scheme://host[:port], http only for
 * loopback; NULL: https://CLIENT.tt.omtrdc.net.  -1 with EXIT_USAGE.
 */
int endpoint_make(struct endpoint *ep, const char *client, const char *address,
    enum endpoint_api api, struct error *e);

#endif
