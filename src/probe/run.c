#include "probe/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "api/answer.h"
#include "api/statusurl.h"
#include "api/xml.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/escape.h"
#include "base/signals.h"
#include "probe/limits.h"

enum { STEP = 64 };

static void
tell_again(void *arg, const char *why, double delay)
{
	(void)arg;
	diag_warn("%s: tries again in %.0f s", why, delay);
}

/* -------------------------------------------------------------- the notes */

static ndjson *
new_note(void)
{
	ndjson *note = ndjson_new();
	char text[CLOCK_TEXT];

	ndjson_set_string(note, "time", clock_text(time(NULL), text));
	return note;
}

int
probe_find(struct probe *p, const char *check, enum finding finding, int number,
    struct error *e, const char *format, ...)
{
	ndjson *note = new_note();
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	ndjson_set_string(note, "finding", finding_name(finding));
	if (number >= 0)
		ndjson_set_count(note, "number", (uint64_t)number);
	ndjson_set_string(note, "text", text);
	return notes_add(p->notes, check, note, e);
}

static const char *
send_step(enum case_id c, int k, char to[STEP])
{
	snprintf(to, STEP, "sent-%s-%d", probe_cases[c].name, k + 1);
	return to;
}

static const ndjson *
find_sent(const struct probe *p, enum case_id c, int k)
{
	char step[STEP];

	return notes_find(p->notes, send_step(c, k, step));
}

/* The URL of its status; NULL: it was not accepted, or not sent. */
static const char *
find_accepted(const struct probe *p, enum case_id c, int k)
{
	const ndjson *note = find_sent(p, c, k);
	const char *state = ndjson_get_string(note, "state");

	return state != NULL && strcmp(state, "accepted") == 0
		   ? ndjson_get_string(note, "batchStatus")
		   : NULL;
}

/* Steps are done in the order of the cases, so the newest is the last. */
const char *
probe_newest(const struct probe *p)
{
	const char *newest = "", *url;
	int c, k;

	for (c = 0; c < CASES; c++) {
		for (k = 0; k < 2; k++) {
			url = find_accepted(p, (enum case_id)c, k);
			if (url != NULL)
				newest = url;
		}
	}
	return newest;
}

time_t
probe_last_call(const struct probe *p)
{
	static const char *const others[] = {"completed", CHECK_STATUS_TOKEN,
	    CHECK_STATUSES, CHECK_STATUS_CALLS, CHECK_CALLS};
	time_t last = 0, when;
	const ndjson *note;
	size_t i;
	int c;

	for (c = 0; c < CASES * 2; c++) {
		note = find_sent(p, (enum case_id)(c / 2), c % 2);
		when = clock_parse(ndjson_get_string(note, "time"));
		last = when > last ? when : last;
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		note = notes_find(p->notes, others[i]);
		when = clock_parse(ndjson_get_string(note, "time"));
		last = when > last ? when : last;
	}
	return last;
}

/* -------------------------------------------------------------- the calls */

void
probe_body(const struct probe *p, enum case_id c, int k, char to[CASE_TEXT])
{
	char id[CASE_ID];

	case_fill(probe_cases[c].batches[k], case_id_text(c, p->id, id), to);
}

int
probe_update(struct probe *p, const char *body, enum fate *fate,
    struct http_answer *a, struct error *e)
{
	const struct endpoint *ep = &p->service->endpoint;
	struct http_request q = {
	    .url = ep->url,
	    .body = body,
	    .size = strlen(body),
	    .direct = ep->origin.loopback,
	};

	p->ask.bearer = p->service->bearer;
	return ask_run(&p->ask, &q, a, fate, e);
}

int
probe_status(struct probe *p, const char *batch_status, bool token,
    enum fate *fate, struct http_answer *a, char state[RUN_STATE],
    struct error *e)
{
	char why[STATUSURL_WHY];
	struct http_request q = {.url = NULL};
	struct xml_span body, root;
	struct statusurl u;
	const char *wrong;
	int result;

	state[0] = '\0';
	if (statusurl_make(&u, &p->service->endpoint, batch_status, why) != 0)
		return error_set(e, EXIT_SERVICE,
		    "the URL of a status is not followed: %s", why);
	if (statusurl_check_way(&u, e) != 0)
		return -1;
	q.url = u.url;
	q.direct = u.direct;
	p->ask.bearer = token && u.trusted ? p->service->bearer : NULL;
	result = ask_run(&p->ask, &q, a, fate, e);
	if (result != 0 || *fate != FATE_ACCEPTED)
		return result;
	body = (struct xml_span){a->body.data, a->body.len};
	if (xml_root(body, a->too_long, "response", &root, &wrong) == 0)
		(void)xml_get(root, "status", state, RUN_STATE);
	return 0;
}

/* What cannot be got over now: -1. */
static int
give_up(const struct http_answer *a, enum fate fate, struct error *e)
{
	char why[ASK_WHY];

	return error_set(e,
	    fate_rule(fate)->stops ? EXIT_SERVICE : EXIT_TEMPORARY, "%s%s",
	    ask_why(a, why),
	    fate_rule(fate)->stops ? "; 'tp-probe --check' says what is wrong"
				   : "; run it again later");
}

/* ------------------------------------------------------------ the updates */

