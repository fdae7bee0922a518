/*
 * control.h: what tests change while the sandbox runs.  A request to the path
 * of edge_control has, encoded as a form is, in its query or its body:
 *
 *	fault=SPEC	one more fault; with no SPEC: none any more
 *	clock=TIME	the clock goes forward so far
 *	lose=SHARE	of the rows, so many are lost from now on
 *	client=CODE	whose profiles are meant by what follows (demo)
 *	kind=KIND	thirdPartyId or pcId, likewise (thirdPartyId)
 *	visit=ID	a page visit by this id
 *
 * They take effect one after the other, up to one that is wrong.
 */
#ifndef TP_SANDBOX_CONTROL_H
#define TP_SANDBOX_CONTROL_H

#include "base/buffer.h"
#include "sandbox/edge.h"

/* Whether the request comes from a page in a browser, or by another name of
 * this machine; host and origin may be NULL. */
bool control_is_foreign(
    const struct edge *edge, const char *host, const char *origin);

/*
 * Does what they say; both end with NUL and are changed.  Returns the HTTP
 * status, and in out what to say: 200 and the state as JSON, 400 or 404 and
 * what was wrong; or 0 with e set, as in store.h.
 */
unsigned int control_apply(struct edge *edge, char *query, char *body,
    struct buffer *out, struct error *e);

/* A share of rows: "0.001" or "0.1%".  -1: neither. */
int control_parse_share(const char *text, double *share);

#endif
