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
#include "base/number.h"
#include "base/options.h"
#include "io/output.h"
#include "io/paths.h"
#include "base/progress.h"
#include "base/signals.h"
#include "io/summary.h"
#include "base/sys.h"
#include "base/utf8.h"
#include "batch/split.h"
#include "io/input.h"

enum {
	KEY_MAX_BYTES = OPTION_LONG,
	KEY_MAX_ROWS,
	KEY_PARAMS,
	KEY_DROP,
	KEY_EMPTY_AS,
	KEY_SEPARATORS,
	KEY_RAW_UTF8,
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
	struct options_common common;
};

static const struct options_program program = {
    .name = "tp-split",
    .operands = "[FILE...]",
    .purpose = "Turn the records of a CSV export into batches for Adobe "
	       "Target.",
    .entries = entries,
    .footer = "Reads standard input if no FILE is given, or for a FILE '-'.\n"
	      "Exit: 0 all sent on, 1 some rejected, 2 usage, 3 input "
	      "unusable,\n4 local failure.  See tp-split(1).\n",
    .version = export_version,
    .seals = true,
    .reads_seals = true,
};

static bool
has_separator(const char *text)
{
	return strpbrk(text, ",\r\n") != NULL;
}

/* Text that is sent in place of something else. */
static int
set_text(struct cell *text, const char *name, const char *arg,
    const char *value, struct error *e)
{
	text->text = value;
	text->len = strlen(value);
	if (utf8_valid(value, text->len) < text->len)
		return options_bad(e, name, arg, "UTF-8 text");
	return 0;
}

static int
set_empty(struct cell *text, const char *arg, struct error *e)
{
	if (has_separator(arg))
		return options_bad(e, "empty-as", arg,
		    "text without commas and line breaks, which might move "
		    "values to other columns");
	return set_text(text, "empty-as", arg, arg, e);
}

static int
set_replacement(
    struct cell *text, const char *arg, const char *value, struct error *e)
{
	/* A cell of separators alone would become an empty one. */
	if (value[0] == '\0')
		return options_bad(e, "separators", arg,
		    "replace=TEXT with a TEXT that is not empty");
	if (has_separator(value))
		return options_bad(e, "separators", arg,
		    "replace=TEXT with a TEXT that holds no comma and no line "
		    "break, as it is sent in place of these: such as "
		    "'replace=;' or 'replace= '");
	return set_text(text, "separators", arg, value, e);
}

