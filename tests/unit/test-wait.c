/*
 * Waiting, and standard error: what is ready, what a signal ends, and that
 * nothing is done to a description that others share.
 */
#define _GNU_SOURCE /* posix_openpt and its kin, F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/console.h"
#include "base/signals.h"
#include "base/wait.h"

/* Seconds within which each child ends; a hang is SIGALRM. */
enum { LONGEST = 60 };

/* ------------------------------------------------------ without a signal */

static bool
count_to_three(void *arg)
{
	int *asked = arg;

	return ++*asked == 3;
}

static bool
never(void *arg)
{
	(void)arg;
	return false;
}

static void
test_wait(void **state)
{
	int fd[2], asked = 0;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(wait_for(-1, 0, 0, NULL, NULL), WAIT_OVER);
	assert_int_equal(wait_for(-1, 0, 0.01, never, NULL), WAIT_OVER);
	assert_int_equal(wait_for(fd[0], POLLIN, 0.01, NULL, NULL), WAIT_OVER);
	assert_int_equal(wait_for(fd[1], POLLOUT, -1, NULL, NULL), WAIT_READY);
	assert_int_equal(
	    wait_for(fd[0], POLLIN, -1, count_to_three, &asked), WAIT_STOPPED);
	assert_int_equal(asked, 3);
	/* What is ready is so, also if it is to stop. */
	asked = 2;
	assert_int_equal(
	    wait_for(fd[1], POLLOUT, -1, count_to_three, &asked), WAIT_READY);
	close(fd[1]);
	assert_int_equal(wait_for(fd[0], POLLIN, -1, NULL, NULL), WAIT_READY);
	close(fd[0]);
	/* The call that follows says what is wrong. */
	assert_int_equal(wait_for(fd[0], POLLIN, -1, NULL, NULL), WAIT_READY);
}

static void
test_needed(void **state)
{
	int null = open("/dev/null", O_RDWR), file = open(".", O_RDONLY), fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_true(wait_is_needed(fd[0], false));
	assert_true(wait_is_needed(fd[1], true));
	/* These would never be ready. */
	assert_false(wait_is_needed(fd[0], true));
	assert_false(wait_is_needed(fd[1], false));
	assert_false(wait_is_needed(null, true));
	assert_false(wait_is_needed(file, false));
	assert_false(wait_is_needed(-1, true));
	assert_int_equal(wait_reopen(fd[0]), -1);
	assert_int_equal(wait_reopen(null), -1);
	close(fd[0]);
	close(fd[1]);
	close(null);
	close(file);
}

/* A terminal that nobody reads: its end for programs. */
static int
open_terminal(int *master)
{
	int fd;

	*master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(*master >= 0);
	assert_int_equal(grantpt(*master), 0);
	assert_int_equal(unlockpt(*master), 0);
	fd = open(ptsname(*master), O_RDWR | O_NOCTTY);
	assert_true(fd >= 0);
	return fd;
}

static void
test_reopen(void **state)
{
	int fd[2], master, terminal, own;
	char got[8];

	(void)state;
	if (access("/proc/self/fd", F_OK) != 0)
		skip();
	assert_int_equal(pipe(fd), 0);
	own = wait_reopen(fd[1]);
	assert_true(own >= 0);
	assert_true((fcntl(own, F_GETFL) & O_NONBLOCK) != 0);
	assert_false((fcntl(fd[1], F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(own, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(write(own, "one", 3), 3);
	assert_int_equal(read(fd[0], got, sizeof(got)), 3);
	close(own);
	close(fd[0]);
	close(fd[1]);
	terminal = open_terminal(&master);
	own = wait_reopen(terminal);
	assert_true(own >= 0);
	assert_true(isatty(own));
	assert_false((fcntl(terminal, F_GETFL) & O_NONBLOCK) != 0);
	/* That would be another terminal's. */
	assert_int_equal(wait_reopen(master), -1);
	close(own);
	close(terminal);
	close(master);
}

/* A pipe with room for less than what is written: no write blocks, be it with
 * O_NONBLOCK or not. */
static void
test_write(void **state)
{
	static char text[300000];
	int fd[2], i;

	(void)state;
	for (i = 0; i < 2; i++) {
		size_t written = 0;
		int asked = 0;

		assert_int_equal(pipe(fd), 0);
		if (i == 1)
			assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
		for (;;) {
			ssize_t n = wait_write(fd[1], i == 1, text,
			    sizeof(text), count_to_three, &asked);

			if (n < 0)
				break;
			assert_true(n > 0);
			written += (size_t)n;
			asked = 0;
		}
		assert_int_equal(errno, EINTR);
		assert_int_equal(asked, 3);
		assert_true(written > 0);
		close(fd[0]);
		close(fd[1]);
	}
}

/* --------------------------------------------- with one, each in a child */

static void
expect_child(void (*run)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct error e = ERROR_INIT;

		alarm(LONGEST);
		if (signals_catch(&e) == 0)
			run();
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Signals are blocked in it, as in the programs' threads. */
static pthread_t
start(void *(*run)(void *))
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, run, NULL) != 0)
		_exit(2);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return thread;
}

static int quiet_pipe[2];

static void *
wait_there(void *unused)
{
	(void)unused;
	if (wait_for(quiet_pipe[0], POLLIN, -1, NULL, NULL) != WAIT_STOPPED)
		_exit(3);
	return NULL;
}

/* Every thread, and each wait from then on. */
static void
wait_in_threads(void)
{
	pthread_t a, b;
	char byte;

	if (pipe(quiet_pipe) != 0)
		_exit(4);
	a = start(wait_there);
	b = start(wait_there);
	poll(NULL, 0, 300); /* mostly they wait by then */
	raise(SIGTERM);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	wait_there(NULL);
	if (wait_read(quiet_pipe[0], &byte, 1) != -1 || errno != EINTR)
		_exit(5);
	/* Only the first one counts; the grace has just begun. */
	raise(SIGINT);
	if (signals_pending() != SIGTERM || signals_overdue(NULL))
		_exit(6);
	/* A stop that says no is asked on, and does not make it spin. */
	if (wait_for(quiet_pipe[0], POLLIN, 0.3, never, NULL) != WAIT_OVER)
		_exit(7);
	_exit(0);
}

static void
test_threads(void **state)
{
	(void)state;
	expect_child(wait_in_threads);
}

static void *
write_much(void *unused)
{
	static char text[1 << 20];

	(void)unused;
	memset(text, '.', sizeof(text));
	console_write(text, sizeof(text));
	return NULL;
}

/* Until it has taken a part, and takes no more. */
static void
end_while_writing(int fd)
{
	struct pollfd p = {fd, POLLOUT, 0};
	pthread_t thread;
	int full = 0;

	dup2(fd, STDERR_FILENO);
	thread = start(write_much);
	while (full < 10) {
		full = poll(&p, 1, 0) == 0 ? full + 1 : 0;
		poll(NULL, 0, 10);
	}
	raise(SIGTERM);
	pthread_join(thread, NULL);
	write_much(NULL);
	console_try("x", 1);
	_exit(0);
}

static void
fill_pipe(void)
{
	int fd[2];

	if (pipe(fd) != 0)
		_exit(4);
	end_while_writing(fd[1]);
}

static void
fill_terminal(void)
{
	int master;

	end_while_writing(open_terminal(&master));
}

static void
test_console(void **state)
{
	(void)state;
	expect_child(fill_pipe);
	expect_child(fill_terminal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wait),
	    cmocka_unit_test(test_needed),
	    cmocka_unit_test(test_reopen),
	    cmocka_unit_test(test_write),
	    cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_console),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
