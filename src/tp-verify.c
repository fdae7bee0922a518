/*
 * tp-verify: fetches profiles from Adobe Target, and says what of the batches
 * that it accepted was kept.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>
#include "api/service.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/signals.h"
#include "io/paths.h"
#include "io/program.h"
#include "verify/options.h"
#include "verify/run.h"

static const struct option_entry entries[] = {
    VERIFY_OPTION_ENTRIES,
    SERVICE_OPTION_ENTRIES,
    {0, NULL, NULL, NULL},
};

static const struct options_program description = {
    .name = "tp-verify",
    .operands = "--receipts FILE [BATCHES...]",
    .purpose = "Says what of the batches that were accepted was kept.",
    .entries = entries,
    .footer = "Reads the batches that were sent, of standard input if none "
	      "are given.\n"
	      "TIME is in seconds; s, m, h or d behind it says the unit.\n"
	      "Exit: 0 all that was fetched is kept, 1 some is not, 2 usage,\n"
	      "3 input, 4 local, 5 unreachable: run again, 6 the service "
	      "refuses.\n",
    .version = service_version,
    .seals = true,
    .reads = true,
    .reads_seals = true,
};

struct settings {
	struct service service;
	struct verify_options own;
};

/* What a run has open; NULL or not open: it is closed. */
struct run {
	struct accepted accepted;
	struct batch_reader *batches;
	struct sample *sample;
	struct sent sent;
	struct outfile missing;
	struct report report;
};

/* ------------------------------------------------------------- options */

static int
read_options(struct settings *s, struct program *p, int argc, char **argv)
{
	struct error *e = &p->error;
	const char *arg;
	int key;

	service_init(&s->service);
	verify_options_init(&s->own);
	while ((key = program_option(p, argc, argv, &arg)) >= 0) {
		int taken = verify_options_take(&s->own, key, arg, e);

		if (taken > 0)
			taken = service_set_option(&s->service, key, arg, e);
		if (taken != 0)
			return -1;
	}
	if (key == OPTIONS_FAILED ||
	    service_resolve(&s->service, ENDPOINT_V2, e) != 0)
		return -1;
	return verify_options_check(&s->own, &s->service.endpoint, e);
}

static bool
is_standard(const char *path)
{
	return path != NULL && strcmp(path, "-") == 0;
}

static int
check_paths(const struct settings *s, struct program *p)
{
	const struct path_use use[] = {
	    {"summary", p->common.summary, PATH_WRITTEN},
	    {"missing", s->own.missing, PATH_WRITTEN},
	    {"receipts", s->own.receipts, PATH_READ},
	    {"outcomes", s->own.outcomes, PATH_READ},
	    {"token-file", s->service.token_file, PATH_READ},
	    {"cacert", s->service.cacert, PATH_READ},
	};
	size_t i, standard = p->n_files == 0;

	for (i = 0; i < p->n_files; i++)
		standard += is_standard(p->files[i]);
	standard += is_standard(s->own.receipts) + is_standard(s->own.outcomes);
	if (standard > 1)
		return error_set(&p->error, EXIT_USAGE,
		    "standard input can be one thing only: name the batches, "
		    "or a file for --receipts");
	return paths_check(
	    use, sizeof(use) / sizeof(use[0]), p->files, p->n_files, &p->error);
}

/* ------------------------------------------------------------- the run */

static int
open_all(struct run *r, const struct settings *s, struct program *p)
{
	struct error *e = &p->error;

	r->report = (struct report){.out = &p->out,
	    .table = isatty(STDOUT_FILENO) != 0,
	    .show_values = p->common.show_values};
	/* A table is for people. */
	if (p->common.seal && !r->report.table &&
	    output_begin_seal(&p->out, e) != 0)
		return -1;
	if (s->own.missing != NULL) {
		if (outfile_open(&r->missing, s->own.missing, e) != 0)
			return -1;
		r->report.missing = &r->missing;
	}
	r->sample = sample_new((size_t)s->own.sample,
	    s->own.seed_given ? &s->own.seed : NULL, s->own.encoded_twice, e);
	if (r->sample != NULL)
		r->batches = batch_reader_open(p->files, p->n_files, e);
	if (r->batches == NULL)
		return -1;
	if (p->common.sealed)
		batch_reader_demand_seal(r->batches);
	return 0;
}

