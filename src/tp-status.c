/*
 * tp-status: asks Adobe Target what became of the batches it accepted.
 */
#include "config.h"

#include <string.h>
#include "api/service.h"
#include "base/options.h"
#include "base/progress.h"
#include "base/signals.h"
#include "io/lockfile.h"
#include "io/paths.h"
#include "io/program.h"
#include "status/arrivals.h"
#include "status/counts.h"
#include "status/poller.h"
#include "status/report.h"
#include "status/schedule.h"

enum {
	KEY_TOKEN_TO_STATUS = OPTION_LONG,
	KEY_NO_TOKEN_TO_STATUS,
	KEY_POLL_RATE,
	KEY_INTERVAL,
	KEY_DEADLINE,
	KEY_FORMAT
};

static const struct option_entry entries[] = {
    SERVICE_OPTION_ENTRIES,
    SERVICE_RATE_ENTRY,
    {KEY_TOKEN_TO_STATUS, "token-to-status", NULL, NULL},
    {KEY_NO_TOKEN_TO_STATUS, "no-token-to-status", NULL,
	"ask without the token"},
    {KEY_POLL_RATE, "poll-rate", "N", "ask at most N times a minute from here"},
    {KEY_INTERVAL, "interval", "TIME", "ask about a batch this often (60s)"},
    {KEY_DEADLINE, "deadline", "TIME", "give a batch up after this (2h)"},
    {KEY_FORMAT, "format", "FORM", "auto, json or table (auto)"},
    {0, NULL, NULL, NULL},
};

static const struct options_program description = {
    .name = "tp-status",
    .operands = "[FILE...]",
    .purpose = "Reads receipts; writes what became of each accepted batch.",
    .entries = entries,
    .footer = "TIME is in seconds; s, m, h or d behind it says the unit.\n"
	      "Exit: 0 all reconciled, 1 some not, refused or unconfirmed,\n"
	      "2 usage, 3 input, 4 local, 5 some not sent: run again,\n"
	      "6 the service refused to tell, 7 outcome unknown.\n",
    .version = service_version,
    .seals = true,
    .reads = true,
    .reads_seals = true,
};

struct run {
	struct service service;
	int token; /* 1: one is demanded; -1: none is sent */
	uint64_t poll_rate, interval, deadline;
	enum status_format format;

	struct pace *polls;
	struct poller *poller;
	struct arrivals *arrivals;
	struct status_counts counts;
	struct status_report report;
	uint64_t unwritten; /* the batch whose outcome could not be written */
	bool unread;	    /* there is more in the input */
};

/* ------------------------------------------------------------- options */

static int
take_option(struct run *run, int key, const char *arg, struct error *e)
{
	switch (key) {
	case KEY_TOKEN_TO_STATUS:
	case KEY_NO_TOKEN_TO_STATUS:
		run->token = key == KEY_TOKEN_TO_STATUS ? 1 : -1;
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
		return status_format_set(&run->format, arg, e);
	default:
		return service_set_option(&run->service, key, arg, e);
	}
}

static int
read_options(struct run *run, struct program *p, int argc, char **argv)
{
	struct error *e = &p->error;
	const char *arg;
	int key;

	service_init(&run->service);
	run->interval = SCHEDULE_INTERVAL;
	run->deadline = SCHEDULE_DEADLINE;
	while ((key = program_option(p, argc, argv, &arg)) >= 0) {
		if (take_option(run, key, arg, e) != 0)
			return -1;
	}
	if (key == OPTIONS_FAILED)
		return -1;
	if (run->token > 0 && run->service.token_file == NULL)
		return error_set(e, EXIT_USAGE,
		    "--token-to-status needs a token: give --token-file FILE "
		    "or set TP_TOKEN_FILE");
	/* A status has one path, whichever version the batch went to. */
	return service_resolve(&run->service, ENDPOINT_V2, e);
}

static int
check_paths(const struct run *run, struct program *p)
{
	const struct path_use use[] = {
	    {"summary", p->common.summary, PATH_WRITTEN},
	    {"token-file", run->service.token_file, PATH_READ},
	    {"cacert", run->service.cacert, PATH_READ},
	};

	return paths_check(
	    use, sizeof(use) / sizeof(use[0]), p->files, p->n_files, &p->error);
}

/* ------------------------------------------------------------- the run */

/* What has happened to a batch. */
static int
take_event(struct run *run, enum poll_event event, const struct outcome *about,
    struct error *e)
{
	if (event == POLL_AGAIN)
		status_report_again(&run->report, about);
	if (event != POLL_ENDED)
		return 0;
	run->unwritten = about->part.batch;
	if (status_report_outcome(&run->report, about, e) != 0)
		return -1;
	run->unwritten = 0;
	status_counts_outcome(&run->counts, about);
	return 0;
}

