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
#include "io/paths.h"
#include "io/program.h"
#include "sandbox/command.h"
#include "sandbox/edge.h"
#include "sandbox/file.h"
#include "sandbox/server.h"

enum {
	KEY_DB = OPTION_LONG,
	KEY_DECODE,
	KEY_FAULT,
	KEY_IDLE,
	KEY_KEEP,
	KEY_LOG,
	KEY_MEMORY,
	KEY_PORT,
	KEY_RATE,
	KEY_RETRY_AFTER,
	KEY_STATUS_DELAY,
	KEY_TLS_CERT,
	KEY_TLS_KEY,
	KEY_TOKEN_ALWAYS,
	KEY_TOKEN_FILE
};

static const struct option_entry entries[] = {
    {KEY_PORT, "port", "N", "listen on 127.0.0.1, port N; 0: any free (0)"},
    {KEY_DB, "db", "FILE", "keep profiles in FILE, SQLite (in memory)"},
    {KEY_TOKEN_FILE, "token-file", "FILE", "updates must send this token"},
    {KEY_TOKEN_ALWAYS, "token-always", NULL, "all other requests too"},
    {KEY_RATE, "rate", "N", "calls in 60 seconds; 0: no limit (50)"},
    {KEY_RETRY_AFTER, "retry-after", NULL, "past it, say when in Retry-After"},
    {KEY_DECODE, "decode", "ORDER", "rows-first or form-first (rows-first)"},
    {KEY_STATUS_DELAY, "status-delay", "TIME",
	"batches are incomplete so long (0)"},
    {KEY_KEEP, "keep", "N", "statuses kept for a client (10)"},
    {KEY_IDLE, "idle", "TIME", "drop connections that are silent so long (30)"},
    {KEY_MEMORY, "memory", "SIZE", "what clients send may take so much (2G)"},
    {KEY_FAULT, "fault", "SPEC", "[status:]CALLS:KIND[=ARG]: see the manual"},
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
	char *token;
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
	else
		return options_bad(
		    e, "decode", arg, "rows-first or form-first");
	return 0;
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
		return faults_add(&s->edge.faults, arg, e);
	case KEY_TOKEN_FILE:
		return set_text(&s->token, file_read_line(arg, e));
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
	if (s->edge.token_always && s->token == NULL)
		return error_set(
		    e, EXIT_USAGE, "--token-always needs --token-file");
	s->edge.token = s->token;
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
	const char *address = edge_address(edge);

	if (output_write(out, address, strlen(address), e) != 0 ||
	    output_write(out, "\n", 1, e) != 0)
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
		s->ready = command_run(s->argv, edge_address(edge), server,
			       &s->status, &p->error) == 0;
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
	faults_free(&s.edge.faults);
	free(s.token);
	free(s.cert);
	free(s.key);
	if (!s.ready)
		return program_exit(&p);
	return program_code(&p) != EXIT_COMPLETE ? (int)program_code(&p)
						 : s.status;
}
