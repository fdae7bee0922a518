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
#include "send/sender.h"
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
	struct sender_counts counts;
	uint64_t lines;	     /* written to out */
	const char *earlier; /* the failed file of an earlier run that a
			      * receipt of this one was about; or NULL */
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
		    "jobs", arg, 1, SENDER_JOBS_MAX, &run->jobs, e);
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

/* Also by a thread that waits for its turn. */
static void
told(void *arg, bool warning, const char *text)
{
	(void)arg;
	progress_end();
	if (warning)
		diag_warn("%s", text);
	else
		diag_detail("%s", text);
}

static void
say_fault(const struct batch *b, const char *rule)
{
	diag_place(EXIT_INPUT, b->fault.place, b->fault.line, b->fault.column,
	    rule, "batch %llu: %s", (unsigned long long)b->number,
	    b->fault.text);
}

/* Where an earlier run has put it; run->earlier says so too. */
static void
find_earlier(struct run *run, const struct receipt *r, char *to, size_t size)
{
	const struct history *h = journal_history(run->journal);
	const struct history_entry *entry;
	struct history_past past;

	history_find(h, r->batch, r->rows_from, r->rows, &past);
	entry = past.kept != NULL ? past.kept : past.keeping;
	if (entry == NULL)
		return;
	run->earlier = history_file(h, entry);
	shellword_add(
	    to, size, " (an earlier run has put it into ", run->earlier);
	snprintf(to + strlen(to), size - strlen(to), ")");
}

/* The message, behind the status unless it names that itself. */
static void
show_message(const struct receipt *r, char *to, size_t size)
{
	char http[32];
	int n = snprintf(http, sizeof(http), "HTTP %d", r->http);
	bool bare = r->http == 0 || strncmp(r->message, http, (size_t)n) == 0;

	n = bare ? 0 : snprintf(to, size, "%s: ", http);
	escape_text(to + n, size - (size_t)n, r->message, strlen(r->message));
}

static void
say_receipt(struct run *run, const struct receipt *r, const struct batch *b,
    bool earlier)
{
	char shown[432], name[RECEIPT_NAME];
	char where[SHELLWORD_ROOM + 64] = "";

	if (r->state == RECEIPT_ACCEPTED || r->state == RECEIPT_SKIPPED)
		return;
	if (r->state == RECEIPT_INVALID && !earlier) {
		say_fault(b, receipt_state_name(r->state));
		return;
	}
	if (earlier)
		find_earlier(run, r, where, sizeof(where));
	show_message(r, shown, sizeof(shown));
	diag_place(score_code(r), b->file, b->line, 0,
	    receipt_state_name(r->state), "%s: %s%s", receipt_name(r, name),
	    shown, where);
}

/* Also with --quiet: nothing else tells what became of this batch. */
static void
say_lost(const struct receipt *r)
{
	struct error e = ERROR_INIT;
	char shown[400], name[RECEIPT_NAME];

	escape_text(
	    shown, sizeof(shown), r->batch_status, strlen(r->batch_status));
	error_set(&e, EXIT_LOCAL, "%s: %s%s%s; its receipt cannot be written",
	    receipt_name(r, name), receipt_state_name(r->state),
	    shown[0] == '\0' ? "" : ", ", shown);
	diag_error(&e);
}

static int
settled(void *arg, const struct receipt *r, const struct batch *b, bool earlier,
    struct error *e)
{
	struct run *run = arg;
	size_t n;
	char *line = receipt_line(r, &n);
	bool failed;

	progress_end();
	failed = output_line(&run->out, line, n, e) != 0 ||
		 output_flush(&run->out, e) != 0;
	run->lines++;
	if (failed)
		say_lost(r);
	else
		say_receipt(run, r, b, earlier);
	progress_show(run->counts.batches, run->counts.bytes);
	return failed ? -1 : 0;
}

static void
repeats(void *arg, const struct receipt *r)
{
	char name[RECEIPT_NAME];

	(void)arg;
	progress_end();
	diag_place(EXIT_COMPLETE, "", 0, 0, "possible-duplicate",
	    "%s: an earlier run may have sent it; the same bytes are sent "
	    "again",
	    receipt_name(r, name));
}

static void
again(void *arg, const struct receipt *r, double delay)
{
	char shown[432], name[RECEIPT_NAME];

	(void)arg;
	show_message(r, shown, sizeof(shown));
	diag_detail("%s: attempt %u: %s; again in %.1f s",
	    receipt_name(r, name), r->attempts, shown, delay);
}

static void
say_passed(const struct batch *b)
{
	say_fault(b, "cut-short");
}

static void
passed(void *arg, const struct batch *b)
{
	(void)arg;
	progress_end();
	say_passed(b);
}

static void
pc_id(void *arg)
{
	(void)arg;
	diag_warn("pcId is sent to v2: a site that uses the Experience Cloud "
		  "ID must use --api v1 with pcId");
}

static void
trouble(void *arg, const struct error *e)
{
	(void)arg;
	progress_end();
	diag_error(e);
}

/* From any thread. */
static void
say_wait(void *arg, const char *text)
{
	(void)arg;
	progress_end();
	diag_note("%s", text);
}

/* ------------------------------------------------------------- the end */

/* The command that sends the file. */
static void
make_command(const struct run *run, const char *file, char *to, size_t size)
{
	/* The file has no seal. */
	snprintf(to, size, "%s%s%s", run->common.sealed ? "TP_SEAL=0 " : "",
	    program.name, run->common.seal ? " --seal" : "");
	service_add_options(&run->service, to, size);
	snprintf(to + strlen(to), size - strlen(to), " %s", file);
}

