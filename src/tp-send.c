/*
 * tp-send: sends batches to Adobe Target, and keeps what was not accepted.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
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
#include "send/options.h"
#include "send/plan.h"
#include "send/report.h"
#include "send/run.h"
#include "status/outcomefile.h"
#include "status/report.h"
#include "status/schedule.h"
#include "status/watch.h"

static const struct option_entry entries[] = {
    SERVICE_OPTION_ENTRIES,
    SERVICE_RATE_ENTRY,
    SEND_OPTION_ENTRIES,
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
    .reads = true,
    .reads_seals = true,
};

struct run {
	struct service service;
	struct send_options options;

	struct failed *failed;
	struct journal *journal;
	struct rowfile *rows; /* or NULL */
	struct batch_reader *reader;
	struct counts counts;
	struct report report;
	struct watch *watch; /* or NULL */
};

/* ------------------------------------------------------------- options */

static int
read_options(struct run *run, struct program *p, int argc, char **argv)
{
	struct error *e = &p->error;
	const char *arg;
	int key, taken;

	service_init(&run->service);
	send_options_init(&run->options);
	run->options.open = WATCH_OPEN;
	run->options.interval = SCHEDULE_INTERVAL;
	run->options.deadline = SCHEDULE_DEADLINE;
	while ((key = program_option(p, argc, argv, &arg)) >= 0) {
		taken = send_options_take(&run->options, key, arg, e);
		if (taken > 0)
			taken = service_set_option(&run->service, key, arg, e);
		if (taken != 0)
			return -1;
	}
	run->report.failed_path = run->options.failed;
	run->report.journal_path = run->options.journal;
	return key == OPTIONS_FAILED ||
		       send_options_check(&run->options, e) != 0
		   ? -1
		   : service_resolve(&run->service, run->options.api, e);
}