static int
read_accepted(struct run *r, const struct settings *s, struct program *p)
{
	struct error *e = &p->error;

	if ((s->own.receipts != NULL &&
		accepted_read(
		    &r->accepted, s->own.receipts, p->common.sealed, e) != 0) ||
	    /* Outcomes are appended to, and so have no seal. */
	    (s->own.outcomes != NULL &&
		accepted_read(&r->accepted, s->own.outcomes, false, e) != 0))
		return -1;
	/* Of a quiet day there are no receipts at all. */
	if (r->accepted.n == 0 &&
	    (!p->common.allow_empty || r->accepted.others > 0))
		return error_set(e, EXIT_INPUT,
		    "nothing was accepted, by what --receipts or --outcomes "
		    "tells: there is nothing to verify");
	return 0;
}

static int
read_batches(struct run *r, bool allow_empty, struct error *e)
{
	char text[CLOCK_TEXT];

	if (sent_read(&r->sent, r->batches, &r->accepted, r->sample, e) != 0)
		return -1;
	progress_end();
	if (allow_empty && r->accepted.n == 0 && r->sent.batches == 0)
		return 0;
	if (r->sent.batches == 0)
		return error_set(e, EXIT_INPUT,
		    "there are no batches in the input: give what was sent to "
		    "tp-send, or make it again with tp-split");
	if (r->sent.unmatched > 0)
		return error_set(e, EXIT_INPUT,
		    "%llu %s that the service accepted %s not among these "
		    "%llu: give all batches that were sent, as they were sent, "
		    "in their order; tp-split makes the same again",
		    (unsigned long long)r->sent.unmatched,
		    number_form(
			r->sent.unmatched, "batch or part", "batches or parts"),
		    number_form(r->sent.unmatched, "is", "are"),
		    (unsigned long long)r->sent.batches);
	if (r->sent.newest > time(NULL) + 86400)
		return error_set(e, EXIT_INPUT,
		    "a batch was accepted at %s, which is more than a day from "
		    "now: is the clock of this machine right?",
		    clock_text(r->sent.newest, text));
	if (sample_rows(r->sample) == 0 && !allow_empty)
		return error_set(e, EXIT_INPUT,
		    "no row of what was accepted sets anything: there is "
		    "nothing to verify");
	return 0;
}

/* 1: a signal came. */
static int
wait_for_profiles(const struct run *r, uint64_t after)
{
	const time_t when = r->sent.newest + (time_t)after;
	char text[CLOCK_TEXT];
	time_t now = time(NULL);

	if (when > now)
		diag_note("waits until %s for the profiles to show",
		    clock_text(when, text));
	return clock_sleep_until(when);
}

static void
run(struct run *r, struct settings *s, struct program *p)
{
	struct error *e = &p->error;
	struct verify_run v = {.service = &s->service,
	    .rate = (unsigned)s->own.fetch_rate,
	    .report = &r->report};
	struct sample_row *rows;
	size_t n;

	if (open_all(r, s, p) != 0 ||
	    service_prepare(&s->service, true, 1, e) != 0)
		return;
	progress_start(p->common.progress, "row", "rows");
	if (read_accepted(r, s, p) != 0 ||
	    read_batches(r, p->common.allow_empty, e) != 0)
		return;
	v.sample = r->sample;
	v.third = r->report.third = r->sent.id == BATCH_ID_THIRD_PARTY;
	rows = sample_take(r->sample, &n);
	diag_detail("%llu of %llu rows were accepted; fetches the profiles of "
		    "%zu %s",
	    (unsigned long long)r->sent.accepted,
	    (unsigned long long)r->sent.rows, n, number_form(n, "id", "ids"));
	if (report_begin(&r->report, e) != 0 ||
	    wait_for_profiles(r, s->own.after) != 0)
		return;
	progress_start(p->common.progress, "profile", "profiles");
	if (verify_run(&v, rows, n, e) != 0)
		return;
	progress_end();
	if (report_end(&r->report, r->sample, &r->sent, e) != 0 ||
	    (s->own.missing != NULL && outfile_commit(&r->missing, e) != 0))
		return;
	p->code = report_code(&r->report);
	program_end(p, report_summary(&r->report, r->sample, &r->sent),
	    SEAL_NDJSON, r->report.lines);
}

int
main(int argc, char **argv)
{
	struct settings s;
	struct program p;
	struct run r;

	memset(&s, 0, sizeof(s));
	memset(&r, 0, sizeof(r));
	r.missing.out.fd = -1;
	if (program_begin(&p, &description) == 0 &&
	    read_options(&s, &p, argc, argv) == 0 && check_paths(&s, &p) == 0 &&
	    program_open(&p) == 0)
		run(&r, &s, &p);
	progress_end();
	outfile_discard(&r.missing);
	program_tell(&p);
	batch_reader_close(r.batches);
	sample_free(r.sample);
	accepted_free(&r.accepted);
	service_free(&s.service);
	return program_exit(&p);
}
