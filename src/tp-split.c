/*
 * tp-split: turns the records of a CSV export into batches for Adobe Target's
 * Bulk Profile Update API.
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
#include "base/safety.h"
#include "base/signals.h"
#include "batch/split.h"
#include "io/input.h"
#include "io/paths.h"
#include "io/program.h"

enum {
	KEY_MAX_BYTES = OPTION_LONG,
	KEY_MAX_ROWS,
	KEY_PARAMS,
	KEY_DROP,
	KEY_EMPTY_AS,
	KEY_SEPARATORS,
	KEY_RAW_UTF8,
	KEY_ENCODE_TWICE,
	KEY_MANIFEST
};

static const struct option_entry entries[] = {
    EXPORT_OPTION_ENTRIES,
    {KEY_PARAMS, "params", "COL[:NAME],...",
	"send these columns, in this order"},
    {KEY_DROP, "drop", "COL,...", "send all columns but these"},
    {KEY_EMPTY_AS, "empty-as", "TEXT", "send TEXT for empty cells"},
    {KEY_SEPARATORS, "separators", "HOW",
	"for commas in values: encode, reject, replace=TEXT"},
    {KEY_RAW_UTF8, "raw-utf8", NULL, "leave UTF-8 letters unencoded"},
    {KEY_ENCODE_TWICE, "encode-twice", NULL,
	"for a service that decodes twice: see tp-probe(1)"},
    {KEY_MAX_BYTES, "max-bytes", "SIZE", "of a batch, at most (49999999)"},
    {KEY_MAX_ROWS, "max-rows", "N", "of a batch, at most (500000)"},
    {'o', "output-dir", "DIR", "write files DIR/batch-000001.txt..."},
    {KEY_MANIFEST, "manifest", "FILE", "describe each batch in FILE"},
    {0, NULL, NULL, NULL},
};

struct settings {
	struct export_options input;
	struct split_options split;
	struct batch_writer_options output;
};

static const struct options_program description = {
    .name = "tp-split",
    .operands = "[FILE...]",
    .purpose = "Turn the records of a CSV export into batches for Adobe "
	       "Target.",
    .entries = entries,
    .footer = "Reads standard input if no FILE is given, or for a FILE '-'.\n"
	      "Exit: 0 all sent on, 1 some rejected, 2 usage, 3 input "
	      "unusable,\n4 local failure.  See tp-split(1).\n",
    .version = export_version,
    .filter = true,
    .seals = true,
    .reads = true,
    .reads_seals = true,
};

static int
set_limit(uint64_t *limit, const char *name, const char *arg, struct error *e)
{
	bool rows = strcmp(name, "max-rows") == 0;
	char expected[80];

	if (rows ? number_parse(arg, 1, BATCH_ROWS, limit) == 0
		 : number_parse_size(arg, 1, BATCH_BYTES, limit) == 0)
		return 0;
	snprintf(expected, sizeof(expected), "a number from 1 to %d",
	    rows ? BATCH_ROWS : BATCH_BYTES);
	return options_bad(e, name, arg, expected);
}

static int
set_option(struct settings *s, int key, const char *arg, struct error *e)
{
	switch (key) {
	case KEY_PARAMS:
		s->split.columns.params = arg;
		return 0;
	case KEY_DROP:
		s->split.columns.drop = arg;
		return 0;
	case KEY_EMPTY_AS:
		return row_set_empty(&s->split.rules, arg, e);
	case KEY_SEPARATORS:
		s->split.columns.no_separators = strcmp(arg, "encode") != 0;
		return row_set_separators(&s->split.rules, arg, e);
	case KEY_RAW_UTF8:
		s->split.rules.raw_utf8 = s->split.columns.raw_utf8 = true;
		return 0;
	case KEY_ENCODE_TWICE:
		s->output.encode_twice = true;
		return 0;
	case KEY_MAX_BYTES:
		return set_limit(&s->output.max_bytes, "max-bytes", arg, e);
	case KEY_MAX_ROWS:
		return set_limit(&s->output.max_rows, "max-rows", arg, e);
	case 'o':
		s->output.folder = arg;
		return 0;
	case KEY_MANIFEST:
		s->output.manifest = arg;
		return 0;
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
	s->input.reject.show_values = p->common.show_values;
	s->input.sealed = p->common.sealed;
	s->split.input = &s->input;
	s->output.max_row = split_max_row(&s->split);
	return key == OPTIONS_FAILED ? -1 : 0;
}

static int
check_folder(const char *folder, struct error *e)
{
	if (folder == NULL)
		return 0;
	if (folder[0] == '\0')
		return options_bad(e, "output-dir", "", "the name of a folder");
	if (strcmp(folder, "-") != 0)
		return 0;
	return error_set(e, EXIT_USAGE,
	    "--output-dir -: this would make a folder called '-': name it ./-, "
	    "if that is meant");
}

static int
check_paths(const struct settings *s, struct program *p)
{
	struct error *e = &p->error;
	const struct path_use use[] = {
	    {"rejects", s->input.reject.rejects, PATH_WRITTEN},
	    {"errors", s->input.reject.errors, PATH_WRITTEN},
	    {"manifest", s->output.manifest, PATH_WRITTEN},
	    {"summary", p->common.summary, PATH_WRITTEN},
	};
	const size_t n = sizeof(use) / sizeof(use[0]);
	size_t i;

	if (check_folder(s->output.folder, e) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		if (use[i].path != NULL &&
		    batch_writer_is_file(&s->output, use[i].path))
			return options_bad(e, use[i].option, use[i].path,
			    "another name: the batches are called so");
	}
	if (s->output.folder == NULL &&
	    paths_spare_output(use, n, "batches", e) != 0)
		return -1;
	return paths_check(use, n, s->input.files, s->input.count, e);
}

static int
split_all(struct split *s, struct export *x, struct error *e)
{
	int got;

	do {
		do {
			if (signals_pending() != 0)
				return error_set(e, EXIT_LOCAL, "interrupted");
			progress_show(export_records(x), export_bytes(x));
			got = split_run(s, e);
		} while (got > 0);
		if (got == 0)
			got = split_record(s, e);
	} while (got > 0);
	return got;
}

static void
print_warnings(const struct split *s)
{
	char text[768];
	enum rule r;

	for (r = 0; r < RULES; r++) {
		/* Replaced, as was asked for, they are only counted. */
		if (r == RULE_SEPARATORS &&
		    s->rules.separators != ROW_SEPARATORS_ENCODE)
			continue;
		if (export_tell_warning(s->export, r, text, sizeof(text)))
			diag_warn("%s", text);
	}
}

