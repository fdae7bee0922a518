#include "config.h"
#include "api/http.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <curl/curl.h>
#include "api/token.h"
#include "base/escape.h"
#include "base/safety.h"
#include "base/sys.h"

/* CURLOPT_PROTOCOLS was replaced in 7.85. */
#if LIBCURL_VERSION_NUM >= 0x075500
#define SET_PROTOCOLS(c) \
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https")
#else
#define SET_PROTOCOLS(c)  \
	curl_easy_setopt( \
	    c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS))
#endif

/* Since 7.87: a look-up of a name that takes too long is left behind. */
#if LIBCURL_VERSION_NUM >= 0x075700
#define LEAVE_LOOKUPS(c) curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L)
#else
#define LEAVE_LOOKUPS(c) ((void)0)
#endif

struct http {
	CURL *curl;
	struct curl_slist *headers;
	char why[CURL_ERROR_SIZE];
	struct buffer body; /* of the answer */

	/* Of the request that runs. */
	const struct http_request *request;
	struct http_answer *answer;
	size_t sent;  /* bytes of its body handed to libcurl */
	size_t came;  /* bytes of the answer, as they came */
	size_t given; /* bytes of it that libcurl handed on */
	int refused;  /* errno of the last socket that was not made; 0 */
	bool headed;  /* all headers of the answer came */
	bool stopped; /* request->stop said so */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started;

static void
start(void)
{
	/* libcurl, and libraries below it, would write to this file by what
	 * the token can be read on its way. */
	if (SAFETY("token-no-keys", true, false))
		(void)unsetenv("SSLKEYLOGFILE");
	started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int
http_start(struct error *e)
{
	pthread_once(&once, start);
	return started == CURLE_OK
		   ? 0
		   : error_set(e, EXIT_LOCAL, "cannot start libcurl");
}

static size_t
give_body(char *to, size_t size, size_t n, void *arg)
{
	struct http *h = arg;
	const struct http_request *q = h->request;
	const char *from = q->head;
	size_t at = h->sent, rest = q->head_size;

	if (at >= rest) {
		at -= rest;
		from = q->body;
		rest = q->size;
	}
	n *= size;
	if (n > rest - at)
		n = rest - at;
	if (n > 0)
		memcpy(to, from + at, n);
	h->sent += n;
	return n;
}

static bool
is_too_long(const struct http *h)
{
	return SAFETY("answer-bounded",
	    h->came > h->body.max || h->given > h->body.max, false);
}

/*
 * Counts what libcurl has received: status lines and headers, those of a
 * proxy too, and the body before anything is decoded, so with the sizes,
 * extensions and trailers of chunks.  No other callback is told of all that,
 * and this one cannot end the transfer; those below do.
 */
static int
count(CURL *curl, curl_infotype type, char *data, size_t n, void *arg)
{
	struct http *h = arg;

	(void)curl, (void)data;
	if (type == CURLINFO_HEADER_IN || type == CURLINFO_DATA_IN)
		h->came += SAFETY("answer-all-counted", n, 0);
	return 0;
}

/* What is decompressed, and the trailers of a proxy's refusal, are longer
 * than what was counted as it came, or were not counted. */
static bool
count_given(struct http *h, size_t n)
{
	h->given += SAFETY("answer-decoded-counted", n, 0);
	return !is_too_long(h);
}

static size_t
take_body(char *from, size_t size, size_t n, void *arg)
{
	struct http *h = arg;
	size_t room = h->body.max - h->body.len;

	n *= size;
	if (buffer_add(&h->body, from, n < room ? n : room) != 0)
		return 0;
	return count_given(h, n) ? n : 0; /* 0 ends the transfer */
}

/* Seconds, or a date; -1 if it is neither. */
static double
parse_retry_after(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	time_t when;

	if (digits > 9) /* more than any clamp */
		return 1e9;
	if (digits > 0 && text[digits] == '\0')
		return (double)strtol(text, NULL, 10);
	when = curl_getdate(text, NULL);
	if (when == (time_t)-1)
		return -1;
	return when > time(NULL) ? (double)(when - time(NULL)) : 0;
}

static size_t
take_header(char *from, size_t size, size_t n, void *arg)
{
	static const char name[] = "Retry-After:";
	struct http *h = arg;
	char line[128];
	size_t used;

	n *= size;
	if (!count_given(h, n))
		return 0;
	used = n < sizeof(line) - 1 ? n : sizeof(line) - 1;
	memcpy(line, from, used);
	while (used > 0 && strchr("\r\n \t", line[used - 1]) != NULL)
		used--;
	line[used] = '\0';
	if (h->headed)
		return n; /* a trailer says nothing, whatever it looks like */
	if (used == 0) {
		long status = 0;

		curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
		h->headed = status >= 200;
	} else if (strncasecmp(line, name, sizeof(name) - 1) == 0) {
		const char *value = line + sizeof(name) - 1;

		h->answer->retry_after =
		    parse_retry_after(value + strspn(value, " \t"));
	}
	return n;
}

/* libcurl keeps why there is no socket to itself. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http *h = arg;
	int fd = sys_socket(a->family, a->socktype, a->protocol);

	(void)purpose;
	if (fd < 0)
		h->refused = errno;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int
watch(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct http *h = arg;

	(void)a, (void)b, (void)c, (void)d;
	if (h->request->stop != NULL && h->request->stop(h->request->stop_arg))
		h->stopped = true;
	return h->stopped || is_too_long(h);
}

/* What all requests share.  These options cannot fail but for memory. */
static void
set_up(struct http *h, const struct http_settings *s)
{
	CURL *c = h->curl;

	curl_easy_setopt(
	    c, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L); /* threads */
	LEAVE_LOOKUPS(c);
	SET_PROTOCOLS(c);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT,
	    SAFETY("one-attempt-one-request", 1L, 0L));
	curl_easy_setopt(
	    c, CURLOPT_FORBID_REUSE, SAFETY("one-attempt-one-request", 1L, 0L));
	curl_easy_setopt(
	    c, CURLOPT_FOLLOWLOCATION, SAFETY("no-redirect", 0L, 1L));
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_HEADEROPT,
	    SAFETY("token-not-to-proxy", (long)CURLHEADER_SEPARATE,
		(long)CURLHEADER_UNIFIED));
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* An id may be "..". */
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)s->connect_timeout);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)s->timeout);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->why);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(c, CURLOPT_READDATA, h);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(c, CURLOPT_VERBOSE, 1L); /* nothing is shown of it */
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, count);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, h);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, h);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
}

