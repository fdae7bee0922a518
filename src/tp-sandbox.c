#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/signals.h"
#include "io/paths.h"
#include "io/program.h"
#include "sandbox/command.h"
#include "sandbox/options.h"

static const struct option_entry entries[] = {
    SANDBOX_OPTION_ENTRIES,
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
	struct sandbox_options options;
	bool ready;  /* the address was printed, or the command run */
	char **argv; /* of a command; or NULL */
	int status;  /* of it */
};

static int
read_options(struct sandbox *s, struct program *p, int argc, char **argv)
{
	struct error *e = &p->error;
	const char *arg = NULL;
	int key;

	while ((key = program_option(p, argc, argv, &arg)) >= 0) {
		if (sandbox_options_take(&s->options, key, arg, e) != 0)
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
	return sandbox_options_check(&s->options, e);
}

static int
check_paths(const struct sandbox *s, struct program *p)
{
	const struct path_use use[] = {
	    {"db", s->options.edge.db, PATH_KEPT},
	    {"log", s->options.edge.log, PATH_WRITTEN},
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
	server = server_open(edge, &s->options.server, &p->error);
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
	struct edge *edge = edge_open(&s->options.edge, &p->error);
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
	sandbox_options_init(&s.options);
	if (program_begin(&p, &description) == 0 &&
	    read_options(&s, &p, argc, argv) == 0 && check_paths(&s, &p) == 0 &&
	    program_open(&p) == 0)
		run(&s, &p);
	program_tell(&p);
	sandbox_options_free(&s.options);
	if (!s.ready)
		return program_exit(&p);
	return program_code(&p) != EXIT_COMPLETE ? (int)program_code(&p)
						 : s.status;
}
