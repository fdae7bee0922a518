#include "api/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/escape.h"
#include "base/number.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static const char *const apis[] = {[ENDPOINT_V1] = "v1", [ENDPOINT_V2] = "v2"};

const char *
endpoint_api_name(enum endpoint_api api)
{
	return apis[api];
}

int
endpoint_api_find(const char *text, enum endpoint_api *api)
{
	int i;

	for (i = ENDPOINT_V1; text != NULL && i <= ENDPOINT_V2; i++) {
		if (strcmp(text, apis[i]) == 0) {
			*api = (enum endpoint_api)i;
			return 0;
		}
	}
	return -1;
}

static bool
is_loopback(const char *host)
{
	struct in_addr four;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &four) == 1 &&
	       (ntohl(four.s_addr) >> 24) == 127;
}

/* How long the host at text is; 0: it is none. */
static size_t
measure_host(const char *text)
{
	size_t n;

	if (text[0] != '[') {
		n = strspn(text, LETTERS DIGITS "-._");
		return text[0] == '.' || text[0] == '-' ? 0 : n;
	}
	n = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
	return n > 2 && text[n] == ']' ? n + 1 : 0;
}

static void
lower(char *s)
{
	for (; *s != '\0'; s++) {
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
	}
}

/* ":8080" at *p, if it is there. */
static int
parse_port(struct origin *o, const char **p)
{
	char digits[6];
	uint64_t port;
	size_t n;

	o->port = o->tls ? 443 : 80;
	if (**p != ':')
		return 0;
	n = strspn(++*p, DIGITS);
	if (n >= sizeof(digits))
		return ORIGIN_BAD_PORT;
	memcpy(digits, *p, n);
	digits[n] = '\0';
	if (number_parse(digits, 1, 65535, &port) != 0)
		return ORIGIN_BAD_PORT;
	o->port = (unsigned)port;
	*p += n;
	return 0;
}

int
origin_parse(struct origin *o, const char *text, const char **rest)
{
	size_t n;

	memset(o, 0, sizeof(*o));
	o->tls = strncasecmp(text, "https://", 8) == 0;
	if (!o->tls && strncasecmp(text, "http://", 7) != 0)
		return -1;
	text += o->tls ? 8 : 7;
	n = measure_host(text);
	if (n == 0 || n >= sizeof(o->host))
		return -1;
	memcpy(o->host, text, n);
	o->host[n] = '\0';
	lower(o->host);
	o->loopback = is_loopback(o->host);
	text += n;
	if (parse_port(o, &text) != 0)
		return ORIGIN_BAD_PORT;
	if (*text != '\0' && *text != '/')
		return -1;
	*rest = text;
	return 0;
}

static int
check_client(const char *client, struct error *e)
{
	char shown[80];
	size_t n = strlen(client);

	if (n > 0 && n < 64 && client[0] != '-' &&
	    strspn(client, LETTERS DIGITS "-_") == n)
		return 0;
	escape_text(shown, sizeof(shown), client, n);
	return error_set(e, EXIT_USAGE,
	    "client code '%s' is not one: letters, digits, - and _, at most "
	    "63 of them (Target shows yours under Administration, "
	    "Implementation)",
	    shown);
}

static int
check_address(struct origin *o, const char *address, struct error *e)
{
	char shown[160];
	const char *rest;
	int result = origin_parse(o, address, &rest);

	/* It may hold a password, which is not to be shown. */
	if (strchr(address, '@') != NULL)
		return error_set(e, EXIT_USAGE,
		    "the endpoint must be https://HOST or https://HOST:PORT, "
		    "without a user name or password; for a token there is "
		    "--token-file");
	escape_text(shown, sizeof(shown), address, strlen(address));
	if (result == ORIGIN_BAD_PORT)
		return error_set(e, EXIT_USAGE,
		    "endpoint '%s': the port must be a number from 1 to 65535",
		    shown);
	if (result != 0 || (strcmp(rest, "") != 0 && strcmp(rest, "/") != 0))
		return error_set(e, EXIT_USAGE,
		    "endpoint '%s': expected https://HOST or "
		    "https://HOST:PORT, without a path (it is added)",
		    shown);
	if (!o->tls && !o->loopback)
		return error_set(e, EXIT_USAGE,
		    "endpoint '%s': http sends profiles in the clear, and is "
		    "for this machine (localhost) only; use https",
		    shown);
	return 0;
}

int
endpoint_make(struct endpoint *ep, const char *client, const char *address,
    enum endpoint_api api, struct error *e)
{
	char standard[128];

	memset(ep, 0, sizeof(*ep));
	if (check_client(client, e) != 0)
		return -1;
	if (address == NULL) {
		snprintf(standard, sizeof(standard), "https://%s.tt.omtrdc.net",
		    client);
		address = standard;
	}
	if (check_address(&ep->origin, address, e) != 0)
		return -1;
	ep->api = api;
	snprintf(ep->client, sizeof(ep->client), "%s", client);
	snprintf(ep->url, sizeof(ep->url),
	    "%s://%s:%u/m2/%s/%sprofile/batchUpdate",
	    ep->origin.tls ? "https" : "http", ep->origin.host, ep->origin.port,
	    client, api == ENDPOINT_V2 ? "v2/" : "");
	return 0;
}
