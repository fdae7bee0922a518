/*
 * tp-status: asks Adobe Target what became of the batches it accepted.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>
#include "api/service.h"
#include "base/diag.h"
#include "base/escape.h"
#include "base/ndjson.h"
#include "base/number.h"
#include "base/options.h"
#include "base/progress.h"
#include "base/ranges.h"
#include "base/signals.h"
#include "base/sys.h"
#include "io/lockfile.h"
#include "io/output.h"
#include "io/paths.h"
#include "io/summary.h"
#include "status/inbox.h"
#include "status/schedule.h"
#include "status/table.h"
#include "status/tally.h"
#include "status/watch.h"

enum {
	KEY_TOKEN_TO_STATUS = OPTION_LONG,
	KEY_POLL_RATE,
	KEY_INTERVAL,
	KEY_DEADLINE,
	KEY_FORMAT
};

static const struct option_entry entries[] = {
    SERVICE_OPTION_ENTRIES,
    {KEY_TOKEN_TO_STATUS, "token-to-status", NULL,
	"send the token when asking, too"},
    {KEY_POLL_RATE, "poll-rate", "N", "at most N of these from here (5)"},
    {KEY_INTERVAL, "interval", "TIME", "ask about a batch this often (60s)"},
    {KEY_DEADLINE, "deadline", "TIME", "give a batch up after this (2h)"},
    {KEY_FORMAT, "format", "FORM", "auto, json or table (auto)"},
    {0, NULL, NULL, NULL},
};

static const struct options_program program = {
    .name = "tp-status",
    .operands = "[FILE...]",
    .purpose = "Reads receipts; writes what became of each accepted batch.",
    .entries = entries,
    .footer = "TIME is in seconds; s, m, h or d behind it says the unit.\n"
	      "Exit: 0 all reconciled, 1 some not, or refused; 2 usage,\n"
	      "3 input, 4 local, 5 some not sent: run again, 6 the service\n"
	      "refused to tell, 7 outcome unknown.\n",
    .version = service_version,
    .seals = true,
    .reads_seals = true,
};

enum format { FORMAT_AUTO, FORMAT_JSON, FORMAT_TABLE };

struct run {
	struct options_common common;
	struct service service;
	bool token_to_status;
	uint64_t poll_rate, interval, deadline;
	enum format format;

	struct pace *polls;
	struct watch *watch;
	struct inbox *inbox;
	struct summary summary;
	struct output out;
	struct table table;

	struct tally tally;
	uint64_t unwritten; /* the batch whose outcome could not be written */
	bool unread;	    /* there is more in the input */
	struct error late;  /* at the end, behind what ended the run */
};

/* ------------------------------------------------------------- options */

static int
take_format(struct run *run, const char *arg, struct error *e)
{
	static const char *const names[] = {"auto", "json", "table"};
	int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(arg, names[i]) == 0) {
			run->format = (enum format)i;
			return 0;
		}
	}
	return options_bad(e, "format", arg, "auto, json or table");
}

static int
take_option(struct run *run, int key, const char *arg, struct error *e)
{
	switch (key) {
	case KEY_TOKEN_TO_STATUS:
		run->token_to_status = true;
		return 0;
	case KEY_POLL_RATE:
		return options_number(
		    "poll-rate", arg, 1, PACE_MAX, &run->poll_rate, e);
	case KEY_INTERVAL:
		return options_seconds(
		    "interval", arg, 0, 3600, &run->interval, e);
	case KEY_DEADLINE:
		return options_seconds(
		    "deadline", arg, 1, 7 * 86400, &run->deadline, e);
	case KEY_FORMAT:
		return take_format(run, arg, e);
	default:
		return service_set_option(&run->service, key, arg, e);
	}
}

