#include "api/statusurl.h"
#include "api/http.h"
#include "api/proxy.h"
#include "base/safety.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char service[] = ".tt.omtrdc.net";
static const char too_long[] = "the status URL is too long";
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

/* Says why; returns -1. */
__attribute__((format(printf, 2, 3))) static int
refuse(char why[STATUSURL_WHY], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, STATUSURL_WHY, format, ap);
	va_end(ap);
	return -1;
}

/* Puts "https://host" or "https://host:port" into u->url. */
static int
put_origin(struct statusurl *u, const struct endpoint *ep,
    const struct origin *o, char why[STATUSURL_WHY])
{
	const struct origin *own = &ep->origin;
	/* For an endpoint with https, http on port 80 stands for it on 443. */
	unsigned port = own->tls && !o->tls && o->port == 80 ? 443 : o->port;

	if (strcmp(o->host, own->host) == 0) {
		if (o->tls && !own->tls)
			return refuse(why,
			    "the status URL is https, and the endpoint http: "
			    "check --endpoint or TP_ENDPOINT");
		if (port != own->port)
			return refuse(why,
			    "the status URL is on port %u, and the endpoint on "
			    "port %u: check --endpoint or TP_ENDPOINT",
			    port, own->port);
		u->direct = own->loopback;
		u->trusted = true;
		snprintf(u->url, sizeof(u->url), "%s://%s:%u",
		    own->tls ? "https" : "http", own->host, own->port);
		return 0;
	}
	if (SAFETY("token-status-hosts", !is_service(o->host), false))
		return refuse(why,
		    "the status URL is on the host %.160s, which is neither "
		    "under %s nor that of the endpoint, %.160s: check "
		    "--endpoint or TP_ENDPOINT",
		    o->host, service, own->host);
	if (o->port != (o->tls ? 443 : 80))
		return refuse(why,
		    "the status URL is on port %u, which is not the service's",
		    o->port);
	u->direct = false;
	u->trusted = SAFETY("token-of-this-machine", !own->loopback, true);
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

/* The value of batchId. */
static int
take_id(
    struct statusurl *u, const char *value, size_t n, char why[STATUSURL_WHY])
{
	if (u->id[0] != '\0')
		return refuse(why, "the status URL names more than one batch");
	if (n >= sizeof(u->id))
		return refuse(why,
		    "the batchId in the status URL is longer than %zu bytes",
		    sizeof(u->id) - 1);
	memcpy(u->id, value, n);
	u->id[n] = '\0';
	return 0;
}

/* One "name=value"; those of unknown names are left out. */
static int
put_parameter(
    struct statusurl *u, const char *p, size_t n, char why[STATUSURL_WHY])
{
	static const char id[] = "batchId=";
	static const char *const known[] = {id, "m2Node=", "mboxPC="};
	size_t i, len;

	for (i = 0; i < 3 && !is_named(p, n, known[i]); i++)
		;
	if (i == 3)
		return 0;
	len = strlen(known[i]);
	if (!is_value(p + len, n - len))
		return refuse(why,
		    "the value of %.*s in the status URL is empty, or holds a "
		    "character that is not expected there",
		    (int)len - 1, known[i]);
	if (i == 0 && take_id(u, p + len, n - len, why) != 0)
		return -1;
	if (put(u, p, n) != 0 || put(u, "&", 1) != 0)
		return refuse(why, "%s", too_long);
	return 0;
}

static int
put_query(struct statusurl *u, const char *p, char why[STATUSURL_WHY])
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
	if (u->id[0] == '\0')
		return refuse(why, "the status URL names no batch");
	return put(u, details, sizeof(details) - 1) == 0
		   ? 0
		   : refuse(why, "%s", too_long);
}

/* What follows the known path in text; NULL: it is another path. */
static const char *
pass_path(const char *text, const struct endpoint *ep, char why[STATUSURL_WHY])
{
	static const char front[] = "/m2/", back[] = "/profile/batchStatus?";
	const char *client = text, *behind = text;
	size_t n = 0;

	if (strncmp(text, front, sizeof(front) - 1) == 0) {
		client = text + sizeof(front) - 1;
		n = strcspn(client, "/");
		behind = client + n;
	}
	if (n == 0 || n >= sizeof(ep->client) ||
	    strncmp(behind, back, sizeof(back) - 1) != 0) {
		refuse(why, "the path of the status URL is not %s%s%.*s", front,
		    ep->client, (int)sizeof(back) - 2, back);
		return NULL;
	}
	if (n != strlen(ep->client) || memcmp(client, ep->client, n) != 0) {
		refuse(why,
		    "the batch is of the client '%.*s', not of '%s': check -c "
		    "or TP_CLIENT",
		    (int)n, client, ep->client);
		return NULL;
	}
	return behind + sizeof(back) - 1;
}

int
statusurl_make(struct statusurl *u, const struct endpoint *ep, const char *text,
    char why[STATUSURL_WHY])
{
	struct origin o;
	const char *rest, *query;

	memset(u, 0, sizeof(*u));
	if (text[0] == '\0')
		return refuse(why, "the service named no status URL");
	if (origin_parse(&o, text, &rest) != 0)
		return refuse(
		    why, "the status URL is not a plain http or https URL");
	if (put_origin(u, ep, &o, why) != 0)
		return -1;
	query = pass_path(rest, ep, why);
	if (query == NULL)
		return -1;
	if (put(u, rest, (size_t)(query - rest)) != 0)
		return refuse(why, "%s", too_long);
	return put_query(u, query, why);
}

int
statusurl_check_way(const struct statusurl *u, struct error *e)
{
	struct origin o;
	const char *rest;

	if (u->direct || origin_parse(&o, u->url, &rest) != 0)
		return 0;
	return proxy_check(o.host, http_has_tls_proxy(), e) < 0 ? -1 : 0;
}
