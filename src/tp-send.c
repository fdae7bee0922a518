/*
 * tp-send: sends batches to Adobe Target, and keeps what was not accepted.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "api/retry.h"
#include "api/service.h"
#include "base/diag.h"
#include "base/kernel.h"
#include "base/ndjson.h"
#include "base/options.h"
#include "base/progress.h"
#include "base/safety.h"
#include "base/shellword.h"
#include "base/signals.h"
#include "io/lockfile.h"
#include "io/paths.h"
#include "io/program.h"
#include "send/halving.h"
#include "send/plan.h"
#include "send/report.h"
#include "send/run.h"

enum {
	KEY_API = OPTION_LONG,
	KEY_JOBS,
	KEY_RETRIES,
	KEY_RETRY_DELAY,
	KEY_FAILED,
	KEY_JOURNAL,
	KEY_BISECT_CALLS,
	KEY_NO_BISECT,
	KEY_DRY_RUN
};

static const struct option_entry entries[] = {
    SERVICE_OPTION_ENTRIES,
    {KEY_API, "api", "VERSION", "v2, which creates profiles, or v1 (v2)"},
    {KEY_JOBS, "jobs", "N", "batches in flight at once (1: in order)"},
    {KEY_RETRIES, "retries", "N", "times a batch is sent again (8)"},
    {KEY_RETRY_DELAY, "retry-delay", "TIME", "before the first; doubles (2s)"},
    {KEY_FAILED, "failed", "FILE", "add batches not accepted to FILE"},
    {KEY_JOURNAL, "journal", "FILE", "record all in FILE, and go on from it"},
    {KEY_BISECT_CALLS, "bisect-calls", "N",
	"calls to find what a batch is refused for (40)"},
    {KEY_NO_BISECT, "no-bisect", NULL, NULL},
    {KEY_DRY_RUN, "dry-run", NULL, "send nothing, print the plan"},
    {0, NULL, NULL, NULL},
};

static void
write_versions(char *to, size_t size)
{
	service_version(to, size);
	snprintf(to + strlen(to), size - strlen(to), "scan kernel: %s\n",
	    kernel_chosen());
}

static const struct options_program description = {
    .name = "tp-send",
    .operands = "[FILE...]",
    .purpose = "Sends batches to Adobe Target; one receipt a batch on stdout.",
    .entries = entries,
    .footer =
	"TIME is in seconds; s, m, h or d behind it says the unit.\n"
	"Exit: 0 all accepted, 1 some refused, 2 usage, 3 input, 4 local,\n"
	"5 unreachable: run again, 6 the service refused, 7 unknown.\n",
    .version = write_versions,
    .seals = true,
    .reads_seals = true,
};

struct run {
	struct service service;
	enum endpoint_api api;
	uint64_t jobs, retries, retry_delay, bisect_calls;
	bool dry_run, retry_given;

	struct failed *failed;
	struct journal *journal;
	struct batch_reader *reader;
	struct counts counts;
	struct report report;
};

/* ------------------------------------------------------------- options */