static int
read_options(struct run *run, int argc, char **argv, struct error *e)
{
	const char *arg;
	int key;

	service_init(&run->service);
	run->poll_rate = WATCH_POLLS;
	run->interval = SCHEDULE_INTERVAL;
	run->deadline = SCHEDULE_DEADLINE;
	while ((key = options_next(
		    &program, argc, argv, &run->common, &arg, e)) >= 0) {
		if (take_option(run, key, arg, e) != 0)
			return -1;
	}
	if (key == OPTIONS_FAILED)
		return -1;
	if (run->token_to_status && run->service.token_file == NULL)
		return error_set(e, EXIT_USAGE,
		    "--token-to-status needs a token: give --token-file FILE "
		    "or set TP_TOKEN_FILE");
	/* A status has one path, whichever version the batch went to. */
	return service_resolve(&run->service, ENDPOINT_V2, e);
}

static int
check_paths(
    const struct run *run, char *const *files, size_t n, struct error *e)
{
	const struct path_use use[] = {
	    {"summary", run->common.summary, PATH_WRITTEN},
	    {"token-file", run->service.token_file, PATH_READ},
	    {"cacert", run->service.cacert, PATH_READ},
	};

	return paths_check(use, sizeof(use) / sizeof(use[0]), files, n, e);
}

/* ---------------------------------------------------- what the run tells */

/* Before something goes to stderr, which may be the same terminal. */
static int
make_way(struct run *run, struct error *e)
{
	progress_end();
	return table_clear(&run->table, e);
}

static void
told(void *arg, bool warning, const char *text)
{
	struct error e = ERROR_INIT;

	if (make_way(arg, &e) != 0)
		return; /* the next write fails too, and is noticed */
	if (warning)
		diag_warn("%s", text);
	else
		diag_detail("%s", text);
}

static void
say_wait(void *arg, const char *text)
{
	struct error e = ERROR_INIT;

	if (make_way(arg, &e) == 0) /* else the next write fails too */
		diag_note("%s", text);
}

static void
say_outcome(const struct status *s)
{
	char why[STATUS_WHY];

	diag_place(tally_code(s), "", 0, 0,
	    s->state == STATUS_COMPLETE ? "not-reconciled"
					: status_state_name(s->state),
	    "batch %llu: %s", (unsigned long long)s->batch, status_why(s, why));
}

static int
write_outcome(struct run *run, const struct status *s, struct error *e)
{
	size_t n;
	char *line;

	if (run->format == FORMAT_TABLE)
		return table_add(&run->table, s, e);
	line = status_line(s, &n);
	if (output_line(&run->out, line, n, e) != 0)
		return -1;
	return output_flush(&run->out, e);
}

static int
ended(void *arg, const struct status *s, struct error *e)
{
	struct run *run = arg;

	/* It is none before it is written. */
	if (make_way(run, e) != 0 || write_outcome(run, s, e) != 0) {
		run->unwritten = s->batch;
		return -1;
	}
	if (tally_outcome(&run->tally, s))
		say_outcome(s);
	return 0;
}

static void
polled(void *arg, const struct status *s, const char *why)
{
	struct run *run = arg;
	struct error e = ERROR_INIT;
	char shown[300];

	if (make_way(run, &e) != 0)
		return; /* the next write fails too, and is noticed */
	escape_text(shown, sizeof(shown), why, strlen(why));
	diag_detail("batch %llu: poll %u: %s", (unsigned long long)s->batch,
	    s->polls, shown[0] == '\0' ? "not complete yet" : shown);
}

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
say_receipts(const struct tally *t)
{
	int i;

	for (i = RECEIPT_REFUSED; i < RECEIPT_STATES; i++) {
		enum receipt_state state = (enum receipt_state)i;
		uint64_t denied = state == RECEIPT_REFUSED ? t->denied : 0;

		say_state(fate_code(state, FATE_NOT_SENT),
		    t->receipts[i] - denied, receipt_state_name(state),
		    tally_meaning(state));
		say_state(EXIT_SERVICE, denied, receipt_state_name(state),
		    "with HTTP 401 or 403, or for a certificate that does not "
		    "verify");
	}
}

/* Which batches a run that ends early leaves without an outcome.  Also with
 * --quiet: nothing else names them. */
