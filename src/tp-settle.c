/*
 * tp-settle: the base for the next night, from what was sent and what was
 * accepted of it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/diag.h"
#include "base/kernel.h"
#include "base/number.h"
#include "base/options.h"
#include "base/progress.h"
#include "base/signals.h"
#include "io/paths.h"
#include "io/program.h"
#include "keyed/groups.h"
#include "profile/export.h"
#include "settle/settle.h"

enum {
	KEY_NEXT = OPTION_LONG,
	KEY_DELTA,
	KEY_ROWS,
	KEY_OUTCOMES,
	KEY_MISSING,
	KEY_MEMORY
};

static const struct option_entry entries[] = {
    {KEY_NEXT, "next", "FILE", "what tp-diff --next wrote (required)"},
    {KEY_DELTA, "delta", "FILE", "what it wrote to be sent (required)"},
    {KEY_ROWS, "rows", "FILE", "what tp-send --rows wrote (required)"},
    {KEY_OUTCOMES, "outcomes", "FILE", "what tp-send --outcomes wrote"},
    {KEY_MISSING, "missing", "FILE", "what tp-verify --missing wrote"},
    {KEY_MEMORY, "memory", "SIZE", "for identifiers; more go to disk (256M)"},
    {0, NULL, NULL, NULL},
};

static const struct options_program description = {
    .name = "tp-settle",
    .operands = "",
    .purpose = "Make the base for the next night from what was accepted.",
    .entries = entries,
    .footer = "Exit: 0 settled, 2 usage, 3 input unusable or not of one run, "
	      "4 local failure.\nSee tp-settle(1).\n",
    .version = export_version,
    .filter = true,
    .reads = true,
};

static int
set_memory(struct settle_options *o, const char *arg, struct error *e)
{
	uint64_t bytes;

	if (number_parse_size(
		arg, KEYED_MEMORY_LEAST, KEYED_MEMORY_MOST, &bytes) != 0)
		return options_bad(e, "memory", arg, "a size from 1M to 1024G");
	o->memory = (size_t)bytes;
	return 0;
}

static int
set_option(struct settle_options *o, int key, const char *arg, struct error *e)
{
	switch (key) {
	case KEY_NEXT:
		o->next = arg;
		return 0;
	case KEY_DELTA:
		o->delta = arg;
		return 0;
	case KEY_ROWS:
		o->rows = arg;
		return 0;
	case KEY_OUTCOMES:
		o->outcomes = arg;
		return 0;
	case KEY_MISSING:
		o->missing = arg;
		return 0;
	default:
		return set_memory(o, arg, e);
	}
}

static int
read_options(struct settle_options *o, struct program *p, int argc, char **argv)
{
	const char *arg;
	int key;

	while ((key = program_option(p, argc, argv, &arg)) >= 0)
		if (set_option(o, key, arg, &p->error) != 0)
			return -1;
	if (key == OPTIONS_FAILED)
		return -1;
	if (o->next == NULL || o->delta == NULL || o->rows == NULL)
		return error_set(&p->error, EXIT_USAGE,
		    "give --next FILE and --delta FILE, both of tp-diff, and "
		    "--rows FILE, of tp-send");
	if (p->n_files > 0)
		return error_set(
		    &p->error, EXIT_USAGE, "all files are given by options");
	return 0;
}

static int
check_paths(const struct settle_options *o, struct program *p)
{
	const struct path_use use[] = {
	    {"next", o->next, PATH_READ},
	    {"delta", o->delta, PATH_READ},
	    {"rows", o->rows, PATH_READ},
	    {"outcomes", o->outcomes, PATH_READ},
	    {"missing", o->missing, PATH_READ},
	    {"summary", p->common.summary, PATH_WRITTEN},
	};
	const size_t n = sizeof(use) / sizeof(use[0]);

	if (paths_spare_output(use + n - 1, 1, "rows", &p->error) != 0)
		return -1;
	return paths_check(use, n, NULL, 0, &p->error);
}

static void
tell(const struct settle *s)
{
	const struct settle_counts *n = settle_counts(s);
	const uint64_t out = n->delta - n->proven;

	if (out > 0)
		diag_note("%llu of %llu %s sent %s not proven to be accepted, "
			  "and will be sent again: %llu not sent, %llu not "
			  "accepted, %llu unconfirmed, %llu failed, %llu not "
			  "kept",
		    (unsigned long long)out, (unsigned long long)n->delta,
		    number_form(n->delta, "row", "rows"),
		    number_form(out, "is", "are"),
		    (unsigned long long)n->unsent,
		    (unsigned long long)n->not_accepted,
		    (unsigned long long)n->outcome,
		    (unsigned long long)n->failed,
		    (unsigned long long)n->missing);
	diag_detail("%llu rows in the base, of which %llu were sent now",
	    (unsigned long long)settle_rows(s), (unsigned long long)n->proven);
}

static void
run(struct settle *s, struct program *p)
{
	struct error *e = &p->error;
	ndjson *counts = ndjson_new();

	progress_start(p->common.progress, "row", "rows");
	if (output_begin_seal(&p->out, e) == 0 && settle_judge(s, e) == 0 &&
	    settle_write(s, &p->out, e) == 0)
		(void)output_flush(&p->out, e);
	progress_end();
	diag_finish();
	if (e->code == EXIT_COMPLETE)
		tell(s);
	settle_summarize(s, counts);
	program_end(p, counts, SEAL_LINE, settle_rows(s));
}

int
main(int argc, char **argv)
{
	struct settle_options o = {.memory = KEYED_MEMORY};
	struct settle *s = NULL;
	struct program p;

	if (program_begin(&p, &description) == 0 &&
	    read_options(&o, &p, argc, argv) == 0 && check_paths(&o, &p) == 0 &&
	    program_open(&p) == 0 && kernel_choose(&p.error) == 0)
		s = settle_new(&o, &p.error);
	if (s != NULL)
		run(s, &p);
	settle_free(s);
	program_tell(&p);
	return program_exit(&p);
}
