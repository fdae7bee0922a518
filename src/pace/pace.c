#include "pace/pace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safety.h"
#include "base/sys.h"
#include "io/lockfile.h"
#include "io/statedir.h"

struct pace {
	pthread_mutex_t lock; /* a lock on the file is the process's, */
	unsigned rate;	      /* so threads need one more */
	uint64_t boot;
	struct calls *calls;

	/* Of pace_open. */
	int folder; /* -1: none */
	char folder_shown[STATEDIR_SHOWN];
	struct lockfile file; /* in it */
	char *data;	      /* what was read */
	bool lost;	      /* the file was removed while in use */
	double patience;      /* seconds that leave() waits for the lock */

	const struct pace_teller *teller; /* or NULL */
	const char *why; /* why the ledger does not know all calls */
	bool told;	 /* … and the user knows that */
};

/* What became of asking for a turn. */
struct turn {
	uint64_t booking;
	double delay;	 /* seconds; 0: it has come */
	double blind;	 /* seconds of it, as calls are not known … */
	const char *why; /* … and why; NULL: the user knows */
	bool told;	 /* that this wait is long */
};

/* Seconds. */
static const double look_again = 0.005;
static const double ask_again = 1; /* is the ledger still the same? */
static const double longest_leave = 0.5;
static const double long_wait = 5;

/* Until more is known: another process may have found it damaged. */
static const char not_known[] = "does not know all calls";

/* Somebody else has just made the file, and has not written to it yet. */
static const double longest_empty = 1;

/* -------------------------------------------------------------- the clock */

