/*
 * service.h: which service is called, and how: what tp-send and tp-status
 * have in common, their options first.
 */
#ifndef TP_API_SERVICE_H
#define TP_API_SERVICE_H

#include <stddef.h>
#include <stdint.h>
#include "api/endpoint.h"
#include "api/http.h"
#include "api/token.h"
#include "base/buffer.h"
#include "base/error.h"
#include "pace/pace.h"

struct service {
	const char *client, *address, *token_file, *cacert; /* or NULL */
	uint64_t rate;					    /* calls a minute */
	uint64_t timeout, connect_timeout;		    /* seconds */

	/* What is told before the first call, and of waits; may be empty. */
	struct pace_teller teller;

	struct endpoint endpoint; /* by service_resolve */
	struct buffer pem;	  /* of cacert, by service_prepare */
	struct bearer *bearer;	  /* by service_prepare; or NULL */
	struct pace *pace;	  /* by service_open_pace; or NULL */
};

/* Keys of these options, for the tables of the programs. */
enum {
	SERVICE_KEY_CLIENT = 'c',
	SERVICE_KEY_ENDPOINT = 900,
	SERVICE_KEY_TOKEN_FILE,
	SERVICE_KEY_CACERT,
	SERVICE_KEY_RATE,
	SERVICE_KEY_TIMEOUT,
	SERVICE_KEY_CONNECT_TIMEOUT
};
/* clang-format off */
#define SERVICE_OPTION_ENTRIES \
	{SERVICE_KEY_CLIENT, "client", "CODE", "client code (or TP_CLIENT)"}, \
	{SERVICE_KEY_ENDPOINT, "endpoint", "URL", \
	    "scheme://host[:port] (or TP_ENDPOINT)"}, \
	{SERVICE_KEY_TOKEN_FILE, "token-file", "FILE", \
	    "bearer token (or TP_TOKEN_FILE)"}, \
	{SERVICE_KEY_CACERT, "cacert", "FILE", "trust these certificates only"}, \
	{SERVICE_KEY_TIMEOUT, "timeout", "TIME", "for one request (300s)"}, \
	{SERVICE_KEY_CONNECT_TIMEOUT, "connect-timeout", "TIME", "to connect (30s)"}
/* Of programs that make calls which the service counts. */
#define SERVICE_RATE_ENTRY \
	{SERVICE_KEY_RATE, "rate", "N", "at most N calls a minute in all (45)"}
/* clang-format on */

/* Without an option: what the environment says, and the usual. */
void service_init(struct service *s);

/* Sets what one of those keys says, which must live as long.  1: it was none
 * of them; -1. */
int service_set_option(
    struct service *s, int key, const char *arg, struct error *e);

/* After all options: s->endpoint.  -1 with EXIT_USAGE. */
int service_resolve(struct service *s, enum endpoint_api api, struct error *e);

/*
 * What can be looked at on this machine before the first call, and changes
 * nothing: token (if it is wanted; and there is a file of it), certificates,
 * proxy, descriptors for so many requests at once; starts libcurl.  -1:
 * EXIT_USAGE or EXIT_LOCAL.  Before any thread is started.
 */
int service_prepare(
    struct service *s, bool token, unsigned jobs, struct error *e);
/* The pace of all calls, see pace_open; *s must live as long. */
int service_open_pace(struct service *s, struct error *e);
/* Would that succeed? */
int service_look_pace(struct service *s, struct error *e);

/* *s must live as long. */
struct http_settings service_http(const struct service *s);

/* Appends to a command, for a person, the options that reach the same. */
void service_add_options(const struct service *s, char *to, size_t size);

/* The libraries in use, for --version. */
void service_version(char *to, size_t size);

void service_free(struct service *s);

#endif
