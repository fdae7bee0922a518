#include "probe/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "api/answer.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/escape.h"
#include "probe/limits.h"

static void
tell_again(void *arg, const char *why, double delay)
{
	(void)arg;
	diag_warn("%s: tries again in %.0f s", why, delay);
}

/* What cannot be got over now: -1. */
static int
give_up(const struct http_answer *a, enum fate fate, struct error *e)
{
	char why[ASK_WHY];

	ask_why(a, why);
	/* Fetching a profile may need none, so --check does not tell. */
	if (fate == FATE_DENIED)
		return error_set(e, EXIT_SERVICE,
		    "%s: updates or statuses need a token, or another one; "
		    "see --token-file",
		    why);
	if (fate_rule(fate)->stops)
		return error_set(e, EXIT_SERVICE,
		    "%s; 'tp-probe --check' says what is wrong", why);
	return error_set(e, EXIT_TEMPORARY, "%s; run it again later", why);
}

/* ------------------------------------------------------------ the updates */

static int
send_batch(struct probe *p, enum case_id c, int k, struct error *e)
{
	char body[CASE_TEXT], step[STEP_NAME];
	struct http_answer a;
	struct answer answer;
	const char *state;
	ndjson *note;
	enum fate fate;
	int result;

	if (probe_cases[c].batches[k] == NULL ||
	    step_find_sent(p, c, k) != NULL)
		return 0;
	step_body(p, c, k, body);
	result = step_update(p, body, &fate, &a, e);
	if (result != 0)
		return result;
	if (fate_rule(fate)->stops || fate_rule(fate)->again)
		return give_up(&a, fate, e);
	answer_read(&answer, &a);
	state = answer.fate == FATE_ACCEPTED			   ? "accepted"
		: fate_rule(answer.fate)->state == RECEIPT_REFUSED ? "refused"
								   : "unknown";
	note = step_note();
	ndjson_set_string(note, "state", state);
	ndjson_set_count(note, "http", (uint64_t)a.status);
	ndjson_set_string(note, "batchStatus", answer.batch_status);
	ndjson_set_string(note, "message", answer.message);
	diag_detail("%s: %s", probe_cases[c].name, state);
	return notes_add(p->notes, step_sent(c, k, step), note, e);
}

/* Asks again and again until the service has completed a batch, or was asked
 * often enough, and notes which. */
static int
await_complete(
    struct probe *p, const char *step, const char *url, struct error *e)
{
	char state[STEP_STATE];
	struct http_answer a;
	enum fate fate;
	int i, delay = 1;
	ndjson *note;

	if (url[0] == '\0' || notes_find(p->notes, step) != NULL)
		return 0;
	for (i = 0; i < RUN_POLLS; i++) {
		int result = step_status(p, url, true, &fate, &a, state, e);

		if (result != 0)
			return result;
		if (fate_rule(fate)->stops || fate_rule(fate)->again)
			return give_up(&a, fate, e);
		/* One that is not found may not be there yet. */
		if (strcmp(state, "complete") == 0 ||
		    strcmp(state, "stuck") == 0)
			break;
		if (clock_sleep(delay, NULL, NULL) != 0)
			return 1;
		delay =
		    delay < RUN_POLL_LONGEST / 2 ? 2 * delay : RUN_POLL_LONGEST;
	}
	note = step_note();
	ndjson_set_string(note, "state", state);
	return notes_add(p->notes, step, note, e);
}

static bool
is_complete(const struct probe *p, const char *step)
{
	const char *state =
	    ndjson_get_string(notes_find(p->notes, step), "state");

	return state != NULL && strcmp(state, "complete") == 0;
}

static int
send_all(struct probe *p, struct error *e)
{
	const char *url;
	int c, result;

	for (c = 0; c < CASES; c++) {
		result = send_batch(p, (enum case_id)c, 0, e);
		if (result != 0)
			return result;
	}
	url = step_find_accepted(p, CASE_OVERRIDE, 0);
	if (url == NULL)
		return 0;
	result = await_complete(p, "first-completed", url, e);
	if (result == 0 && is_complete(p, "first-completed"))
		result = send_batch(p, CASE_OVERRIDE, 1, e);
	return result;
}

/* ----------------------------------------------------------- the statuses */

static int
find_token(struct probe *p, const char *newest, struct error *e)
{
	char state[STEP_STATE], why[ASK_WHY];
	struct http_answer a;
	enum fate fate;
	int result;

	if (p->service->bearer == NULL ||
	    notes_find(p->notes, CHECK_STATUS_TOKEN) != NULL)
		return 0;
	result = step_status(p, newest, false, &fate, &a, state, e);
	if (result != 0)
		return result;
	if (fate == FATE_DENIED)
		return step_find(p, CHECK_STATUS_TOKEN, FINDING_NEEDED, -1, e,
		    "a request for a status needs the token");
	if (state[0] != '\0')
		return step_find(p, CHECK_STATUS_TOKEN, FINDING_UNNEEDED, -1, e,
		    "a request for a status is answered without the token");
	return step_find(p, CHECK_STATUS_TOKEN, FINDING_UNKNOWN, -1, e,
	    "a request for a status without the token: %s", ask_why(&a, why));
}