static int
take_receipt(struct run *run, const struct receipt *r, struct error *e)
{
	const struct outcome *about;
	enum poll_event event;

	status_counts_receipt(&run->counts, r);
	if (r->result.state != RECEIPT_ACCEPTED &&
	    r->result.state != RECEIPT_SKIPPED)
		return 0;
	run->unwritten = r->part.batch;
	if (poller_add(run->poller, r, &event, &about, e) != 0)
		return -1;
	run->unwritten = 0;
	return take_event(run, event, about, e);
}

/* Takes what has arrived, waiting at most so long for the first of it; of
 * much, a part, so that polls get their turn. */
static int
take_arrivals(struct run *run, double seconds, struct error *e)
{
	struct arrival a;
	int i, result = 0;

	for (i = 0; i < 1000 && result == 0; i++) {
		arrivals_take(run->arrivals, i == 0 ? seconds : 0, &a);
		if (a.kind == ARRIVAL_END)
			run->unread = false;
		if (a.kind == ARRIVAL_END || a.kind == ARRIVAL_NOTHING)
			return 0;
		if (a.kind == ARRIVAL_RECEIPT) {
			result = take_receipt(run, &a.receipt, e);
			continue;
		}
		status_counts_trouble(
		    &run->counts, a.kind == ARRIVAL_MALFORMED, a.error.code);
		result = status_report_arrival(&run->report, &a, e);
	}
	return result;
}

/* Until the input has ended and no batch is open, or a signal came. */
static int
poll_all(struct run *run, struct error *e)
{
	const struct outcome *about;
	enum poll_event event;

	run->unread = true;
	while (run->unread || poller_open(run->poller) > 0) {
		double delay = poller_delay(run->poller);

		if (signals_pending() != 0)
			return 0;
		/* Now and then it is time to draw. */
		if (delay < 0 || delay > 0.5)
			delay = 0.5;
		if (status_report_draw(&run->report, run->poller,
			status_counts_outcomes(&run->counts), e) != 0 ||
		    take_arrivals(run, delay, e) != 0 ||
		    poller_turn(run->poller, &event, &about, e) != 0 ||
		    take_event(run, event, about, e) != 0)
			return -1;
	}
	return 0;
}

static int
open_all(struct run *run, struct program *p)
{
	struct service *service = &run->service;
	struct error *e = &p->error;
	struct poller_settings s;

	status_report_open(&run->report, &p->out, run->format);
	/* A table is for people. */
	if (p->common.seal && run->report.format == STATUS_JSON &&
	    output_begin_seal(&p->out, e) != 0)
		return -1;
	progress_start(run->report.live ? PROGRESS_NEVER : p->common.progress,
	    "outcome", "outcomes");
	service->teller =
	    (struct pace_teller){status_report_pace, &run->report};
	if (service_prepare(service, run->token >= 0, 1, e) != 0 ||
	    service_open_pace(service, e) != 0)
		return -1;
	if (pace_expect_polls(service->pace, e) != 0)
		return -1;
	if (run->poll_rate != 0) {
		run->polls = pace_new((unsigned)run->poll_rate, e);
		if (run->polls == NULL)
			return -1;
	}
	s = (struct poller_settings){
	    .endpoint = &service->endpoint,
	    .bearer = service->bearer,
	    .http = service_http(service),
	    .polls = run->polls,
	    .calls = service->pace,
	    .interval = (double)run->interval,
	    .deadline = (double)run->deadline,
	};
	run->poller = poller_new(&s, e);
	if (run->poller != NULL)
		run->arrivals =
		    arrivals_open(p->files, p->n_files, p->common.sealed, e);
	return run->arrivals == NULL ? -1 : 0;
}

static void
run_all(struct run *run, struct program *p)
{
	if (open_all(run, p) != 0)
		return;
	if (poll_all(run, &p->error) == 0)
		(void)status_report_clear(&run->report, &p->error);
	progress_end();
	p->code = run->counts.code;
	if (program_code(p) == EXIT_COMPLETE && !p->common.allow_empty &&
	    status_counts_receipts(&run->counts) == 0 && signals_pending() == 0)
		error_set(&p->error, EXIT_INPUT,
		    "no receipts: tp-send ended before it had sent a batch, or "
		    "the input is another one (--allow-empty lets that pass)");
	program_end(p,
	    status_counts_summary(&run->counts, poller_calls(run->poller)),
	    SEAL_NDJSON, status_counts_outcomes(&run->counts));
}

int
main(int argc, char **argv)
{
	struct program p;
	struct run run;
	bool opened;

	memset(&run, 0, sizeof(run));
	opened = program_begin(&p, &description) == 0 &&
		 read_options(&run, &p, argc, argv) == 0 &&
		 check_paths(&run, &p) == 0 && program_open(&p) == 0;
	lockfile_on_wait(status_report_wait, &run.report);
	if (opened)
		run_all(&run, &p);
	program_tell(&p);
	if (opened)
		status_report_end(
		    &run.counts, run.poller, run.unwritten, run.unread);
	arrivals_close(run.arrivals);
	poller_free(run.poller);
	pace_free(run.polls);
	service_free(&run.service);
	return program_exit(&p);
}