static void
say_open(const struct run *run)
{
	struct ranges open = {NULL, 0, 0};
	const char *hint = "";
	char shown[600];
	size_t i, at = 0;
	int failed = 0;

	for (i = 0; run->watch != NULL && i < watch_open(run->watch); i++)
		failed |= ranges_add(&open, watch_get(run->watch, i)->batch);
	if (run->unwritten != 0)
		failed |= ranges_add(&open, run->unwritten);
	while (at < open.n) {
		at = ranges_text(&open, at, shown, sizeof(shown));
		if (at == open.n && failed != 0)
			hint = ", and others";
		diag_always("stopped; without an outcome: %s %s%s",
		    number_form(ranges_count(&open), "batch", "batches"), shown,
		    hint);
	}
	if (run->unread)
		diag_always("stopped before all receipts were read");
	if (open.n > 0 || run->unread)
		diag_always("to go on, give the same receipts again");
	ranges_free(&open);
}

static void
say_end(const struct run *run)
{
	const struct tally *t = &run->tally;

	diag_finish();
	say_receipts(t);
	if (t->unmade > 0)
		diag_note("%llu %s not found by the service: v1 makes no "
			  "profiles",
		    (unsigned long long)t->unmade,
		    number_form(t->unmade, "id was", "ids were"));
	say_open(run);
}

static int
write_summary(struct run *run, struct error *e)
{
	ndjson *o = ndjson_new();

	tally_set(&run->tally, o);
	ndjson_set_count(o, "polls", watch_calls(run->watch));
	return summary_write(
	    &run->summary, o, signals_status(run->tally.code, false), e);
}

/* ------------------------------------------------------------- the run */

static int
take_item(struct run *run, const struct inbox_item *item, struct error *e)
{
	const struct error *trouble = &item->error;
	bool malformed = item->kind == INBOX_MALFORMED;

	if (item->kind == INBOX_RECEIPT) {
		tally_receipt(&run->tally, &item->receipt);
		if (!tally_is_watched(item->receipt.result.state) ||
		    watch_add(run->watch, &item->receipt, e) == 0)
			return 0;
		run->unwritten = item->receipt.part.batch;
		return -1;
	}
	tally_trouble(&run->tally, malformed, trouble->code);
	if (make_way(run, e) != 0)
		return -1;
	if (malformed)
		diag_place(trouble->code, trouble->place, trouble->line, 0,
		    "malformed", "%s", trouble->text);
	else
		diag_error(trouble);
	return 0;
}

/* So many were written. */
static uint64_t
outcomes(const struct run *run)
{
	const struct tally *t = &run->tally;

	return tally_watched(t) - tally_open(t);
}

static int
show(struct run *run, struct error *e)
{
	progress_show(outcomes(run), 0);
	return table_draw(&run->table, run->watch, e);
}

/* Takes what has arrived, waiting at most so long for the first of it; of
 * much, a part, so that polls get their turn. */
static int
take_items(struct run *run, double seconds, struct error *e)
{
	struct inbox_item item;
	int i;

	for (i = 0; i < 1000; i++) {
		inbox_take(run->inbox, i == 0 ? seconds : 0, &item);
		if (item.kind == INBOX_END)
			run->unread = false;
		if (item.kind == INBOX_NOTHING || item.kind == INBOX_END)
			return 0;
		if (take_item(run, &item, e) != 0)
			return -1;
	}
	return 0;
}

/* Until the input has ended and no batch is open, or a signal came. */
static int
watch_all(struct run *run, struct error *e)
{
	run->unread = true;
	while (run->unread || watch_open(run->watch) > 0) {
		double delay = watch_delay(run->watch);

		if (signals_pending() != 0)
			return 0;
		/* Now and then it is time to draw. */
		if (delay < 0 || delay > 0.5)
			delay = 0.5;
		if (show(run, e) != 0 || take_items(run, delay, e) != 0 ||
		    watch_turn(run->watch, e) != 0)
			return -1;
	}
	return 0;
}

