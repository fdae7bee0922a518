#include "target/service.h"

#include <stdio.h>
#include <string.h>
#include "base/ndjson.h"
#include "base/options.h"
#include "csv/input.h"
#include "target/command.h"
#include "target/token.h"

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

int
service_read_token(struct service *s, struct error *e)
{
	if (s->token_file == NULL)
		return 0;
	s->token = token_read(s->token_file, e);
	return s->token == NULL ? -1 : 0;
}

int
service_open_pace(struct service *s, struct error *e)
{
	s->pace = pace_open(&s->endpoint, (unsigned)s->rate, e);
	return s->pace == NULL ? -1 : 0;
}

struct http_settings
service_http(const struct service *s)
{
	const struct http_settings http = {
	    .cacert = s->cacert,
	    .connect_timeout = (unsigned)s->connect_timeout,
	    .timeout = (unsigned)s->timeout,
	};

	return http;
}

void
service_add_options(const struct service *s, char *to, size_t size)
{
	command_add(to, size, " -c ", s->client);
	if (s->endpoint.api == ENDPOINT_V1)
		command_add(to, size, " --api ", "v1");
	if (s->address != NULL)
		command_add(to, size, " --endpoint ", s->address);
	if (s->token_file != NULL)
		command_add(to, size, " --token-file ", s->token_file);
	if (s->cacert != NULL)
		command_add(to, size, " --cacert ", s->cacert);
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
	token_free(s->token);
	s->pace = NULL;
	s->token = NULL;
}
