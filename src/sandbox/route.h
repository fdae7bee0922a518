/* route.h: what a path asks for. */
#ifndef TP_SANDBOX_ROUTE_H
#define TP_SANDBOX_ROUTE_H

#include "sandbox/store.h"

enum route_kind {
	ROUTE_NONE,
	ROUTE_UPDATE, /* POST /m2/CLIENT/profile/batchUpdate */
	ROUTE_UPDATE_V2,
	ROUTE_STATUS,  /* GET /m2/CLIENT/profile/batchStatus */
	ROUTE_PROFILE, /* GET /rest/v1/profiles/PCID */
	ROUTE_PROFILE_THIRD
};

struct route {
	enum route_kind kind;
	char client[STORE_CLIENT]; /* "" if the path names none */
	const char *id;		   /* of a profile; within the path */
};

/* Whether text can be a client code: what a host name and a path take. */
bool route_is_client(const char *text);

/* path is decoded already. */
void route_find(struct route *r, const char *path);

/* "GET" or "POST": the only method that a route takes. */
const char *route_method(enum route_kind kind);

#endif
