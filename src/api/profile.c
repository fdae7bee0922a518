#include "api/profile.h"

#include <stdio.h>
#include <string.h>
#include "api/token.h"
#include "base/clock.h"
#include "base/sys.h"

static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~";

uint64_t
profile_shows(const struct endpoint *ep)
{
	return ep->origin.loopback ? 0 : PROFILE_SHOWS;
}

/* Also "." is encoded: a segment "." or ".." would be taken for a way. */
static int
add_encoded(char *to, size_t size, const char *text, size_t n)
{
	size_t i, used = strlen(to);

	for (i = 0; i < n; i++) {
		if (size - used < sizeof("%XX"))
			return -1;
		if (text[i] != '\0' && strchr(plain, text[i]) != NULL)
			to[used++] = text[i];
		else
			used += (size_t)snprintf(to + used, size - used,
			    "%%%02X", (unsigned char)text[i]);
		to[used] = '\0';
	}
	return 0;
}

int
profile_url(char to[PROFILE_URL], const struct endpoint *ep, bool third,
    const char *id, size_t n)
{
	const struct origin *o = &ep->origin;
	size_t used;

	snprintf(to, PROFILE_URL, "%s://%s:%u/rest/v1/profiles/%s",
	    o->tls ? "https" : "http", o->host, o->port,
	    third ? "thirdPartyId/" : "");
	if (add_encoded(to, PROFILE_URL, id, n) != 0)
		return -1;
	used = strlen(to);
	return (size_t)snprintf(to + used, PROFILE_URL - used, "?client=%s",
		   ep->client) < PROFILE_URL - used
		   ? 0
		   : -1;
}

enum profile_found
profile_read(struct profile *p, const struct http_answer *a)
{
	const char *message;

	memset(p, 0, sizeof(*p));
	p->token = a->token;
	if (a->end != HTTP_ANSWERED || a->too_long)
		return PROFILE_OTHER;
	p->object = ndjson_parse_foreign(a->body.data, a->body.len);
	p->attributes = ndjson_get(p->object, "profileAttributes");
	if (a->status == 200)
		return p->attributes != NULL ? PROFILE_FOUND : PROFILE_OTHER;
	message = ndjson_get_string(p->object, "message");
	return a->status == 404 && message != NULL &&
		       strstr(message, "No profile found") != NULL
		   ? PROFILE_NONE
		   : PROFILE_OTHER;
}

void
profile_free(struct profile *p)
{
	ndjson_free(p->object);
	p->object = NULL;
	p->attributes = NULL;
}

/* The documents show a time as text; milliseconds are taken too. */
static int64_t
read_time(const ndjson *attribute)
{
	uint64_t milliseconds;

	if (ndjson_get_count(attribute, "modifiedAt", &milliseconds) == 0)
		return milliseconds > INT64_MAX ? -1 : (int64_t)milliseconds;
	return clock_parse_fine(ndjson_get_string(attribute, "modifiedAt"));
}

bool
profile_get(const struct profile *p, const char *name, const char **value,
    size_t *n, int64_t *modified)
{
	const ndjson *attribute = ndjson_get(p->attributes, name);

	if (attribute == NULL)
		return false;
	*value = ndjson_get_text(attribute, "value", n);
	*modified = read_time(attribute);
	return true;
}

char *
profile_shown(const struct profile *p, const char *value, size_t n)
{
	char *text = sys_malloc(n + 1);

	if (text == NULL)
		return NULL;
	memcpy(text, value, n);
	text[n] = '\0';
	if (p->token != NULL)
		token_hide(text, n, p->token);
	return text;
}
