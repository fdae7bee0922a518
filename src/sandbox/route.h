/* route.h: what a path asks for. */
#ifndef TP_SANDBOX_ROUTE_H
#define TP_SANDBOX_ROUTE_H

#include "sandbox/store.h"

enum route_kind {
	ROUTE_NONE,
	ROUTE_UPDATE, /* POST /m2/CLIENT/profile/batchUpdate */
	ROUTE_UPDATE_V2,
	ROUTE_STATUS,  /* GET /m2/CLIENT/profile/batchStatus */
	ROUTE_SINGLE,  /* GET or POST /m2/CLIENT/profile/update */
	ROUTE_PROFILE, /* GET /rest/v1/profiles/PCID */
	ROUTE_PROFILE_THIRD,
	ROUTE_CONTROL /* GET or POST /control/SECRET */
};

struct route {
	enum route_kind kind;
	char client[STORE_CLIENT]; /* "" if the path names none */
	const char *id; /* of a profile, or the secret; within the path */
};

/* Whether text can be a client code: what a host name and a path take. */
bool route_is_client(const char *text);

/* path is decoded already. */
void route_find(struct route *r, const char *path);

/* "GET", "POST" or "GET, POST": the methods that a route takes. */
const char *route_methods(enum route_kind kind);
bool route_takes(enum route_kind kind, const char *method);

#endif
