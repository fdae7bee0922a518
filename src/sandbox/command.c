#include "sandbox/command.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include "base/clock.h"
#include "base/escape.h"
#include "base/options.h"
#include "base/signals.h"

extern char **environ;

struct command {
	pid_t pid;
	bool told; /* to end */
	int status;
};

/* What this program ignores is not to be ignored there. */
static int
spawn(struct command *c, char *const *argv)
{
	posix_spawnattr_t attributes;
	sigset_t none, ignored;
	int result = posix_spawnattr_init(&attributes);

	if (result != 0)
		return result;
	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	sigaddset(&ignored, SIGXFSZ);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &ignored);
	(void)posix_spawnattr_setflags(
	    &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	result =
	    posix_spawnp(&c->pid, argv[0], NULL, &attributes, argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
	return result;
}

/* Has it ended?  Passes on what ends the sandbox. */
static bool
has_ended(void *command)
{
	struct command *c = command;
	int number = signals_pending();

	if (number != 0 && !c->told) {
		c->told = true;
		if (number != SIGINT)
			(void)kill(c->pid, number);
	}
	return waitpid(c->pid, &c->status, WNOHANG) == c->pid;
}

static int
set_environment(const struct edge *edge)
{
	const char *address = edge_address(edge), *control = edge_control(edge);
	char url[200];

	if (setenv("TP_ENDPOINT", address, 1) != 0)
		return -1;
	if (options_environment("TP_CLIENT") == NULL &&
	    setenv("TP_CLIENT", "demo", 1) != 0)
		return -1;
	snprintf(url, sizeof(url), "%s%s", address, control);
	return control[0] == '\0' ? unsetenv("TP_CONTROL")
				  : setenv("TP_CONTROL", url, 1);
}

int
command_run(char *const *argv, const struct edge *edge, struct server *server,
    int *status, struct error *e)
{
	struct command c;
	char shown[160];

	memset(&c, 0, sizeof(c));
	if (set_environment(edge) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	errno = spawn(&c, argv);
	if (errno != 0)
		return error_errno(e, EXIT_USAGE, "cannot run %s",
		    escape_text(
			shown, sizeof(shown), argv[0], strlen(argv[0])));
	while (clock_sleep(server_drop_idle(server), has_ended, &c) == 0)
		continue;
	*status = WIFSIGNALED(c.status) ? 128 + WTERMSIG(c.status)
					: WEXITSTATUS(c.status);
	return 0;
}