/* These certificates and no others. */
static int
set_trust(struct http *h, const struct http_settings *s, struct error *e)
{
	CURLcode code = CURLE_NOT_BUILT_IN;

	if (s->cacert == NULL)
		return 0;
	curl_easy_setopt(h->curl, CURLOPT_CAPATH, NULL);
#if LIBCURL_VERSION_NUM >= 0x074d00
	{
		struct curl_blob blob = {
		    s->pem->data, s->pem->len, CURL_BLOB_NOCOPY};

		code = curl_easy_setopt(h->curl, CURLOPT_CAINFO_BLOB, &blob);
	}
#endif
	/* Not every library for TLS takes them from memory. */
	if (code == CURLE_OK)
		code = curl_easy_setopt(h->curl, CURLOPT_CAINFO, NULL);
	else
		code = curl_easy_setopt(h->curl, CURLOPT_CAINFO, s->cacert);
	return code == CURLE_OK ? 0 : error_set(e, EXIT_LOCAL, "out of memory");
}

struct http *
http_new(const struct http_settings *settings, struct error *e)
{
	struct http *h = sys_calloc(1, sizeof(*h));

	if (h == NULL) {
		error_set(e, EXIT_LOCAL, "out of memory");
		return NULL;
	}
	buffer_init(&h->body, settings->answer_max);
	if (http_start(e) == 0)
		h->curl = curl_easy_init();
	if (h->curl == NULL) {
		error_set(e, EXIT_LOCAL, "cannot start libcurl");
		http_free(h);
		return NULL;
	}
	set_up(h, settings);
	/* Now: later, a lack of memory would look like an answer cut short. */
	if (SAFETY("answer-memory-first",
		buffer_reserve(&h->body, settings->answer_max) != 0, false))
		error_set(e, EXIT_LOCAL, "out of memory");
	else if (set_trust(h, settings, e) == 0)
		return h;
	http_free(h);
	return NULL;
}

