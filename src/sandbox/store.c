#include "sandbox/store.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/sys.h"

/* A client's ids of one kind are a space; names and spaces are numbered, so
 * that the two large tables hold, and compare, little. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS space("
    " space INTEGER PRIMARY KEY, client TEXT NOT NULL, kind TEXT NOT NULL,"
    " UNIQUE(client, kind));"
    "CREATE TABLE IF NOT EXISTS name("
    " name INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    /* attributes: see document.h; active and batch: when it was last touched,
     * and by which batch. */
    "CREATE TABLE IF NOT EXISTS profile("
    " profile INTEGER PRIMARY KEY, space INTEGER NOT NULL, id TEXT NOT NULL,"
    " active INTEGER NOT NULL, batch INTEGER NOT NULL,"
    " attributes TEXT NOT NULL, UNIQUE(space, id));"
    "CREATE TABLE IF NOT EXISTS batch("
    " batch INTEGER PRIMARY KEY AUTOINCREMENT, client TEXT NOT NULL,"
    " id TEXT UNIQUE, lists INTEGER, size INTEGER, consumed INTEGER,"
    " successful INTEGER, missing INTEGER, failed INTEGER, created INTEGER,"
    " ready INTEGER, stuck INTEGER);"
    "CREATE TABLE IF NOT EXISTS failed("
    " batch INTEGER NOT NULL REFERENCES batch ON DELETE CASCADE,"
    " row INTEGER NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY(batch, row)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS lost("
    " client TEXT NOT NULL, kind TEXT NOT NULL, batch INTEGER NOT NULL,"
    " id TEXT NOT NULL);"
    /* For people and tests: what the edge holds, at one glance. */
    "CREATE VIEW IF NOT EXISTS profiles AS"
    " SELECT client, kind, profile.id AS id, text AS name,"
    " json_extract(a.value, '$[1]') AS value,"
    " json_extract(a.value, '$[2]') AS modified"
    " FROM profile JOIN space USING(space), json_each(attributes) AS a"
    " JOIN name ON name.name = json_extract(a.value, '$[0]');";

/* Of the schema: a database with another is not read. */
enum { SCHEMA = 2 };

enum query {
	BEGIN,
	COMMIT,
	ROLLBACK,
	ADD_SPACE,
	GET_SPACE,
	ADD_NAME,
	GET_NAME,
	GET_PROFILE,
	SET_PROFILE,
	ADD_PROFILE,
	ADD_BATCH,
	SET_BATCH,
	DROP_BATCHES,
	GET_BATCH,
	ADD_FAILED,
	GET_FAILED,
	ADD_LOST,
	FETCH,
	QUERIES
};

static const char *const sql[QUERIES] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [ADD_SPACE] = "INSERT OR IGNORE INTO space(client, kind) VALUES(?1, ?2)",
    [GET_SPACE] = "SELECT space FROM space WHERE client = ?1 AND kind = ?2",
    [ADD_NAME] = "INSERT OR IGNORE INTO name(text) VALUES(?1)",
    [GET_NAME] = "SELECT name FROM name WHERE text = ?1",
    [GET_PROFILE] = "SELECT attributes, batch, profile FROM profile"
		    " WHERE space = ?1 AND id = ?2 AND active > ?3",
    [SET_PROFILE] = "UPDATE profile SET active = ?1, batch = ?2,"
		    " attributes = ?3 WHERE profile = ?4",
    /* One that has expired is still there. */
    [ADD_PROFILE] = "INSERT INTO profile(space, id, active, batch, attributes)"
		    " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
		    " active = ?3, batch = ?4, attributes = ?5",
    [ADD_BATCH] = "INSERT INTO batch(client) VALUES(?1)",
    [SET_BATCH] = "UPDATE batch SET id = ?2, lists = ?3, size = ?4,"
		  " consumed = ?5, successful = ?6, missing = ?7, failed = ?8,"
		  " created = ?9, ready = ?10, stuck = ?11 WHERE batch = ?1",
    [DROP_BATCHES] = "DELETE FROM batch WHERE client = ?1 AND batch <="
		     " (SELECT batch FROM batch WHERE client = ?1"
		     " ORDER BY batch DESC LIMIT 1 OFFSET ?2)",
    [GET_BATCH] = "SELECT id, lists, size, consumed, successful, missing,"
		  " failed, created, ready, stuck FROM batch"
		  " WHERE client = ?1 AND id = ?2 AND created > ?3",
    [ADD_FAILED] = "INSERT INTO failed(batch, row, id) VALUES(?1, ?2, ?3)",
    [GET_FAILED] = "SELECT failed.id FROM failed JOIN batch USING(batch)"
		   " WHERE batch.id = ?1 ORDER BY row LIMIT ?2",
    [ADD_LOST] = "INSERT INTO lost(client, kind, batch, id)"
		 " VALUES(?1, ?2, ?3, ?4)",
    [FETCH] =
	"SELECT text, json_extract(a.value, '$[1]'),"
	" json_extract(a.value, '$[2]')"
	" FROM profile JOIN space USING(space), json_each(attributes) AS a"
	" JOIN name ON name.name = json_extract(a.value, '$[0]')"
	" WHERE client = ?1 AND kind = ?2 AND profile.id = ?3"
	" AND active > ?4"
	" ORDER BY text",
};

