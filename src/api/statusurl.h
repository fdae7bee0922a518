/*
 * statusurl.h: the URL at which the status of a batch is asked for.
 *
 * The service names it in its answer, and an answer is not to be trusted: it
 * is followed only where the service is known to be, and is put together
 * anew from the parts that are known.
 */
#ifndef TP_API_STATUSURL_H
#define TP_API_STATUSURL_H

#include <stdbool.h>
#include "api/endpoint.h"
#include "base/error.h"

#define STATUSURL_ID 256 /* of a batch: "demo-1701473848678-13029383" */
#define STATUSURL_MAX 1024
#define STATUSURL_WHY 512

struct statusurl {
	char id[STATUSURL_ID]; /* batchId, as it stands in the URL */
	char url[STATUSURL_MAX];
	bool direct;  /* on this machine: no proxy */
	bool trusted; /* the token may go there */
};

/*
 * text: as the service gave it.  It must name a host under .tt.omtrdc.net or
 * the endpoint's own, there on the standard or the endpoint's own port, the
 * path /m2/CLIENT/profile/batchStatus, and one batchId.  http becomes https,
 * but for an endpoint that is http (on this machine).  m2Node and mboxPC,
 * known from older samples, are kept, other parameters are not;
 * showDetails=true is added.  The token may go to all of these, but that of an
 * endpoint on this machine not to another.  -1: why says in UTF-8, not escaped,
 * why it is not followed, and what to look at.
 */
int statusurl_make(struct statusurl *u, const struct endpoint *ep,
    const char *text, char why[STATUSURL_WHY]);

/* Whether the proxy on the way there, which may be another than the endpoint's,
 * can be used.  -1: e says why not. */
int statusurl_check_way(const struct statusurl *u, struct error *e);

#endif
