#include "sandbox/route.h"

#include <string.h>

static const char client_letters[] = "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-_.";

/* What follows prefix in text, or NULL. */
static const char *
after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

bool
route_is_client(const char *text)
{
	size_t n = strspn(text, client_letters);

	return n > 0 && n < STORE_CLIENT && text[n] == '\0';
}

static void
find_profile(struct route *r, const char *rest)
{
	const char *id = after(rest, "thirdPartyId/");

	r->kind = id == NULL ? ROUTE_PROFILE : ROUTE_PROFILE_THIRD;
	r->id = id == NULL ? rest : id;
	if (r->id[0] == '\0')
		r->kind = ROUTE_NONE;
}

void
route_find(struct route *r, const char *path)
{
	static const struct {
		const char *path;
		enum route_kind kind;
	} known[] = {
	    {"/profile/batchUpdate", ROUTE_UPDATE},
	    {"/v2/profile/batchUpdate", ROUTE_UPDATE_V2},
	    {"/profile/batchStatus", ROUTE_STATUS},
	    {"/profile/update", ROUTE_SINGLE},
	};
	const char *rest;
	size_t i, n;

	memset(r, 0, sizeof(*r));
	rest = after(path, "/rest/v1/profiles/");
	if (rest != NULL) {
		find_profile(r, rest);
		return;
	}
	r->id = after(path, "/control/");
	if (r->id != NULL) {
		r->kind = ROUTE_CONTROL;
		return;
	}
	rest = after(path, "/m2/");
	if (rest == NULL)
		return;
	n = strspn(rest, client_letters);
	if (n == 0 || n >= STORE_CLIENT)
		return;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(rest + n, known[i].path) == 0) {
			r->kind = known[i].kind;
			memcpy(r->client, rest, n);
		}
	}
}

const char *
route_methods(enum route_kind kind)
{
	if (kind == ROUTE_UPDATE || kind == ROUTE_UPDATE_V2)
		return "POST";
	return kind == ROUTE_SINGLE || kind == ROUTE_CONTROL ? "GET, POST"
							     : "GET";
}

bool
route_takes(enum route_kind kind, const char *method)
{
	return (strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0) &&
	       strstr(route_methods(kind), method) != NULL;
}
