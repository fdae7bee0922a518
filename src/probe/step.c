#include "probe/step.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "api/statusurl.h"
#include "api/xml.h"
#include "base/clock.h"
#include "base/escape.h"

/* -------------------------------------------------------------- the notes */

ndjson *
step_note(void)
{
	ndjson *note = ndjson_new();
	char text[CLOCK_TEXT];

	ndjson_set_string(note, "time", clock_text(time(NULL), text));
	return note;
}

int
step_find(struct probe *p, const char *check, enum finding finding, int number,
    struct error *e, const char *format, ...)
{
	ndjson *note = step_note();
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

const char *
step_sent(enum case_id c, int k, char to[STEP_NAME])
{
	snprintf(to, STEP_NAME, "sent-%s-%d", probe_cases[c].name, k + 1);
	return to;
}

const ndjson *
step_find_sent(const struct probe *p, enum case_id c, int k)
{
	char step[STEP_NAME];

	return notes_find(p->notes, step_sent(c, k, step));
}

const char *
step_find_accepted(const struct probe *p, enum case_id c, int k)
{
	const ndjson *note = step_find_sent(p, c, k);
	const char *state = ndjson_get_string(note, "state");

	return state != NULL && strcmp(state, "accepted") == 0
		   ? ndjson_get_string(note, "batchStatus")
		   : NULL;
}

/* Steps are done in the order of the cases, so the newest is the last. */
const char *
step_newest(const struct probe *p)
{
	const char *newest = "", *url;
	int c, k;

	for (c = 0; c < CASES; c++) {
		for (k = 0; k < 2; k++) {
			url = step_find_accepted(p, (enum case_id)c, k);
			if (url != NULL)
				newest = url;
		}
	}
	return newest;
}

time_t
step_last_call(const struct probe *p)
{
	static const char *const others[] = {"completed", CHECK_STATUS_TOKEN,
	    CHECK_STATUSES, CHECK_STATUS_CALLS, CHECK_CALLS};
	time_t last = 0, when;
	const ndjson *note;
	size_t i;
	int c;

	for (c = 0; c < CASES * 2; c++) {
		note = step_find_sent(p, (enum case_id)(c / 2), c % 2);
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
step_body(const struct probe *p, enum case_id c, int k, char to[CASE_TEXT])
{
	char id[CASE_ID];

	case_fill(probe_cases[c].batches[k], case_id_text(c, p->id, id), to);
}

int
step_update(struct probe *p, const char *body, enum fate *fate,
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
step_status(struct probe *p, const char *batch_status, bool token,
    enum fate *fate, struct http_answer *a, char state[STEP_STATE],
    struct error *e)
{
	char why[STATUSURL_WHY], shown[STATUSURL_WHY];
	struct http_request q = {.url = NULL};
	struct xml_span body, root;
	struct statusurl u;
	const char *wrong;
	int result;

	state[0] = '\0';
	if (statusurl_make(&u, &p->service->endpoint, batch_status, why) != 0)
		return error_set(e, EXIT_SERVICE,
		    "the URL of a status is not followed: %s",
		    escape_text(shown, sizeof(shown), why, strlen(why)));
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
		(void)xml_get(root, "status", state, STEP_STATE);
	return 0;
}