static bool
is_terminal(void)
{
	const char *term = options_environment("TERM");

	return isatty(STDOUT_FILENO) && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

static int
set_up(struct run *run, char *const *files, size_t n, struct error *e)
{
	const struct watch_hooks hooks = {run, ended, polled};
	const struct watch_settings s = {
	    .endpoint = &run->service.endpoint,
	    .token = run->service.token,
	    .http = service_http(&run->service),
	    .polls = run->polls,
	    .calls = run->service.pace,
	    .interval = (double)run->interval,
	    .deadline = (double)run->deadline,
	};

	run->watch = watch_new(&s, &hooks, e);
	if (run->watch == NULL)
		return -1;
	run->inbox = inbox_open(files, n, run->common.sealed, e);
	return run->inbox == NULL ? -1 : 0;
}

static int
open_all(struct run *run, char *const *files, size_t n, struct error *e)
{
	bool live;

	if (output_open(&run->out, STDOUT_FILENO, "standard output", e) != 0 ||
	    summary_open(&run->summary, run->common.summary, e) != 0)
		return -1;
	if (run->format == FORMAT_AUTO)
		run->format =
		    isatty(STDOUT_FILENO) ? FORMAT_TABLE : FORMAT_JSON;
	/* A table is for people. */
	if (run->common.seal && run->format == FORMAT_JSON &&
	    output_begin_seal(&run->out, e) != 0)
		return -1;
	live = run->format == FORMAT_TABLE && is_terminal();
	table_init(&run->table, &run->out, live);
	progress_start(live ? PROGRESS_NEVER : run->common.progress, "outcome",
	    "outcomes");
	run->service.teller = (struct pace_teller){told, run};
	if (service_prepare(&run->service, run->token_to_status, 1, e) != 0 ||
	    service_open_pace(&run->service, e) != 0)
		return -1;
	run->polls = pace_new((unsigned)run->poll_rate, e);
	if (run->polls == NULL)
		return -1;
	return set_up(run, files, n, e);
}

static void
finish_all(struct run *run, struct error *e)
{
	(void)output_flush(&run->out, e);
	tally_trouble(&run->tally, false, e->code);
	(void)write_summary(run, e);
	tally_trouble(&run->tally, false, e->code);
	/* Last of all, when nothing can fail any more but itself. */
	if (run->tally.code <= EXIT_REJECTED && signals_pending() == 0)
		(void)output_seal(&run->out, SEAL_NDJSON, outcomes(run), e);
	(void)output_close(&run->out, e);
	tally_trouble(&run->tally, false, e->code);
	summary_confirm(&run->summary, signals_status(run->tally.code, false));
}

static void
run_all(struct run *run, char *const *files, size_t n, struct error *e)
{
	if (open_all(run, files, n, e) != 0)
		return;
	(void)watch_all(run, e);
	if (e->code == EXIT_COMPLETE)
		(void)make_way(run, e);
	progress_end();
	if (run->tally.code == EXIT_COMPLETE &&
	    tally_receipts(&run->tally) == 0 && signals_pending() == 0)
		error_set(e, EXIT_INPUT,
		    "no receipts: tp-send ended before it had sent a batch, or "
		    "the input is another one");
	tally_trouble(&run->tally, false, e->code);
	/* Only a failure of this kind is what comes of another. */
	finish_all(run, e->code == EXIT_LOCAL ? e : &run->late);
}

int
main(int argc, char **argv)
{
	struct error e = ERROR_INIT;
	struct run run;

	memset(&run, 0, sizeof(run));
	run.out.fd = -1;
	run.summary.file.out.fd = -1;
	diag_init(program.name);
	if (sys_guard_standard() != 0) {
		diag_always("cannot open /dev/null for a standard stream that "
			    "is closed");
		return EXIT_LOCAL;
	}
	if (read_options(&run, argc, argv, &e) != 0 ||
	    check_paths(&run, argv + optind, (size_t)(argc - optind), &e) !=
		0 ||
	    signals_catch(&e) != 0) {
		diag_error(&e);
		return (int)e.code;
	}
	lockfile_on_wait(say_wait, &run);
	run_all(&run, argv + optind, (size_t)(argc - optind), &e);
	if (e.code != EXIT_COMPLETE)
		diag_error(&e);
	if (run.late.code != EXIT_COMPLETE)
		diag_error(&run.late);
	say_end(&run);
	inbox_close(run.inbox);
	watch_free(run.watch);
	pace_free(run.polls);
	service_free(&run.service);
	output_abandon(&run.out);
	summary_discard(&run.summary);
	signals_die_if_pending();
	return (int)exit_worse(run.tally.code, e.code);
}
