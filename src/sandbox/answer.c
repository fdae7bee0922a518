#include "sandbox/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/ndjson.h"
#include "base/utf8.h"

int
answer_text(struct buffer *out, const char *format, ...)
{
	va_list ap;
	char text[1024];
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		return -1;
	return buffer_add(out, text, (size_t)n);
}

/* Text as XML takes it: what it cannot hold becomes U+FFFD. */
static int
add_xml(struct buffer *out, const char *text, size_t n)
{
	static const char *const named[] = {
	    ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;"};
	static const char unfit[] = "\xEF\xBF\xBD";
	uint32_t point;
	size_t len;
	int bad = 0;

	for (; n > 0 && bad == 0; text += len, n -= len) {
		len = utf8_decode(text, n, &point);
		if (len == 0 || point < ' ') {
			bad = buffer_add(out, unfit, 3);
			len = 1;
		} else if (point == '&' || point == '<' || point == '>') {
			bad =
			    buffer_add(out, named[point], strlen(named[point]));
		} else {
			bad = buffer_add(out, text, len);
		}
	}
	return bad;
}

int
answer_accepted(struct buffer *out, const char *url)
{
	return answer_text(out,
	    "<response>\n"
	    "    <success>true</success>\n"
	    "    <batchStatus>%s</batchStatus>\n"
	    "    <message>Batch submitted for processing</message>\n"
	    "</response>\n",
	    url);
}

int
answer_refused(struct buffer *out, const char *message)
{
	if (answer_text(out, "<response>\n"
			     "    <success>false</success>\n"
			     "    <batchStatus></batchStatus>\n"
			     "    <message>") != 0 ||
	    add_xml(out, message, strlen(message)) != 0)
		return -1;
	return answer_text(out, "</message>\n</response>\n");
}

static int
add_failed(void *arg, const char *id, size_t n)
{
	struct buffer *out = arg;

	if (answer_text(out, "<profile><id>") != 0 || add_xml(out, id, n) != 0)
		return -1;
	return answer_text(out, "</id><status>failed</status></profile>");
}

static int
add_details(struct buffer *out, struct store *store,
    const struct store_batch *b, struct error *e)
{
	if (answer_text(out,
		"<consumedCount>%llu</consumedCount>"
		"<successfulUpdates>%llu</successfulUpdates>"
		"<profilesNotFound>%llu</profilesNotFound>"
		"<failedUpdates>%llu</failedUpdates>",
		(unsigned long long)b->consumed,
		(unsigned long long)b->successful,
		(unsigned long long)b->not_found,
		(unsigned long long)b->failed) != 0)
		return -1;
	if (!b->lists_failed)
		return 0;
	return store_failed(store, b->id, add_failed, out, e);
}

int
answer_status(struct buffer *out, struct store *store,
    const struct store_batch *b, int64_t now, bool details, struct error *e)
{
	const char *status = b->stuck	       ? "stuck"
			     : now >= b->ready ? "complete"
					       : "incomplete";

	if (answer_text(out,
		"<response><batchId>%s</batchId><status>%s</status>"
		"<batchSize>%llu</batchSize>",
		b->id, status, (unsigned long long)b->size) != 0)
		return error_set(e, EXIT_TEMPORARY, "out of memory");
	if (details && strcmp(status, "complete") == 0 &&
	    add_details(out, store, b, e) != 0)
		return error_set(e, EXIT_TEMPORARY, "out of memory");
	if (answer_text(out, "</response>\n") != 0)
		return error_set(e, EXIT_TEMPORARY, "out of memory");
	return 0;
}

struct profile {
	ndjson *attributes;
	size_t bytes;
	int64_t modified; /* the latest of them */
};

/* "2026-11-22T06:22:00Z" */
static void
set_time(ndjson *object, int64_t milliseconds)
{
	char text[CLOCK_TEXT];

	ndjson_set_string(object, "modifiedAt",
	    clock_text((time_t)(milliseconds / 1000), text));
}

static int
add_attribute(void *arg, const struct store_attribute *a)
{
	struct profile *p = arg;
	ndjson *one;

	/* In a file that was not written here. */
	p->bytes += strlen(a->name) + a->value_len;
	if (p->bytes > DOCUMENT_MAX)
		return -1;
	one = ndjson_new();
	ndjson_set_text(one, "value", a->value, a->value_len);
	set_time(one, a->modified);
	ndjson_set(p->attributes, a->name, one);
	if (a->modified > p->modified)
		p->modified = a->modified;
	return 0;
}

static ndjson *
no_profile(const char *client, enum store_kind kind, const char *id)
{
	ndjson *object = ndjson_new();
	char text[2048];
	int n = snprintf(text, sizeof(text),
	    "No profile found for client %s with %s=%s", client,
	    kind == STORE_PCID ? "mboxPC" : "third party id", id);

	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	ndjson_set_count(object, "status", 404);
	ndjson_set_text(object, "message", text, (size_t)n);
	return object;
}

int
answer_profile(struct buffer *out, struct store *store,
    const struct store_scope *scope, const char *id, struct error *e)
{
	struct profile p = {ndjson_new(), 0, 0};
	int found = store_fetch(store, scope, id, add_attribute, &p, e);
	ndjson *object;
	char *line;
	size_t n;
	int bad;

	if (found < 0) {
		ndjson_free(p.attributes);
		return error_set(
		    e, EXIT_TEMPORARY, "a profile of more than 64 KB");
	}
	if (found > 0) {
		object = ndjson_new();
		ndjson_set_string(object, "client", scope->client);
		ndjson_set_string(object, "visitorId", id);
		set_time(object, p.modified);
		ndjson_set(object, "profileAttributes", p.attributes);
	} else {
		object = no_profile(scope->client, scope->kind, id);
		ndjson_free(p.attributes);
	}
	line = ndjson_line(object, &n);
	ndjson_free(object);
	bad = line == NULL || buffer_add(out, line, n) != 0;
	free(line);
	if (bad)
		return error_set(e, EXIT_TEMPORARY, "out of memory");
	return found > 0 ? 200 : 404;
}
