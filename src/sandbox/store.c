#include "sandbox/store.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/sys.h"

/* A client's ids of one kind are a space; names and spaces are numbered, so
 * that the two large tables hold, and compare, little. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS space("
    " space INTEGER PRIMARY KEY, client TEXT NOT NULL, kind TEXT NOT NULL,"
    " UNIQUE(client, kind));"
    "CREATE TABLE IF NOT EXISTS name("
    " name INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE IF NOT EXISTS profile("
    " space INTEGER NOT NULL, id TEXT NOT NULL, profile INTEGER NOT NULL,"
    " PRIMARY KEY(space, id)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS attribute("
    " profile INTEGER NOT NULL, name INTEGER NOT NULL,"
    " value TEXT NOT NULL, modified INTEGER NOT NULL,"
    " PRIMARY KEY(profile, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS batch("
    " batch INTEGER PRIMARY KEY AUTOINCREMENT, client TEXT NOT NULL,"
    " id TEXT UNIQUE, lists INTEGER, size INTEGER, consumed INTEGER,"
    " successful INTEGER, missing INTEGER, failed INTEGER, ready INTEGER,"
    " stuck INTEGER);"
    "CREATE TABLE IF NOT EXISTS failed("
    " batch INTEGER NOT NULL REFERENCES batch ON DELETE CASCADE,"
    " row INTEGER NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY(batch, row)) WITHOUT ROWID;"
    /* For people and tests: what the edge holds, at one glance. */
    "CREATE VIEW IF NOT EXISTS profiles AS"
    " SELECT client, kind, id, text AS name, value, modified"
    " FROM attribute JOIN profile USING(profile) JOIN space USING(space)"
    " JOIN name USING(name);";

enum query {
	BEGIN,
	COMMIT,
	ROLLBACK,
	ADD_SPACE,
	GET_SPACE,
	ADD_NAME,
	GET_NAME,
	ADD_PROFILE,
	GET_PROFILE,
	LAST_PROFILE,
	SET_ATTRIBUTE,
	SUM_ATTRIBUTES,
	DROP_OLDEST,
	ADD_BATCH,
	SET_BATCH,
	DROP_BATCHES,
	GET_BATCH,
	ADD_FAILED,
	GET_FAILED,
	FETCH,
	QUERIES
};

/* What an attribute counts for in STORE_PROFILE_BYTES. */
#define ATTRIBUTE_BYTES \
	"length(CAST(text AS BLOB)) + length(CAST(value AS BLOB))"

static const char *const sql[QUERIES] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [ADD_SPACE] = "INSERT OR IGNORE INTO space(client, kind) VALUES(?1, ?2)",
    [GET_SPACE] = "SELECT space FROM space WHERE client = ?1 AND kind = ?2",
    [ADD_NAME] = "INSERT OR IGNORE INTO name(text) VALUES(?1)",
    [GET_NAME] = "SELECT name FROM name WHERE text = ?1",
    [ADD_PROFILE] = "INSERT INTO profile(space, id, profile)"
		    " VALUES(?1, ?2, ?3)",
    /* No profile is without an attribute. */
    [LAST_PROFILE] = "SELECT ifnull(max(profile), 0) FROM attribute",
    [GET_PROFILE] = "SELECT profile FROM profile WHERE space = ?1 AND id = ?2",
    [SET_ATTRIBUTE] = "INSERT OR REPLACE INTO"
		      " attribute(profile, name, value, modified)"
		      " VALUES(?1, ?2, ?3, ?4)",
    [SUM_ATTRIBUTES] = "SELECT ifnull(sum(" ATTRIBUTE_BYTES "), 0)"
		       " FROM attribute JOIN name USING(name)"
		       " WHERE profile = ?1",
    /* Of each attribute, what it and the newer ones come to. */
    [DROP_OLDEST] = "DELETE FROM attribute WHERE profile = ?1 AND name IN"
		    " (SELECT name FROM (SELECT name, sum(" ATTRIBUTE_BYTES ")"
		    " OVER (ORDER BY modified DESC, name DESC) AS total"
		    " FROM attribute JOIN name USING(name)"
		    " WHERE profile = ?1) WHERE total > ?2)",
    [ADD_BATCH] = "INSERT INTO batch(client) VALUES(?1)",
    [SET_BATCH] = "UPDATE batch SET id = ?2, lists = ?3, size = ?4,"
		  " consumed = ?5, successful = ?6, missing = ?7, failed = ?8,"
		  " ready = ?9, stuck = ?10 WHERE batch = ?1",
    [DROP_BATCHES] = "DELETE FROM batch WHERE client = ?1 AND batch <="
		     " (SELECT batch FROM batch WHERE client = ?1"
		     " ORDER BY batch DESC LIMIT 1 OFFSET ?2)",
    [GET_BATCH] = "SELECT id, lists, size, consumed, successful, missing,"
		  " failed, ready, stuck FROM batch"
		  " WHERE client = ?1 AND id = ?2",
    [ADD_FAILED] = "INSERT INTO failed(batch, row, id) VALUES(?1, ?2, ?3)",
    [GET_FAILED] = "SELECT failed.id FROM failed JOIN batch USING(batch)"
		   " WHERE batch.id = ?1 ORDER BY row LIMIT ?2",
    [FETCH] = "SELECT text, value, modified FROM attribute"
	      " JOIN name USING(name) WHERE profile ="
	      " (SELECT profile FROM profile JOIN space USING(space)"
	      " WHERE client = ?1 AND kind = ?2 AND id = ?3) ORDER BY text",
};

