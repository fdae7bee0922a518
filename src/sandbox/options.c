#include "sandbox/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/sys.h"
#include "sandbox/control.h"
#include "sandbox/file.h"
#include "sandbox/route.h"

void
sandbox_options_init(struct sandbox_options *o)
{
	memset(o, 0, sizeof(*o));
	o->edge.rate = EDGE_RATE;
	o->edge.keep = EDGE_KEEP;
	o->edge.memory = EDGE_MEMORY;
	o->edge.lifetime = EDGE_LIFETIME;
	o->server.idle = SERVER_IDLE;
}

void
sandbox_options_free(struct sandbox_options *o)
{
	faults_free(&o->faults);
	free(o->clients);
	free(o->token);
	free(o->cert);
	free(o->key);
}

static int
set_decode(const char *arg, enum rows_order *out, struct error *e)
{
	if (strcmp(arg, "rows-first") == 0)
		*out = ROWS_FIRST;
	else if (strcmp(arg, "form-first") == 0)
		*out = FORM_FIRST;
	else if (strcmp(arg, "form-twice") == 0)
		*out = FORM_TWICE;
	else
		return options_bad(
		    e, "decode", arg, "rows-first, form-first or form-twice");
	return 0;
}

/* Whether arg is the second of two words. */
static int
set_either(const char *option, const char *arg, const char *first,
    const char *second, bool *out, struct error *e)
{
	char expected[40];

	*out = strcmp(arg, second) == 0;
	if (*out || strcmp(arg, first) == 0)
		return 0;
	snprintf(expected, sizeof(expected), "%s or %s", first, second);
	return options_bad(e, option, arg, expected);
}

static int
add_client(struct sandbox_options *o, const char *arg, struct error *e)
{
	size_t n = o->edge.n_clients + 1;
	const char **list;

	if (!route_is_client(arg))
		return options_bad(e, "client", arg,
		    "letters, digits, \"-\", \"_\" and \".\", at most 64");
	list = sys_realloc(o->clients, n * sizeof(*list));
	if (list == NULL)
		return error_errno(e, EXIT_LOCAL, "sandbox");
	list[n - 1] = arg;
	o->clients = list;
	o->edge.n_clients = n;
	return 0;
}

static int
set_lose(const char *arg, double *out, struct error *e)
{
	if (control_parse_share(arg, out) == 0)
		return 0;
	return options_bad(e, "lose", arg, "a share from 0 to 1, or 0.1%");
}

static int
set_text(char **out, char *text)
{
	free(*out);
	*out = text;
	return text == NULL ? -1 : 0;
}

static int
set_port(const char *arg, uint16_t *out, struct error *e)
{
	uint64_t port;

	if (options_number("port", arg, 0, 65535, &port, e) != 0)
		return -1;
	*out = (uint16_t)port;
	return 0;
}

static int
set_memory(const char *arg, uint64_t *out, struct error *e)
{
	if (number_parse_size(arg, EDGE_MEMORY_LEAST, EDGE_MEMORY_MOST, out) ==
	    0)
		return 0;
	return options_bad(e, "memory", arg, "a size from 128M to 1024G");
}

int
sandbox_options_take(
    struct sandbox_options *o, int key, const char *arg, struct error *e)
{
	switch (key) {
	case SANDBOX_KEY_PORT:
		return set_port(arg, &o->server.port, e);
	case SANDBOX_KEY_RATE:
		return options_number(
		    "rate", arg, 0, 1000000, &o->edge.rate, e);
	case SANDBOX_KEY_KEEP:
		return options_number(
		    "keep", arg, 1, 1000000, &o->edge.keep, e);
	case SANDBOX_KEY_STATUS_DELAY:
		return options_seconds(
		    "status-delay", arg, 0, 86400, &o->edge.status_delay, e);
	case SANDBOX_KEY_IDLE:
		return options_seconds(
		    "idle", arg, 1, 86400, &o->server.idle, e);
	case SANDBOX_KEY_MEMORY:
		return set_memory(arg, &o->edge.memory, e);
	case SANDBOX_KEY_DECODE:
		return set_decode(arg, &o->edge.order, e);
	case SANDBOX_KEY_FAULT:
		return faults_add(&o->faults, arg, e);
	case SANDBOX_KEY_CLIENT:
		return add_client(o, arg, e);
	case SANDBOX_KEY_OVERRIDE:
		return set_either(
		    "override", arg, "names", "all", &o->edge.override_all, e);
	case SANDBOX_KEY_REPEATED:
		return set_either(
		    "repeated", arg, "last", "first", &o->edge.first_wins, e);
	case SANDBOX_KEY_LIFETIME:
		return options_seconds(
		    "lifetime", arg, 1, 3650 * 86400, &o->edge.lifetime, e);
	case SANDBOX_KEY_LOSE:
		return set_lose(arg, &o->edge.lose, e);
	case SANDBOX_KEY_SEED:
		return options_number(
		    "seed", arg, 0, UINT64_MAX, &o->edge.seed, e);
	case SANDBOX_KEY_TOKEN_LIFETIME:
		return options_seconds("token-lifetime", arg, 1, 86400 * 365,
		    &o->edge.token_lifetime, e);
	case SANDBOX_KEY_TLS_CERT:
		return set_text(&o->cert, file_read(arg, e));
	case SANDBOX_KEY_TLS_KEY:
		return set_text(&o->key, file_read(arg, e));
	case SANDBOX_KEY_DB:
		o->edge.db = arg;
		break;
	case SANDBOX_KEY_LOG:
		o->edge.log = arg;
		break;
	case SANDBOX_KEY_TOKEN_FILE:
		o->edge.token_file = arg;
		return set_text(&o->token, file_read_line(arg, e));
	case SANDBOX_KEY_CONTROL:
		o->edge.control = true;
		break;
	case SANDBOX_KEY_RETRY_AFTER:
		o->edge.retry_after = true;
		break;
	case SANDBOX_KEY_TOKEN_ALWAYS:
		o->edge.token_always = true;
		break;
	}
	return 0;
}

int
sandbox_options_check(struct sandbox_options *o, struct error *e)
{
	if ((o->cert == NULL) != (o->key == NULL))
		return error_set(
		    e, EXIT_USAGE, "--tls-cert and --tls-key go together");
	if (o->edge.token_file == NULL &&
	    (o->edge.token_always || o->edge.token_lifetime > 0))
		return error_set(e, EXIT_USAGE, "--token-%s needs --token-file",
		    o->edge.token_always ? "always" : "lifetime");
	o->edge.faults = &o->faults;
	o->edge.token = o->token;
	o->edge.clients = o->clients;
	o->server.cert = o->cert;
	o->server.key = o->key;
	return 0;
}
