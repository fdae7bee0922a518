#include "record/journalline.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/safety.h"
#include "base/sys.h"

static const char *const keys[JOURNALLINE_KINDS] = {
    [JOURNALLINE_ATTEMPT] = "attempt",
    [JOURNALLINE_RESULT] = "result",
    [JOURNALLINE_KEEP] = "keep",
    [JOURNALLINE_KEPT] = "kept",
};

static const char begin[] = "{\"journal\":\"tp-send\",";

void
journalline_describe(struct journalline_header *h, const struct endpoint *ep)
{
	memset(h, 0, sizeof(*h));
	snprintf(h->address, sizeof(h->address), "%s://%s:%u",
	    ep->origin.tls ? "https" : "http", ep->origin.host,
	    ep->origin.port);
	snprintf(h->client, sizeof(h->client), "%s", ep->client);
	h->api = ep->api;
}

bool
journalline_may_begin(const char *text, size_t n)
{
	if (n > sizeof(begin) - 1)
		n = sizeof(begin) - 1;
	return memcmp(text, begin, n) == 0;
}

bool
journalline_begins(const char *line, size_t n)
{
	return n >= sizeof(begin) - 1 && journalline_may_begin(line, n);
}

/* ------------------------------------------------------------- reading */

static int
copy(char *to, size_t size, const char *text)
{
	int n = snprintf(to, size, "%s", text == NULL ? "" : text);

	return n < 0 || (size_t)n >= size ? -1 : 0;
}

/* What differs between versions is dealt with here and in journalline_read; so
 * far there is one. */
static int
get_header(struct journalline_header *h, const ndjson *o, const char **why,
    struct error *e)
{
	uint64_t version;

	if (o == NULL || ndjson_get_string(o, "journal") == NULL ||
	    ndjson_get_count(o, "version", &version) != 0 || version == 0)
		return error_set(e, EXIT_INPUT, "this is not a journal");
	if (SAFETY("journal-version", version > JOURNALLINE_VERSION, false))
		return error_set(e, EXIT_INPUT,
		    "a newer tp-send has written this journal (version %llu of "
		    "its format): use that one",
		    (unsigned long long)version);
	if (copy(h->address, sizeof(h->address),
		ndjson_get_string(o, "endpoint")) != 0 ||
	    copy(h->client, sizeof(h->client),
		ndjson_get_string(o, "client")) != 0)
		*why = "its endpoint or its client is too long";
	else if (endpoint_api_find(ndjson_get_string(o, "api"), &h->api) != 0)
		*why = "its api is neither v1 nor v2";
	return *why == NULL ? 0 : -1;
}

int
journalline_read_header(struct journalline_header *h, const char *line,
    size_t n, const char **why, struct error *e)
{
	ndjson *o = n > JOURNALLINE_MAX ? NULL : ndjson_parse(line, n);
	int result;

	*why = NULL;
	result = get_header(h, o, why, e);
	ndjson_free(o);
	return result;
}

static enum journalline_kind
find_kind(const ndjson *o, uint64_t *number)
{
	int i;

	for (i = JOURNALLINE_ATTEMPT; o != NULL && i < JOURNALLINE_KINDS; i++) {
		if (ndjson_get_count(o, keys[i], number) == 0)
			return (enum journalline_kind)i;
	}
	return JOURNALLINE_KINDS;
}

int
journalline_read(struct journalline *l, const char *line, size_t n,
    const char **why, struct error *e)
{
	ndjson *o = n > JOURNALLINE_MAX ? NULL : ndjson_parse(line, n);
	const char *file;

	memset(l, 0, sizeof(*l));
	*why = NULL;
	l->kind = find_kind(o, &l->number);
	if (l->kind == JOURNALLINE_KINDS || receipt_get(&l->receipt, o) != 0 ||
	    l->receipt.part.batch == 0)
		*why = "it is none that is known";
	if (*why == NULL && l->kind == JOURNALLINE_KEEP) {
		file = ndjson_get_string(o, "file");
		(void)ndjson_get_count(o, "at", &l->at);
		l->file = sys_strdup(file == NULL ? "" : file);
		if (l->file == NULL)
			error_set(e, EXIT_LOCAL, "out of memory");
	}
	ndjson_free(o);
	return *why != NULL || e->code != EXIT_COMPLETE ? -1 : 0;
}

/* ------------------------------------------------------------- writing */

static char *
finish(ndjson *o, size_t *n)
{
	char *line = ndjson_line(o, n);

	ndjson_free(o);
	return line;
}

char *
journalline_header(const struct journalline_header *h, size_t *n)
{
	ndjson *o = ndjson_new();

	ndjson_set_string(o, "journal", "tp-send");
	ndjson_set_count(o, "version", JOURNALLINE_VERSION);
	ndjson_set_string(o, "endpoint", h->address);
	ndjson_set_string(o, "client", h->client);
	ndjson_set_string(o, "api", endpoint_api_name(h->api));
	return finish(o, n);
}

/* What is opened has no result yet: that it broke off is its state. */
static ndjson *
open_line(enum journalline_kind kind, uint64_t number, const struct part *p)
{
	ndjson *o = ndjson_new();
	char when[CLOCK_TEXT];

	ndjson_set_count(o, keys[kind], number);
	part_set(o, p);
	ndjson_set_string(o, "state", receipt_state_name(RECEIPT_UNKNOWN));
	ndjson_set_string(o, "time", clock_text(time(NULL), when));
	return o;
}

char *
journalline_attempt(uint64_t number, const struct part *p, size_t *n)
{
	return finish(open_line(JOURNALLINE_ATTEMPT, number, p), n);
}

char *
journalline_keep(uint64_t number, const struct part *p, const char *file,
    uint64_t at, size_t *n)
{
	ndjson *o = open_line(JOURNALLINE_KEEP, number, p);

	ndjson_set_string(o, "file", file);
	ndjson_set_count(o, "at", at);
	return finish(o, n);
}

char *
journalline_close(enum journalline_kind kind, uint64_t number,
    const struct receipt *r, size_t *n)
{
	ndjson *o = ndjson_new();

	ndjson_set_count(o, keys[kind], number);
	receipt_set(o, r);
	return finish(o, n);
}
