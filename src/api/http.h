/*
 * http.h: one GET or POST, sent once; the one place that knows libcurl.
 *
 * libcurl sends a request again by itself when a connection that it kept from
 * an earlier one turns out dead.  Here every request gets a connection of its
 * own and a body that cannot be rewound, so that one call of http_run is never
 * more than one request.  HTTP/1.1; redirects are not followed; no "Expect:";
 * the usual proxy variables are honoured, except to reach this machine itself.
 *
 * A struct http is for one thread at a time; any number may live at once.
 */
#ifndef TP_API_HTTP_H
#define TP_API_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buffer.h"
#include "base/error.h"

/*
 * An answer is read up to here, its headers, interim answers, the headers of a
 * proxy before it, and all that chunks have around them counted: the service's
 * are below 1 KiB.
 */
#define HTTP_ANSWER_MAX ((size_t)64 * 1024)

struct http;

struct http_settings {
	const char *cacert;	  /* PEM file to trust instead; or NULL */
	const struct buffer *pem; /* what is in it, see trust.h */
	unsigned connect_timeout; /* seconds, > 0 */
	unsigned timeout;	  /* seconds for all of it, > 0 */
	size_t answer_max;	  /* HTTP_ANSWER_MAX, or more */
};

struct http_request {
	const char *url;
	const char *token; /* "Authorization: Bearer …"; or NULL */
	const void *body;  /* NULL: a GET; else a POST of a form */
	size_t size;	   /* of body */
	const void *head;  /* goes in front of it */
	size_t head_size;
	bool direct; /* no proxy: for loopback */
	/* Asked a few times a second; true ends the request.  Or NULL. */
	bool (*stop)(void *arg);
	void *stop_arg;
};

enum http_end {
	HTTP_ANSWERED,	/* whole; or headers whole and the rest too long */
	HTTP_CUT,	/* headers came, the end of the body did not; or it is
			 * success before all of the request's body had left */
	HTTP_LOST,	/* no answer, or none that is HTTP */
	HTTP_UNTRUSTED, /* the server's certificate does not verify */
	HTTP_STOPPED	/* stop said so before an answer was there */
};

struct http_answer {
	enum http_end end;
	int status;	    /* 200; 0 unless HTTP_ANSWERED or HTTP_CUT */
	bool body_left;	    /* some of the request's body may have left */
	bool too_long;	    /* it was cut off at answer_max */
	double retry_after; /* seconds from now, as asked; below 0: not asked */
	struct buffer body; /* belongs to the struct http, until its next run */
	const char *token;  /* the request's, which body may hold in any form */
	char text[256];	    /* why there is no whole answer; escaped */
};

/*
 * Before the first http_new, and before any other thread is started: from here
 * on SSLKEYLOGFILE is not set any more.
 */
int http_start(struct error *e);

/* cacert and pem must live as long.  NULL: e says why. */
struct http *http_new(const struct http_settings *settings, struct error *e);
void http_free(struct http *h);

/*
 * 0: *a says how it ended.  -1: trouble on this machine: memory, descriptors,
 * certificates, proxy.  Nothing has left, unless a->body_left says so.
 */
int http_run(struct http *h, const struct http_request *request,
    struct http_answer *a, struct error *e);

/* Can it reach a proxy over TLS? */
bool http_has_tls_proxy(void);
/* Where libcurl looks for certificates by itself; NULL: not there, or it does
 * not tell. */
void http_default_trust(const char **file, const char **folder);

/* "7.88.1", and what does TLS: "OpenSSL/3.0.22" */
const char *http_curl_version(void);
const char *http_tls_version(void);

#endif
