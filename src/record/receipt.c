#include "record/receipt.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/safety.h"
#include "base/utf8.h"

static const char *const names[RECEIPT_STATES] = {
    [RECEIPT_ACCEPTED] = "accepted",
    [RECEIPT_REFUSED] = "refused",
    [RECEIPT_FAILED] = "failed",
    [RECEIPT_UNKNOWN] = "unknown",
    [RECEIPT_INVALID] = "invalid",
    [RECEIPT_SKIPPED] = "skipped",
};

const char *
receipt_state_name(enum receipt_state state)
{
	return names[state];
}

static void
set_text(ndjson *object, const char *key, const char *text)
{
	ndjson_set_string(object, key, text[0] == '\0' ? NULL : text);
}

void
receipt_set(ndjson *o, const struct receipt *receipt)
{
	const struct result *r = &receipt->result;
	char when[CLOCK_TEXT];

	part_set(o, &receipt->part);
	ndjson_set_string(o, "api", endpoint_api_name(receipt->api));
	ndjson_set_string(o, "state", names[r->state]);
	ndjson_set_string(o, "reason", fate_rule(r->fate)->name);
	if (r->http != 0)
		ndjson_set_count(o, "http", (uint64_t)r->http);
	else
		ndjson_set_string(o, "http", NULL);
	ndjson_set_count(o, "attempts", r->attempts);
	set_text(o, "batchId", r->batch_id);
	set_text(o, "batchStatus", r->batch_status);
	set_text(o, "message", r->message);
	ndjson_set_string(o, "time", clock_text(r->time, when));
	if (receipt->part.doubtful)
		ndjson_set_bool(o, "possibleDuplicate", true);
}

char *
receipt_line(const struct receipt *r, size_t *n)
{
	ndjson *o = ndjson_new();
	char *line;

	receipt_set(o, r);
	line = ndjson_line(o, n);
	ndjson_free(o);
	return line;
}

/* A text that may be absent or null.  -1: longer than the field, which has its
 * beginning. */
static int
get_text(const ndjson *o, const char *key, char *to, size_t size)
{
	const char *text = ndjson_get_string(o, key);
	size_t n = text == NULL ? 0 : strlen(text);
	size_t fits = text == NULL ? 0 : utf8_cut(text, n, size - 1);

	if (fits > 0)
		memcpy(to, text, fits);
	to[fits] = '\0';
	return fits < n ? -1 : 0;
}

static int
get_state(const ndjson *o, enum receipt_state *state)
{
	const char *name = ndjson_get_string(o, "state");
	int i;

	for (i = 0; name != NULL && i < RECEIPT_STATES; i++) {
		if (strcmp(name, names[i]) == 0) {
			*state = (enum receipt_state)i;
			return 0;
		}
	}
	return -1;
}

/* Receipts of older versions do not have it. */
static int
get_api(const ndjson *o, enum endpoint_api *api)
{
	*api = ENDPOINT_V1;
	return ndjson_has(o, "api")
		   ? endpoint_api_find(ndjson_get_string(o, "api"), api)
		   : 0;
}

int
receipt_get(struct receipt *receipt, const ndjson *o)
{
	struct result *r = &receipt->result;
	uint64_t n;

	memset(receipt, 0, sizeof(*receipt));
	if (part_get(&receipt->part, o) != 0 || get_state(o, &r->state) != 0 ||
	    get_api(o, &receipt->api) != 0)
		return -1;
	if (ndjson_get_count(o, "http", &n) == 0 && n < 1000)
		r->http = (int)n;
	if (ndjson_get_count(o, "attempts", &n) == 0 && n < UINT32_MAX)
		r->attempts = (unsigned)n;
	/* Lines of older versions have none. */
	if (fate_find(ndjson_get_string(o, "reason"), &r->fate) != 0)
		r->fate = fate_of_old(r->state, r->http);
	receipt->part.doubtful = ndjson_get_bool(o, "possibleDuplicate");
	r->time = clock_parse(ndjson_get_string(o, "time"));
	/* A part of a name or of a URL is no use; a part of a message is. */
	if (get_text(o, "batchId", r->batch_id, sizeof(r->batch_id)) != 0)
		r->batch_id[0] = '\0';
	if (get_text(o, "batchStatus", r->batch_status,
		sizeof(r->batch_status)) != 0)
		r->batch_status[0] = '\0';
	if (get_text(o, "message", r->message, sizeof(r->message)) != 0)
		return SAFETY("receipt-cut-not-refused", 0, -1);
	return 0;
}

int
receipt_parse(struct receipt *r, const char *line, size_t n, struct error *e)
{
	ndjson *o = ndjson_parse(line, n);
	int result;

	memset(r, 0, sizeof(*r));
	if (o == NULL)
		return error_set(e, EXIT_INPUT,
		    "not a JSON object; receipts are one to a line, as tp-send "
		    "writes them (jq -c keeps them so)");
	result = receipt_get(r, o);
	ndjson_free(o);
	if (result != 0)
		return error_set(e, EXIT_INPUT,
		    "not a receipt: expected batch, rows, bytes and state, and "
		    "an api of v1 or v2, as tp-send writes them");
	return 0;
}

void
result_set_message(struct result *r, const char *text)
{
	snprintf(r->message, sizeof(r->message), "%s", text);
}

void
result_add_message(struct result *r, const char *more)
{
	size_t room = sizeof(r->message) - 1 - strlen(more);
	size_t n = utf8_cut(r->message, strlen(r->message), room);

	snprintf(r->message + n, sizeof(r->message) - n, "%s", more);
}