static const char *const kinds[] = {"pcId", "thirdPartyId"};

/* What the database is read and written in. */
enum { PAGE_BYTES = 8192 };

struct store {
	sqlite3 *db;
	atomic_bool stopped;
	sqlite3_stmt *query[QUERIES];
	/* Of the batch that is open: */
	const char *client;
	int64_t space;
	int64_t last_profile;
	int64_t batch;
	int64_t now;
	int64_t failures;
	/* Of its profile that was found last: */
	bool created; /* by this row: nothing else is in it */
	size_t bytes; /* that were set */
};

static int
failed(struct store *s, struct error *e)
{
	int code = s->db == NULL ? SQLITE_NOMEM : sqlite3_errcode(s->db);

	if (atomic_load(&s->stopped))
		return error_set(e, EXIT_TEMPORARY, "database: stopped");
	code &= 0xff; /* what it is; the rest is how it came about */
	return error_set(e,
	    code == SQLITE_FULL || code == SQLITE_NOMEM ? EXIT_TEMPORARY
							: EXIT_LOCAL,
	    "database: %s",
	    s->db == NULL ? "out of memory" : sqlite3_errmsg(s->db));
}

static int
step(struct store *s, enum query q)
{
	if (q != ROLLBACK && atomic_load(&s->stopped))
		return SQLITE_INTERRUPT;
	return sqlite3_step(s->query[q]);
}

static int
bind_text(struct store *s, enum query q, int at, const char *text, size_t n)
{
	return sqlite3_bind_text64(
	    s->query[q], at, text, n, SQLITE_STATIC, SQLITE_UTF8);
}

static int
bind_string(struct store *s, enum query q, int at, const char *text)
{
	return bind_text(s, q, at, text, strlen(text));
}

static int
bind_number(struct store *s, enum query q, int at, int64_t n)
{
	return sqlite3_bind_int64(s->query[q], at, n);
}

/* Runs a query that gives no rows. */
static int
run(struct store *s, enum query q, struct error *e)
{
	int code = step(s, q);

	if (code != SQLITE_DONE)
		failed(s, e);
	sqlite3_reset(s->query[q]);
	return code == SQLITE_DONE ? 0 : -1;
}

/* Runs a query for one number: 1 and *n, or 0 if there is no row. */
static int
get_number(struct store *s, enum query q, int64_t *n, struct error *e)
{
	int code = step(s, q);

	if (code == SQLITE_ROW)
		*n = sqlite3_column_int64(s->query[q], 0);
	else if (code != SQLITE_DONE)
		failed(s, e);
	sqlite3_reset(s->query[q]);
	return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : -1;
}

