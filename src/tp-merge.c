/*
 * tp-merge: one row for each identifier, from the records of one CSV export or
 * of several with different columns.
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
#include "io/input.h"
#include "io/paths.h"
#include "io/program.h"
#include "keyed/groups.h"
#include "merge/merge.h"
#include "profile/export.h"

enum { KEY_POLICY = OPTION_LONG, KEY_MEMORY };

static const struct option_entry entries[] = {
    EXPORT_OPTION_ENTRIES,
    {KEY_POLICY, "policy", "POLICY",
	"last (default), first, last-row or reject"},
    {KEY_MEMORY, "memory", "SIZE", "for rows; more go to disk (256M)"},
    {0, NULL, NULL, NULL},
};

struct settings {
	struct export_options input;
	struct merge_options merge;
};

static const struct options_program description = {
    .name = "tp-merge",
    .operands = "[FILE...]",
    .purpose = "Merge the records of CSV exports: one row for each identifier.",
    .entries = entries,
    .footer = "Reads standard input if no FILE is given, or for a FILE '-'.\n"
	      "Files may have different columns; --id may be repeated.\n"
	      "Exit: 0 all merged, 1 some rejected, 2 usage, 3 input unusable,"
	      "\n4 local failure.  See tp-merge(1).\n",
    .version = export_version,
    .filter = true,
    .seals = true,
    .reads = true,
    .reads_seals = true,
};

static int
set_policy(struct settings *s, const char *arg, struct error *e)
{
	static const char *const names[] = {
	    [MERGE_LAST] = "last",
	    [MERGE_FIRST] = "first",
	    [MERGE_LAST_ROW] = "last-row",
	    [MERGE_REJECT] = "reject",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(arg, names[i]) != 0)
			continue;
		s->merge.policy = (enum merge_policy)i;
		return 0;
	}
	return options_bad(e, "policy", arg, "last, first, last-row or reject");
}

static int
set_memory(struct settings *s, const char *arg, struct error *e)
{
	uint64_t bytes;

	if (number_parse_size(
		arg, KEYED_MEMORY_LEAST, KEYED_MEMORY_MOST, &bytes) != 0)
		return options_bad(e, "memory", arg, "a size from 1M to 1024G");
	s->merge.memory = (size_t)bytes;
	return 0;
}

static int
add_id(struct settings *s, const char *arg, struct error *e)
{
	struct header_options *h = &s->input.header;

	if (h->n_any == HEADER_IDS)
		return error_set(e, EXIT_USAGE,
		    "--id may be given at most %d times", HEADER_IDS);
	h->any[h->n_any++] = arg;
	return 0;
}

static int
set_option(struct settings *s, int key, const char *arg, struct error *e)
{
	switch (key) {
	case EXPORT_KEY_ID:
		return add_id(s, arg, e);
	case KEY_POLICY:
		return set_policy(s, arg, e);
	case KEY_MEMORY:
		return set_memory(s, arg, e);
	default:
		return export_set_option(&s->input, key, arg, e);
	}
}

static int
read_options(struct settings *s, struct program *p, int argc, char **argv)
{
	const char *arg;
	int key;

	while ((key = program_option(p, argc, argv, &arg)) >= 0)
		if (set_option(s, key, arg, &p->error) != 0)
			return -1;
	s->input.files = p->files;
	s->input.count = p->n_files;
	s->input.joined = true;
	s->input.reject.show_values = p->common.show_values;
	s->input.sealed = p->common.sealed;
	s->merge.input = &s->input;
	return key == OPTIONS_FAILED ? -1 : 0;
}

static int
check_paths(const struct settings *s, struct program *p)
{
	const struct path_use use[] = {
	    {"rejects", s->input.reject.rejects, PATH_WRITTEN},
	    {"errors", s->input.reject.errors, PATH_WRITTEN},
	    {"summary", p->common.summary, PATH_WRITTEN},
	};
	const size_t n = sizeof(use) / sizeof(use[0]);

	if (paths_spare_output(use, n, "rows", &p->error) != 0)
		return -1;
	return paths_check(use, n, s->input.files, s->input.count, &p->error);
}

static int
read_all(struct merge *m, struct export *x, struct error *e)
{
	int got;

	do {
		if (signals_pending() != 0)
			return error_set(e, EXIT_LOCAL, "interrupted");
		progress_show(export_records(x), export_bytes(x));
		got = merge_record(m, e);
	} while (got > 0);
	return got == 0 ? export_judge(x, e) : -1;
}

static void
print_warnings(const struct export *x)
{
	char text[768];
	enum rule r;

	if (*header_list_reserved(export_header(x), text, sizeof(text)) != '\0')
		diag_warn("%s: left out, as it is named like an identifier and "
			  "is not the one that is sent",
		    text);
	for (r = 0; r < RULES; r++)
		if (export_tell_warning(x, r, text, sizeof(text)))
			diag_warn("%s", text);
}

static ndjson *
summarize(const struct export *x, const struct merge *m, uint64_t bytes)
{
	ndjson *o = ndjson_new();

	export_summarize(x, o);
	merge_summarize(m, o);
	ndjson_set_count(o, "bytesOut", bytes);
	return o;
}

static void
run(struct merge *m, struct export *x, struct program *p)
{
	struct error *e = &p->error;

	progress_start(p->common.progress, "record", "records");
	if ((!p->common.seal || output_begin_seal(&p->out, e) == 0) &&
	    read_all(m, x, e) == 0 && merge_write(m, &p->out, e) == 0 &&
	    export_judge(x, e) == 0)
		(void)output_flush(&p->out, e);
	/* With wrong options nothing was done. */
	if (e->code != EXIT_USAGE)
		export_commit(x, &p->late);
	progress_end();
	diag_finish();
	print_warnings(x);
	if (export_rejected(x) > 0)
		p->code = EXIT_REJECTED;
	program_end(
	    p, summarize(x, m, p->out.written), SEAL_LINE, merge_ids(m));
}

int
main(int argc, char **argv)
{
	struct settings s = {
	    .input = EXPORT_OPTIONS_INIT,
	    .merge = {.policy = MERGE_LAST, .memory = KEYED_MEMORY},
	};
	struct export *x = NULL;
	struct merge *m = NULL;
	struct program p;

	if (program_begin(&p, &description) == 0 &&
	    read_options(&s, &p, argc, argv) == 0 && check_paths(&s, &p) == 0 &&
	    program_open(&p) == 0 && kernel_choose(&p.error) == 0)
		x = export_open(&s.input, &p.error);
	if (x != NULL)
		m = merge_new(&s.merge, x, &p.error);
	if (m != NULL)
		run(m, x, &p);
	merge_free(m);
	export_close(x);
	program_tell(&p);
	return program_exit(&p);
}