static ndjson *
summarize(const struct export *x, const struct batch_writer *w)
{
	ndjson *o = ndjson_new();

	export_summarize(x, o);
	ndjson_set_count(o, "out", batch_writer_rows(w));
	ndjson_set_count(o, "batches", batch_writer_batches(w));
	ndjson_set_count(o, "bytesOut", batch_writer_bytes(w));
	return o;
}

/* What a run has open; NULL: it is closed. */
struct run {
	struct export *input;
	struct batch_writer *writer;
	struct split split;
};

static int
open_all(struct run *r, const struct settings *s, struct program *p)
{
	struct error *e = &p->error;

	r->input = export_open(&s->input, e);
	if (r->input != NULL)
		r->writer = batch_writer_open(&s->output, &p->out, e);
	if (r->writer == NULL ||
	    (p->common.seal && output_begin_seal(&p->out, e) != 0))
		return -1;
	return split_open(&r->split, &s->split, r->input, r->writer, e);
}

/* All records; then what was written takes its names. */
static void
run(struct run *r, const struct settings *s, struct program *p)
{
	struct error *e = &p->error;
	char taken[640];

	export_describe(r->input, taken, sizeof(taken));
	diag_detail("%s", taken);
	progress_start(p->common.progress, "record", "records");
	if (split_all(&r->split, r->input, e) == 0 &&
	    export_judge(r->input, e) == 0)
		batch_writer_close(r->writer, e);
	else
		SAFETY("cut-line-feed",
		    batch_writer_cut(r->writer, p->out.failed ? e : &p->late),
		    (void)0);
	export_commit(r->input, SAFETY("late-error-told-split", &p->late, e));
	progress_end();
	diag_finish();
	print_warnings(&r->split);
	if (export_rejected(r->input) > 0)
		p->code = EXIT_REJECTED;
	program_end(p, summarize(r->input, r->writer), SEAL_LINE,
	    s->output.folder != NULL ? batch_writer_batches(r->writer)
				     : batch_writer_rows(r->writer));
}

int
main(int argc, char **argv)
{
	struct settings s = {
	    .input = EXPORT_OPTIONS_INIT,
	    .output = {.max_bytes = BATCH_BYTES, .max_rows = BATCH_ROWS},
	};
	struct run r = {.input = NULL};
	struct program p;

	if (program_begin(&p, &description) == 0 &&
	    read_options(&s, &p, argc, argv) == 0 && check_paths(&s, &p) == 0 &&
	    program_open(&p) == 0 && kernel_choose(&p.error) == 0 &&
	    open_all(&r, &s, &p) == 0)
		run(&r, &s, &p);
	split_close(&r.split);
	batch_writer_free(r.writer);
	export_close(r.input);
	program_tell(&p);
	return program_exit(&p);
}
