#include "base/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include "base/sys.h"

/* A handler may wait for no lock. */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "atomic_int needs a lock");
_Static_assert(ATOMIC_LONG_LOCK_FREE == 2, "atomic_ulong needs a lock");

static atomic_int caught;
static atomic_ulong caught_at; /* set before caught is; read_clock() then */
static int wake[2] = {-1, -1}; /* set before there is a handler */
static bool pipe_was_ignored;

/* Milliseconds, modulo what the type holds. */
static unsigned long
read_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000 +
	       (unsigned long)now.tv_nsec / 1000000;
}

static void
remember(int number)
{
	int error = errno, none = 0;

	if (atomic_load(&caught) == 0) {
		atomic_store(&caught_at, read_clock());
		atomic_compare_exchange_strong(&caught, &none, number);
		(void)sys_put(wake[1], "", 1);
	}
	errno = error;
}

static void
install(int number, void (*handler)(int), struct sigaction *before)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	sigfillset(&action.sa_mask);
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

int
signals_catch(struct error *e)
{
	struct sigaction before;

	if (sys_pipe(wake) != 0)
		return error_errno(e, EXIT_LOCAL, "cannot make a pipe");
	install(SIGPIPE, SIG_IGN, &before);
	pipe_was_ignored = before.sa_handler == SIG_IGN;
	install(SIGXFSZ, SIG_IGN, NULL);
	catch_unless_ignored(SIGINT);
	catch_unless_ignored(SIGTERM);
	catch_unless_ignored(SIGHUP);
	return 0;
}

int
signals_pending(void)
{
	return atomic_load(&caught);
}

int
signals_fd(void)
{
	return wake[0];
}

bool
signals_came(void *unused)
{
	(void)unused;
	return signals_pending() != 0;
}

bool
signals_overdue(void *unused)
{
	(void)unused;
	return signals_pending() != 0 &&
	       read_clock() - atomic_load(&caught_at) > SIGNALS_GRACE * 1000UL;
}

int
signals_interrupt(struct error *e)
{
	return error_set(e, EXIT_LOCAL, "interrupted");
}

static void
die(int number)
{
	sigset_t set;

	install(number, SIG_DFL, NULL);
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
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
	if (signals_pending() != 0)
		die(signals_pending());
}

int
signals_status(enum exit_code code, bool broken)
{
	if (signals_pending() != 0)
		return 128 + signals_pending();
	return broken && !pipe_was_ignored ? 128 + SIGPIPE : (int)code;
}
