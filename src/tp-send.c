/*
 * tp-send: sends batches to Adobe Target, and keeps what was not accepted.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/diag.h"
#include "base/escape.h"
#include "io/lockfile.h"
#include "base/ndjson.h"
#include "base/number.h"
#include "base/options.h"
#include "io/output.h"
#include "io/paths.h"
#include "base/progress.h"
#include "base/ranges.h"
#include "base/signals.h"
#include "io/summary.h"
#include "base/sys.h"
#include "csv/scan.h"
#include "base/shellword.h"
#include "send/halving.h"
#include "send/plan.h"
#include "api/retry.h"
#include "send/report.h"
#include "send/run.h"
#include "api/service.h"

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
    {KEY_NO_BISECT, "no-bisect", NULL, "none: as --bisect-calls 0"},
    {KEY_DRY_RUN, "dry-run", NULL, "send nothing, print the plan"},
    {0, NULL, NULL, NULL},
};

static void
write_versions(char *to, size_t size)
{
	size_t n;

	service_version(to, size);
	n = strlen(to);
	snprintf(to + n, size - n, "scan kernel: %s\n", csv_kernel_name());
}

static const struct options_program program = {
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
	struct options_common common;
	struct service service;
	enum endpoint_api api;
	const char *failed_path, *journal_path;
	uint64_t jobs, retries, retry_delay, bisect_calls;
	bool dry_run;

	struct failed *failed;
	struct journal *journal;
	struct batch_reader *reader;
	struct summary summary;
	struct output out;
	struct counts counts;
	struct report report;
};

/* ------------------------------------------------------------- options */

static int
take_api(struct run *run, const char *arg, struct error *e)
{
	if (endpoint_api_find(arg, &run->api) != 0)
		return options_bad(e, "api", arg, "v1 or v2");
	return 0;
}

