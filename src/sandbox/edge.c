#include "sandbox/edge.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/signals.h"
#include "base/sys.h"
#include "base/wait.h"
#include "io/outfile.h"
#include "io/output.h"
#include "sandbox/file.h"
#include "sandbox/limit.h"

enum { STATES = 16 };

struct edge {
	const struct edge_settings *settings;
	char address[64];
	char control[64];

	pthread_mutex_t store_lock;
	struct store *store;

	pthread_mutex_t lock; /* for all that follows */
	pthread_cond_t ended;
	bool ending;
	uint64_t room; /* bytes left for bodies and answers */
	int64_t ahead; /* milliseconds by which the clock was moved */
	double lose;
	char *token;	     /* as the file had it last; or NULL */
	int64_t token_since; /* milliseconds since 1970 */
	struct limit limit;
	uint64_t calls[2]; /* by enum fault_call */
	struct output log;
	struct error failure;
	struct {
		const char *state;
		uint64_t n;
	} counts[STATES];
	uint64_t rows;
};

static int
open_log(struct edge *edge, struct error *e)
{
	const char *path = edge->settings->log;
	int fd;

	if (path == NULL)
		return 0;
	/* Names of open descriptors are links. */
	fd = wait_open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY |
		(outfile_descriptor(path) >= 0 ? 0 : O_NOFOLLOW),
	    0600);
	if (fd < 0 && errno == EINTR)
		return signals_interrupt(e);
	if (fd < 0)
		return error_errno(e, EXIT_USAGE, "cannot open %s", path);
	return output_open(&edge->log, fd, path, e);
}

/* So that a step of the clock does not stretch edge_wait. */
static void
init_locks(struct edge *edge)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&edge->store_lock, NULL);
	pthread_mutex_init(&edge->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&edge->ended, &attributes);
	pthread_condattr_destroy(&attributes);
}

static int64_t
now(const struct edge *edge)
{
	struct timespec real;

	clock_gettime(CLOCK_REALTIME, &real);
	return (int64_t)real.tv_sec * 1000 + real.tv_nsec / 1000000 +
	       edge->ahead;
}

/* A path that nobody can guess. */
static int
set_control(struct edge *edge, struct error *e)
{
	unsigned char secret[16];
	size_t i, n;

	if (!edge->settings->control)
		return 0;
	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return error_errno(e, EXIT_LOCAL, "cannot get random bytes");
	snprintf(edge->control, sizeof(edge->control), "/control/");
	for (i = 0; i < sizeof(secret); i++) {
		n = strlen(edge->control);
		snprintf(edge->control + n, sizeof(edge->control) - n, "%02x",
		    secret[i]);
	}
	return 0;
}

/* The token is this one from now on, if it is another one; takes it over. */
static void
set_token(struct edge *edge, char *token)
{
	if (edge->token != NULL && strcmp(token, edge->token) == 0) {
		free(token);
		return;
	}
	free(edge->token);
	edge->token = token;
	edge->token_since = now(edge);
}

/* Another token in the file ends the one before.  A pipe is not read again, and
 * a file that is being written anew leaves the token as it was. */
static void
read_token(struct edge *edge)
{
	const char *path = edge->settings->token_file;
	struct error ignored = ERROR_INIT;
	struct stat status;
	char *token;

	if (path == NULL || stat(path, &status) != 0 ||
	    !S_ISREG(status.st_mode))
		return;
	token = file_read_line(path, &ignored);
	if (token != NULL)
		set_token(edge, token);
}

static int
copy_token(struct edge *edge, struct error *e)
{
	char *token;

	if (edge->settings->token == NULL)
		return 0;
	token = sys_strdup(edge->settings->token);
	if (token == NULL)
		return error_errno(e, EXIT_LOCAL, "sandbox");
	set_token(edge, token);
	return 0;
}

