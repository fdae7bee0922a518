#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/number.h"
#include "base/options.h"
#include "base/signals.h"
#include "base/sys.h"
#include "io/paths.h"
#include "io/program.h"
#include "sandbox/command.h"
#include "sandbox/control.h"
#include "sandbox/edge.h"
#include "sandbox/file.h"
#include "sandbox/route.h"
#include "sandbox/server.h"

enum {
	KEY_CLIENT = OPTION_LONG,
	KEY_CONTROL,
	KEY_DB,
	KEY_DECODE,
	KEY_FAULT,
	KEY_IDLE,
	KEY_KEEP,
	KEY_LIFETIME,
	KEY_LOG,
	KEY_LOSE,
	KEY_MEMORY,
	KEY_OVERRIDE,
	KEY_PORT,
	KEY_RATE,
	KEY_REPEATED,
	KEY_RETRY_AFTER,
	KEY_SEED,
	KEY_STATUS_DELAY,
	KEY_TLS_CERT,
	KEY_TLS_KEY,
	KEY_TOKEN_ALWAYS,
	KEY_TOKEN_FILE,
	KEY_TOKEN_LIFETIME
};

static const struct option_entry entries[] = {
    {KEY_PORT, "port", "N", "listen on 127.0.0.1, port N; 0: any free (0)"},
    {KEY_DB, "db", "FILE", "keep profiles in FILE, SQLite (in memory)"},
    {KEY_CLIENT, "client", "CODE",
	"there is this client; may be repeated (any)"},
    {KEY_TOKEN_FILE, "token-file", "FILE", "updates must send this token"},
    {KEY_TOKEN_ALWAYS, "token-always", NULL, "all other requests too"},
    {KEY_TOKEN_LIFETIME, "token-lifetime", "TIME", "it expires after so long"},
    {KEY_RATE, "rate", "N", "calls in 60 seconds; 0: no limit (50)"},
    {KEY_RETRY_AFTER, "retry-after", NULL, "past it, say when in Retry-After"},
    {KEY_DECODE, "decode", "ORDER",
	"rows-first, form-first or form-twice (rows-first)"},
    {KEY_OVERRIDE, "override", "WHAT",
	"v2 updates in a row override names or all (names)"},
    {KEY_REPEATED, "repeated", "WHICH",
	"of rows with the same id: first or last (last)"},
    {KEY_LIFETIME, "lifetime", "TIME", "of a profile without activity (14d)"},
    {KEY_LOSE, "lose", "SHARE", "rows that count and are not kept (0)"},
    {KEY_SEED, "seed", "N", "decides which rows those are (0)"},
    {KEY_STATUS_DELAY, "status-delay", "TIME",
	"batches are incomplete so long (0)"},
    {KEY_KEEP, "keep", "N", "statuses kept for a client (10)"},
    {KEY_IDLE, "idle", "TIME", "drop connections that are silent so long (30)"},
    {KEY_MEMORY, "memory", "SIZE", "what clients send may take so much (2G)"},
    {KEY_FAULT, "fault", "SPEC", "[status:]CALLS:KIND[=ARG]: see the manual"},
    {KEY_CONTROL, "control", NULL, "print a URL that changes these"},
    {KEY_LOG, "log", "FILE", "append a line of JSON for each request"},
    {KEY_TLS_CERT, "tls-cert", "FILE", "speak https with this certificate"},
    {KEY_TLS_KEY, "tls-key", "FILE", "and this key (both PEM)"},
    {0, NULL, NULL, NULL},
};

static void
write_versions(char *to, size_t size)
{
	snprintf(to, size, "libmicrohttpd %s\nsqlite %s\njansson %s\n",
	    server_version(), store_version(), ndjson_version());
}