static int
take_option(struct run *run, int key, const char *arg, struct error *e)
{
	switch (key) {
	case KEY_API:
		return endpoint_api_find(arg, &run->api) == 0 ? 0
		       : strcmp(arg, "v3") == 0
			   ? error_set(e, EXIT_USAGE,
				 "--api v3: Adobe has announced version 3 of "
				 "the API, but not released it; use v2 or v1")
			   : options_bad(e, "api", arg, "v1 or v2");
	case KEY_JOBS:
		return options_number(
		    "jobs", arg, 1, SEND_JOBS_MAX, &run->jobs, e);
	case KEY_RETRIES:
		return options_number("retries", arg, 0, 100, &run->retries, e);
	case KEY_RETRY_DELAY:
		run->retry_given = true;
		return options_seconds(
		    "retry-delay", arg, 0, RETRY_LONGEST, &run->retry_delay, e);
	case KEY_FAILED:
		run->report.failed_path = arg;
		return 0;
	case KEY_JOURNAL:
		run->report.journal_path = arg;
		return 0;
	case KEY_BISECT_CALLS:
		return options_number("bisect-calls", arg, 0, HALVING_CALLS_MAX,
		    &run->bisect_calls, e);
	case KEY_NO_BISECT:
		run->bisect_calls = 0;
		return 0;
	case KEY_DRY_RUN:
		run->dry_run = true;
		return 0;
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
	run->api = ENDPOINT_V2;
	run->jobs = 1;
	run->retries = RETRY_TIMES;
	run->retry_delay = RETRY_FIRST;
	run->bisect_calls = HALVING_CALLS;
	while ((key = program_option(p, argc, argv, &arg)) >= 0) {
		if (take_option(run, key, arg, e) != 0)
			return -1;
	}
	return key == OPTIONS_FAILED
		   ? -1
		   : service_resolve(&run->service, run->api, e);
}

static int
check_paths(const struct run *run, struct program *p)
{
	const struct path_use use[] = {
	    {"failed", run->report.failed_path, PATH_KEPT},
	    {"journal", run->report.journal_path, PATH_KEPT},
	    {"summary", p->common.summary, PATH_WRITTEN},
	    {"token-file", run->service.token_file, PATH_READ},
	    {"cacert", run->service.cacert, PATH_READ},
	};

	return paths_check(
	    use, sizeof(use) / sizeof(use[0]), p->files, p->n_files, &p->error);
}

static void
tell_end(const struct run *run, const struct program *p)
{
	char command[SHELLWORD_COMMAND];

	/* A failed file has no seal. */
	snprintf(command, sizeof(command), "%s%s%s",
	    p->common.sealed ? "TP_SEAL=0 " : "", description.name,
	    p->common.seal ? " --seal" : "");
	service_add_options(&run->service, command, sizeof(command));
	report_end(&run->report, command);
}

/* ----------------------------------------------------------- the runs */

/* All that send_all opens, but nothing of it is made or changed. */
static void
dry_run(struct run *run, struct program *p)
{
	struct error *e = &p->error;
	struct plan plan;

	if (failed_look(run->report.failed_path, e) != 0 ||
	    service_look_pace(&run->service, e) != 0 ||
	    (run->report.journal_path != NULL &&
		journal_look(&run->journal, run->report.journal_path,
		    &run->service.endpoint, e) != 0) ||
	    plan_make(&plan, run->reader, run->journal,
		(unsigned)run->service.rate, &run->report, e) != 0)
		return;
	(void)plan_write(&plan, run->service.endpoint.url, &p->out, e);
	run->report.lines++;
	if (plan.batches + plan.invalid == 0)
		error_set(e, EXIT_INPUT, "the input is empty: no batches");
	if (plan.invalid > 0)
		p->code = EXIT_INPUT;
}

/* If one cannot be used, the other is neither made nor cut. */
static int
open_files(struct run *run, struct error *e)
{
	const struct endpoint *ep = &run->service.endpoint;

	if (failed_look(run->report.failed_path, e) != 0)
		return -1;
	if (run->report.journal_path != NULL) {
		run->journal = journal_open(run->report.journal_path, ep, e);
		if (run->journal == NULL)
			return -1;
	}
	run->failed = failed_open(run->report.failed_path, e);
	if (run->failed == NULL)
		return -1;
	report_begin(&run->report, run->failed, run->journal);
	return 0;
}

static void
send_all(struct run *run, struct program *p)
{
	struct error *e = &p->error;
	struct send_settings s;

	if (service_open_pace(&run->service, e) != 0 || open_files(run, e) != 0)
		return;
	s = (struct send_settings){
	    .endpoint = &run->service.endpoint,
	    .bearer = run->service.bearer,
	    .http = service_http(&run->service),
	    .pace = run->service.pace,
	    .failed = run->failed,
	    .journal = run->journal,
	    .jobs = (unsigned)run->jobs,
	    .halving = (unsigned)run->bisect_calls,
	    .retries = (unsigned)run->retries,
	    .retry = {.first = (double)run->retry_delay,
		.given = run->retry_given},
	};
	progress_start(p->common.progress, "batch", "batches");
	p->code = run_send(&s, &run->report, run->reader, &run->counts);
	progress_end();
	/* It must be there for the next run when all is written. */
	if (run->journal != NULL)
		(void)SAFETY(
		    "journal-checked-last", journal_finish(run->journal, e), 0);
	if (program_code(p) == EXIT_COMPLETE && run->counts.batches == 0 &&
	    signals_pending() == 0)
		error_set(e, EXIT_INPUT, "the input is empty: no batches");
}

static void
run_all(struct run *run, struct program *p)
{
	struct error *e = &p->error;

	run->service.teller.say = report_pace;
	run->report.out = &p->out;
	run->report.counts = &run->counts;
	if (service_prepare(&run->service, true, (unsigned)run->jobs, e) == 0 &&
	    kernel_choose(e) == 0)
		run->reader = batch_reader_open(p->files, p->n_files, e);
	if (run->reader == NULL ||
	    (p->common.seal && output_begin_seal(&p->out, e) != 0))
		return;
	if (p->common.sealed)
		batch_reader_demand_seal(run->reader);
	if (run->dry_run)
		dry_run(run, p);
	else
		send_all(run, p);
	program_end(
	    p, report_summary(&run->report), SEAL_NDJSON, run->report.lines);
}

int
main(int argc, char **argv)
{
	struct run run;
	struct program p;
	bool opened;

	memset(&run, 0, sizeof(run));
	opened = program_begin(&p, &description) == 0 &&
		 read_options(&run, &p, argc, argv) == 0 &&
		 check_paths(&run, &p) == 0 && program_open(&p) == 0;
	lockfile_on_wait(report_wait, NULL);
	if (opened)
		run_all(&run, &p);
	program_tell(&p);
	if (run.report.counts != NULL)
		tell_end(&run, &p);
	batch_reader_close(run.reader);
	counts_free(&run.counts);
	failed_free(run.failed);
	journal_free(run.journal);
	service_free(&run.service);
	return program_exit(&p);
}
