/*
 * tp-probe: asks Adobe Target what has to be known before anything is sent.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>
#include "base/console.h"
#include "base/diag.h"
#include "base/signals.h"
#include "base/wait.h"
#include "io/paths.h"
#include "io/program.h"
#include "probe/limits.h"
#include "probe/report.h"
#include "probe/run.h"

enum { KEY_CHECK = OPTION_LONG, KEY_YES, KEY_AFTER, KEY_STATE, KEY_LIMITS };

static const struct option_entry entries[] = {
    {KEY_CHECK, "check", NULL, "make one call that changes nothing, no more"},
    {KEY_YES, "yes", NULL, "do not ask before the first update"},
    {KEY_AFTER, "after", "TIME", "look at the profiles so much later (1h)"},
    {KEY_STATE, "state", "FILE", "keep what is found; go on from there"},
    {KEY_LIMITS, "limits", NULL, "also use up the calls of a minute"},
    SERVICE_OPTION_ENTRIES,
    SERVICE_RATE_ENTRY,
    {0, NULL, NULL, NULL},
};

static const struct options_program description = {
    .name = "tp-probe",
    .operands = "[--check]",
    .purpose = "Finds out what Adobe Target does with the batches of an "
	       "account.",
    .entries = entries,
    .footer = "TIME is in seconds; s, m, h or d behind it says the unit.\n"
	      "Exit: 0 all is known, 1 some is not, 2 usage, 4 local,\n"
	      "5 unreachable, or profiles do not show yet: run again,\n"
	      "6 the certificate, the client code or the token is wrong.\n",
    .version = service_version,
};

struct settings {
	struct service service;
	bool check, yes, limits, after_given;
	uint64_t after; /* seconds */
	const char *state;
};

/* ------------------------------------------------------------- options */

static int
take_option(struct settings *s, int key, const char *arg, struct error *e)
{
	switch (key) {
	case KEY_CHECK:
		s->check = true;
		return 0;
	case KEY_YES:
		s->yes = true;
		return 0;
	case KEY_AFTER:
		s->after_given = true;
		return options_seconds("after", arg, 0, 86400, &s->after, e);
	case KEY_STATE:
		s->state = arg;
		return 0;
	case KEY_LIMITS:
		s->limits = true;
		return 0;
	default:
		return service_set_option(&s->service, key, arg, e);
	}
}

static int
read_options(struct settings *s, struct program *p, int argc, char **argv)
{
	struct error *e = &p->error;
	const char *arg;
	int key;

	service_init(&s->service);
	while ((key = program_option(p, argc, argv, &arg)) >= 0) {
		if (take_option(s, key, arg, e) != 0)
			return -1;
	}
	if (key == OPTIONS_FAILED)
		return -1;
	if (p->n_files > 0)
		return error_set(
		    e, EXIT_USAGE, "it reads no files; see 'tp-probe --help'");
	if (s->check &&
	    (s->yes || s->limits || s->after_given || s->state != NULL))
		return error_set(e, EXIT_USAGE,
		    "--check makes one call and no updates: it goes with none "
		    "of --yes, --after, --state and --limits");
	if (service_resolve(&s->service, ENDPOINT_V2, e) != 0)
		return -1;
	if (!s->after_given)
		s->after = profile_shows(&s->service.endpoint);
	return 0;
}

static int
check_paths(const struct settings *s, struct program *p)
{
	const struct path_use use[] = {
	    {"summary", p->common.summary, PATH_WRITTEN},
	    {"state", s->state, PATH_KEPT},
	    {"token-file", s->service.token_file, PATH_READ},
	    {"cacert", s->service.cacert, PATH_READ},
	};

	return paths_check(
	    use, sizeof(use) / sizeof(use[0]), NULL, 0, &p->error);
}

/* ------------------------------------------------------------- the runs */

/* What one call that changes nothing proves.  *right: updates may follow. */
static int
run_check(struct settings *s, struct program *p, struct check *c)
{
	int i;

	if (check_run(c, &s->service, &p->error) != 0)
		return -1;
	diag_detail("asked for %s", c->url);
	p->code = c->code;
	for (i = 0; i < CHECK_SUBJECTS; i++) {
		/* On a terminal the table says it. */
		if (c->of[i].verdict == CHECK_WRONG &&
		    (!s->check || !isatty(STDOUT_FILENO)))
			diag_always("%s: %s",
			    check_subject_name((enum check_subject)i),
			    c->of[i].text);
	}
	return 0;
}