/* From the newest on, until the service does not know one. */
static int
count_statuses(struct probe *p, struct error *e)
{
	char state[STEP_STATE];
	struct http_answer a;
	enum fate fate;
	int i, kept = 0;

	if (notes_find(p->notes, CHECK_STATUSES) != NULL)
		return 0;
	for (i = CASES * 2 - 1; i >= 0; i--) {
		const char *url =
		    step_find_accepted(p, (enum case_id)(i / 2), i % 2);
		int result;

		if (url == NULL)
			continue;
		result = step_status(p, url, true, &fate, &a, state, e);
		if (result != 0)
			return result;
		if (fate_rule(fate)->stops || fate_rule(fate)->again)
			return give_up(&a, fate, e);
		if (state[0] == '\0')
			break;
		kept++;
	}
	if (i < 0)
		return step_find(p, CHECK_STATUSES, FINDING_UNLIMITED, kept, e,
		    "the statuses of all %d batches were kept", kept);
	return step_find(p, CHECK_STATUSES, FINDING_LIMITED, kept, e,
	    "the newest %d statuses are kept, if nobody else sent meanwhile",
	    kept);
}

static int
ask_statuses(struct probe *p, struct error *e)
{
	const char *newest = step_newest(p);
	int result;

	if (newest[0] == '\0')
		return error_set(e, EXIT_SERVICE,
		    "the service accepted none of the batches, so nothing can "
		    "be found out; '--state FILE' keeps its answers");
	result = await_complete(p, "completed", newest, e);
	if (result == 0)
		result = find_token(p, newest, e);
	return result != 0 ? result : count_statuses(p, e);
}

/* ----------------------------------------------------------- the profiles */

/* The profile of a case's id; with retries. */
static int
fetch(struct probe *p, enum case_id c, enum profile_found *found,
    struct profile *profile, struct error *e)
{
	const struct endpoint *ep = &p->service->endpoint;
	struct ask ask = p->ask;
	struct http_request q = {.direct = ep->origin.loopback};
	char url[PROFILE_URL], id[CASE_ID];
	struct http_answer a;
	enum fate fate;
	int result;

	case_id_text(c, p->id, id);
	if (profile_url(url, ep, true, id, strlen(id)) != 0)
		return error_set(e, EXIT_USAGE, "the URL is too long");
	q.url = url;
	ask.http = p->fetch;
	ask.pace = NULL;
	ask.bearer = p->service->bearer;
	result = ask_run(&ask, &q, &a, &fate, e);
	if (result != 0)
		return result;
	*found = profile_read(profile, &a);
	if (*found != PROFILE_OTHER)
		return 0;
	profile_free(profile);
	return give_up(&a, fate, e);
}

/* "tpProbeA=x, tpProbeB=y", for a person.  -1: no memory. */
static int
describe(const struct profile *profile, char *to, size_t size)
{
	size_t i, n, used = 0;
	char text[128];

	to[0] = '\0';
	for (i = 0; i < CASE_VALUES; i++) {
		const char *value;
		char *shown = NULL;
		int64_t modified;

		if (!profile_get(
			profile, case_attributes[i], &value, &n, &modified))
			continue;
		if (value != NULL) {
			shown = profile_shown(profile, value, n);
			if (shown == NULL)
				return -1;
			escape_text(text, sizeof(text), shown, n);
		}
		used += (size_t)snprintf(to + used, size - used, "%s%s=%s",
		    used == 0 ? "" : ", ", case_attributes[i],
		    value == NULL ? "(no text)" : text);
		free(shown);
	}
	return 0;
}

static int
find_case(struct probe *p, enum case_id c, struct error *e)
{
	const char *name = probe_cases[c].name;
	const struct case_reading *reading;
	char id[CASE_ID], values[512];
	enum profile_found found = PROFILE_OTHER;
	struct profile profile;
	int result;

	result = fetch(p, c, &found, &profile, e);
	if (result != 0)
		return result;
	case_id_text(c, p->id, id);
	reading = found == PROFILE_FOUND ? case_read(c, id, &profile) : NULL;
	if (found == PROFILE_NONE && c == CASE_PLAIN) {
		result = error_set(e, EXIT_TEMPORARY,
		    "the profiles do not show yet; run it again later with the "
		    "same --state, or with a longer --after");
	} else if (found == PROFILE_NONE) {
		result = step_find(p, name, FINDING_IGNORED, -1, e,
		    "the batch was accepted, and there is no profile of it");
	} else if (reading == NULL &&
		   describe(&profile, values, sizeof(values)) != 0) {
		result = error_set(e, EXIT_LOCAL, "out of memory");
	} else if (reading == NULL) {
		result = step_find(p, name, FINDING_OTHER, -1, e,
		    "the profile holds something else: %s", values);
	} else {
		result = step_find(
		    p, name, reading->finding, -1, e, "%s", reading->text);
	}
	profile_free(&profile);
	return result;
}

