#include "target/status.h"

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

const char *
status_state_name(enum status_state state)
{
	return states[state];
}

/* The text of a child; "" if it is not there.  -1: too long. */
static int
get(struct xml_span in, const char *name, char *out, size_t size)
{
	struct xml_span content;

	out[0] = '\0';
	return xml_child(in, name, &content) ? xml_text(content, out, size) : 0;
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

/* The next id that is listed as failed; one of any length moves on. */
static bool
next_failed(struct xml_span *profiles, struct xml_span *id)
{
	struct xml_span profile;
	char word[WORD];

	while (xml_next(profiles, "profile", &profile)) {
		if (get(profile, "status", word, sizeof(word)) == 0 &&
		    strcasecmp(word, "failed") == 0 &&
		    xml_child(profile, "id", id))
			return true;
	}
	return false;
}

static void
read_counts(struct status *s, struct xml_span root)
{
	char word[WORD];
	int i;

	for (i = 0; i < STATUS_COUNTS; i++)
		s->counted[i] =
		    get(root, counts[i], word, sizeof(word)) == 0 &&
		    number_parse(word, 0, INT64_MAX, &s->counts[i]) == 0;
}

int
status_read(struct status *s, struct xml_span body, bool cut)
{
	struct xml_span root, id;
	char text[ID], word[WORD];
	bool found;

	if (cut) {
		root = body;
		found = xml_enter(&root, "response");
	} else {
		found = xml_next(&body, "response", &root);
	}
	if (!found || get(root, "status", word, sizeof(word)) != 0 ||
	    word[0] == '\0' || get(root, "batchId", text, sizeof(text)) != 0)
		return -1;
	/* An id that had to be encoded in its URL looks different here. */
	if (text[0] != '\0' && strchr(s->id, '%') == NULL &&
	    strcmp(text, s->id) != 0)
		return -1;
	s->state = read_state(word);
	read_counts(s, root);
	s->listed = 0;
	s->profiles.len = 0;
	if (s->state == STATUS_INCOMPLETE)
		return 0;
	s->profiles = root;
	s->more = cut;
	while (next_failed(&root, &id))
		s->listed++;
	return 0;
}

bool
status_reconciled(const struct status *s)
{
	return s->state == STATUS_COMPLETE && s->counted[STATUS_SIZE] &&
	       s->counts[STATUS_SIZE] == s->rows && s->counted[STATUS_FAILED] &&
	       s->counts[STATUS_FAILED] == 0 && s->listed == 0;
}

/* "batchSize 3", or that it is missing. */
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

char *
status_why(const struct status *s, char to[STATUS_WHY])
{
	char size[48], failed[48];
	const char *why = s->message;

	if (s->state == STATUS_COMPLETE) {
		snprintf(to, STATUS_WHY,
		    "%llu rows sent; the service says %s, %s, %llu ids listed "
		    "as failed",
		    (unsigned long long)s->rows,
		    count_text(s, STATUS_SIZE, size),
		    count_text(s, STATUS_FAILED, failed),
		    (unsigned long long)s->listed);
		return to;
	}
	if (s->state == STATUS_STUCK)
		why = "the service gave it up";
	else if (s->state == STATUS_DEADLINE && why[0] == '\0')
		why = "the service has not finished with it";
	return escape_text(to, STATUS_WHY, why, strlen(why));
}

static void
add_failed(ndjson *o, const struct status *s)
{
	struct xml_span rest = s->profiles, id;
	char text[ID];

	while (next_failed(&rest, &id)) {
		/* What is too long is cut: it is no id that was sent. */
		(void)xml_text(id, text, sizeof(text));
		ndjson_append_text(o, "failedIds", text, strlen(text));
	}
	if (s->listed > 0 && s->more)
		ndjson_set_bool(o, "failedIdsCut", true);
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
	ndjson_set_bool(o, "reconciled", status_reconciled(s));
	if (s->rows_from != 0)
		ndjson_set_count(o, "rowsFrom", s->rows_from);
	ndjson_set_count(o, "rows", s->rows);
	for (i = 0; i < STATUS_COUNTS; i++) {
		if (s->counted[i])
			ndjson_set_count(o, counts[i], s->counts[i]);
		else
			ndjson_set_string(o, counts[i], NULL);
	}
	add_failed(o, s);
	ndjson_set_count(o, "polls", s->polls);
	ndjson_set_string(
	    o, "message", s->message[0] == '\0' ? NULL : s->message);
	ndjson_set_string(o, "time", clock_text(s->time, when));
	line = ndjson_line(o, n);
	ndjson_free(o);
	return line;
}