static int
check_paths(const struct run *run, struct program *p)
{
	const struct path_use use[] = {
	    {"failed", run->report.failed_path, PATH_KEPT},
	    {"journal", run->report.journal_path, PATH_KEPT},
	    {"rows", run->options.rows, PATH_KEPT},
	    {"outcomes", run->options.outcomes, PATH_KEPT},
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
	if (run->watch == NULL)
		return;
	status_tell_counts(watch_counts(run->watch));
	watch_tell_open(run->watch);
}

/* ----------------------------------------------------------- the runs */

/* That the files that are added to can be used. */
static int
look(const struct run *run, struct error *e)
{
	const char *outcomes = run->options.outcomes;

	return failed_look(run->report.failed_path, e) != 0 ||
		       (outcomes != NULL && outcomefile_look(outcomes, e) != 0)
		   ? -1
		   : 0;
}

/* The journal, and the file of rows that belongs to it, as they are. */
static int
look_recorded(struct run *run, struct error *e)
{
	const char *journal = run->report.journal_path;
	const char *rows = run->options.rows;
	const struct past *past;

	if (journal == NULL)
		return 0;
	if (journal_look(&run->journal, journal, &run->service.endpoint, e) !=
	    0)
		return -1;
	past = run->journal == NULL ? NULL : journal_past(run->journal);
	return rows == NULL ? 0 : rowfile_look(&run->rows, rows, past, e);
}

/* An input without batches: what wrote it may have failed. */
static void
judge_empty(struct program *p, uint64_t batches)
{
	if (batches == 0 && !p->common.allow_empty &&
	    program_code(p) == EXIT_COMPLETE && signals_pending() == 0)
		error_set(&p->error, EXIT_INPUT,
		    "the input is empty: no batches (--allow-empty lets that "
		    "pass)");
}

/* All that send_all opens, but nothing of it is made or changed. */
static void
dry_run(struct run *run, struct program *p)
{
	struct error *e = &p->error;
	uint64_t batches = 0;
	int result;

	if (look(run, e) != 0 || service_look_pace(&run->service, e) != 0 ||
	    look_recorded(run, e) != 0)
		return;
	result = plan_run(run->reader, run->journal, run->rows,
	    run->service.endpoint.url, (unsigned)run->service.rate,
	    &run->report, &batches, e);
	if (result > 0)
		p->code = EXIT_INPUT;
	if (result == 0)
		judge_empty(p, batches);
}

/* Before the journal is made: whether it is new says if the file of rows may
 * have some. */
static int
open_rows(struct run *run, struct error *e)
{
	struct journal *journal;
	const char *path = run->options.rows;

	if (path == NULL)
		return 0;
	if (journal_look(&journal, run->report.journal_path,
		&run->service.endpoint, e) != 0)
		return -1;
	run->rows = rowfile_open(
	    path, journal == NULL ? NULL : journal_past(journal), e);
	journal_free(journal);
	return run->rows == NULL ? -1 : 0;
}

/* If one cannot be used, the other is neither made nor cut. */
static int
open_files(struct run *run, struct error *e)
{
	const struct endpoint *ep = &run->service.endpoint;

	if (look(run, e) != 0 || open_rows(run, e) != 0)
		return -1;
	if (run->report.journal_path != NULL) {
		run->journal = journal_open(run->report.journal_path, ep, e);
		if (run->journal == NULL)
			return -1;
	}
	run->failed = failed_open(run->report.failed_path, e);
	if (run->failed == NULL)
		return -1;
	report_begin(&run->report, run->failed, run->journal, run->rows);
	return 0;
}

/* ------------------------------------------- the outcomes, meanwhile */

static int
begin_watch(struct run *run, struct error *e)
{
	const struct send_options *o = &run->options;
	const struct watch_settings s = {
	    .path = o->outcomes,
	    .open = (unsigned)o->open,
	    .patience = WATCH_PATIENCE,
	    .poller = {.endpoint = &run->service.endpoint,
		.bearer = run->service.bearer,
		.http = service_http(&run->service),
		.calls = run->service.pace,
		.interval = (double)o->interval,
		.deadline = (double)o->deadline},
	};

	if (o->outcomes == NULL)
		return 0;
	if (pace_expect_polls(run->service.pace, e) != 0)
		return -1;
	run->watch = watch_open(&s, e);
	return run->watch == NULL ? -1 : 0;
}

/* ------------------------------------------------------------ the run */

static void
send_all(struct run *run, struct program *p)
{
	const struct send_options *o = &run->options;
	struct error *e = &p->error;
	struct send_settings s;

	if (service_open_pace(&run->service, e) != 0 ||
	    open_files(run, e) != 0 || begin_watch(run, e) != 0)
		return;
	s = (struct send_settings){
	    .endpoint = &run->service.endpoint,
	    .bearer = run->service.bearer,
	    .http = service_http(&run->service),
	    .pace = run->service.pace,
	    .failed = run->failed,
	    .journal = run->journal,
	    .rows = run->rows,
	    .jobs = (unsigned)o->jobs,
	    .halving = (unsigned)o->bisect_calls,
	    .retries = (unsigned)o->retries,
	    .retry = {.first = (double)o->retry_delay, .given = o->retry_given},
	};
	if (run->watch != NULL)
		s.window = (struct send_window){
		    watch_enter, watch_settled, run->watch};
	progress_start(p->common.progress, "batch", "batches");
	p->code = run_send(&s, &run->report, run->reader, &run->counts);
	if (run->watch != NULL && watch_finish(run->watch, e) == 0)
		p->code = exit_worse(p->code, watch_counts(run->watch)->code);
	progress_end();
	/* It must be there for the next run when all is written. */
	if (run->journal != NULL)
		(void)SAFETY(
		    "journal-checked-last", journal_finish(run->journal, e), 0);
	judge_empty(p, run->counts.batches);
	if (run->rows != NULL && program_code(p) == EXIT_COMPLETE)
		(void)rowfile_end(run->rows, e);
}

static void
run_all(struct run *run, struct program *p)
{
	struct error *e = &p->error;
	ndjson *summary;

	run->service.teller.say = report_pace;
	run->report.out = &p->out;
	run->report.counts = &run->counts;
	if (service_prepare(&run->service, true,
		(unsigned)run->options.jobs + (run->options.outcomes != NULL),
		e) == 0 &&
	    kernel_choose(e) == 0)
		run->reader = batch_reader_open(p->files, p->n_files, e);
	if (run->reader == NULL ||
	    (p->common.seal && output_begin_seal(&p->out, e) != 0))
		return;
	if (p->common.sealed)
		batch_reader_demand_seal(run->reader);
	if (run->options.dry_run)
		dry_run(run, p);
	else
		send_all(run, p);
	summary = report_summary(&run->report);
	if (run->watch != NULL)
		ndjson_set(summary, "status", watch_summary(run->watch));
	program_end(p, summary, SEAL_NDJSON, run->report.lines);
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
	watch_close(run.watch);
	counts_free(&run.counts);
	failed_free(run.failed);
	journal_free(run.journal);
	rowfile_free(run.rows);
	service_free(&run.service);
	return program_exit(&p);
}
