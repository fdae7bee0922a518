#include "target/statusurl.h"

#include <stdio.h>
#include <string.h>

static const char service[] = ".tt.omtrdc.net";
static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

static bool
is_hex(char c)
{
	return c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL;
}

static bool
is_service(const char *host)
{
	size_t n = strlen(host), tail = sizeof(service) - 1;

	return n > tail && strcmp(host + n - tail, service) == 0;
}

/* http on port 80 stands for https on 443. */
static unsigned
secure_port(const struct origin *o)
{
	return !o->tls && o->port == 80 ? 443 : o->port;
}

/* Puts "https://host" or "https://host:port" into u->url. */
static int
put_origin(struct statusurl *u, const struct endpoint *ep,
    const struct origin *o, const char **why)
{
	const struct origin *own = &ep->origin;
	unsigned port = own->tls ? secure_port(o) : o->port;

	if (strcmp(o->host, own->host) == 0) {
		*why = "its port is not the endpoint's";
		if (port != own->port || (o->tls && !own->tls))
			return -1;
		u->direct = own->loopback;
		snprintf(u->url, sizeof(u->url), "%s://%s:%u",
		    own->tls ? "https" : "http", own->host, own->port);
		return 0;
	}
	*why = "its host is neither under .tt.omtrdc.net nor the endpoint's";
	if (!is_service(o->host))
		return -1;
	*why = "its port is unusual";
	if (o->port != (o->tls ? 443 : 80))
		return -1;
	u->direct = false;
	snprintf(u->url, sizeof(u->url), "https://%s", o->host);
	return 0;
}

/* Appends; -1: no room. */
static int
put(struct statusurl *u, const char *text, size_t n)
{
	size_t used = strlen(u->url);

	if (n >= sizeof(u->url) - used)
		return -1;
	memcpy(u->url + used, text, n);
	u->url[used + n] = '\0';
	return 0;
}

/* A value that stands for itself in any reader's eyes. */
static bool
is_value(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] == '%') {
			if (n - i < 3 || !is_hex(p[i + 1]) || !is_hex(p[i + 2]))
				return false;
			i += 2;
		} else if (p[i] == '\0' || strchr(plain, p[i]) == NULL) {
			return false;
		}
	}
	return n > 0;
}

static bool
is_named(const char *p, size_t n, const char *name)
{
	size_t len = strlen(name);

	return n >= len && memcmp(p, name, len) == 0;
}

/* One "name=value"; those of unknown names are left out. */
static int
put_parameter(struct statusurl *u, const char *p, size_t n, const char **why)
{
	static const char id[] = "batchId=";
	static const char *const known[] = {id, "m2Node=", "mboxPC="};
	size_t i, len;

	for (i = 0; i < 3 && !is_named(p, n, known[i]); i++)
		;
	if (i == 3)
		return 0;
	len = strlen(known[i]);
	*why = "a value in its query is unusual";
	if (!is_value(p + len, n - len))
		return -1;
	if (i == 0) {
		*why = "it names more than one batch";
		if (u->id[0] != '\0')
			return -1;
		*why = "its batchId is too long";
		if (n - len >= sizeof(u->id))
			return -1;
		memcpy(u->id, p + len, n - len);
		u->id[n - len] = '\0';
	}
	*why = "it is too long";
	return put(u, p, n) != 0 || put(u, "&", 1) != 0 ? -1 : 0;
}

static int
put_query(struct statusurl *u, const char *p, const char **why)
{
	static const char details[] = "showDetails=true";

	for (;;) {
		size_t n = strcspn(p, "&");

		if (put_parameter(u, p, n, why) != 0)
			return -1;
		if (p[n] == '\0')
			break;
		p += n + 1;
	}
	*why = "it names no batch";
	if (u->id[0] == '\0')
		return -1;
	*why = "it is too long";
	return put(u, details, sizeof(details) - 1);
}

int
statusurl_make(struct statusurl *u, const struct endpoint *ep, const char *text,
    const char **why)
{
	struct origin o;
	const char *rest;
	char path[128];
	size_t n;

	memset(u, 0, sizeof(*u));
	*why = "the service named no status URL";
	if (text[0] == '\0')
		return -1;
	*why = "it is not a plain http or https URL";
	if (origin_parse(&o, text, &rest) != 0)
		return -1;
	if (put_origin(u, ep, &o, why) != 0)
		return -1;
	n = (size_t)snprintf(
	    path, sizeof(path), "/m2/%s/profile/batchStatus?", ep->client);
	*why = "its path is not the known one of this client";
	if (strncmp(rest, path, n) != 0)
		return -1;
	*why = "it is too long";
	if (put(u, path, n) != 0)
		return -1;
	return put_query(u, rest + n, why);
}
