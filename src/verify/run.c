#include "verify/run.h"

#include <stdlib.h>
#include "api/ask.h"
#include "base/diag.h"
#include "base/progress.h"
#include "base/sys.h"
#include "verify/compare.h"

static void
tell_again(void *arg, const char *why, double delay)
{
	(void)arg;
	progress_end();
	diag_warn("%s: tries again in %.0f s", why, delay);
}

/* No usable answer. */
static int
give_up(const struct http_answer *a, enum fate fate, struct error *e)
{
	char why[ASK_WHY];

	ask_why(a, why);
	if (fate_rule(fate)->stops)
		return error_set(e, EXIT_SERVICE,
		    "%s; 'tp-probe --check' says what is wrong", why);
	if (fate_rule(fate)->again || a->end != HTTP_ANSWERED)
		return error_set(
		    e, EXIT_TEMPORARY, "%s; run it again later", why);
	return error_set(e, EXIT_SERVICE,
	    "%s: this is no answer about a profile; 'tp-probe --check' says "
	    "what is wrong",
	    why);
}

static int
verify_row(struct verify_run *v, struct ask *ask, const struct sample_row *row,
    struct error *e)
{
	const struct endpoint *ep = &v->service->endpoint;
	struct http_request q = {.direct = ep->origin.loopback};
	char url[PROFILE_URL], *room;
	enum profile_found found;
	struct profile profile;
	struct http_answer a;
	enum fate fate;
	int result;

	/* tp-send sends no identifier that is longer. */
	if (profile_url(url, ep, v->third, row->id, row->id_len) != 0)
		return error_set(e, EXIT_INPUT,
		    "batch %llu, row %llu: the identifier is too long",
		    (unsigned long long)row->place.batch,
		    (unsigned long long)row->place.row);
	q.url = url;
	result = ask_run(ask, &q, &a, &fate, e);
	if (result != 0)
		return result;
	found = profile_read(&profile, &a);
	room = sys_malloc(row->len);
	/* One that cannot be read is no reason to leave the others. */
	if (found == PROFILE_OTHER && v->read && fate == FATE_ACCEPTED)
		result = report_unread(v->report, row, e);
	else if (found == PROFILE_OTHER)
		result = give_up(&a, fate, e);
	else if (room == NULL)
		result = error_set(e, EXIT_LOCAL, "out of memory");
	else
		result = report_row(v->report, v->sample, row,
		    found == PROFILE_FOUND ? &profile : NULL, room, e);
	v->read |= found != PROFILE_OTHER;
	free(room);
	profile_free(&profile);
	return result;
}

int
verify_run(struct verify_run *v, const struct sample_row *rows, size_t n,
    struct error *e)
{
	struct http_settings settings = service_http(v->service);
	struct ask ask = {
	    .kind = CALLS_SEND,
	    .bearer = v->service->bearer,
	    .retries = RETRY_TIMES,
	    .retry = {.first = RETRY_FIRST, .seed = (uint64_t)time(NULL) | 1},
	    .again = tell_again,
	};
	int result = -1;
	size_t i;

	settings.answer_max = PROFILE_ANSWER_MAX;
	ask.pace = pace_new(v->rate, e);
	if (ask.pace != NULL)
		ask.http = http_new(&settings, e);
	if (ask.http != NULL)
		result = 0;
	for (i = 0; i < n && result == 0; i++) {
		result = verify_row(v, &ask, &rows[i], e);
		progress_show(i + 1, 0);
	}
	http_free(ask.http);
	pace_free(ask.pace);
	return result;
}