/* Also with --quiet: the batches must be found again. */
static void
say_kept(const struct run *run, uint64_t n, const char *path, const char *who)
{
	char command[SHELLWORD_COMMAND], file[SHELLWORD_ROOM] = "";

	shellword_add(file, sizeof(file), path[0] == '-' ? "./" : "", path);
	if (who[0] == '\0' && n == run->counts.states[RECEIPT_INVALID]) {
		diag_always("%llu %s kept in %s; %s cannot be sent as %s: make "
			    "%s again with tp-split",
		    (unsigned long long)n,
		    number_form(
			n, "batch was not sent,", "batches were not sent,"),
		    file, number_form(n, "it", "they"),
		    number_form(n, "it is", "they are"),
		    number_form(n, "it", "them"));
		return;
	}
	make_command(run, file, command, sizeof(command));
	diag_always("%llu %s not accepted, kept in %s%s; send again with: %s",
	    (unsigned long long)n, n == 1 ? "batch was" : "batches were", file,
	    who, command);
}

/* Where this run has put something; or else an earlier one; NULL: none has. */
static const char *
failed_name(const struct run *run)
{
	if (run->failed != NULL && failed_batches(run->failed) > 0)
		return failed_path(run->failed);
	return run->earlier;
}

static void
say_failed(const struct run *run)
{
	const char *name = failed_name(run);
	const struct history *h;
	size_t i;

	if (name != NULL && name != run->earlier)
		say_kept(run, failed_batches(run->failed), name, "");
	if (run->earlier == NULL)
		return;
	h = journal_history(run->journal);
	for (i = 0; i < h->n_files; i++) {
		const struct history_file *f = &h->files[i];

		/* Who has sent one may have removed it. */
		if (f->kept > 0 && access(f->name, F_OK) == 0 &&
		    (name == run->earlier || strcmp(f->name, name) != 0))
			say_kept(run, f->kept, f->name, " by an earlier run");
	}
}

static void
say_journal(const struct run *run)
{
	const struct sender_counts *c = &run->counts;
	char path[SHELLWORD_ROOM] = "";

	if (run->journal == NULL)
		return;
	if (c->states[RECEIPT_SKIPPED] > 0)
		diag_note("%llu skipped: an earlier run has sent %s",
		    (unsigned long long)c->states[RECEIPT_SKIPPED],
		    c->states[RECEIPT_SKIPPED] == 1 ? "it" : "them");
	/* Without what it had, the next run would send all again. */
	if (journal_lost(run->journal) ||
	    (c->unread == 0 && c->states[RECEIPT_FAILED] == 0 &&
		c->states[RECEIPT_UNKNOWN] == 0))
		return;
	shellword_add(path, sizeof(path), "--journal ", run->journal_path);
	diag_always("to go on, run the same again with %s", path);
}

/* Also with --quiet: nothing else names them. */
static void
say_left(const struct run *run)
{
	const struct ranges *left = &run->counts.left;
	bool one = ranges_count(left) == 1;
	const char *hint = "";
	char shown[600];
	size_t at = 0;

	while (at < left->n) {
		at = ranges_text(left, at, shown, sizeof(shown));
		if (at == left->n && run->journal == NULL)
			hint = one ? "; send it again from where it came"
				   : "; send them again from where they came";
		diag_always("neither accepted nor kept: %s %s%s",
		    one ? "batch" : "batches", shown, hint);
	}
	if (run->counts.unread != 0)
		diag_always("batch %llu and all that may come after it were "
			    "not read: nothing of them was sent or kept",
		    (unsigned long long)run->counts.unread);
}

static void
say_end(const struct run *run)
{
	diag_finish();
	if (run->counts.denied != NULL)
		diag_always("stopped: %s", run->counts.denied);
	say_left(run);
	say_failed(run);
	say_journal(run);
}

static int
write_summary(struct run *run, enum exit_code code, struct error *e)
{
	ndjson *o = ndjson_new();

	score_set(&run->counts, o);
	ndjson_set_string(o, "failedFile", failed_name(run));
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
		(unsigned)run->service.rate, say_passed, e) != 0)
		return e->code;
	line = plan_line(&plan, run->service.endpoint.url, &n);
	(void)output_line(&run->out, line, n, e);
	run->lines++;
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
	const struct sender_hooks hooks = {
	    run, settled, repeats, again, passed, pc_id, trouble};
	struct sender_settings s;
	enum exit_code code;

	/* If one cannot be used, the other is neither made nor cut. */
	if (service_open_pace(&run->service, e) != 0 ||
	    failed_look(run->failed_path, e) != 0 ||
	    open_journal(run, e) != 0 || open_failed(run, e) != 0)
		return e->code;
	s = (struct sender_settings){
	    .endpoint = &run->service.endpoint,
	    .token = run->service.token,
	    .http = service_http(&run->service),
	    .pace = run->service.pace,
	    .failed = run->failed,
	    .journal = run->journal,
	    .halving = (unsigned)run->bisect_calls,
	    .jobs = (unsigned)run->jobs,
	    .retries = (unsigned)run->retries,
	    .retry_first = (double)run->retry_delay,
	};
	progress_start(run->common.progress, "batch", "batches");
	code = sender_run(&s, &hooks, run->reader, &run->counts);
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
	run->service.teller.say = told;
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
		(void)output_seal(&run->out, SEAL_NDJSON, run->lines, e);
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
	lockfile_on_wait(say_wait, NULL);
	code = run_all(&run, argv + optind, (size_t)(argc - optind), &e);
	if (e.code != EXIT_COMPLETE)
		diag_error(&e);
	say_end(&run);
	output_abandon(&run.out);
	summary_discard(&run.summary);
	batch_reader_close(run.reader);
	ranges_free(&run.counts.left);
	failed_free(run.failed);
	journal_free(run.journal);
	service_free(&run.service);
	signals_die_if_pending();
	return (int)code;
}
