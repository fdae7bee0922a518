/*
 * options.h: the options of tp-sandbox.
 */
#ifndef TP_SANDBOX_OPTIONS_H
#define TP_SANDBOX_OPTIONS_H

#include "base/error.h"
#include "base/options.h"
#include "sandbox/edge.h"
#include "sandbox/server.h"

struct sandbox_options {
	struct edge_settings edge;
	struct server_settings server;

	/* What they point to. */
	struct faults faults;
	const char **clients;
	char *token;
	char *cert, *key; /* PEM text */
};

/* Keys, and the table for --help. */
enum {
	SANDBOX_KEY_CLIENT = OPTION_LONG,
	SANDBOX_KEY_CONTROL,
	SANDBOX_KEY_DB,
	SANDBOX_KEY_DECODE,
	SANDBOX_KEY_FAULT,
	SANDBOX_KEY_IDLE,
	SANDBOX_KEY_KEEP,
	SANDBOX_KEY_LIFETIME,
	SANDBOX_KEY_LOG,
	SANDBOX_KEY_LOSE,
	SANDBOX_KEY_MEMORY,
	SANDBOX_KEY_OVERRIDE,
	SANDBOX_KEY_PORT,
	SANDBOX_KEY_RATE,
	SANDBOX_KEY_REPEATED,
	SANDBOX_KEY_RETRY_AFTER,
	SANDBOX_KEY_SEED,
	SANDBOX_KEY_STATUS_DELAY,
	SANDBOX_KEY_TLS_CERT,
	SANDBOX_KEY_TLS_KEY,
	SANDBOX_KEY_TOKEN_ALWAYS,
	SANDBOX_KEY_TOKEN_FILE,
	SANDBOX_KEY_TOKEN_LIFETIME
};

/* clang-format off */
#define SANDBOX_OPTION_ENTRIES \
	{SANDBOX_KEY_PORT, "port", "N", "listen on 127.0.0.1, port N; 0: any free (0)"}, \
	{SANDBOX_KEY_DB, "db", "FILE", "keep profiles in FILE, SQLite (in memory)"}, \
	{SANDBOX_KEY_CLIENT, "client", "CODE", \
	    "there is this client; may be repeated (any)"}, \
	{SANDBOX_KEY_TOKEN_FILE, "token-file", "FILE", "updates must send this token"}, \
	{SANDBOX_KEY_TOKEN_ALWAYS, "token-always", NULL, "all other requests too"}, \
	{SANDBOX_KEY_TOKEN_LIFETIME, "token-lifetime", "TIME", "it expires after so long"}, \
	{SANDBOX_KEY_RATE, "rate", "N", "calls in 60 seconds; 0: no limit (50)"}, \
	{SANDBOX_KEY_RETRY_AFTER, "retry-after", NULL, "past it, say when in Retry-After"}, \
	{SANDBOX_KEY_DECODE, "decode", "ORDER", \
	    "rows-first, form-first or form-twice (rows-first)"}, \
	{SANDBOX_KEY_OVERRIDE, "override", "WHAT", \
	    "v2 updates in a row override names or all (names)"}, \
	{SANDBOX_KEY_REPEATED, "repeated", "WHICH", \
	    "of rows with the same id: first or last (last)"}, \
	{SANDBOX_KEY_LIFETIME, "lifetime", "TIME", "of a profile without activity (14d)"}, \
	{SANDBOX_KEY_LOSE, "lose", "SHARE", "rows that count and are not kept (0)"}, \
	{SANDBOX_KEY_SEED, "seed", "N", "decides which rows those are (0)"}, \
	{SANDBOX_KEY_STATUS_DELAY, "status-delay", "TIME", \
	    "batches are incomplete so long (0)"}, \
	{SANDBOX_KEY_KEEP, "keep", "N", "statuses kept for a client (10)"}, \
	{SANDBOX_KEY_IDLE, "idle", "TIME", "drop connections that are silent so long (30)"}, \
	{SANDBOX_KEY_MEMORY, "memory", "SIZE", "what clients send may take so much (2G)"}, \
	{SANDBOX_KEY_FAULT, "fault", "SPEC", "[status:]CALLS:KIND[=ARG]: see the manual"}, \
	{SANDBOX_KEY_CONTROL, "control", NULL, "print a URL that changes these"}, \
	{SANDBOX_KEY_LOG, "log", "FILE", "append a line of JSON for each request"}, \
	{SANDBOX_KEY_TLS_CERT, "tls-cert", "FILE", "speak https with this certificate"}, \
	{SANDBOX_KEY_TLS_KEY, "tls-key", "FILE", "and this key (both PEM)"}
/* clang-format on */

void sandbox_options_init(struct sandbox_options *o);
void sandbox_options_free(struct sandbox_options *o);

/* What is read of a file is read now.  -1 with EXIT_USAGE or EXIT_LOCAL. */
int sandbox_options_take(
    struct sandbox_options *o, int key, const char *arg, struct error *e);

/* When all were taken.  o stays where it is from then on. */
int sandbox_options_check(struct sandbox_options *o, struct error *e);

#endif
