/*
 * The file that is kept: what may be opened, who gets the lock, and what is
 * read and written where.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/lockfile.h"

static char folder[] = "/tmp/test-lockfile.XXXXXX";
static char path[64], other[64];

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	return 0;
}

static int
clean(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(folder); /* fails if something was left */
}

static void
make(struct lockfile *f)
{
	struct error e = ERROR_INIT;

	assert_int_equal(lockfile_init(f, path, &e), 0);
	assert_int_equal(lockfile_open(f, AT_FDCWD, O_CREAT), 0);
}

static void
test_open(void **state)
{
	struct error e = ERROR_INIT;
	struct lockfile f;
	struct stat st;
	int at = open(folder, O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_true(at >= 0);
	assert_int_equal(lockfile_init(&f, "file", &e), 0);
	assert_int_equal(f.fd, -1);
	assert_int_equal(lockfile_open(&f, at, 0), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(lockfile_open(&f, at, O_CREAT | O_EXCL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	lockfile_close(&f);
	assert_int_equal(f.fd, -1);
	assert_int_equal(lockfile_open(&f, at, O_CREAT | O_EXCL), -1);
	assert_int_equal(errno, EEXIST);
	lockfile_free(&f);
	close(at);
}

static void
test_no_link(void **state)
{
	struct error e = ERROR_INIT;
	struct lockfile f;

	(void)state;
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(lockfile_init(&f, path, &e), 0);
	assert_int_equal(lockfile_open(&f, AT_FDCWD, O_CREAT), -1);
	assert_int_equal(access(other, F_OK), -1);
	errno = ELOOP;
	assert_int_equal(lockfile_fail_open(&f, &e, "cannot"), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	assert_string_equal(e.place, path);
	assert_string_equal(e.text, "this is a symbolic link; name the file");
	lockfile_free(&f);
}

static void
test_messages(void **state)
{
	struct error e = ERROR_INIT;
	struct lockfile f;

	(void)state;
	assert_int_equal(lockfile_init(&f, "a\033b", &e), 0);
	assert_int_equal(lockfile_refuse(&f, &e, "no"), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	assert_string_equal(e.text, "no");
	assert_null(strchr(e.place, '\033'));
	e = (struct error)ERROR_INIT;
	errno = ENOENT;
	assert_int_equal(lockfile_fail(&f, &e, EXIT_LOCAL, "no"), -1);
	assert_int_equal(e.code, EXIT_LOCAL);
	assert_string_equal(e.text, "no: No such file or directory");
	e = (struct error)ERROR_INIT;
	errno = EACCES;
	assert_int_equal(lockfile_fail_open(&f, &e, "no"), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	assert_string_equal(e.text, "no: Permission denied");
	lockfile_free(&f);
}

static void
test_is(void **state)
{
	struct lockfile f;

	(void)state;
	make(&f);
	assert_true(lockfile_is(&f, path));
	assert_false(lockfile_is(&f, other));
	assert_int_equal(link(path, other), 0);
	assert_true(lockfile_is(&f, other));
	lockfile_free(&f);
}

/* A process that has the lock until a byte can be read from the pipe. */
static pid_t
hold(int until)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(path, O_RDWR);

		alarm(120); /* no longer, whatever becomes of the test */
		if (fcntl(fd, F_SETLK, &l) != 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		if (read(until, &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	assert_true(child > 0);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void
end(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
test_try_lock(void **state)
{
	struct lockfile f;
	int until[2];
	pid_t child;

	(void)state;
	make(&f);
	assert_int_equal(lockfile_try_lock(&f), 0);
	lockfile_unlock(&f);
	assert_int_equal(pipe(until), 0);
	child = hold(until[0]);
	assert_int_equal(lockfile_try_lock(&f), 1);
	assert_int_equal(lockfile_holder(&f), child);
	assert_int_equal(write(until[1], "", 1), 1);
	end(child);
	assert_int_equal(lockfile_holder(&f), 0);
	assert_int_equal(lockfile_try_lock(&f), 0);
	close(until[0]);
	close(until[1]);
	lockfile_free(&f);
	assert_int_equal(lockfile_try_lock(&f), -1);
	assert_int_equal(errno, EBADF);
}

enum { ALARMS = 3 };
static volatile sig_atomic_t alarms;
static int release[2];

/* So many signals interrupt the wait, then the lock is to be had. */
static void
count(int number)
{
	(void)number;
	if (++alarms == ALARMS && write(release[1], "", 1) != 1)
		abort();
}

static void
test_lock_waits(void **state)
{
	const struct itimerval often = {{0, 20000}, {0, 20000}}, never = {0};
	struct sigaction act;
	struct lockfile f;
	pid_t child;

	(void)state;
	make(&f);
	assert_int_equal(pipe(release), 0);
	child = hold(release[0]);
	memset(&act, 0, sizeof(act));
	act.sa_handler = count; /* without SA_RESTART, as the programs do it */
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(lockfile_lock(&f, NULL, NULL), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_true(alarms >= ALARMS);
	end(child); /* it has ended, or the lock were still its own */
	close(release[0]);
	close(release[1]);
	lockfile_free(&f);
}

/* What is told of a wait, and how often it was asked whether to stop. */
static char told[700];
static int tellings, questions;

static void
tell(void *arg, const char *text)
{
	assert_ptr_equal(arg, &tellings);
	tellings++;
	snprintf(told, sizeof(told), "%s", text);
}

static bool
stop_later(void *arg)
{
	(void)arg;
	return tellings > 0 && ++questions == 5;
}

static void
test_lock_given_up(void **state)
{
	struct error e = ERROR_INIT;
	char text[128];
	struct lockfile f;
	int until[2];
	pid_t child;

	(void)state;
	make(&f);
	assert_int_equal(pipe(until), 0);
	child = hold(until[0]);
	lockfile_on_wait(tell, &tellings);
	assert_int_equal(lockfile_lock(&f, stop_later, NULL), 1);
	lockfile_on_wait(NULL, NULL);
	assert_int_equal(tellings, 1);
	snprintf(text, sizeof(text),
	    "waiting for process %ld, which holds the lock of %s", (long)child,
	    path);
	assert_string_equal(told, text);
	assert_int_equal(lockfile_give_up(&f, &e), -1);
	assert_int_equal(e.code, EXIT_LOCAL);
	assert_string_equal(e.place, path);
	snprintf(text, sizeof(text),
	    "gave up waiting for the lock, which process %ld holds",
	    (long)child);
	assert_string_equal(e.text, text);
	assert_int_equal(write(until[1], "", 1), 1);
	end(child);
	close(until[0]);
	close(until[1]);
	lockfile_free(&f);
}

static void
test_contents(void **state)
{
	char got[16];
	struct lockfile f;

	(void)state;
	make(&f);
	assert_int_equal(lockfile_read(&f, 0, got, sizeof(got)), 0);
	assert_int_equal(lockfile_write(&f, "one", 3), 0);
	assert_int_equal(lockfile_write(&f, "two", 3), 0);
	assert_int_equal(lockfile_read(&f, 0, got, sizeof(got)), 6);
	assert_memory_equal(got, "onetwo", 6);
	assert_int_equal(lockfile_read(&f, 2, got, 3), 3);
	assert_memory_equal(got, "etw", 3);
	assert_int_equal(lockfile_write_at(&f, 1, "NE", 2), 0);
	assert_int_equal(lockfile_cut(&f, 4), 0);
	assert_int_equal(lockfile_read(&f, 0, got, sizeof(got)), 4);
	assert_memory_equal(got, "oNEt", 4);
	lockfile_free(&f);
	assert_int_equal(lockfile_read(&f, 0, got, 1), -1);
	assert_int_equal(lockfile_write(&f, "", 1), -1);
	assert_int_equal(lockfile_write_at(&f, 0, "", 1), -1);
	assert_int_equal(lockfile_cut(&f, 0), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_open, clean),
	    cmocka_unit_test_teardown(test_no_link, clean),
	    cmocka_unit_test_teardown(test_messages, clean),
	    cmocka_unit_test_teardown(test_is, clean),
	    cmocka_unit_test_teardown(test_try_lock, clean),
	    cmocka_unit_test_teardown(test_lock_waits, clean),
	    cmocka_unit_test_teardown(test_lock_given_up, clean),
	    cmocka_unit_test_teardown(test_contents, clean),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