static int
prepare(struct store *s, uint64_t room, struct error *e)
{
	char pragma[80];
	int q;

	/* 0 leaves the number as it is. */
	snprintf(pragma, sizeof(pragma),
	    "PRAGMA page_size = %d; PRAGMA max_page_count = %llu;", PAGE_BYTES,
	    (unsigned long long)(room / PAGE_BYTES));
	if (sqlite3_exec(s->db, pragma, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->db,
		"PRAGMA journal_mode = WAL;"
		"PRAGMA synchronous = NORMAL;"
		"PRAGMA secure_delete = OFF;"
		"PRAGMA cache_size = -65536;"
		"PRAGMA foreign_keys = ON;",
		NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return failed(s, e);
	for (q = 0; q < QUERIES; q++) {
		if (sqlite3_prepare_v3(s->db, sql[q], -1,
			SQLITE_PREPARE_PERSISTENT, &s->query[q],
			NULL) != SQLITE_OK)
			return failed(s, e);
	}
	return 0;
}

struct store *
store_open(const char *path, uint64_t room, struct error *e)
{
	struct store *s = sys_calloc(1, sizeof(*s));
	struct error ignored = ERROR_INIT;

	if (s == NULL) {
		error_errno(e, EXIT_LOCAL, "sandbox");
		return NULL;
	}
	/* The caller's lock serves: without its own, SQLite is faster. */
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (sqlite3_open_v2(path == NULL ? ":memory:" : path, &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK)
		failed(s, e);
	else if (sqlite3_busy_timeout(s->db, 10000) == SQLITE_OK &&
		 prepare(s, path == NULL ? room : 0, e) == 0)
		return s;
	e->code = EXIT_LOCAL;
	if (path != NULL)
		error_place(e, path, 0, 0);
	store_close(s, &ignored);
	return NULL;
}

int
store_close(struct store *s, struct error *e)
{
	int q, result = 0;

	if (s == NULL)
		return 0;
	for (q = 0; q < QUERIES; q++)
		sqlite3_finalize(s->query[q]);
	if (sqlite3_close(s->db) != SQLITE_OK)
		result = failed(s, e);
	free(s);
	return result;
}

void
store_stop(struct store *s)
{
	atomic_store(&s->stopped, true);
}

int64_t
store_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
find_space(
    struct store *s, const char *client, enum store_kind kind, struct error *e)
{
	bind_string(s, ADD_SPACE, 1, client);
	bind_string(s, ADD_SPACE, 2, kinds[kind]);
	bind_string(s, GET_SPACE, 1, client);
	bind_string(s, GET_SPACE, 2, kinds[kind]);
	if (run(s, ADD_SPACE, e) != 0 ||
	    get_number(s, GET_SPACE, &s->space, e) != 1 ||
	    get_number(s, LAST_PROFILE, &s->last_profile, e) != 1)
		return -1;
	bind_number(s, GET_PROFILE, 1, s->space);
	bind_number(s, ADD_PROFILE, 1, s->space);
	return 0;
}

int
store_begin(struct store *s, const char *client, enum store_kind kind,
    struct store_batch *batch, struct error *e)
{
	s->client = client;
	s->now = store_now();
	s->failures = 0;
	bind_string(s, ADD_BATCH, 1, client);
	bind_number(s, SET_ATTRIBUTE, 4, s->now);
	if (run(s, BEGIN, e) != 0)
		return -1;
	if (find_space(s, client, kind, e) != 0 || run(s, ADD_BATCH, e) != 0) {
		store_rollback(s);
		return -1;
	}
	s->batch = sqlite3_last_insert_rowid(s->db);
	snprintf(batch->id, sizeof(batch->id), "%s-%lld-%lld", client,
	    (long long)s->now, (long long)s->batch);
	return 0;
}

int
store_name(struct store *s, const char *text, size_t n, struct store_name *name,
    struct error *e)
{
	name->n = n;
	bind_text(s, ADD_NAME, 1, text, n);
	bind_text(s, GET_NAME, 1, text, n);
	if (run(s, ADD_NAME, e) != 0)
		return -1;
	return get_number(s, GET_NAME, &name->number, e) == 1 ? 0 : -1;
}

int
store_profile(struct store *s, const char *id, size_t n, bool create,
    int64_t *profile, struct error *e)
{
	int found;

	bind_text(s, GET_PROFILE, 2, id, n);
	found = get_number(s, GET_PROFILE, profile, e);
	s->created = found == 0;
	s->bytes = 0;
	if (found != 0 || !create)
		return found;
	*profile = ++s->last_profile;
	bind_text(s, ADD_PROFILE, 2, id, n);
	bind_number(s, ADD_PROFILE, 3, *profile);
	return run(s, ADD_PROFILE, e) != 0 ? -1 : 1;
}

int
store_set(struct store *s, int64_t profile, const struct store_name *name,
    const char *value, size_t n, struct error *e)
{
	s->bytes += name->n + n;
	bind_number(s, SET_ATTRIBUTE, 1, profile);
	bind_number(s, SET_ATTRIBUTE, 2, name->number);
	bind_text(s, SET_ATTRIBUTE, 3, value, n);
	return run(s, SET_ATTRIBUTE, e);
}

int
store_fit(struct store *s, int64_t profile, uint64_t *dropped, struct error *e)
{
	int64_t bytes = (int64_t)s->bytes;

	bind_number(s, SUM_ATTRIBUTES, 1, profile);
	if (!s->created && get_number(s, SUM_ATTRIBUTES, &bytes, e) != 1)
		return -1;
	if (bytes <= STORE_PROFILE_BYTES)
		return 0;
	bind_number(s, DROP_OLDEST, 1, profile);
	bind_number(s, DROP_OLDEST, 2, STORE_PROFILE_BYTES);
	if (run(s, DROP_OLDEST, e) != 0)
		return -1;
	*dropped += (uint64_t)sqlite3_changes64(s->db);
	return 0;
}

int
store_fail(struct store *s, const char *id, size_t n, struct error *e)
{
	if (s->failures == STORE_FAILED)
		return 0;
	bind_number(s, ADD_FAILED, 1, s->batch);
	bind_number(s, ADD_FAILED, 2, s->failures++);
	bind_text(s, ADD_FAILED, 3, id,
	    n < STORE_FAILED_BYTES ? n : STORE_FAILED_BYTES);
	return run(s, ADD_FAILED, e);
}

int
store_commit(struct store *s, const struct store_batch *batch, uint64_t keep,
    struct error *e)
{
	const int64_t numbers[] = {batch->lists_failed, (int64_t)batch->size,
	    (int64_t)batch->consumed, (int64_t)batch->successful,
	    (int64_t)batch->not_found, (int64_t)batch->failed, batch->ready,
	    batch->stuck};
	int i;

	bind_number(s, SET_BATCH, 1, s->batch);
	bind_string(s, SET_BATCH, 2, batch->id);
	for (i = 0; i < 8; i++)
		bind_number(s, SET_BATCH, 3 + i, numbers[i]);
	bind_string(s, DROP_BATCHES, 1, s->client);
	bind_number(s, DROP_BATCHES, 2, (int64_t)keep);
	if (run(s, SET_BATCH, e) == 0 && run(s, DROP_BATCHES, e) == 0 &&
	    run(s, COMMIT, e) == 0)
		return 0;
	store_rollback(s);
	return -1;
}

void
store_rollback(struct store *s)
{
	struct error ignored = ERROR_INIT;

	(void)run(s, ROLLBACK, &ignored);
}

int
store_status(struct store *s, const char *client, const char *batch_id,
    struct store_batch *batch, struct error *e)
{
	sqlite3_stmt *q = s->query[GET_BATCH];
	int code;

	bind_string(s, GET_BATCH, 1, client);
	bind_string(s, GET_BATCH, 2, batch_id);
	code = step(s, GET_BATCH);
	if (code == SQLITE_ROW) {
		snprintf(batch->id, sizeof(batch->id), "%s",
		    (const char *)sqlite3_column_text(q, 0));
		batch->lists_failed = sqlite3_column_int(q, 1) != 0;
		batch->size = (uint64_t)sqlite3_column_int64(q, 2);
		batch->consumed = (uint64_t)sqlite3_column_int64(q, 3);
		batch->successful = (uint64_t)sqlite3_column_int64(q, 4);
		batch->not_found = (uint64_t)sqlite3_column_int64(q, 5);
		batch->failed = (uint64_t)sqlite3_column_int64(q, 6);
		batch->ready = sqlite3_column_int64(q, 7);
		batch->stuck = sqlite3_column_int(q, 8) != 0;
	} else if (code != SQLITE_DONE) {
		failed(s, e);
	}
	sqlite3_reset(q);
	return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : -1;
}

int
store_failed(struct store *s, const char *batch_id,
    int (*visit)(void *arg, const char *id, size_t n), void *arg,
    struct error *e)
{
	sqlite3_stmt *q = s->query[GET_FAILED];
	int code, result = 0;

	bind_string(s, GET_FAILED, 1, batch_id);
	bind_number(s, GET_FAILED, 2, STORE_FAILED);
	while (result == 0 && (code = step(s, GET_FAILED)) != SQLITE_DONE) {
		if (code == SQLITE_ROW)
			result =
			    visit(arg, (const char *)sqlite3_column_text(q, 0),
				(size_t)sqlite3_column_bytes(q, 0));
		else
			result = failed(s, e);
	}
	sqlite3_reset(q);
	return result;
}

int
store_fetch(struct store *s, const char *client, enum store_kind kind,
    const char *id,
    int (*visit)(void *arg, const struct store_attribute *attribute), void *arg,
    struct error *e)
{
	sqlite3_stmt *q = s->query[FETCH];
	struct store_attribute a;
	int code, n = 0;

	bind_string(s, FETCH, 1, client);
	bind_string(s, FETCH, 2, kinds[kind]);
	bind_string(s, FETCH, 3, id);
	while (n >= 0 && (code = step(s, FETCH)) != SQLITE_DONE) {
		if (code != SQLITE_ROW) {
			n = failed(s, e);
			break;
		}
		a.name = (const char *)sqlite3_column_text(q, 0);
		a.value = (const char *)sqlite3_column_text(q, 1);
		a.value_len = (size_t)sqlite3_column_bytes(q, 1);
		a.modified = sqlite3_column_int64(q, 2);
		n = visit(arg, &a) != 0 ? -1 : n + 1;
	}
	sqlite3_reset(q);
	return n;
}

const char *
store_version(void)
{
	return sqlite3_libversion();
}