/* The list holds the token. */
static void
free_headers(struct http *h)
{
	struct curl_slist *p;

	for (p = h->headers; p != NULL; p = p->next)
		token_wipe(p->data, strlen(p->data));
	curl_slist_free_all(h->headers);
	h->headers = NULL;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	free_headers(h);
	curl_easy_cleanup(h->curl);
	buffer_free(&h->body);
	free(h);
}

static int
add_header(struct http *h, const char *line)
{
	struct curl_slist *more = curl_slist_append(h->headers, line);

	if (more == NULL)
		return -1;
	h->headers = more;
	return 0;
}

static int
add_token(struct http *h, const char *token)
{
	static const char name[] = "Authorization: Bearer ";
	size_t size = sizeof(name) + strlen(token);
	char *line = sys_malloc(size);
	int result;

	if (line == NULL)
		return -1;
	snprintf(line, size, "%s%s", name, token);
	result = add_header(h, line);
	token_wipe(line, size);
	free(line);
	return result;
}

static int
prepare(struct http *h, const struct http_request *q)
{
	CURL *c = h->curl;

	free_headers(h);
	if (q->token != NULL && add_token(h, q->token) != 0)
		return -1;
	if (q->body == NULL) {
		curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)(q->head_size + q->size));
		if (add_header(h, "Expect:") != 0 ||
		    add_header(h,
			"Content-Type: application/x-www-form-urlencoded") != 0)
			return -1;
	}
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->headers);
	/* "" is none; NULL leaves it to the environment. */
	if (curl_easy_setopt(c, CURLOPT_PROXY, q->direct ? "" : NULL) !=
		CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_URL, q->url) != CURLE_OK)
		return -1;
	return 0;
}

/* Success for a body that did not come: when an answer is whole and the server
 * closes, libcurl sends no more. */
static bool
is_early(const struct http *h, long status)
{
	return status >= 200 && status <= 299 &&
	       h->sent < h->request->head_size + h->request->size;
}

static enum http_end
judge(const struct http *h, CURLcode code, long status)
{
	if (is_too_long(h))
		return h->headed ? HTTP_ANSWERED : HTTP_LOST;
	switch (code) {
	case CURLE_OK:
		if (!h->headed)
			return HTTP_LOST;
		return SAFETY("early-success", is_early(h, status), false)
			   ? HTTP_CUT
			   : HTTP_ANSWERED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return HTTP_UNTRUSTED;
	default:
		if (h->headed)
			return HTTP_CUT;
		return h->stopped ? HTTP_STOPPED : HTTP_LOST;
	}
}

static int
fail(CURLcode code, const char *why, struct error *e)
{
	char shown[CURL_ERROR_SIZE];

	escape_text(shown, sizeof(shown), why, strlen(why));
	return error_set(e,
	    code == CURLE_SSL_CACERT_BADFILE ? EXIT_USAGE : EXIT_LOCAL, "%s",
	    shown);
}

/* Is it this machine that has no more to give? */
static bool
is_want(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOMEM ||
	       number == ENOBUFS;
}

static bool
lacks(struct http *h, const char *what, int number)
{
	char why[ERROR_TEXT];

	if (!is_want(number))
		return false;
	snprintf(h->why, sizeof(h->why), "cannot %s: %s", what,
	    error_text(number, why));
	return true;
}

static bool
lacks_connection(struct http *h)
{
	long number = 0;

	curl_easy_getinfo(h->curl, CURLINFO_OS_ERRNO, &number);
	return SAFETY("socket-want-is-local",
		   lacks(h, "make a socket", h->refused), false) ||
	       lacks(h, "connect", (int)number);
}

