#include "status/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "base/escape.h"
#include "base/ndjson.h"
#include "base/number.h"

static const char *const states[] = {
    [STATUS_INCOMPLETE] = "incomplete",
    [STATUS_COMPLETE] = "complete",
    [STATUS_STUCK] = "stuck",
    [STATUS_EXPIRED] = "expired",
    [STATUS_DEADLINE] = "deadline",
    [STATUS_DENIED] = "denied",
    [STATUS_UNFOLLOWED] = "unfollowed",
};

static const char *const counts[] = {
    [STATUS_SIZE] = "batchSize",
    [STATUS_CONSUMED] = "consumedCount",
    [STATUS_UPDATED] = "successfulUpdates",
    [STATUS_NOT_FOUND] = "profilesNotFound",
    [STATUS_FAILED] = "failedUpdates",
};

/* An id is at most 256 characters; of four bytes, or escaped, it is longer. */
enum { WORD = 32, ID = 2048 };

/* So that three counts can be added up. */
#define COUNT_MAX (INT64_MAX / 4)

const char *
status_state_name(enum status_state state)
{
	return states[state];
}

static enum status_state
read_state(const char *word)
{
	if (strcasecmp(word, states[STATUS_COMPLETE]) == 0)
		return STATUS_COMPLETE;
	if (strcasecmp(word, states[STATUS_STUCK]) == 0)
		return STATUS_STUCK;
	/* "incomplete", and any word that the documents do not know */
	return STATUS_INCOMPLETE;
}

static bool
is_named(struct xml_span name, const char *word)
{
	return name.len == strlen(word) &&
	       memcmp(name.data, word, name.len) == 0;
}

/* Also if it is said of it that it failed and that it did not. */
static bool
has_failed(struct xml_span profile)
{
	char word[WORD];
	enum xml_found found;

	found = xml_get(profile, "status", word, sizeof(word));
	return found == XML_CONTRADICTED || strcasecmp(word, "failed") == 0;
}

static void
add_id(struct xml_span profile, const char *token, ndjson *to)
{
	struct xml_span id;
	char text[ID];

	if (xml_find(profile, "id", &id) != XML_GIVEN)
		return;
	/* What is too long is cut: it is no id that was sent. */
	(void)xml_text(id, text, sizeof(text));
	xml_hide(text, token);
	ndjson_append_text(to, "failedIds", text, strlen(text));
}

/* How many profiles are listed as failed, wherever they are but in a message;
 * unless `to` is NULL, their ids become its failedIds. */
static uint64_t
list_failed(struct xml_span in, const char *token, ndjson *to)
{
	struct xml_span name, content;
	uint64_t n = 0;

	while (xml_child(&in, &name, &content)) {
		if (is_named(name, "message"))
			continue;
		if (!is_named(name, "profile")) {
			n += list_failed(content, token, to);
		} else if (has_failed(content)) {
			n++;
			if (to != NULL)
				add_id(content, token, to);
		}
	}
	return n;
}

/* One more thing that keeps it from being reconciled. */
__attribute__((format(printf, 2, 3))) static void
object(struct status *s, const char *format, ...)
{
	size_t used = strlen(s->message);
	va_list ap;

	if (used > 0 && used < sizeof(s->message) - 2) {
		memcpy(s->message + used, "; ", 3);
		used += 2;
	}
	va_start(ap, format);
	vsnprintf(s->message + used, sizeof(s->message) - used, format, ap);
	va_end(ap);
}

/* What is there and is no number is not as good as absent. */
static void
read_count(struct status *s, struct xml_span root, enum status_count i)
{
	enum xml_found found;
	char word[WORD];

	found = xml_get(root, counts[i], word, sizeof(word));
	s->counted[i] = found == XML_GIVEN &&
			number_parse(word, 0, COUNT_MAX, &s->counts[i]) == 0;
	if (s->state != STATUS_COMPLETE || s->counted[i])
		return;
	xml_hide(word, s->token);
	if (found == XML_CONTRADICTED)
		object(
		    s, "%s is given twice, with different values", counts[i]);
	else if (found != XML_ABSENT && word[0] == '\0')
		object(s, "%s is empty", counts[i]);
	else if (found != XML_ABSENT)
		object(s, "%s is no number of rows: %s%s", counts[i], word,
		    found == XML_CUT ? "..." : "");
}

/* "failedUpdates 3", or that it is missing. */
static const char *
count_text(const struct status *s, enum status_count count, char to[48])
{
	if (s->counted[count])
		snprintf(to, 48, "%s %llu", counts[count],
		    (unsigned long long)s->counts[count]);
	else
		snprintf(to, 48, "no %s", counts[count]);
	return to;
}

/* The three that say what became of the rows. */
static void
check_sum(struct status *s)
{
	const unsigned long long size = s->counts[STATUS_SIZE];
	char updated[48], not_found[48], failed[48];
	unsigned long long sum = 0;
	int i;

	for (i = STATUS_UPDATED; i <= STATUS_FAILED; i++)
		sum += s->counted[i] ? s->counts[i] : 0;
	if (s->counted[STATUS_UPDATED] ? sum == size : sum <= size)
		return;
	object(s, "%s, %s and %s come to %llu, but batchSize is %llu",
	    count_text(s, STATUS_UPDATED, updated),
	    count_text(s, STATUS_NOT_FOUND, not_found),
	    count_text(s, STATUS_FAILED, failed), sum, size);
}

