/*
 * tp-validate: passes the records of a CSV export that Target can take, byte
 * for byte, and says what is wrong with the others.
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
#include "io/input.h"
#include "io/paths.h"
#include "io/program.h"
#include "profile/export.h"
#include "validate/lists.h"
#include "validate/pass.h"
#include "validate/report.h"

enum {
	KEY_STRIP = OPTION_LONG,
	KEY_STRICT,
	KEY_KEEP,
	KEY_ONLY,
	KEY_EXCEPT,
	KEY_EXPECT,
	KEY_CHECK
};

static const struct option_entry entries[] = {
    EXPORT_OPTION_ENTRIES,
    {KEY_STRIP, "strip-prefix", NULL, "drop 'profile.' in front of names"},
    {KEY_KEEP, "keep-empty", NULL, "pass records that hold no values"},
    {KEY_STRICT, "strict", NULL, "reject what would be warned about"},
    {KEY_ONLY, "only-ids", "FILE", "leave out ids that FILE does not list"},
    {KEY_EXCEPT, "except-ids", "FILE", "leave out ids that FILE lists"},
    {KEY_EXPECT, "expect-rows", "N[-[M]]",
	"another number of records is exit 3"},
    {KEY_CHECK, "check", NULL, "write no records, only judge"},
    {0, NULL, NULL, NULL},
};

struct settings {
	struct export_options input;
	struct check_options check;
	struct lists *lists;
	bool only_check;
	const char *expected; /* as it was given; or NULL */
	uint64_t least, most;
};

static const struct options_program description = {
    .name = "tp-validate",
    .operands = "[FILE...]",
    .purpose = "Pass the records of a CSV export that Adobe Target can take.",
    .entries = entries,
    .footer = "Reads standard input if no FILE is given, or for a FILE '-'.\n"
	      "Exit: 0 all passed, 1 some rejected, 2 usage, 3 input unusable,"
	      "\n4 local failure.  See tp-validate(1).\n",
    .version = export_version,
    .filter = true,
    .seals = true,
    .reads = true,
};

static int
set_option(struct settings *s, int key, const char *arg, struct error *e)
{
	switch (key) {
	case KEY_STRIP:
		s->input.header.strip_prefix = true;
		return 0;
	case KEY_STRICT:
		s->check.strict = s->input.ended = true;
		return 0;
	case KEY_KEEP:
		s->check.keep_empty = true;
		return 0;
	case KEY_ONLY:
		return lists_add(s->lists, LISTS_ONLY, arg, e);
	case KEY_EXCEPT:
		return lists_add(s->lists, LISTS_EXCEPT, arg, e);
	case KEY_CHECK:
		s->only_check = true;
		return 0;
	case KEY_EXPECT:
		s->expected = arg;
		if (number_parse_range(arg, &s->least, &s->most) == 0)
			return 0;
		return options_bad(e, "expect-rows", arg,
		    "a number, or a range such as 100-200 or 100-");
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
	return key == OPTIONS_FAILED ? -1 : 0;
}

static bool
is_standard(const char *path)
{
	return strcmp(path, "-") == 0;
}

static int
check_paths(const struct settings *s, struct program *p)
{
	struct error *e = &p->error;
	enum { WRITTEN = 3 };
	struct path_use use[WRITTEN + LISTS_FILES] = {
	    {"rejects", s->input.reject.rejects, PATH_WRITTEN},
	    {"errors", s->input.reject.errors, PATH_WRITTEN},
	    {"summary", p->common.summary, PATH_WRITTEN},
	};
	size_t i, standard = s->input.count == 0;

	for (i = 0; i < s->input.count; i++)
		standard += is_standard(s->input.files[i]);
	for (i = 0; i < s->lists->files; i++) {
		const struct lists_file *f = &s->lists->file[i];

		standard += is_standard(f->path);
		use[WRITTEN + i] = (struct path_use){
		    lists_option(f->kind), f->path, PATH_READ};
	}
	if (s->lists->files > 0 && standard > 1)
		return error_set(e, EXIT_USAGE,
		    "standard input can be one thing only: name the export, or "
		    "a file for each list of identifiers");
	if (!s->only_check &&
	    paths_spare_output(use, WRITTEN, "records", e) != 0)
		return -1;
	return paths_check(
	    use, WRITTEN + s->lists->files, s->input.files, s->input.count, e);
}

/* All records, then what the whole must fulfil. */
static int
validate(const struct settings *s, struct pass *t, struct error *e)
{
	const struct header *h = export_header(t->x);
	uint64_t records;

	if (t->out != NULL &&
	    output_write(t->out, h->written, h->written_len, e) != 0)
		return -1;
	if (pass_all(t, e) != 0 || export_judge(t->x, e) != 0)
		return -1;
	records = export_records(t->x);
	if (s->expected != NULL && (records < s->least || records > s->most))
		return error_set(e, EXIT_INPUT,
		    "%llu %s instead of %s (--expect-rows)",
		    (unsigned long long)records,
		    number_form(records, "record", "records"), s->expected);
	return 0;
}

static void
run(const struct settings *s, struct program *p, struct pass *t)
{
	struct error *e = &p->error;
	struct export *x = t->x;
	char taken[640];

	if (check_init(&t->check, &s->check, &s->input, x, e) != 0)
		return;
	plain_init(&t->plain, export_header(x), &s->input.dialect,
	    export_nulls(x), s->input.nulls);
	t->out = s->only_check ? NULL : &p->out;
	export_describe(x, taken, sizeof(taken));
	diag_detail("%s", taken);
	if (t->out != NULL && p->common.seal)
		(void)output_begin_seal(t->out, e);
	if (e->code == EXIT_COMPLETE && validate(s, t, e) == 0)
		(void)output_flush(&p->out, e);
	export_commit(x, SAFETY("late-error-told", &p->late, e));
	progress_end();
	diag_finish();
	report_warn(t);
	if (export_rejected(x) > 0)
		p->code = EXIT_REJECTED;
	program_end(p, report_summarize(t, p->out.written), SEAL_LINE,
	    report_passed(t));
}

int
main(int argc, char **argv)
{
	struct pass t = {.x = NULL};
	struct settings s = {.input = EXPORT_OPTIONS_INIT, .lists = &t.lists};
	struct program p;

	if (program_begin(&p, &description) == 0 &&
	    read_options(&s, &p, argc, argv) == 0 && check_paths(&s, &p) == 0 &&
	    program_open(&p) == 0 && kernel_choose(&p.error) == 0)
		t.x = export_open(&s.input, &p.error);
	progress_start(p.common.progress, "record", "records");
	if (t.x != NULL && lists_read(&t.lists, &s.input, t.x, &p.error) == 0)
		run(&s, &p, &t);
	lists_free(&t.lists);
	plain_free(&t.plain);
	export_close(t.x);
	program_tell(&p);
	return program_exit(&p);
}