struct edge *
edge_open(const struct edge_settings *settings, struct error *e)
{
	struct edge *edge = sys_calloc(1, sizeof(*edge));

	if (edge == NULL) {
		error_errno(e, EXIT_LOCAL, "sandbox");
		return NULL;
	}
	edge->settings = settings;
	edge->log.fd = -1;
	init_locks(edge);
	edge->room = settings->memory / 2;
	edge->lose = settings->lose;
	edge->store = store_open(settings->db, settings->memory / 2, e);
	if (set_control(edge, e) != 0 || copy_token(edge, e) != 0)
		;
	else if (limit_init(&edge->limit, (size_t)settings->rate) != 0)
		error_errno(e, EXIT_LOCAL, "sandbox");
	else if (edge->store != NULL && open_log(edge, e) == 0)
		return edge;
	edge_close(edge, e);
	return NULL;
}

int
edge_close(struct edge *edge, struct error *e)
{
	int result = 0;

	if (edge->failure.code != EXIT_COMPLETE) {
		if (e->code == EXIT_COMPLETE)
			*e = edge->failure;
		result = -1;
	}
	if (store_close(edge->store, e) != 0)
		result = -1;
	if (output_close(&edge->log, e) != 0)
		result = -1;
	limit_free(&edge->limit);
	free(edge->token);
	pthread_cond_destroy(&edge->ended);
	pthread_mutex_destroy(&edge->lock);
	pthread_mutex_destroy(&edge->store_lock);
	free(edge);
	return result;
}

const struct edge_settings *
edge_settings(const struct edge *edge)
{
	return edge->settings;
}

void
edge_set_address(struct edge *edge, const char *address)
{
	snprintf(edge->address, sizeof(edge->address), "%s", address);
}

const char *
edge_address(const struct edge *edge)
{
	return edge->address;
}

const char *
edge_control(const struct edge *edge)
{
	return edge->control;
}

int64_t
edge_now(struct edge *edge)
{
	int64_t time;

	pthread_mutex_lock(&edge->lock);
	time = now(edge);
	pthread_mutex_unlock(&edge->lock);
	return time;
}

struct store_scope
edge_scope(struct edge *edge, const char *client, enum store_kind kind)
{
	const struct store_scope scope = {.client = client,
	    .kind = kind,
	    .now = edge_now(edge),
	    .lifetime = (int64_t)edge->settings->lifetime * 1000};

	return scope;
}

void
edge_move_clock(struct edge *edge, uint64_t seconds)
{
	pthread_mutex_lock(&edge->lock);
	edge->ahead += (int64_t)seconds * 1000;
	pthread_mutex_unlock(&edge->lock);
}

double
edge_lose(struct edge *edge)
{
	double share;

	pthread_mutex_lock(&edge->lock);
	share = edge->lose;
	pthread_mutex_unlock(&edge->lock);
	return share;
}

void
edge_set_lose(struct edge *edge, double share)
{
	pthread_mutex_lock(&edge->lock);
	edge->lose = share;
	pthread_mutex_unlock(&edge->lock);
}

bool
edge_knows(const struct edge *edge, const char *client)
{
	size_t i;

	for (i = 0; i < edge->settings->n_clients; i++) {
		if (strcmp(edge->settings->clients[i], client) == 0)
			return true;
	}
	return edge->settings->n_clients == 0;
}

bool
edge_token_good(struct edge *edge, const char *token)
{
	const int64_t life = (int64_t)edge->settings->token_lifetime * 1000;
	bool good;

	pthread_mutex_lock(&edge->lock);
	read_token(edge);
	good = edge->token != NULL && strcmp(token, edge->token) == 0 &&
	       (life == 0 || now(edge) < edge->token_since + life);
	pthread_mutex_unlock(&edge->lock);
	return good;
}

const struct fault *
edge_fault(
    struct edge *edge, enum fault_call kind, uint64_t number, uint64_t *delay)
{
	const struct fault *found;

	pthread_mutex_lock(&edge->lock);
	found = faults_find(edge->settings->faults, kind, number);
	*delay = faults_delay(edge->settings->faults, kind, number);
	pthread_mutex_unlock(&edge->lock);
	return found;
}

int
edge_add_fault(struct edge *edge, const char *spec, struct error *e)
{
	int result;

	pthread_mutex_lock(&edge->lock);
	result = faults_add(edge->settings->faults, spec, e);
	pthread_mutex_unlock(&edge->lock);
	return result;
}

void
edge_end_faults(struct edge *edge)
{
	pthread_mutex_lock(&edge->lock);
	faults_end(edge->settings->faults);
	pthread_mutex_unlock(&edge->lock);
}