/* Whether the service has accounted for each row, and for each as updated or,
 * with v1, as not found. */
static void
check_counts(struct status *s)
{
	const unsigned long long rows = s->rows, listed = s->listed;
	const unsigned long long size = s->counts[STATUS_SIZE];
	const unsigned long long consumed = s->counts[STATUS_CONSUMED];
	const unsigned long long not_found = s->counts[STATUS_NOT_FOUND];
	const unsigned long long failed = s->counts[STATUS_FAILED];
	bool readable = s->message[0] == '\0';

	if (!s->counted[STATUS_SIZE]) {
		if (readable)
			object(s, "there is no batchSize");
	} else {
		if (size != rows)
			object(s, "%llu %s sent, but batchSize is %llu", rows,
			    rows == 1 ? "row was" : "rows were", size);
		if (s->counted[STATUS_CONSUMED] && consumed != size)
			object(s,
			    "consumedCount is %llu, but batchSize is %llu",
			    consumed, size);
		if (readable)
			check_sum(s);
	}
	if (s->api == ENDPOINT_V2 && s->counted[STATUS_NOT_FOUND] &&
	    not_found > 0)
		object(s,
		    "profilesNotFound is %llu, but v2 creates what it "
		    "does not find",
		    not_found);
	if (s->counted[STATUS_FAILED] && failed > 0)
		object(s, "failedUpdates is %llu, of %llu %s", failed, rows,
		    rows == 1 ? "row" : "rows");
	if (listed > 0)
		object(s, "%llu %s listed as failed", listed,
		    listed == 1 ? "id is" : "ids are");
	if (s->more)
		object(s, "the answer is longer than the 64 KiB that are read");
}

/* NULL, or why it cannot be read; word becomes that of the state. */
static const char *
read_word(const struct status *s, struct xml_span root, char word[WORD])
{
	char id[ID];

	switch (xml_get(root, "status", word, WORD)) {
	case XML_CONTRADICTED:
		return "it has <status> twice, with different words";
	case XML_CUT:
		return "its <status> is too long";
	default:
		if (word[0] == '\0')
			return "it has no <status>";
	}
	switch (xml_get(root, "batchId", id, sizeof(id))) {
	case XML_CONTRADICTED:
		return "it names two batches";
	case XML_CUT:
		return "its <batchId> is too long";
	default:
		/* What had to be encoded in its URL looks different here. */
		return id[0] == '\0' || strchr(s->id, '%') != NULL ||
			       strcmp(id, s->id) == 0
			   ? NULL
			   : "it is about another batch";
	}
}

int
status_read(struct status *s, struct xml_span body, bool cut, const char *token,
    const char **why)
{
	struct xml_span root;
	char word[WORD];
	int i, part = xml_root(body, cut, "response", &root, why);

	if (part >= 0)
		*why = read_word(s, root, word);
	if (*why != NULL)
		return -1;
	s->state = read_state(word);
	s->token = token;
	s->message[0] = '\0';
	for (i = 0; i < STATUS_COUNTS; i++)
		read_count(s, root, (enum status_count)i);
	s->listed = 0;
	s->profiles.len = 0;
	if (s->state == STATUS_INCOMPLETE)
		return 0;
	s->profiles = root;
	s->more = part > 0;
	s->listed = list_failed(root, NULL, NULL);
	if (s->state == STATUS_COMPLETE) {
		check_counts(s);
		s->reconciled = s->message[0] == '\0';
	}
	return 0;
}

char *
status_why(const struct status *s, char to[STATUS_WHY])
{
	const char *why = s->message;

	if (s->state == STATUS_STUCK)
		why = "the service gave it up";
	else if (s->state == STATUS_DEADLINE && why[0] == '\0')
		why = "the service has not finished with it";
	return escape_text(to, STATUS_WHY, why, strlen(why));
}

char *
status_line(const struct status *s, size_t *n)
{
	ndjson *o = ndjson_new();
	char when[CLOCK_TEXT];
	char *line;
	int i;

	ndjson_set_count(o, "batch", s->batch);
	ndjson_set_string(o, "batchId", s->id[0] == '\0' ? NULL : s->id);
	ndjson_set_string(o, "state", states[s->state]);
	ndjson_set_bool(o, "reconciled", s->reconciled);
	if (s->rows_from != 0)
		ndjson_set_count(o, "rowsFrom", s->rows_from);
	ndjson_set_count(o, "rows", s->rows);
	ndjson_set_string(o, "api", endpoint_api_name(s->api));
	for (i = 0; i < STATUS_COUNTS; i++) {
		if (s->counted[i])
			ndjson_set_count(o, counts[i], s->counts[i]);
		else
			ndjson_set_string(o, counts[i], NULL);
	}
	(void)list_failed(s->profiles, s->token, o);
	if (s->listed > 0 && s->more)
		ndjson_set_bool(o, "failedIdsCut", true);
	ndjson_set_count(o, "polls", s->polls);
	ndjson_set_string(
	    o, "message", s->message[0] == '\0' ? NULL : s->message);
	ndjson_set_string(o, "time", clock_text(s->time, when));
	line = ndjson_line(o, n);
	ndjson_free(o);
	return line;
}