/* Without asking, if its batch was not accepted. */
static int
find_unsent(struct probe *p, enum case_id c, struct error *e)
{
	const int k = probe_cases[c].batches[1] != NULL;
	const ndjson *note = step_find_sent(p, c, k);
	const char *state, *message;
	char text[512];

	if (note == NULL)
		return step_find(p, probe_cases[c].name, FINDING_UNKNOWN, -1, e,
		    "the first update was not complete in time, so there was "
		    "no second");
	state = ndjson_get_string(note, "state");
	message = ndjson_get_string(note, "message");
	if (message == NULL)
		message = "";
	escape_text(text, sizeof(text), message, strlen(message));
	if (state != NULL && strcmp(state, "refused") == 0)
		return step_find(p, probe_cases[c].name, FINDING_REFUSED, -1, e,
		    "the service refuses the batch: %s", text);
	return step_find(p, probe_cases[c].name, FINDING_UNKNOWN, -1, e,
	    "the service gave no usable answer to the batch: %s", text);
}

static int
find_cases(struct probe *p, struct error *e)
{
	int c, result = 0;

	for (c = 0; c < CASES && result == 0; c++) {
		enum case_id id = (enum case_id)c;

		if (notes_find(p->notes, probe_cases[c].name) != NULL)
			continue;
		if (step_find_accepted(
			p, id, probe_cases[c].batches[1] != NULL) != NULL)
			result = find_case(p, id, e);
		else
			result = find_unsent(p, id, e);
	}
	return result;
}

/* ---------------------------------------------------------------- the run */

static int
begin(struct probe *p, struct error *e)
{
	ndjson *note;

	if (case_new_run(p->id, e) != 0)
		return -1;
	note = step_note();
	ndjson_set_string(note, "id", p->id);
	ndjson_set_string(note, "url", p->service->endpoint.url);
	return notes_add(p->notes, "begun", note, e);
}

/* As a run before has noted it. */
static int
go_on(struct probe *p, const ndjson *begun, struct error *e)
{
	const char *id = ndjson_get_string(begun, "id");
	const char *url = ndjson_get_string(begun, "url");

	if (id == NULL || strncmp(id, "tp-probe-", 9) != 0 ||
	    strlen(id) >= sizeof(p->id) || url == NULL ||
	    strcmp(url, p->service->endpoint.url) != 0)
		return error_set(e, EXIT_USAGE,
		    "--state is of another client or endpoint than %s; name "
		    "another file",
		    p->service->endpoint.url);
	snprintf(p->id, sizeof(p->id), "%s", id);
	return 0;
}

int
probe_open(struct probe *p, struct error *e)
{
	const ndjson *begun = notes_find(p->notes, "begun");
	struct http_settings settings = service_http(p->service);

	p->ask.pace = p->service->pace;
	/* Also to ask for a status: polls have a share that is too small. */
	p->ask.kind = CALLS_SEND;
	p->ask.retries = RETRY_TIMES;
	p->ask.retry.first = RETRY_FIRST;
	p->ask.retry.seed = (uint64_t)time(NULL) | 1;
	p->ask.again = tell_again;
	p->ask.http = http_new(&settings, e);
	settings.answer_max = PROFILE_ANSWER_MAX;
	p->fetch = p->ask.http == NULL ? NULL : http_new(&settings, e);
	if (p->fetch == NULL)
		return -1;
	return begun == NULL ? begin(p, e) : go_on(p, begun, e);
}

void
probe_close(struct probe *p)
{
	http_free(p->ask.http);
	http_free(p->fetch);
	notes_free(p->notes);
}

static int
wait_for_profiles(struct probe *p)
{
	time_t when = step_last_call(p) + (time_t)p->after;
	char text[CLOCK_TEXT];

	if (when <= time(NULL))
		return 0;
	diag_note(
	    "waits until %s for the profiles to show", clock_text(when, text));
	return clock_sleep_until(when);
}

int
probe_run(struct probe *p, struct error *e)
{
	int result = send_all(p, e);

	if (result == 0)
		result = ask_statuses(p, e);
	if (result == 0 && p->limits)
		result = limits_find(p, e);
	/* Nothing to be waited for? */
	if (result == 0 && notes_find(p->notes, probe_cases[0].name) == NULL)
		result = wait_for_profiles(p);
	return result != 0 ? result : find_cases(p, e);
}