static uint64_t
read_boot(void)
{
	char text[64];
	uint64_t id = UINT64_C(0xcbf29ce484222325);
	int fd = sys_open("/proc/sys/kernel/random/boot_id", O_RDONLY, 0);
	ssize_t i, n;
	struct stat st;

	if (fd < 0)
		return 0;
	n = sys_read(fd, text, sizeof(text));
	(void)sys_close(fd);
	if (n <= 0)
		return 0;
	for (i = 0; i < n; i++)
		id = (id ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	/* A time namespace has a boot time of its own. */
	if (stat("/proc/self/ns/time", &st) == 0)
		id ^= (uint64_t)st.st_ino << 1;
	return id;
}

static int64_t
read_clock(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		return 0;
	return t.tv_sec * CALLS_SECOND + t.tv_nsec;
}

/* To be called with the lock held: what the ledger tells lies behind it. */
static struct moment
read_now(const struct pace *p)
{
	struct moment now;

	now.boot = p->boot;
#ifdef CLOCK_BOOTTIME
	now.up = read_clock(CLOCK_BOOTTIME);
#else
	/* Without an id of the boot no time of an earlier one can be told
	 * from one of this.  It need not: one that seems to lie behind by a
	 * minute does so by more, as this clock began anew in between. */
	now.up = read_clock(CLOCK_MONOTONIC);
#endif
	now.wall = read_clock(CLOCK_REALTIME);
	return now;
}

/* --------------------------------------------------------------- the file */

static int
fail(const struct pace *p, struct error *e, enum exit_code code, const char *w)
{
	error_errno(
	    e, code, "cannot %s the ledger of calls, %s", w, p->file.path);
	error_place(e, p->folder_shown, 0, 0);
	return -1;
}

static int
store(struct pace *p)
{
	const void *image;
	size_t n = calls_image(p->calls, &image);

	return lockfile_write_at(&p->file, 0, image, n);
}

static void
fill_lost(struct pace *p, const struct moment *now)
{
	if (!p->lost)
		return;
	calls_fill(p->calls, now);
	p->why = "was removed while in use";
	p->lost = false;
}

static int
load(struct pace *p)
{
	struct moment now;
	ptrdiff_t n = lockfile_read(&p->file, 0, p->data, calls_size_max());

	if (n < 0)
		return -1;
	now = read_now(p);
	if (calls_read(p->calls, p->data, (size_t)n, &now) != 0)
		p->why = "was damaged";
	fill_lost(p, &now);
	return 0;
}

/*
 * Once it is on disk, an empty file means that no call was ever made, and one
 * that is not there, too; so after a crash of the machine neither can allow
 * anything too early.  Later writes need no sync; see calls.h.
 */
static int
start_file(struct pace *p)
{
	struct moment now = read_now(p);
	struct stat st;

	/* Unless another one found it empty for too long; see check_file. */
	if (fstat(p->file.fd, &st) != 0 || st.st_size > 0)
		return 0;
	fill_lost(p, &now);
	if (store(p) != 0 ||
	    SAFETY("fsync-ledger", sys_fsync(p->file.fd) != 0, false))
		return -1;
	/* Some file systems cannot sync a folder: they say EINVAL. */
	return SAFETY(
		   "fsync-ledger-folder", sys_fsync(p->folder) != 0, false) &&
		       errno != EINVAL
		   ? -1
		   : 0;
}

/* 1: it is another's, or no file. */
static int
await_file(const struct pace *p)
{
	struct stat st;
	double waited;

	for (waited = 0;; waited += look_again) {
		if (fstat(p->file.fd, &st) != 0)
			return -1;
		if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
		    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
			return 1;
		if (st.st_size > 0 || waited > longest_empty)
			return 0;
		(void)clock_sleep(look_again, NULL, NULL);
	}
}

/* The file is there and ours. */
static int
check_file(const struct pace *p, enum exit_code code, struct error *e)
{
	int result = await_file(p);

	if (result < 0)
		return fail(p, e, code, "open");
	if (result == 0)
		return 0;
	error_set(e, code,
	    "the ledger of calls, %s, is not a file of this user's alone",
	    p->file.path);
	error_place(e, p->folder_shown, 0, 0);
	return -1;
}

/* 1: stop said to give up. */
static int
open_file(struct pace *p, bool (*stop)(void *arg), void *arg,
    enum exit_code code, struct error *e)
{
	int result =
	    lockfile_open(&p->file, p->folder, O_NONBLOCK | O_CREAT | O_EXCL);

	if (result == 0) {
		result = lockfile_lock(&p->file, stop, arg);
		if (result > 0)
			return 1;
		if (result == 0)
			result = start_file(p);
		lockfile_unlock(&p->file);
		return result != 0 ? fail(p, e, code, "write") : 0;
	}
	if (errno != EEXIST ||
	    lockfile_open(&p->file, p->folder, O_NONBLOCK) != 0)
		return fail(p, e, code, "open");
	return check_file(p, code, e);
}

/* Locks the file that has the name now, and reads it. */
static int
begin(struct pace *p, bool (*stop)(void *arg), void *arg, struct error *e)
{
	struct stat st;
	int result;

	if (p->folder < 0)
		return 0;
	for (;;) {
		result = SAFETY(
		    "lock-ledger", lockfile_lock(&p->file, stop, arg), 0);
		if (result != 0)
			return result > 0 ? 1 : fail(p, e, EXIT_LOCAL, "lock");
		if (fstat(p->file.fd, &st) != 0 || st.st_nlink > 0)
			break;
		lockfile_close(&p->file); /* and the lock is gone */
		p->lost = true;
		result = open_file(p, stop, arg, EXIT_LOCAL, e);
		if (result != 0)
			return result;
	}
	if (load(p) == 0)
		return 0;
	fail(p, e, EXIT_LOCAL, "read");
	lockfile_unlock(&p->file);
	return -1;
}

static int
end(struct pace *p, struct error *e)
{
	int result = 0;

	if (p->folder < 0)
		return 0;
	if (store(p) != 0)
		result = fail(p, e, EXIT_LOCAL, "write");
	lockfile_unlock(&p->file);
	return result;
}

/* -------------------------------------------------------- what it tells */

static void
say(const struct pace *p, bool warning, const char *text)
{
	if (p->teller != NULL && p->teller->say != NULL)
		p->teller->say(p->teller->arg, warning, text);
}

/* No call "is" or "would be" made for so long. */
static void
say_blind(const struct pace *p, const char *is, const char *why, double seconds)
{
	char text[sizeof(p->file.shown) + 256];

	snprintf(text, sizeof(text),
	    "the ledger of calls, %s, %s; no call %s made for %.0f s, as "
	    "calls of the last minute are not known",
	    p->file.shown, why, is, seconds + 0.5);
	say(p, true, text);
}

/* Before it waits. */
static void
tell(const struct pace *p, struct turn *t)
{
	char text[128];

	if (t->blind > 0) {
		if (t->why != NULL)
			if (SAFETY("blind-is-told", true, false))
				say_blind(p, "is", t->why, t->blind);
		return;
	}
	if (t->told || t->delay < long_wait)
		return;
	t->told = true;
	snprintf(text, sizeof(text),
	    "a call waits %.0f s for its turn, by --rate %u", t->delay + 0.5,
	    p->rate);
	say(p, false, text);
}

/* --------------------------------------------------------------- the pace */

struct pace *
pace_new(unsigned rate, struct error *e)
{
	struct pace *p = sys_calloc(1, sizeof(*p));
	struct moment now;

	if (p != NULL) {
		p->rate = rate;
		p->patience = longest_leave;
		p->folder = p->file.fd = -1;
		p->why = not_known;
		now = read_now(p);
		p->calls = calls_new(&now);
	}
	if (p == NULL || p->calls == NULL) {
		free(p);
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

/* With the name of a ledger that is not open yet. */
static struct pace *
make(const char *name, unsigned rate, struct error *e)
{
	struct pace *p = pace_new(rate, e);

	if (p == NULL)
		return NULL;
	p->boot = read_boot();
	p->data = sys_malloc(calls_size_max());
	if (p->data == NULL)
		error_set(e, EXIT_LOCAL, "out of memory");
	else if (lockfile_init(&p->file, name, e) == 0)
		return p;
	pace_free(p);
	return NULL;
}

/* The name alone does not say where it is. */
static void
show_folder(struct pace *p)
{
	snprintf(p->file.shown, sizeof(p->file.shown), "%s/%.250s",
	    p->folder_shown, p->file.path);
}

struct pace *
pace_open(const char *name, unsigned rate, const struct pace_teller *teller,
    struct error *e)
{
	struct pace *p = make(name, rate, e);
	int result = -1;

	if (p == NULL)
		return NULL;
	p->teller = teller;
	p->folder = statedir_open(p->folder_shown, e);
	show_folder(p);
	if (p->folder >= 0)
		result = open_file(p, NULL, NULL, EXIT_USAGE, e);
	if (result == 0)
		return p;
	if (result > 0)
		lockfile_give_up(&p->file, e);
	pace_free(p);
	return NULL;
}

/* What a run would find in the ledger. */
static int
look_in(struct pace *p, struct error *e)
{
	struct moment now;
	double blind;
	int result;

	if (check_file(p, EXIT_USAGE, e) != 0)
		return -1;
	result = lockfile_lock(&p->file, NULL, NULL);
	if (result != 0)
		return result > 0 ? lockfile_give_up(&p->file, e)
				  : fail(p, e, EXIT_USAGE, "lock");
	result = load(p);
	lockfile_unlock(&p->file);
	if (result != 0)
		return fail(p, e, EXIT_USAGE, "read");
	now = read_now(p);
	blind = (double)calls_blind(p->calls, &now) / (double)CALLS_SECOND;
	if (blind > 0)
		say_blind(p, "would be", p->why, blind);
	return 0;
}

/* The ledger, in the folder that is there. */
static int
look(struct pace *p, struct error *e)
{
	if (lockfile_open(&p->file, p->folder, O_NONBLOCK) == 0)
		return look_in(p, e);
	if (errno == ENOENT && faccessat(p->folder, ".", W_OK | X_OK, 0) == 0)
		return 0;
	return fail(p, e, EXIT_USAGE, "open");
}

int
pace_look(const char *name, const struct pace_teller *teller, struct error *e)
{
	struct pace *p = make(name, 1, e);
	int result = 0;

	if (p == NULL)
		return -1;
	p->teller = teller;
	p->folder = statedir_look(p->folder_shown, e);
	show_folder(p);
	if (p->folder != STATEDIR_NONE)
		result = p->folder < 0 ? -1 : look(p, e);
	pace_free(p);
	return result;
}

void
pace_free(struct pace *p)
{
	if (p == NULL)
		return;
	lockfile_free(&p->file);
	if (p->folder >= 0)
		(void)sys_close(p->folder);
	pthread_mutex_destroy(&p->lock);
	calls_free(p->calls);
	free(p->data);
	free(p);
}

/* Does the user know why no call is made at all?  With the lock held. */
static void
look_blind(struct pace *p, struct turn *t, const struct moment *now)
{
	t->why = NULL;
	t->blind = (double)calls_blind(p->calls, now) / (double)CALLS_SECOND;
	if (t->blind > 0 && !p->told)
		t->why = p->why;
	p->told = t->blind > 0;
	if (!p->told)
		p->why = not_known;
}

static int
ask(struct pace *p, enum calls_kind kind, struct turn *t,
    bool (*stop)(void *arg), void *arg, struct error *e)
{
	struct moment now;
	int result;

	pthread_mutex_lock(&p->lock);
	result = begin(p, stop, arg, e);
	if (result == 0) {
		now = read_now(p);
		t->delay = (double)calls_ask(
			       p->calls, &t->booking, kind, p->rate, &now) /
			   (double)CALLS_SECOND;
		look_blind(p, t, &now);
		result = end(p, e);
	}
	pthread_mutex_unlock(&p->lock);
	return result;
}

static bool
is_late(void *arg)
{
	const double *until = arg;

	return clock_monotonic() > *until;
}

/* So that its turn is not lost.  Who holds the lock for long keeps this process
 * from ending only once, not per thread. */
static void
leave(struct pace *p, uint64_t booking)
{
	struct error e = ERROR_INIT;
	double until;

	if (booking == 0)
		return;
	pthread_mutex_lock(&p->lock);
	until = clock_monotonic() + p->patience;
	if (begin(p, is_late, &until, &e) == 0) {
		calls_leave(p->calls, booking);
		(void)end(p, &e);
	} else {
		p->patience = 0;
	}
	pthread_mutex_unlock(&p->lock);
}

int
pace_expect_polls(struct pace *p, struct error *e)
{
	struct moment now;
	int result;

	pthread_mutex_lock(&p->lock);
	result = begin(p, NULL, NULL, e);
	if (result == 0) {
		now = read_now(p);
		calls_expect(p->calls, &now);
		result = end(p, e);
	}
	pthread_mutex_unlock(&p->lock);
	return result;
}

int
pace_wait(struct pace *p, enum calls_kind kind, bool (*stop)(void *arg),
    void *arg, struct error *e)
{
	struct turn t;
	int result;

	memset(&t, 0, sizeof(t));
	for (;;) {
		result = ask(p, kind, &t, stop, arg, e);
		if (result == 0 && t.delay <= 0)
			return 0;
		if (result == 0) {
			tell(p, &t);
			result = clock_sleep(
			    t.delay < ask_again ? t.delay : ask_again, stop,
			    arg);
		}
		if (result != 0)
			break;
	}
	leave(p, t.booking);
	return result;
}

double
pace_delay(struct pace *p)
{
	struct moment now;
	int64_t delay;

	pthread_mutex_lock(&p->lock);
	now = read_now(p);
	delay = calls_delay(p->calls, p->rate, &now);
	pthread_mutex_unlock(&p->lock);
	return (double)delay / (double)CALLS_SECOND;
}
