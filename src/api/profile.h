/*
 * profile.h: the profile of one visitor, as the service holds it.
 *
 *	GET /rest/v1/profiles/thirdPartyId/ID?client=CLIENT
 *	GET /rest/v1/profiles/PCID?client=CLIENT
 *
 * ("Profile fetch" in Adobe's documentation.)  Such calls are not among the 50
 * a minute; the service allows 1,000,000 in 24 hours.
 */
#ifndef TP_API_PROFILE_H
#define TP_API_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "api/endpoint.h"
#include "api/http.h"
#include "base/ndjson.h"

/*
 * A profile holds at most 64 KB, but as JSON, with the time of each attribute,
 * much more.  An answer with so many bytes is read whole.
 */
#define PROFILE_ANSWER_MAX ((size_t)4 * 1024 * 1024)

/* Seconds until a new profile shows, as people report; at an endpoint on this
 * machine it does at once. */
enum { PROFILE_SHOWS = 3600 };
uint64_t profile_shows(const struct endpoint *ep);

/* An identifier has at most 256 characters of 4 bytes; each may become %XX. */
#define PROFILE_URL 4096

/* third: id is a thirdPartyId, else a pcId; it is not encoded.  -1: the URL
 * does not fit. */
int profile_url(char to[PROFILE_URL], const struct endpoint *ep, bool third,
    const char *id, size_t n);

enum profile_found {
	PROFILE_FOUND,
	PROFILE_NONE, /* the service says that there is none */
	PROFILE_OTHER /* this is no such answer, or not a whole one */
};

struct profile {
	ndjson *object; /* owned */
	const ndjson *attributes;
	const char *token; /* the request's, see profile_shown; or NULL */
};

/* Reads an answer.  *p is to be freed whatever it was. */
enum profile_found profile_read(struct profile *p, const struct http_answer *a);
void profile_free(struct profile *p);

/*
 * The value of an attribute, of n bytes of UTF-8, which belongs to *p, and
 * when it was last changed, in milliseconds since 1970 (-1: it does not say).
 * false: there is none of that name.  A value that is no text is NULL.
 */
bool profile_get(const struct profile *p, const char *name, const char **value,
    size_t *n, int64_t *modified);

/* A copy of a value that may be shown, ended by NUL: what the service says back
 * of the token is starred out.  The caller frees it; NULL: no memory. */
char *profile_shown(const struct profile *p, const char *value, size_t n);

#endif