bool
edge_admit(
    struct edge *edge, enum fault_call kind, uint64_t *number, double *wait)
{
	bool admitted;

	pthread_mutex_lock(&edge->lock);
	admitted = limit_take(
	    &edge->limit, clock_monotonic() + (double)edge->ahead / 1000, wait);
	*number = admitted ? ++edge->calls[kind] : 0;
	pthread_mutex_unlock(&edge->lock);
	return admitted;
}

struct store *
edge_lock(struct edge *edge)
{
	pthread_mutex_lock(&edge->store_lock);
	return edge->store;
}

void
edge_unlock(struct edge *edge)
{
	pthread_mutex_unlock(&edge->store_lock);
}

bool
edge_take(struct edge *edge, size_t n)
{
	bool taken;

	pthread_mutex_lock(&edge->lock);
	taken = n <= edge->room;
	if (taken)
		edge->room -= n;
	pthread_mutex_unlock(&edge->lock);
	return taken;
}

void
edge_give(struct edge *edge, size_t n)
{
	pthread_mutex_lock(&edge->lock);
	edge->room += n;
	pthread_mutex_unlock(&edge->lock);
}

/* The first failure is kept.  The lock is held. */
static void
keep_failure(struct edge *edge, const struct error *e)
{
	if (edge->failure.code == EXIT_COMPLETE)
		edge->failure = *e;
}

void
edge_log(struct edge *edge, ndjson *line)
{
	struct error missing = ERROR_INIT, e = ERROR_INIT;
	char *text;
	size_t n;

	if (edge->log.fd < 0) {
		ndjson_free(line);
		return;
	}
	text = ndjson_line(line, &n);
	ndjson_free(line);
	pthread_mutex_lock(&edge->lock);
	if (text == NULL) {
		error_set(&missing, EXIT_LOCAL,
		    "%s lacks a line at least: out of memory",
		    edge->settings->log);
		keep_failure(edge, &missing);
	} else if (output_write(&edge->log, text, n, &e) == 0) {
		output_flush(&edge->log, &e);
	}
	pthread_mutex_unlock(&edge->lock);
	free(text);
	if (e.code != EXIT_COMPLETE)
		edge_fail(edge, &e);
}

void
edge_wait(struct edge *edge, uint64_t seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)seconds;
	pthread_mutex_lock(&edge->lock);
	while (!edge->ending && seconds > 0 &&
	       pthread_cond_timedwait(&edge->ended, &edge->lock, &until) !=
		   ETIMEDOUT)
		;
	pthread_mutex_unlock(&edge->lock);
}

void
edge_end(struct edge *edge)
{
	store_stop(edge->store);
	pthread_mutex_lock(&edge->lock);
	edge->ending = true;
	pthread_cond_broadcast(&edge->ended);
	pthread_mutex_unlock(&edge->lock);
}

void
edge_fail(struct edge *edge, const struct error *e)
{
	pthread_mutex_lock(&edge->lock);
	keep_failure(edge, e);
	pthread_mutex_unlock(&edge->lock);
	kill(getpid(), SIGTERM);
}

void
edge_count(struct edge *edge, const char *state, uint64_t rows)
{
	int i;

	pthread_mutex_lock(&edge->lock);
	for (i = 0; i < STATES - 1; i++) {
		if (edge->counts[i].state == NULL)
			edge->counts[i].state = state;
		if (strcmp(edge->counts[i].state, state) == 0)
			break;
	}
	edge->counts[i].n++;
	edge->rows += rows;
	pthread_mutex_unlock(&edge->lock);
}

void
edge_counts(struct edge *edge, ndjson *counts)
{
	int i;

	pthread_mutex_lock(&edge->lock);
	ndjson_set_count(counts, "updates", edge->calls[FAULT_BATCH]);
	ndjson_set_count(counts, "statuses", edge->calls[FAULT_STATUS]);
	ndjson_set_count(counts, "rows", edge->rows);
	for (i = 0; i < STATES && edge->counts[i].state != NULL; i++)
		ndjson_set_count(
		    counts, edge->counts[i].state, edge->counts[i].n);
	pthread_mutex_unlock(&edge->lock);
}