static const char *const kinds[] = {"pcId", "thirdPartyId"};

/* What the database is read and written in. */
enum { PAGE_BYTES = 8192 };

struct store {
	sqlite3 *db;
	atomic_bool stopped;
	sqlite3_stmt *query[QUERIES];
	/* Of what is going on: */
	struct store_scope scope;
	int64_t batch; /* 0: none */
	int64_t failures;
	struct buffer text; /* a document that is being written */
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

/* The number that a query gives which is needed only once. */
static int
get_pragma(struct store *s, const char *text, int64_t *n, struct error *e)
{
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(s->db, text, -1, &q, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(q);
	if (code == SQLITE_ROW)
		*n = sqlite3_column_int64(q, 0);
	else
		failed(s, e);
	sqlite3_finalize(q);
	return code == SQLITE_ROW ? 0 : -1;
}

/* A database that is not new has the number of the schema. */
static int
check_schema(struct store *s, struct error *e)
{
	int64_t tables = 0, version = 0;

	if (get_pragma(s, "SELECT count(*) FROM sqlite_schema", &tables, e) ||
	    get_pragma(s, "PRAGMA user_version", &version, e))
		return -1;
	if (tables > 0 && version != SCHEMA)
		return error_set(e, EXIT_USAGE,
		    "another version of tp-sandbox made this database, or "
		    "another program; name a new file");
	return 0;
}

static int
prepare(struct store *s, uint64_t room, struct error *e)
{
	char pragma[80], number[40];
	int q;

	/* 0 leaves the number as it is. */
	snprintf(pragma, sizeof(pragma),
	    "PRAGMA page_size = %d; PRAGMA max_page_count = %llu;", PAGE_BYTES,
	    (unsigned long long)(room / PAGE_BYTES));
	snprintf(number, sizeof(number), "PRAGMA user_version = %d", SCHEMA);
	if (check_schema(s, e) != 0)
		return -1;
	if (sqlite3_exec(s->db, pragma, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->db,
		"PRAGMA journal_mode = WAL;"
		"PRAGMA synchronous = NORMAL;"
		"PRAGMA secure_delete = OFF;"
		"PRAGMA cache_size = -65536;"
		"PRAGMA foreign_keys = ON;",
		NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->db, number, NULL, NULL, NULL) != SQLITE_OK)
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
	buffer_init(&s->text, SIZE_MAX / 2);
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
	if (e->code != EXIT_USAGE)
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
	buffer_free(&s->text);
	free(s);
	return result;
}

void
store_stop(struct store *s)
{
	atomic_store(&s->stopped, true);
}

static void
bind_space(struct store *s, int64_t space)
{
	const struct store_scope *scope = &s->scope;

	bind_number(s, GET_PROFILE, 1, space);
	bind_number(s, GET_PROFILE, 3, scope->now - scope->lifetime);
	bind_number(s, SET_PROFILE, 1, scope->now);
	bind_number(s, ADD_PROFILE, 1, space);
	bind_number(s, ADD_PROFILE, 3, scope->now);
}

int
store_begin(struct store *s, const struct store_scope *scope, struct error *e)
{
	int64_t space = 0;

	s->scope = *scope;
	s->batch = 0;
	bind_string(s, ADD_SPACE, 1, scope->client);
	bind_string(s, ADD_SPACE, 2, kinds[scope->kind]);
	bind_string(s, GET_SPACE, 1, scope->client);
	bind_string(s, GET_SPACE, 2, kinds[scope->kind]);
	if (run(s, BEGIN, e) != 0)
		return -1;
	if (run(s, ADD_SPACE, e) != 0 ||
	    get_number(s, GET_SPACE, &space, e) != 1) {
		store_rollback(s);
		return -1;
	}
	bind_space(s, space);
	return 0;
}

int
store_begin_batch(struct store *s, struct store_batch *batch, struct error *e)
{
	s->failures = 0;
	bind_string(s, ADD_BATCH, 1, s->scope.client);
	if (run(s, ADD_BATCH, e) != 0)
		return -1;
	s->batch = sqlite3_last_insert_rowid(s->db);
	batch->number = s->batch;
	batch->created = s->scope.now;
	snprintf(batch->id, sizeof(batch->id), "%s-%lld-%lld", s->scope.client,
	    (long long)s->scope.now, (long long)s->batch);
	return 0;
}

int
store_name(struct store *s, const char *text, size_t n,
    struct document_name *name, struct error *e)
{
	name->n = n;
	bind_text(s, ADD_NAME, 1, text, n);
	bind_text(s, GET_NAME, 1, text, n);
	if (run(s, ADD_NAME, e) != 0)
		return -1;
	return get_number(s, GET_NAME, &name->number, e) == 1 ? 0 : -1;
}

static int
load(struct store *s, struct store_profile *profile, struct error *e)
{
	sqlite3_stmt *q = s->query[GET_PROFILE];
	const char *text = (const char *)sqlite3_column_text(q, 0);
	int loaded = text == NULL ? -1
				  : document_load(&profile->document, text,
					(size_t)sqlite3_column_bytes(q, 0));

	if (loaded == 0)
		return 0;
	return error_set(e, loaded < 0 ? EXIT_TEMPORARY : EXIT_LOCAL,
	    loaded < 0 ? "out of memory"
		       : "database: a profile was not written here");
}

int
store_find(struct store *s, const char *id, size_t n,
    struct store_profile *profile, struct error *e)
{
	sqlite3_stmt *q = s->query[GET_PROFILE];
	int code, result = 0;

	document_clear(&profile->document);
	profile->batch = 0;
	bind_text(s, GET_PROFILE, 2, id, n);
	code = step(s, GET_PROFILE);
	profile->found = code == SQLITE_ROW;
	if (profile->found) {
		profile->batch = sqlite3_column_int64(q, 1);
		profile->number = sqlite3_column_int64(q, 2);
		result = load(s, profile, e);
	} else if (code != SQLITE_DONE) {
		result = failed(s, e);
	}
	sqlite3_reset(q);
	return result;
}

int
store_keep(struct store *s, const char *id, size_t n,
    const struct store_profile *profile, struct error *e)
{
	s->text.len = 0;
	if (document_write(&profile->document, &s->text) != 0)
		return error_set(e, EXIT_TEMPORARY, "out of memory");
	if (profile->found) {
		bind_number(s, SET_PROFILE, 2, s->batch);
		bind_text(s, SET_PROFILE, 3, s->text.data, s->text.len);
		bind_number(s, SET_PROFILE, 4, profile->number);
		return run(s, SET_PROFILE, e);
	}
	bind_text(s, ADD_PROFILE, 2, id, n);
	bind_number(s, ADD_PROFILE, 4, s->batch);
	bind_text(s, ADD_PROFILE, 5, s->text.data, s->text.len);
	return run(s, ADD_PROFILE, e);
}

int
store_lose(struct store *s, const char *id, size_t n, struct error *e)
{
	bind_string(s, ADD_LOST, 1, s->scope.client);
	bind_string(s, ADD_LOST, 2, kinds[s->scope.kind]);
	bind_number(s, ADD_LOST, 3, s->batch);
	bind_text(s, ADD_LOST, 4, id, n);
	return run(s, ADD_LOST, e);
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
store_end_batch(struct store *s, const struct store_batch *batch, uint64_t keep,
    struct error *e)
{
	const int64_t numbers[] = {batch->lists_failed, (int64_t)batch->size,
	    (int64_t)batch->consumed, (int64_t)batch->successful,
	    (int64_t)batch->not_found, (int64_t)batch->failed, batch->created,
	    batch->ready, batch->stuck};
	int i;

	bind_number(s, SET_BATCH, 1, s->batch);
	bind_string(s, SET_BATCH, 2, batch->id);
	for (i = 0; i < 9; i++)
		bind_number(s, SET_BATCH, 3 + i, numbers[i]);
	bind_string(s, DROP_BATCHES, 1, s->scope.client);
	bind_number(s, DROP_BATCHES, 2, (int64_t)keep);
	if (run(s, SET_BATCH, e) != 0)
		return -1;
	return run(s, DROP_BATCHES, e);
}

int
store_commit(struct store *s, struct error *e)
{
	if (run(s, COMMIT, e) == 0)
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
    int64_t now, struct store_batch *batch, struct error *e)
{
	sqlite3_stmt *q = s->query[GET_BATCH];
	int code;

	bind_string(s, GET_BATCH, 1, client);
	bind_string(s, GET_BATCH, 2, batch_id);
	bind_number(s, GET_BATCH, 3, now - STORE_STATUS_LIFE);
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
		batch->created = sqlite3_column_int64(q, 7);
		batch->ready = sqlite3_column_int64(q, 8);
		batch->stuck = sqlite3_column_int(q, 9) != 0;
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
store_fetch(struct store *s, const struct store_scope *scope, const char *id,
    int (*visit)(void *arg, const struct store_attribute *attribute), void *arg,
    struct error *e)
{
	sqlite3_stmt *q = s->query[FETCH];
	struct store_attribute a;
	int code, n = 0;

	bind_string(s, FETCH, 1, scope->client);
	bind_string(s, FETCH, 2, kinds[scope->kind]);
	bind_string(s, FETCH, 3, id);
	bind_number(s, FETCH, 4, scope->now - scope->lifetime);
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
