#include "config.h"
#include "api/token.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#include "base/escape.h"
#include "base/safety.h"
#include "base/signals.h"
#include "base/sys.h"
#include "base/wait.h"

void
token_wipe(void *memory, size_t n)
{
	volatile char *p = memory;

	while (n-- > 0)
		*p++ = 0;
}

/* Fewer bytes than these may stand in a text by accident. */
enum { LEAST = 8 };

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* Is what stands before the byte at `at` another word, or none? */
static bool
is_apart(const char *text, size_t n, size_t at)
{
	return at == 0 || at == n || !is_letter(text[at - 1]) ||
	       !is_letter(text[at]);
}

void
token_hide(char *text, size_t n, const char *token)
{
	size_t i, len = strlen(token);
	size_t least = SAFETY("token-starred-out-short", len < LEAST, false)
			   ? (len + 1) / 2
			   : LEAST;

	for (i = 0; i + least <= n && len > 0; i++) {
		size_t part = len < n - i ? len : n - i;

		if (part >= least && memcmp(text + i, token, part) == 0 &&
		    (len >= LEAST ||
			(is_apart(text, n, i) && is_apart(text, n, i + part))))
			memset(text + i, '*', part);
	}
}

void
token_free(char *token)
{
	if (token != NULL)
		token_wipe(token, TOKEN_MAX + 2);
	free(token);
}

/* A core dump would put the token on disk. */
static void
forbid_dumps(void)
{
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
#ifdef HAVE_SYS_PRCTL_H
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static int
check_file(int fd, const char *shown, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_errno(e, EXIT_USAGE, "token file %s", shown);
	if (S_ISDIR(st.st_mode))
		return error_set(
		    e, EXIT_USAGE, "token file %s is a folder", shown);
	if (S_ISREG(st.st_mode) &&
	    (st.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0)
		return error_set(e, EXIT_USAGE,
		    "token file %s can be read by others or written by its "
		    "group; do: chmod 600 %s",
		    shown, shown);
	return 0;
}

/* All of the file, at most size bytes of it; it may be a pipe. */
static ssize_t
read_all(int fd, char *to, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = wait_read(fd, to + used, size - used);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

/* Ends text at its line end and checks it; never shows any of it. */
static int
check_text(char *text, size_t n, const char *shown, struct error *e)
{
	size_t i;

	if (n > TOKEN_MAX)
		return error_set(e, EXIT_USAGE,
		    "token file %s is longer than %d bytes", shown, TOKEN_MAX);
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n > 0 && text[n - 1] == '\r')
		n--;
	text[n] = '\0';
	if (n == 0)
		return error_set(
		    e, EXIT_USAGE, "token file %s is empty", shown);
	for (i = 0; i < n; i++) {
		if (text[i] < '!' || text[i] > '~')
			return error_set(e, EXIT_USAGE,
			    "token file %s must hold one line, the bare token, "
			    "and nothing else",
			    shown);
	}
	return 0;
}

static char *
read_token(int fd, const char *shown, struct error *e)
{
	char *text;
	ssize_t n;

	if (check_file(fd, shown, e) != 0)
		return NULL;
	text = sys_malloc(TOKEN_MAX + 2);
	if (text == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	if (SAFETY("token-no-core-dump", true, false))
		forbid_dumps();
	n = read_all(fd, text, TOKEN_MAX + 1);
	if (n < 0 && errno == EINTR)
		signals_interrupt(e);
	else if (n < 0)
		error_errno(e, EXIT_USAGE, "cannot read token file %s", shown);
	else if (check_text(text, (size_t)n, shown, e) == 0)
		return text;
	token_free(text);
	return NULL;
}

char *
token_read(const char *path, struct error *e)
{
	char shown[256];
	char *token;
	int fd;

	escape_text(shown, sizeof(shown), path, strlen(path));
	fd = wait_open(path, O_RDONLY | O_NOCTTY, 0);
	if (fd < 0) {
		error_errno(e, EXIT_USAGE, "cannot read token file %s", shown);
		return NULL;
	}
	token = read_token(fd, shown, e);
	(void)sys_close(fd);
	return token;
}

/* ------------------------------------------------- for as long as a run */

/* All that were in use; requests may still hold one of them. */
struct held {
	struct held *before;
	char *token;
};

struct bearer {
	const char *path;
	pthread_mutex_t lock; /* over what follows */
	struct held *newest;
};

static int
hold(struct bearer *b, char *token)
{
	struct held *h = sys_malloc(sizeof(*h));

	if (h == NULL) {
		token_free(token);
		return -1;
	}
	h->token = token;
	h->before = b->newest;
	b->newest = h;
	return 0;
}

struct bearer *
bearer_open(const char *path, struct error *e)
{
	struct bearer *b = sys_calloc(1, sizeof(*b));
	char *token;

	if (b == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	b->path = path;
	pthread_mutex_init(&b->lock, NULL);
	token = token_read(path, e);
	if (token != NULL && hold(b, token) == 0)
		return b;
	if (token != NULL)
		error_set(e, EXIT_LOCAL, "out of memory");
	bearer_free(b);
	return NULL;
}

void
bearer_free(struct bearer *b)
{
	struct held *h;

	if (b == NULL)
		return;
	while ((h = b->newest) != NULL) {
		b->newest = h->before;
		token_free(h->token);
		free(h);
	}
	pthread_mutex_destroy(&b->lock);
	free(b);
}

const char *
bearer_token(struct bearer *b)
{
	const char *token;

	if (b == NULL)
		return NULL;
	pthread_mutex_lock(&b->lock);
	token = b->newest->token;
	pthread_mutex_unlock(&b->lock);
	return token;
}

/* With the lock held. */
static bool
read_again(struct bearer *b, struct error *e)
{
	struct stat st;
	char *token;

	if (stat(b->path, &st) == 0 && !S_ISREG(st.st_mode))
		return false;
	token = token_read(b->path, e);
	if (token == NULL)
		return false;
	if (strcmp(token, b->newest->token) == 0) {
		token_free(token);
		return false;
	}
	if (hold(b, token) == 0)
		return true;
	error_set(e, EXIT_LOCAL, "out of memory");
	return false;
}

bool
bearer_renewed(struct bearer *b, const char *refused, char hint[BEARER_HINT])
{
	struct error e = ERROR_INIT;
	bool renewed;

	hint[0] = '\0';
	if (b == NULL || refused == NULL)
		return false;
	pthread_mutex_lock(&b->lock);
	renewed = b->newest->token != refused || read_again(b, &e);
	pthread_mutex_unlock(&b->lock);
	if (renewed)
		snprintf(hint, BEARER_HINT,
		    " (the token file holds another one now)");
	else if (e.code != EXIT_COMPLETE)
		snprintf(hint, BEARER_HINT, " (read again: %s)", e.text);
	return renewed;
}