static int
take_option(struct run *run, int key, const char *arg, struct error *e)
{
	switch (key) {
	case KEY_API:
		return take_api(run, arg, e);
	case KEY_JOBS:
		return options_number(
		    "jobs", arg, 1, SEND_JOBS_MAX, &run->jobs, e);
	case KEY_RETRIES:
		return options_number("retries", arg, 0, 100, &run->retries, e);
	case KEY_RETRY_DELAY:
		return options_seconds(
		    "retry-delay", arg, 0, RETRY_LONGEST, &run->retry_delay, e);
	case KEY_FAILED:
		run->failed_path = arg;
		return 0;
	case KEY_JOURNAL:
		run->journal_path = arg;
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
read_options(struct run *run, int argc, char **argv, struct error *e)
{
	const char *arg;
	int key;

	service_init(&run->service);
	run->api = ENDPOINT_V2;
	run->jobs = 1;
	run->retries = RETRY_TIMES;
	run->retry_delay = RETRY_FIRST;
	run->bisect_calls = HALVING_CALLS;
	while ((key = options_next(
		    &program, argc, argv, &run->common, &arg, e)) >= 0) {
		if (take_option(run, key, arg, e) != 0)
			return -1;
	}
	if (key == OPTIONS_FAILED)
		return -1;
	return service_resolve(&run->service, run->api, e);
}

static int
check_paths(
    const struct run *run, char *const *files, size_t n, struct error *e)
{
	const struct path_use use[] = {
	    {"failed", run->failed_path, PATH_KEPT},
	    {"journal", run->journal_path, PATH_KEPT},
	    {"summary", run->common.summary, PATH_WRITTEN},
	    {"token-file", run->service.token_file, PATH_READ},
	    {"cacert", run->service.cacert, PATH_READ},
	};

	return paths_check(use, sizeof(use) / sizeof(use[0]), files, n, e);
}

/* ---------------------------------------------------- what the run tells */

/* By any thread that waits for its turn. */
static void
tell_pace(void *arg, bool warning, const char *text)
{
	(void)arg;
	progress_end();
	if (warning)
		diag_warn("%s", text);
	else
		diag_detail("%s", text);
}

/* From any thread. */
static void
tell_wait(void *arg, const char *text)
{
	(void)arg;
	progress_end();
	diag_note("%s", text);
}

static void
tell_end(const struct run *run)
{
	char command[SHELLWORD_COMMAND];

	/* A failed file has no seal. */
	snprintf(command, sizeof(command), "%s%s%s",
	    run->common.sealed ? "TP_SEAL=0 " : "", program.name,
	    run->common.seal ? " --seal" : "");
	service_add_options(&run->service, command, sizeof(command));
	report_end(&run->report, command);
}

static int
write_summary(struct run *run, enum exit_code code, struct error *e)
{
	ndjson *o = ndjson_new();

	counts_set(&run->counts, o);
	ndjson_set_string(o, "failedFile", report_failed_file(&run->report));
	return summary_write(&run->summary, o, signals_status(code, false), e);
}

/* ----------------------------------------------------------- the runs */

static enum exit_code
dry_run(struct run *run, struct error *e)
{
	struct plan plan;
	char *line;
	size_t n;
	enum exit_code code = EXIT_COMPLETE;

	/* All that send_all opens, but nothing of it is made or changed. */
	if (failed_look(run->failed_path, e) != 0 ||
	    service_look_pace(&run->service, e) != 0 ||
	    (run->journal_path != NULL &&
		journal_look(&run->journal, run->journal_path,
		    &run->service.endpoint, e) != 0) ||
	    plan_make(&plan, run->reader, run->journal,
		(unsigned)run->service.rate, &run->report, e) != 0)
		return e->code;
	line = plan_line(&plan, run->service.endpoint.url, &n);
	(void)output_line(&run->out, line, n, e);
	run->report.lines++;
	if (e->code == EXIT_COMPLETE && plan.batches + plan.invalid == 0)
		error_set(e, EXIT_INPUT, "the input is empty: no batches");
	if (plan.invalid > 0)
		code = EXIT_INPUT;
	return exit_worse(code, e->code);
}

static int
open_failed(struct run *run, struct error *e)
{
	run->failed = failed_open(run->failed_path, e);
	if (run->failed == NULL)
		return -1;
	if (failed_torn(run->failed) > 0)
		diag_warn("%s ended in a batch that an earlier run could not "
			  "finish; its %llu bytes were cut off",
		    run->failed_path,
		    (unsigned long long)failed_torn(run->failed));
	return 0;
}

static int
open_journal(struct run *run, struct error *e)
{
	if (run->journal_path == NULL)
		return 0;
	run->journal =
	    journal_open(run->journal_path, &run->service.endpoint, e);
	if (run->journal == NULL)
		return -1;
	if (journal_torn(run->journal) > 0)
		diag_detail("the journal ended in a line that was not "
			    "finished; its %llu bytes were cut off",
		    (unsigned long long)journal_torn(run->journal));
	return 0;
}

static enum exit_code
send_all(struct run *run, struct error *e)
{
	struct send_settings s;
	enum exit_code code;

	/* If one cannot be used, the other is neither made nor cut. */
	if (service_open_pace(&run->service, e) != 0 ||
	    failed_look(run->failed_path, e) != 0 ||
	    open_journal(run, e) != 0 || open_failed(run, e) != 0)
		return e->code;
	s = (struct send_settings){
	    .endpoint = &run->service.endpoint,
	    .token = run->service.token,
	    .http = service_http(&run->service),
	    .pace = run->service.pace,
	    .failed = run->failed,
	    .journal = run->journal,
	    .jobs = (unsigned)run->jobs,
	    .halving = (unsigned)run->bisect_calls,
	    .retries = (unsigned)run->retries,
	    .retry_first = (double)run->retry_delay,
	};
	run->report.failed = run->failed;
	run->report.journal = run->journal;
	progress_start(run->common.progress, "batch", "batches");
	code = run_send(&s, &run->report, run->reader, &run->counts);
	progress_end();
	/* It must be there for the next run when all is written. */
	if (run->journal != NULL && journal_finish(run->journal, e) != 0)
		code = exit_worse(code, e->code);
	if (code == EXIT_COMPLETE && run->counts.batches == 0 &&
	    signals_pending() == 0) {
		error_set(e, EXIT_INPUT, "the input is empty: no batches");
		code = EXIT_INPUT;
	}
	return code;
}

static enum exit_code
run_all(struct run *run, char *const *files, size_t n, struct error *e)
{
	enum exit_code code;

	if (output_open(&run->out, STDOUT_FILENO, "standard output", e) != 0 ||
	    summary_open(&run->summary, run->common.summary, e) != 0)
		return e->code;
	run->service.teller.say = tell_pace;
	if (service_prepare(&run->service, true, (unsigned)run->jobs, e) != 0)
		return e->code;
	run->reader = batch_reader_open(files, n, e);
	if (run->reader == NULL ||
	    (run->common.seal && output_begin_seal(&run->out, e) != 0))
		return e->code;
	if (run->common.sealed)
		batch_reader_demand_seal(run->reader);
	code = run->dry_run ? dry_run(run, e) : send_all(run, e);
	if (e->code == EXIT_USAGE)
		return e->code;
	if (output_flush(&run->out, e) != 0)
		code = exit_worse(code, EXIT_LOCAL);
	if (write_summary(run, code, e) != 0)
		code = exit_worse(code, EXIT_LOCAL);
	/* Last of all, when nothing can fail any more but itself. */
	if (code <= EXIT_REJECTED && signals_pending() == 0)
		(void)output_seal(&run->out, SEAL_NDJSON, run->report.lines, e);
	(void)output_close(&run->out, e);
	code = exit_worse(code, e->code);
	summary_confirm(&run->summary, signals_status(code, false));
	return code;
}

int
main(int argc, char **argv)
{
	struct error e = ERROR_INIT;
	struct run run;
	enum exit_code code;

	memset(&run, 0, sizeof(run));
	run.out.fd = -1;
	run.summary.file.out.fd = -1;
	diag_init(program.name);
	if (sys_guard_standard() != 0)
		return EXIT_LOCAL;
	if (read_options(&run, argc, argv, &e) != 0 ||
	    check_paths(&run, argv + optind, (size_t)(argc - optind), &e) !=
		0 ||
	    signals_catch(&e) != 0) {
		diag_error(&e);
		return (int)e.code;
	}
	run.report.out = &run.out;
	run.report.counts = &run.counts;
	run.report.journal_path = run.journal_path;
	lockfile_on_wait(tell_wait, NULL);
	code = run_all(&run, argv + optind, (size_t)(argc - optind), &e);
	if (e.code != EXIT_COMPLETE)
		diag_error(&e);
	tell_end(&run);
	output_abandon(&run.out);
	summary_discard(&run.summary);
	batch_reader_close(run.reader);
	counts_free(&run.counts);
	failed_free(run.failed);
	journal_free(run.journal);
	service_free(&run.service);
	signals_die_if_pending();
	return (int)code;
}