static int
set_separators(struct split_options *o, const char *arg, struct error *e)
{
	static const char replace[] = "replace=";

	o->columns.no_separators = strcmp(arg, "encode") != 0;
	if (strcmp(arg, "encode") == 0) {
		o->rules.separators = ROW_SEPARATORS_ENCODE;
	} else if (strcmp(arg, "reject") == 0) {
		o->rules.separators = ROW_SEPARATORS_REJECT;
	} else if (strncmp(arg, replace, strlen(replace)) == 0) {
		o->rules.separators = ROW_SEPARATORS_REPLACE;
		return set_replacement(
		    &o->rules.replacement, arg, arg + strlen(replace), e);
	} else {
		return options_bad(
		    e, "separators", arg, "encode, reject or replace=TEXT");
	}
	return 0;
}

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
		return set_empty(&s->split.rules.empty, arg, e);
	case KEY_SEPARATORS:
		return set_separators(&s->split, arg, e);
	case KEY_RAW_UTF8:
		s->split.rules.raw_utf8 = s->split.columns.raw_utf8 = true;
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
read_options(struct settings *s, int argc, char **argv, struct error *e)
{
	const char *arg;
	int key;

	while ((key = options_next(
		    &program, argc, argv, &s->common, &arg, e)) >= 0)
		if (set_option(s, key, arg, e) != 0)
			return -1;
	s->input.files = argv + optind;
	s->input.count = (size_t)(argc - optind);
	s->input.reject.show_values = s->common.show_values;
	s->input.sealed = s->common.sealed;
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
check_paths(const struct settings *s, struct error *e)
{
	const struct path_use use[] = {
	    {"rejects", s->input.reject.rejects, PATH_WRITTEN},
	    {"errors", s->input.reject.errors, PATH_WRITTEN},
	    {"manifest", s->output.manifest, PATH_WRITTEN},
	    {"summary", s->common.summary, PATH_WRITTEN},
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

/* Everything that a run needs; what is closed is NULL, or done. */
struct run {
	struct output out;
	struct export *input;
	struct batch_writer *writer;
	struct split split;
	struct error late; /* what went wrong after what ended the run */
};

/* All records; then what was written takes its names. */
static void
split_and_finish(struct run *r, struct error *e)
{
	if (split_all(&r->split, r->input, e) == 0 &&
	    export_judge(r->input, e) == 0)
		batch_writer_close(r->writer, e);
	else
		batch_writer_cut(r->writer, r->out.failed ? e : &r->late);
	export_commit(r->input, &r->late);
}

static enum exit_code
run(struct run *r, const struct settings *s, struct summary *summary,
    struct error *e)
{
	enum exit_code code = EXIT_COMPLETE;
	char taken[640];

	r->input = export_open(&s->input, e);
	if (r->input == NULL)
		return e->code;
	r->writer = batch_writer_open(&s->output, &r->out, e);
	if (r->writer == NULL ||
	    (s->common.seal && output_begin_seal(&r->out, e) != 0) ||
	    split_open(&r->split, &s->split, r->input, r->writer, e) != 0)
		return e->code;
	export_describe(r->input, taken, sizeof(taken));
	diag_detail("%s", taken);
	progress_start(s->common.progress, "record", "records");
	split_and_finish(r, e);
	progress_end();
	diag_finish();
	print_warnings(&r->split);
	if (export_rejected(r->input) > 0)
		code = EXIT_REJECTED;
	code = exit_worse(code, exit_worse(e->code, r->late.code));
	summary_write(summary, summarize(r->input, r->writer),
	    signals_status(code, r->out.broken), &r->late);
	/* Last of all, when nothing can fail any more but itself. */
	if (e->code == EXIT_COMPLETE && r->late.code == EXIT_COMPLETE)
		output_seal(&r->out, SEAL_LINE,
		    s->output.folder != NULL ? batch_writer_batches(r->writer)
					     : batch_writer_rows(r->writer),
		    e);
	/* That it failed before is what ended the run. */
	output_close(&r->out, r->out.failed ? e : &r->late);
	code = exit_worse(code, exit_worse(e->code, r->late.code));
	summary_confirm(summary, signals_status(code, r->out.broken));
	return code;
}

int
main(int argc, char **argv)
{
	struct settings s = {
	    .input = EXPORT_OPTIONS_INIT,
	    .output = {.max_bytes = BATCH_BYTES, .max_rows = BATCH_ROWS},
	};
	struct summary summary = {.file.out.fd = -1};
	struct run r = {.out.fd = -1, .late = ERROR_INIT};
	struct error e = ERROR_INIT;
	enum exit_code code = EXIT_COMPLETE;

	diag_init(program.name);
	if (sys_guard_standard() != 0) {
		diag_always("cannot open /dev/null for a standard stream that "
			    "is closed");
		return EXIT_LOCAL;
	}
	if (read_options(&s, argc, argv, &e) == 0 && check_paths(&s, &e) == 0 &&
	    signals_catch(&e) == 0 &&
	    output_open(&r.out, STDOUT_FILENO, "standard output", &e) == 0 &&
	    summary_open(&summary, s.common.summary, &e) == 0)
		code = run(&r, &s, &summary, &e);
	split_close(&r.split);
	batch_writer_free(r.writer);
	export_close(r.input);
	summary_discard(&summary);
	output_abandon(&r.out);
	if (r.out.broken && signals_pending() == 0)
		signals_die_of_pipe();
	if (e.code != EXIT_COMPLETE)
		diag_error(&e);
	if (r.late.code != EXIT_COMPLETE)
		diag_error(&r.late);
	signals_die_if_pending();
	return (int)exit_worse(code, exit_worse(e.code, r.late.code));
}
