#include "status/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "base/escape.h"
#include "base/ndjson.h"
#include "base/number.h"

/* Each state, and what it says about the run. */
static const struct {
	const char *name;
	enum exit_code code;
} states[OUTCOME_STATES] = {
    [OUTCOME_INCOMPLETE] = {"incomplete", EXIT_COMPLETE},
    [OUTCOME_COMPLETE] = {"complete", EXIT_COMPLETE}, /* if reconciled */
    [OUTCOME_STUCK] = {"stuck", EXIT_UNKNOWN},
    [OUTCOME_EXPIRED] = {"expired", EXIT_REJECTED}, /* unconfirmed */
    [OUTCOME_DEADLINE] = {"deadline", EXIT_UNKNOWN},
    [OUTCOME_DENIED] = {"denied", EXIT_SERVICE},
    [OUTCOME_UNFOLLOWED] = {"unfollowed", EXIT_UNKNOWN},
};

static const char *const counts[] = {
    [OUTCOME_SIZE] = "batchSize",
    [OUTCOME_CONSUMED] = "consumedCount",
    [OUTCOME_UPDATED] = "successfulUpdates",
    [OUTCOME_NOT_FOUND] = "profilesNotFound",
    [OUTCOME_FAILED] = "failedUpdates",
};

/* An id is at most 256 characters; of four bytes, or escaped, it is longer. */
enum { WORD = 32, ID = 2048 };

/* So that three counts can be added up. */
#define COUNT_MAX (INT64_MAX / 4)

const char *
outcome_state_name(enum outcome_state state)
{
	return states[state].name;
}

enum exit_code
outcome_code(const struct outcome *o)
{
	if (o->state == OUTCOME_COMPLETE && !o->reconciled)
		return EXIT_REJECTED;
	return states[o->state].code;
}

static enum outcome_state
read_state(const char *word)
{
	if (strcasecmp(word, states[OUTCOME_COMPLETE].name) == 0)
		return OUTCOME_COMPLETE;
	if (strcasecmp(word, states[OUTCOME_STUCK].name) == 0)
		return OUTCOME_STUCK;
	/* "incomplete", and any word that the documents do not know */
	return OUTCOME_INCOMPLETE;
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
object(struct outcome *s, const char *format, ...)
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
read_count(struct outcome *s, struct xml_span root, enum outcome_count i)
{
	enum xml_found found;
	char word[WORD];

	found = xml_get(root, counts[i], word, sizeof(word));
	s->counted[i] = found == XML_GIVEN &&
			number_parse(word, 0, COUNT_MAX, &s->counts[i]) == 0;
	if (s->state != OUTCOME_COMPLETE || s->counted[i])
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
count_text(const struct outcome *s, enum outcome_count count, char to[48])
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
check_sum(struct outcome *s)
{
	const unsigned long long size = s->counts[OUTCOME_SIZE];
	char updated[48], not_found[48], failed[48];
	unsigned long long sum = 0;
	int i;

	for (i = OUTCOME_UPDATED; i <= OUTCOME_FAILED; i++)
		sum += s->counted[i] ? s->counts[i] : 0;
	if (s->counted[OUTCOME_UPDATED] ? sum == size : sum <= size)
		return;
	object(s, "%s, %s and %s come to %llu, but batchSize is %llu",
	    count_text(s, OUTCOME_UPDATED, updated),
	    count_text(s, OUTCOME_NOT_FOUND, not_found),
	    count_text(s, OUTCOME_FAILED, failed), sum, size);
}

/* Whether the service has accounted for each row, and for each as updated or,
 * with v1, as not found. */
static void
check_counts(struct outcome *s)
{
	const unsigned long long rows = s->part.rows, listed = s->listed;
	const unsigned long long size = s->counts[OUTCOME_SIZE];
	const unsigned long long consumed = s->counts[OUTCOME_CONSUMED];
	const unsigned long long not_found = s->counts[OUTCOME_NOT_FOUND];
	const unsigned long long failed = s->counts[OUTCOME_FAILED];
	bool readable = s->message[0] == '\0';

	if (!s->counted[OUTCOME_SIZE]) {
		if (readable)
			object(s, "there is no batchSize");
	} else {
		if (size != rows)
			object(s, "%llu %s sent, but batchSize is %llu", rows,
			    rows == 1 ? "row was" : "rows were", size);
		if (s->counted[OUTCOME_CONSUMED] && consumed != size)
			object(s,
			    "consumedCount is %llu, but batchSize is %llu",
			    consumed, size);
		if (readable)
			check_sum(s);
	}
	if (s->api == ENDPOINT_V2 && s->counted[OUTCOME_NOT_FOUND] &&
	    not_found > 0)
		object(s,
		    "profilesNotFound is %llu, but v2 creates what it "
		    "does not find",
		    not_found);
	if (s->counted[OUTCOME_FAILED] && failed > 0)
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
read_word(const struct outcome *s, struct xml_span root, char word[WORD])
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
outcome_read(struct outcome *s, struct xml_span body, bool cut,
    const char *token, const char **why)
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
	for (i = 0; i < OUTCOME_COUNTS; i++)
		read_count(s, root, (enum outcome_count)i);
	s->listed = 0;
	s->profiles.len = 0;
	if (s->state == OUTCOME_INCOMPLETE)
		return 0;
	s->profiles = root;
	s->more = part > 0;
	s->listed = list_failed(root, NULL, NULL);
	if (s->state == OUTCOME_COMPLETE) {
		check_counts(s);
		s->reconciled = s->message[0] == '\0';
	}
	return 0;
}

char *
outcome_why(const struct outcome *s, char to[OUTCOME_WHY])
{
	const char *why = s->message;

	if (s->state == OUTCOME_STUCK)
		why = "the service gave it up";
	else if (s->state == OUTCOME_DEADLINE && why[0] == '\0')
		why = "the service has not finished with it";
	return escape_text(to, OUTCOME_WHY, why, strlen(why));
}

char *
outcome_line(const struct outcome *s, size_t *n)
{
	ndjson *o = ndjson_new();
	char when[CLOCK_TEXT];
	char *line;
	int i;

	ndjson_set_count(o, "batch", s->part.batch);
	ndjson_set_string(o, "batchId", s->id[0] == '\0' ? NULL : s->id);
	ndjson_set_string(o, "state", states[s->state].name);
	ndjson_set_bool(o, "reconciled", s->reconciled);
	if (s->part.from != 0)
		ndjson_set_count(o, "rowsFrom", s->part.from);
	ndjson_set_count(o, "rows", s->part.rows);
	ndjson_set_string(
	    o, "sha256", s->part.sha256[0] == '\0' ? NULL : s->part.sha256);
	ndjson_set_string(o, "api", endpoint_api_name(s->api));
	for (i = 0; i < OUTCOME_COUNTS; i++) {
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