static void
tell_plan(const struct settings *s)
{
	const struct endpoint *ep = &s->service.endpoint;
	void (*say)(const char *format, ...)
	    __attribute__((format(printf, 1, 2))) =
		s->yes ? diag_note : diag_always;
	int c, updates = 0;

	for (c = 0; c < CASES; c++)
		updates += 1 + (probe_cases[c].batches[1] != NULL);
	say("it will call %s for the client %s:", ep->origin.host, ep->client);
	say("- %d updates of one or two rows, which make profiles with "
	    "the ids tp-probe-...",
	    updates);
	say("  and the attributes %s, %s and %s; they stay until they "
	    "expire",
	    case_attributes[0], case_attributes[1], case_attributes[2]);
	say("- about %d requests for a status, and %d at most", updates + 4,
	    updates + 1 + 2 * RUN_POLLS);
	if (s->limits)
		say("- up to %d calls in a minute: WHILE THIS LASTS "
		    "OTHERS WHO USE THE ACCOUNT GET HTTP 503",
		    2 * LIMITS_CALLS);
	say("- %d requests for a profile, %llu minutes later", CASES,
	    (unsigned long long)(s->after + 59) / 60);
	if (s->state == NULL)
		say("Without --state FILE a run that is interrupted "
		    "has to begin anew.");
}

/* Does the user want that?  -1: no, or nobody can be asked. */
static int
confirm(const struct settings *s, struct error *e)
{
	static const char question[] = "Go on? [y/N] ";
	char answer[80];
	ssize_t n;

	tell_plan(s);
	if (s->yes)
		return 0;
	if (!isatty(STDIN_FILENO))
		return error_set(e, EXIT_USAGE,
		    "standard input is no terminal, so nobody can be asked: "
		    "give --yes");
	console_write(question, sizeof(question) - 1);
	n = wait_read(STDIN_FILENO, answer, sizeof(answer));
	if (n > 0 && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return error_set(e, EXIT_USAGE, "nothing was sent");
}

static void
run_probe(struct settings *s, struct program *p)
{
	struct probe probe = {
	    .service = &s->service, .after = s->after, .limits = s->limits};
	int lines;

	probe.notes = notes_open(s->state, &p->error);
	if (probe.notes == NULL)
		return;
	if ((notes_find(probe.notes, "begun") != NULL ||
		confirm(s, &p->error) == 0) &&
	    service_open_pace(&s->service, &p->error) == 0 &&
	    probe_open(&probe, &p->error) == 0 &&
	    probe_run(&probe, &p->error) == 0) {
		lines = report_notes(probe.notes, &p->out, &p->code, &p->error);
		if (lines >= 0)
			program_end(p, report_summary_notes(probe.notes),
			    SEAL_NDJSON, (uint64_t)lines);
	}
	probe_close(&probe);
}

static void
run(struct settings *s, struct program *p)
{
	struct check c = {.code = EXIT_COMPLETE};
	int lines;

	if (service_prepare(&s->service, true, 1, &p->error) != 0 ||
	    run_check(s, p, &c) != 0)
		return;
	if (!s->check && c.code == EXIT_COMPLETE) {
		run_probe(s, p);
		return;
	}
	lines = s->check ? report_check(&c, &p->out, &p->error) : 0;
	if (lines >= 0)
		program_end(
		    p, report_summary_check(&c), SEAL_NDJSON, (uint64_t)lines);
}

/* How to go on after a run that did not get to its end. */
static void
tell_state(const struct settings *s, const struct program *p)
{
	const enum exit_code code = p->error.code;

	if (s->state != NULL && code != EXIT_USAGE &&
	    (code != EXIT_COMPLETE || signals_pending() != 0))
		diag_note("run it again with --state %s, and it goes on from "
			  "here",
		    s->state);
}

int
main(int argc, char **argv)
{
	struct settings s;
	struct program p;

	memset(&s, 0, sizeof(s));
	if (program_begin(&p, &description) == 0 &&
	    read_options(&s, &p, argc, argv) == 0 && check_paths(&s, &p) == 0 &&
	    program_open(&p) == 0)
		run(&s, &p);
	program_tell(&p);
	tell_state(&s, &p);
	service_free(&s.service);
	return program_exit(&p);
}