static const struct options_program description = {
    .name = "tp-sandbox",
    .operands = "[-- COMMAND [ARG...]]",
    .purpose = "A Target edge on this machine, for trying a pipeline and for "
	       "tests.",
    .entries = entries,
    .footer =
	"Prints its address when it is ready; SIGTERM or SIGINT ends it.  Or\n"
	"runs COMMAND, with TP_ENDPOINT and TP_CLIENT set, and ends with it.\n"
	"KIND: code=N redirect=URL false[=TEXT] reset-before reset-mid\n"
	"reset-after reset-answer cut malformed huge[=BYTES] empty html\n"
	"ampersand stuck delay=TIME; CALLS: N, N-M, N- or *.\n",
    .version = write_versions,
};

struct sandbox {
	struct edge_settings edge;
	struct server_settings server;
	struct faults faults;
	const char **clients;
	char *cert;
	char *key;
	bool ready;  /* the address was printed, or the command run */
	char **argv; /* of a command; or NULL */
	int status;  /* of it */
};

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
add_client(struct sandbox *s, const char *arg, struct error *e)
{
	size_t n = s->edge.n_clients + 1;
	const char **list;

	if (!route_is_client(arg))
		return options_bad(e, "client", arg,
		    "letters, digits, \"-\", \"_\" and \".\", at most 64");
	list = sys_realloc(s->clients, n * sizeof(*list));
	if (list == NULL)
		return error_errno(e, EXIT_LOCAL, "sandbox");
	list[n - 1] = arg;
	s->edge.clients = s->clients = list;
	s->edge.n_clients = n;
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

static int
set_option(struct sandbox *s, int key, const char *arg, struct error *e)
{
	switch (key) {
	case KEY_PORT:
		return set_port(arg, &s->server.port, e);
	case KEY_RATE:
		return options_number(
		    "rate", arg, 0, 1000000, &s->edge.rate, e);
	case KEY_KEEP:
		return options_number(
		    "keep", arg, 1, 1000000, &s->edge.keep, e);
	case KEY_STATUS_DELAY:
		return options_seconds(
		    "status-delay", arg, 0, 86400, &s->edge.status_delay, e);
	case KEY_IDLE:
		return options_seconds(
		    "idle", arg, 1, 86400, &s->server.idle, e);
	case KEY_MEMORY:
		return set_memory(arg, &s->edge.memory, e);
	case KEY_DECODE:
		return set_decode(arg, &s->edge.order, e);
	case KEY_FAULT:
		return faults_add(&s->faults, arg, e);
	case KEY_CLIENT:
		return add_client(s, arg, e);
	case KEY_OVERRIDE:
		return set_either(
		    "override", arg, "names", "all", &s->edge.override_all, e);
	case KEY_REPEATED:
		return set_either(
		    "repeated", arg, "last", "first", &s->edge.first_wins, e);
	case KEY_LIFETIME:
		return options_seconds(
		    "lifetime", arg, 1, 3650 * 86400, &s->edge.lifetime, e);
	case KEY_LOSE:
		return set_lose(arg, &s->edge.lose, e);
	case KEY_SEED:
		return options_number(
		    "seed", arg, 0, UINT64_MAX, &s->edge.seed, e);
	case KEY_TOKEN_LIFETIME:
		return options_seconds("token-lifetime", arg, 1, 86400 * 365,
		    &s->edge.token_lifetime, e);
	case KEY_TLS_CERT:
		return set_text(&s->cert, file_read(arg, e));
	case KEY_TLS_KEY:
		return set_text(&s->key, file_read(arg, e));
	case KEY_DB:
		s->edge.db = arg;
		break;
	case KEY_LOG:
		s->edge.log = arg;
		break;
	case KEY_TOKEN_FILE:
		s->edge.token_file = arg;
		break;
	case KEY_CONTROL:
		s->edge.control = true;
		break;
	case KEY_RETRY_AFTER:
		s->edge.retry_after = true;
		break;
	case KEY_TOKEN_ALWAYS:
		s->edge.token_always = true;
		break;
	}
	return 0;
}

static int
read_options(struct sandbox *s, struct program *p, int argc, char **argv)
{
	struct error *e = &p->error;
	const char *arg = NULL;
	int key;

	s->edge.rate = EDGE_RATE;
	s->edge.keep = EDGE_KEEP;
	s->edge.memory = EDGE_MEMORY;
	s->edge.lifetime = EDGE_LIFETIME;
	s->edge.faults = &s->faults;
	s->server.idle = SERVER_IDLE;
	while ((key = program_option(p, argc, argv, &arg)) >= 0) {
		if (set_option(s, key, arg, e) != 0)
			return -1;
	}
	if (key == OPTIONS_FAILED)
		return -1;
	/* What follows is no option of ours, wherever it stands. */
	if (p->n_files > 0 && strcmp(argv[optind - 1], "--") != 0)
		return error_set(e, EXIT_USAGE,
		    "a command to run stands behind --; see 'tp-sandbox "
		    "--help'");
	s->argv = p->n_files > 0 ? argv + optind : NULL;
	if ((s->cert == NULL) != (s->key == NULL))
		return error_set(
		    e, EXIT_USAGE, "--tls-cert and --tls-key go together");
	if (s->edge.token_file == NULL &&
	    (s->edge.token_always || s->edge.token_lifetime > 0))
		return error_set(e, EXIT_USAGE, "--token-%s needs --token-file",
		    s->edge.token_always ? "always" : "lifetime");
	s->server.cert = s->cert;
	s->server.key = s->key;
	return 0;
}

static int
check_paths(const struct sandbox *s, struct program *p)
{
	const struct path_use use[] = {
	    {"db", s->edge.db, PATH_KEPT},
	    {"log", s->edge.log, PATH_WRITTEN},
	    {"summary", p->common.summary, PATH_WRITTEN},
	};

	return paths_check(
	    use, sizeof(use) / sizeof(use[0]), NULL, 0, &p->error);
}

static int
print_address(const struct edge *edge, struct output *out, struct error *e)
{
	const char *address = edge_address(edge), *control = edge_control(edge);
	char text[256];
	int n;

	if (control[0] == '\0')
		n = snprintf(text, sizeof(text), "%s\n", address);
	else
		n = snprintf(text, sizeof(text), "%s\n%s%s\n", address, address,
		    control);
	if (output_write(out, text, (size_t)n, e) != 0)
		return -1;
	return output_close(out, e);
}

/* Serves until it is to end.  No thread of a connection gets a signal. */
static void
serve(struct edge *edge, struct sandbox *s, struct program *p)
{
	struct server *server;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	server = server_open(edge, &s->server, &p->error);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (server == NULL)
		return;
	if (s->argv != NULL)
		s->ready = command_run(s->argv, edge, server, &s->status,
			       &p->error) == 0;
	else
		s->ready = print_address(edge, &p->out, &p->error) == 0;
	while (s->argv == NULL && s->ready && signals_pending() == 0)
		(void)clock_sleep(server_drop_idle(server), NULL, NULL);
	server_close(server);
}

static void
run(struct sandbox *s, struct program *p)
{
	struct edge *edge = edge_open(&s->edge, &p->error);
	ndjson *counts = ndjson_new();

	if (edge != NULL) {
		serve(edge, s, p);
		edge_counts(edge, counts);
		(void)edge_close(edge, &p->error);
	}
	/* That a signal ends it is what it waits for. */
	(void)summary_write(&p->summary, counts, (int)p->error.code, &p->error);
}

int
main(int argc, char **argv)
{
	struct program p;
	struct sandbox s;

	memset(&s, 0, sizeof(s));
	if (program_begin(&p, &description) == 0 &&
	    read_options(&s, &p, argc, argv) == 0 && check_paths(&s, &p) == 0 &&
	    program_open(&p) == 0)
		run(&s, &p);
	program_tell(&p);
	faults_free(&s.faults);
	free(s.clients);
	free(s.cert);
	free(s.key);
	if (!s.ready)
		return program_exit(&p);
	return program_code(&p) != EXIT_COMPLETE ? (int)program_code(&p)
						 : s.status;
}
