#include "api/service.h"

#include <stdio.h>
#include <string.h>
#include "api/proxy.h"
#include "api/trust.h"
#include "base/ndjson.h"
#include "base/options.h"
#include "base/safety.h"
#include "base/shellword.h"
#include "base/sys.h"
#include "io/input.h"

/*
 * Descriptors that are open together: of one request its socket, one more
 * while two addresses are tried, two pairs by which libcurl wakes itself, and
 * what a look-up of a name opens; of the rest input, failed file, journal,
 * ledger and its folder, one that is only to be synced, one for standard error
 * (base/console.h), and a pipe (status/arrivals.h).
 */
enum { FILES_A_JOB = 8, FILES_BESIDE = 9 };

void
service_init(struct service *s)
{
	memset(s, 0, sizeof(*s));
	s->client = options_environment("TP_CLIENT");
	s->address = options_environment("TP_ENDPOINT");
	s->token_file = options_environment("TP_TOKEN_FILE");
	s->rate = PACE_SEND;
	s->timeout = 300;
	s->connect_timeout = 30;
}

int
service_set_option(struct service *s, int key, const char *arg, struct error *e)
{
	switch (key) {
	case SERVICE_KEY_CLIENT:
		s->client = arg;
		return 0;
	case SERVICE_KEY_ENDPOINT:
		s->address = arg;
		return 0;
	case SERVICE_KEY_TOKEN_FILE:
		s->token_file = arg;
		return 0;
	case SERVICE_KEY_CACERT:
		s->cacert = arg;
		return 0;
	case SERVICE_KEY_RATE:
		return options_number("rate", arg, 1, PACE_MAX, &s->rate, e);
	case SERVICE_KEY_TIMEOUT:
		return options_seconds(
		    "timeout", arg, 1, 86400, &s->timeout, e);
	case SERVICE_KEY_CONNECT_TIMEOUT:
		return options_seconds(
		    "connect-timeout", arg, 1, 3600, &s->connect_timeout, e);
	default:
		return 1;
	}
}

int
service_resolve(struct service *s, enum endpoint_api api, struct error *e)
{
	if (s->client == NULL)
		return error_set(e, EXIT_USAGE,
		    "no client code: give --client CODE or set TP_CLIENT");
	return endpoint_make(&s->endpoint, s->client, s->address, api, e);
}

static int
check_descriptors(unsigned jobs, struct error *e)
{
	unsigned n = jobs * FILES_A_JOB + FILES_BESIDE;

	if (SAFETY("descriptors-first", sys_spare(n) == 0, true))
		return 0;
	return error_errno(e, EXIT_LOCAL,
	    "cannot open %u files more, as %u request%s at once may need; "
	    "raise the limit (ulimit -n)%s",
	    n, jobs, jobs == 1 ? "" : "s", jobs == 1 ? "" : " or lower --jobs");
}

/* No proxy is used to reach this machine. */
static int
check_way(const struct service *s, struct error *e)
{
	const struct origin *o = &s->endpoint.origin;
	const char *file, *folder;
	int tls;

	tls = o->loopback ? 0 : proxy_check(o->host, http_has_tls_proxy(), e);
	if (tls < 0)
		return -1;
	/* What --cacert gives is for the host, not for a proxy. */
	if (tls == 0 && (s->cacert != NULL || !o->tls))
		return 0;
	http_default_trust(&file, &folder);
	return trust_check_default(file, folder, e);
}

static void
warn(const struct service *s)
{
	char text[160];

	if (s->teller.say == NULL)
		return;
	/* Before http_start takes it away. */
	if (options_environment("SSLKEYLOGFILE") != NULL)
		s->teller.say(s->teller.arg, true,
		    "SSLKEYLOGFILE is ignored: what it asks for would show the "
		    "token and the profiles");
	snprintf(text, sizeof(text),
	    "--rate %llu: the service takes %d calls a minute of all its "
	    "callers together, and answers 503 to the others",
	    (unsigned long long)s->rate, PACE_SERVICE);
	if (s->rate > PACE_SERVICE && !s->endpoint.origin.loopback)
		s->teller.say(s->teller.arg, true, text);
}

int
service_prepare(struct service *s, bool token, unsigned jobs, struct error *e)
{
	if (check_descriptors(jobs, e) != 0)
		return -1;
	if (token && s->token_file != NULL) {
		s->bearer = bearer_open(s->token_file, e);
		if (s->bearer == NULL)
			return -1;
	}
	if (s->cacert != NULL &&
	    SAFETY("certificates-first", trust_read(&s->pem, s->cacert, e) != 0,
		false))
		return -1;
	warn(s);
	/* Only then does libcurl know all that it can do. */
	return http_start(e) != 0 ? -1 : check_way(s, e);
}

/* One for each client at an endpoint.  Hosts that differ later on only share a
 * ledger. */
enum { LEDGER_NAME = 256 };

static char *
name_ledger(const struct endpoint *ep, char to[LEDGER_NAME])
{
	snprintf(to, LEDGER_NAME, "%s@%.160s:%u.calls", ep->client,
	    ep->origin.host, ep->origin.port);
	return to;
}

int
service_open_pace(struct service *s, struct error *e)
{
	char name[LEDGER_NAME];

	s->pace = pace_open(
	    name_ledger(&s->endpoint, name), (unsigned)s->rate, &s->teller, e);
	return s->pace == NULL ? -1 : 0;
}

int
service_look_pace(struct service *s, struct error *e)
{
	char name[LEDGER_NAME];

	return pace_look(name_ledger(&s->endpoint, name), &s->teller, e);
}

struct http_settings
service_http(const struct service *s)
{
	const struct http_settings http = {
	    .cacert = s->cacert,
	    .pem = &s->pem,
	    .connect_timeout = (unsigned)s->connect_timeout,
	    .timeout = (unsigned)s->timeout,
	    .answer_max = HTTP_ANSWER_MAX,
	};

	return http;
}

void
service_add_options(const struct service *s, char *to, size_t size)
{
	shellword_add(to, size, " -c ", s->client);
	if (s->endpoint.api == ENDPOINT_V1)
		shellword_add(to, size, " --api ", "v1");
	if (s->address != NULL)
		shellword_add(to, size, " --endpoint ", s->address);
	if (s->token_file != NULL)
		shellword_add(to, size, " --token-file ", s->token_file);
	if (s->cacert != NULL)
		shellword_add(to, size, " --cacert ", s->cacert);
}

void
service_version(char *to, size_t size)
{
	snprintf(to, size, "libcurl %s, %s, jansson %s, zlib %s\n",
	    http_curl_version(), http_tls_version(), ndjson_version(),
	    input_zlib_version());
}

void
service_free(struct service *s)
{
	pace_free(s->pace);
	bearer_free(s->bearer);
	buffer_free(&s->pem);
	s->pace = NULL;
	s->bearer = NULL;
}