static int
send_batch(struct probe *p, enum case_id c, int k, struct error *e)
{
	char body[CASE_TEXT], step[STEP];
	struct http_answer a;
	struct answer answer;
	const char *state;
	ndjson *note;
	enum fate fate;
	int result;

	if (probe_cases[c].batches[k] == NULL || find_sent(p, c, k) != NULL)
		return 0;
	probe_body(p, c, k, body);
	result = probe_update(p, body, &fate, &a, e);
	if (result != 0)
		return result;
	if (fate_rule(fate)->stops || fate_rule(fate)->again)
		return give_up(&a, fate, e);
	answer_read(&answer, &a);
	state = answer.fate == FATE_ACCEPTED			   ? "accepted"
		: fate_rule(answer.fate)->state == RECEIPT_REFUSED ? "refused"
								   : "unknown";
	note = new_note();
	ndjson_set_string(note, "state", state);
	ndjson_set_count(note, "http", (uint64_t)a.status);
	ndjson_set_string(note, "batchStatus", answer.batch_status);
	ndjson_set_string(note, "message", answer.message);
	diag_detail("%s: %s", probe_cases[c].name, state);
	return notes_add(p->notes, send_step(c, k, step), note, e);
}

/* Asks again and again until the service has completed a batch, or was asked
 * often enough, and notes which. */
static int
await_complete(
    struct probe *p, const char *step, const char *url, struct error *e)
{
	char state[RUN_STATE];
	struct http_answer a;
	enum fate fate;
	int i, delay = 1;
	ndjson *note;

	if (url[0] == '\0' || notes_find(p->notes, step) != NULL)
		return 0;
	for (i = 0; i < RUN_POLLS; i++) {
		int result = probe_status(p, url, true, &fate, &a, state, e);

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
	note = new_note();
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
	url = find_accepted(p, CASE_OVERRIDE, 0);
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
	char state[RUN_STATE], why[ASK_WHY];
	struct http_answer a;
	enum fate fate;
	int result;

	if (p->service->bearer == NULL ||
	    notes_find(p->notes, CHECK_STATUS_TOKEN) != NULL)
		return 0;
	result = probe_status(p, newest, false, &fate, &a, state, e);
	if (result != 0)
		return result;
	if (fate == FATE_DENIED)
		return probe_find(p, CHECK_STATUS_TOKEN, FINDING_NEEDED, -1, e,
		    "a request for a status needs the token");
	if (state[0] != '\0')
		return probe_find(p, CHECK_STATUS_TOKEN, FINDING_UNNEEDED, -1,
		    e, "a request for a status is answered without the token");
	return probe_find(p, CHECK_STATUS_TOKEN, FINDING_UNKNOWN, -1, e,
	    "a request for a status without the token: %s", ask_why(&a, why));
}

/* From the newest on, until the service does not know one. */
static int
count_statuses(struct probe *p, struct error *e)
{
	char state[RUN_STATE];
	struct http_answer a;
	enum fate fate;
	int i, kept = 0;

	if (notes_find(p->notes, CHECK_STATUSES) != NULL)
		return 0;
	for (i = CASES * 2 - 1; i >= 0; i--) {
		const char *url =
		    find_accepted(p, (enum case_id)(i / 2), i % 2);
		int result;

		if (url == NULL)
			continue;
		result = probe_status(p, url, true, &fate, &a, state, e);
		if (result != 0)
			return result;
		if (fate_rule(fate)->stops || fate_rule(fate)->again)
			return give_up(&a, fate, e);
		if (state[0] == '\0')
			break;
		kept++;
	}
	if (i < 0)
		return probe_find(p, CHECK_STATUSES, FINDING_UNLIMITED, kept, e,
		    "the statuses of all %d batches were kept", kept);
	return probe_find(p, CHECK_STATUSES, FINDING_LIMITED, kept, e,
	    "the newest %d statuses are kept, if nobody else sent meanwhile",
	    kept);
}

static int
ask_statuses(struct probe *p, struct error *e)
{
	const char *newest = probe_newest(p);
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
		result = probe_find(p, name, FINDING_IGNORED, -1, e,
		    "the batch was accepted, and there is no profile of it");
	} else if (reading == NULL &&
		   describe(&profile, values, sizeof(values)) != 0) {
		result = error_set(e, EXIT_LOCAL, "out of memory");
	} else if (reading == NULL) {
		result = probe_find(p, name, FINDING_OTHER, -1, e,
		    "the profile holds something else: %s", values);
	} else {
		result = probe_find(
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
	const ndjson *note = find_sent(p, c, k);
	const char *state, *message;
	char text[512];

	if (note == NULL)
		return probe_find(p, probe_cases[c].name, FINDING_UNKNOWN, -1,
		    e,
		    "the first update was not complete in time, so there was "
		    "no second");
	state = ndjson_get_string(note, "state");
	message = ndjson_get_string(note, "message");
	if (message == NULL)
		message = "";
	escape_text(text, sizeof(text), message, strlen(message));
	if (state != NULL && strcmp(state, "refused") == 0)
		return probe_find(p, probe_cases[c].name, FINDING_REFUSED, -1,
		    e, "the service refuses the batch: %s", text);
	return probe_find(p, probe_cases[c].name, FINDING_UNKNOWN, -1, e,
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
		if (find_accepted(p, id, probe_cases[c].batches[1] != NULL) !=
		    NULL)
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
	note = new_note();
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
	time_t when = probe_last_call(p) + (time_t)p->after;
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
