#include "status/report.h"

#include <string.h>
#include <unistd.h>
#include "base/diag.h"
#include "base/escape.h"
#include "base/number.h"
#include "base/options.h"
#include "base/progress.h"
#include "base/ranges.h"

int
status_format_set(enum status_format *format, const char *arg, struct error *e)
{
	static const char *const names[] = {"auto", "json", "table"};
	int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(arg, names[i]) == 0) {
			*format = (enum status_format)i;
			return 0;
		}
	}
	return options_bad(e, "format", arg, "auto, json or table");
}

void
status_report_open(
    struct status_report *r, struct output *out, enum status_format format)
{
	const char *term = options_environment("TERM");
	bool terminal = isatty(STDOUT_FILENO);

	r->out = out;
	r->format = format;
	if (format == STATUS_AUTO)
		r->format = terminal ? STATUS_TABLE : STATUS_JSON;
	r->live = r->format == STATUS_TABLE && terminal && term != NULL &&
		  strcmp(term, "dumb") != 0;
	table_init(&r->table, out, r->live);
}

int
status_report_clear(struct status_report *r, struct error *e)
{
	progress_end();
	return table_clear(&r->table, e);
}

/* The same; if it fails, so does the next write, and that is noticed. */
static bool
is_clear(struct status_report *r)
{
	struct error e = ERROR_INIT;

	return status_report_clear(r, &e) == 0;
}

int
status_report_draw(struct status_report *r, const struct poller *p,
    uint64_t outcomes, struct error *e)
{
	progress_show(outcomes, 0);
	return table_draw(&r->table, p, e);
}

static int
write_outcome(struct status_report *r, const struct outcome *o, struct error *e)
{
	char *line;
	size_t n;

	if (r->format == STATUS_TABLE)
		return table_add(&r->table, o, e);
	line = outcome_line(o, &n);
	if (output_line(r->out, line, n, e) != 0)
		return -1;
	return output_flush(r->out, e);
}

void
status_tell_outcome(const struct outcome *o)
{
	char why[OUTCOME_WHY];

	if (o->reconciled)
		return;
	progress_end();
	diag_place(outcome_code(o), "", 0, 0,
	    o->state == OUTCOME_COMPLETE ? "not-reconciled"
					 : outcome_state_name(o->state),
	    "batch %llu: %s", (unsigned long long)o->part.batch,
	    outcome_why(o, why));
}

void
status_tell_again(const struct outcome *o)
{
	char shown[300];

	escape_text(shown, sizeof(shown), o->message, strlen(o->message));
	diag_detail("batch %llu: poll %u: %s",
	    (unsigned long long)o->part.batch, o->polls,
	    shown[0] == '\0' ? "not complete yet" : shown);
}

int
status_report_outcome(
    struct status_report *r, const struct outcome *o, struct error *e)
{
	/* It is none before it is written. */
	if (status_report_clear(r, e) != 0 || write_outcome(r, o, e) != 0)
		return -1;
	status_tell_outcome(o);
	return 0;
}

void
status_report_again(struct status_report *r, const struct outcome *o)
{
	if (is_clear(r))
		status_tell_again(o);
}

int
status_report_arrival(
    struct status_report *r, const struct arrival *a, struct error *e)
{
	const struct error *why = &a->error;

	if (status_report_clear(r, e) != 0)
		return -1;
	if (a->kind == ARRIVAL_MALFORMED)
		diag_place(why->code, why->place, why->line, 0, "malformed",
		    "%s", why->text);
	else
		diag_error(why);
	return 0;
}

void
status_report_pace(void *report, bool warning, const char *text)
{
	struct status_report *r = report;

	if (!is_clear(report))
		return;
	if (warning)
		diag_warn("%s", text);
	else if (r->waited)
		diag_detail("%s", text);
	else
		diag_note("%s", text);
	r->waited |= !warning;
}

void
status_report_wait(void *report, const char *text)
{
	if (is_clear(report))
		diag_note("%s", text);
}

/* ------------------------------------------------------------- the end */

static void
say_state(enum exit_code code, uint64_t n, const char *state, const char *why)
{
	void (*say)(const char *, ...) __attribute__((format(printf, 1, 2))) =
	    code < EXIT_USAGE ? diag_note : diag_always;

	if (n > 0)
		say("receipts of %llu %s %s: %s", (unsigned long long)n,
		    number_form(n, "batch", "batches"), state, why);
}

static void
say_receipts(const struct status_counts *c)
{
	static const char *const meanings[RECEIPT_STATES] = {
	    [RECEIPT_REFUSED] = "refused by the service",
	    [RECEIPT_FAILED] = "not sent",
	    [RECEIPT_UNKNOWN] = "sent, but not answered",
	    [RECEIPT_INVALID] = "not sent, as they do not comply",
	    [RECEIPT_SKIPPED] = "accepted in an earlier run",
	};
	int i;

	for (i = RECEIPT_REFUSED; i < RECEIPT_STATES; i++) {
		enum receipt_state state = (enum receipt_state)i;
		uint64_t denied = state == RECEIPT_REFUSED ? c->denied : 0;
		const char *name = receipt_state_name(state);

		/* Whatever their reason is, if it is no denial. */
		say_state(fate_code(state, FATE_NOT_SENT),
		    c->receipts[i] - denied, name, meanings[i]);
		say_state(EXIT_SERVICE, denied, name,
		    "with HTTP 401 or 403, or for a certificate that does not "
		    "verify");
	}
}

void
status_tell_open(const struct poller *p, struct ranges *open, bool others,
    const char *more, const char *how)
{
	const char *hint = "";
	char shown[600];
	size_t i, at = 0;

	for (i = 0; p != NULL && i < poller_open(p); i++)
		others |= ranges_add(open, poller_get(p, i)->part.batch) != 0;
	while (at < open->n) {
		at = ranges_text(open, at, shown, sizeof(shown));
		if (at == open->n && others)
			hint = ", and others";
		diag_always("stopped; without an outcome: %s %s%s",
		    number_form(ranges_count(open), "batch", "batches"), shown,
		    hint);
	}
	if (more != NULL)
		diag_always("%s", more);
	if (open->n > 0 || more != NULL)
		diag_always("to go on, %s", how);
}

static void
say_open(const struct poller *p, uint64_t unwritten, bool unread)
{
	struct ranges open = {NULL, 0, 0};
	bool others = false;

	if (unwritten != 0)
		others = ranges_add(&open, unwritten) != 0;
	status_tell_open(p, &open, others,
	    unread ? "stopped before all receipts were read" : NULL,
	    "give the same receipts again");
	ranges_free(&open);
}

void
status_tell_counts(const struct status_counts *c)
{
	uint64_t n = c->outcomes[OUTCOME_EXPIRED];

	if (c->unmade > 0)
		diag_note("%llu %s not found by the service: v1 makes no "
			  "profiles",
		    (unsigned long long)c->unmade,
		    number_form(c->unmade, "id was", "ids were"));
	if (n > 0)
		diag_note("%llu %s unconfirmed: the service keeps few "
			  "statuses, and none for long; tp-send --outcomes "
			  "asks for them while it sends",
		    (unsigned long long)n,
		    number_form(n, "batch is", "batches are"));
}

void
status_report_end(const struct status_counts *c, const struct poller *p,
    uint64_t unwritten, bool unread)
{
	diag_finish();
	say_receipts(c);
	status_tell_counts(c);
	say_open(p, unwritten, unread);
}