/* libcurl has one code for a look-up of a name that failed and one that could
 * not be made, which is by a thread and by sockets. */
static bool
lacks_lookup(struct http *h)
{
	int fd;

	if (strstr(h->why, "thread failed to start") != NULL)
		return true;
	fd = sys_socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return SAFETY("lookup-want-is-local",
		    lacks(h, "look up a name", errno), false);
	(void)sys_close(fd);
	return false;
}

/* Trouble on this machine.  Two codes are about an answer, too, once a request
 * is under way: a header longer than libcurl takes (100 KiB) is a lack of
 * memory to it, and one that is not HTTP an unsupported protocol. */
static bool
is_local(struct http *h, CURLcode code)
{
	long left = 0;

	switch (code) {
	case CURLE_OUT_OF_MEMORY:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return curl_easy_getinfo(
			   h->curl, CURLINFO_REQUEST_SIZE, &left) != CURLE_OK ||
		       SAFETY("lost-is-not-local", left == 0, true);
	case CURLE_COULDNT_CONNECT:
		return lacks_connection(h);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return lacks_lookup(h);
	case CURLE_BAD_FUNCTION_ARGUMENT: /* poll() fails; since 7.84: */
#if LIBCURL_VERSION_NUM >= 0x075400
	case CURLE_UNRECOVERABLE_POLL:
#endif
	case CURLE_FAILED_INIT:
	case CURLE_NOT_BUILT_IN:
	case CURLE_READ_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_URL_MALFORMAT:
		return true;
	default:
		return false;
	}
}

/* Why there is no whole answer. */
static const char *
explain(const struct http *h, CURLcode code)
{
	if (is_too_long(h))
		return "the answer is longer than 64 KiB";
	if (code == CURLE_OK && h->headed)
		return "answered before all of the body was sent";
	if (code == CURLE_OUT_OF_MEMORY)
		return "out of memory, or a header of the answer is too long";
	return h->why[0] != '\0' ? h->why : curl_easy_strerror(code);
}

int
http_run(struct http *h, const struct http_request *request,
    struct http_answer *a, struct error *e)
{
	CURLcode code;
	long status = 0;
	const char *why;

	memset(a, 0, sizeof(*a));
	a->retry_after = -1;
	a->token = request->token;
	h->request = request;
	h->answer = a;
	h->sent = h->came = h->given = h->body.len = 0;
	h->refused = 0;
	h->headed = h->stopped = false;
	h->why[0] = '\0';
	if (prepare(h, request) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	code = curl_easy_perform(h->curl);
	/* Not what was already in libcurl's hands counts, but what may have
	 * left them; libcurl's own count differs between versions. */
	a->body_left = h->sent > 0;
	a->too_long = is_too_long(h);
	if (is_local(h, code))
		return fail(code, explain(h, code), e);
	why = explain(h, code);
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	a->end = judge(h, code, status);
	if (a->end == HTTP_ANSWERED || a->end == HTTP_CUT)
		a->status = (int)status;
	if (a->end != HTTP_ANSWERED)
		escape_text(a->text, sizeof(a->text), why, strlen(why));
	a->body = h->body;
	return 0;
}

const char *
http_curl_version(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}

const char *
http_tls_version(void)
{
	const char *name = curl_version_info(CURLVERSION_NOW)->ssl_version;

	return name == NULL ? "no TLS" : name;
}

bool
http_has_tls_proxy(void)
{
	return (curl_version_info(CURLVERSION_NOW)->features &
		   CURL_VERSION_HTTPS_PROXY) != 0;
}

void
http_default_trust(const char **file, const char **folder)
{
	*file = *folder = NULL;
#if LIBCURL_VERSION_NUM >= 0x074600
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	if (v->age >= CURLVERSION_SEVENTH) {
		*file = v->cainfo;
		*folder = v->capath;
	}
#endif
}
