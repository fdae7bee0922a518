#include "base/signals.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

static volatile sig_atomic_t caught;
static bool pipe_was_ignored;

static void
remember(int number)
{
	caught = number;
}

static void
install(int number, void (*handler)(int), struct sigaction *before)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	sigemptyset(&action.sa_mask);
	sigaction(number, &action, before);
}

static void
catch_unless_ignored(int number)
{
	struct sigaction now;

	if (sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		return;
	install(number, remember, NULL);
}

void
signals_catch(void)
{
	struct sigaction before;

	catch_unless_ignored(SIGINT);
	catch_unless_ignored(SIGTERM);
	catch_unless_ignored(SIGHUP);
	install(SIGPIPE, SIG_IGN, &before);
	pipe_was_ignored = before.sa_handler == SIG_IGN;
	install(SIGXFSZ, SIG_IGN, NULL);
}

int
signals_pending(void)
{
	return caught;
}

static void
die(int number)
{
	sigset_t set;

	install(number, SIG_DFL, NULL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
}

void
signals_die_of_pipe(void)
{
	if (!pipe_was_ignored)
		die(SIGPIPE);
}

void
signals_die_if_pending(void)
{
	if (caught != 0)
		die(caught);
}

int
signals_status(enum exit_code code, bool broken)
{
	if (caught != 0)
		return 128 + caught;
	return broken && !pipe_was_ignored ? 128 + SIGPIPE : (int)code;
}
