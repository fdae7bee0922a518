#include "probe/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "api/fate.h"
#include "api/httpstatus.h"
#include "base/escape.h"
#include "base/signals.h"
#include "probe/cases.h"

const char *
check_subject_name(enum check_subject subject)
{
	static const char *const names[] = {
	    [CHECK_HOST] = "host",
	    [CHECK_CERTIFICATE] = "certificate",
	    [CHECK_CLIENT] = "client",
	    [CHECK_TOKEN] = "token",
	};

	return names[subject];
}

const char *
check_verdict_name(enum check_verdict verdict)
{
	static const char *const names[] = {
	    [CHECK_RIGHT] = "right",
	    [CHECK_UNPROVEN] = "unproven",
	    [CHECK_WRONG] = "wrong",
	    [CHECK_UNKNOWN] = "unknown",
	};

	return names[verdict];
}

static void __attribute__((format(printf, 4, 5)))
judge(struct check *c, enum check_subject subject, enum check_verdict verdict,
    const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	c->of[subject].verdict = verdict;
	vsnprintf(c->of[subject].text, sizeof(c->of[subject].text), format, ap);
	va_end(ap);
}

static int
make_url(struct check *c, const struct endpoint *ep, struct error *e)
{
	char id[CASE_RUN];

	if (case_new_run(id, e) != 0)
		return -1;
	return profile_url(c->url, ep, true, id, strlen(id)) == 0
		   ? 0
		   : error_set(e, EXIT_USAGE, "the URL is too long");
}

/* No answer of the service came. */
static void
find_no_answer(
    struct check *c, const struct service *s, const struct http_answer *a)
{
	if (a->end == HTTP_UNTRUSTED) {
		c->code = EXIT_SERVICE;
		judge(c, CHECK_CERTIFICATE, CHECK_WRONG, "%s", a->text);
		return;
	}
	c->code = EXIT_TEMPORARY;
	judge(c, CHECK_HOST, CHECK_WRONG, "%s%s", a->text,
	    s->address == NULL
		? "; the name of the host begins with the client code"
		: "; --endpoint or TP_ENDPOINT says the host");
}

/* The host gave a whole answer, so its certificate was good. */
static void
find_certificate(struct check *c, const struct service *s)
{
	if (s->endpoint.origin.tls)
		judge(c, CHECK_CERTIFICATE, CHECK_RIGHT,
		    "it is for this host and was verified");
	else
		judge(c, CHECK_CERTIFICATE, CHECK_UNPROVEN,
		    "there is none: the endpoint is http, on this machine");
}

static void
find_good(struct check *c, const struct service *s)
{
	judge(c, CHECK_HOST, CHECK_RIGHT,
	    "%s answers as an edge of Target does", s->endpoint.origin.host);
	judge(c, CHECK_CLIENT, CHECK_UNPROVEN,
	    "the service does not object to %s; people report HTTP 400 for "
	    "another code",
	    s->endpoint.client);
	if (s->bearer != NULL)
		judge(c, CHECK_TOKEN, CHECK_UNPROVEN,
		    "the service does not object to it; without authentication "
		    "it would not look at it");
	else
		judge(c, CHECK_TOKEN, CHECK_UNPROVEN,
		    "none was sent, and fetching a profile needs none; updates "
		    "may need one");
}

static void
find_denied(struct check *c, const struct service *s, const char *status)
{
	char file[256];

	c->code = EXIT_SERVICE;
	judge(
	    c, CHECK_HOST, CHECK_RIGHT, "%s answers", s->endpoint.origin.host);
	if (s->bearer != NULL)
		judge(c, CHECK_TOKEN, CHECK_WRONG,
		    "%s: the service refuses it; it may have expired, and a "
		    "new "
		    "one ends the one before; look at %s",
		    status,
		    escape_text(file, sizeof(file), s->token_file,
			strlen(s->token_file)));
	else
		judge(c, CHECK_TOKEN, CHECK_WRONG,
		    "%s: the service wants one; give --token-file FILE or set "
		    "TP_TOKEN_FILE",
		    status);
}

static void
find_answer(
    struct check *c, const struct service *s, const struct http_answer *a)
{
	const char *host = s->endpoint.origin.host;
	enum fate fate = fate_of_answer(a);
	char status[HTTPSTATUS_TEXT];
	enum profile_found found;
	struct profile profile;

	found = profile_read(&profile, a);
	profile_free(&profile);
	httpstatus_text(a->status, status);
	find_certificate(c, s);
	/* As an edge of Target says it of an id that it does not know, or that
	 * somebody has made meanwhile. */
	if (found != PROFILE_OTHER) {
		find_good(c, s);
	} else if (fate == FATE_DENIED) {
		find_denied(c, s, status);
	} else if (a->status == 400) {
		c->code = EXIT_SERVICE;
		judge(c, CHECK_HOST, CHECK_RIGHT, "%s answers", host);
		judge(c, CHECK_CLIENT, CHECK_WRONG,
		    "%s: the service does not know %s, as people report of "
		    "unknown codes; see Administration > Implementation in "
		    "Target",
		    status, s->endpoint.client);
	} else if (fate_rule(fate)->again) {
		c->code = EXIT_TEMPORARY;
		judge(c, CHECK_HOST, CHECK_UNPROVEN,
		    "%s: it cannot answer now; try again in a minute", status);
	} else {
		c->code = EXIT_SERVICE;
		judge(c, CHECK_HOST, CHECK_WRONG,
		    "%s: %s answers, but not as an edge of Target does", status,
		    host);
	}
}

int
check_run(struct check *c, struct service *s, struct error *e)
{
	const struct http_settings settings = service_http(s);
	const struct http_request request = {.url = c->url,
	    .token = bearer_token(s->bearer),
	    .direct = s->endpoint.origin.loopback,
	    .stop = signals_came};
	struct http *http;
	struct http_answer a;
	int i, result;

	c->code = EXIT_COMPLETE;
	for (i = 0; i < CHECK_SUBJECTS; i++)
		judge(c, (enum check_subject)i, CHECK_UNKNOWN,
		    "something else has to be put right first");
	if (make_url(c, &s->endpoint, e) != 0)
		return -1;
	http = http_new(&settings, e);
	if (http == NULL)
		return -1;
	result = http_run(http, &request, &a, e);
	if (result == 0 && a.end == HTTP_STOPPED)
		result = 1;
	else if (result == 0 && a.end == HTTP_ANSWERED)
		find_answer(c, s, &a);
	else if (result == 0)
		find_no_answer(c, s, &a);
	http_free(http);
	return result;
}
