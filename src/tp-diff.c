/*
 * tp-diff: the rows of a CSV export that set something that was not set before.
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
#include "base/sha256.h"
#include "base/signals.h"
#include "diff/diff.h"
#include "io/outfile.h"
#include "io/paths.h"
#include "io/program.h"
#include "keyed/groups.h"
#include "profile/export.h"

enum {
	KEY_BASE = OPTION_LONG,
	KEY_BASE_OPTIONAL,
	KEY_NEXT,
	KEY_PARAMS,
	KEY_DROP,
	KEY_EMPTY_AS,
	KEY_CLEARED_AS,
	KEY_REFRESH,
	KEY_REMOVED,
	KEY_MAX_CHANGED,
	KEY_MAX_REMOVED,
	KEY_MEMORY
};

static const struct option_entry entries[] = {
    {KEY_BASE, "base", "FILE", "what the last run has set (required)"},
    {KEY_BASE_OPTIONAL, "base-optional", NULL, "it need not be there"},
    {KEY_NEXT, "next", "FILE", "write the base for the next run to FILE"},
    {KEY_PARAMS, "params", "COL[:NAME],...", "send these columns"},
    {KEY_DROP, "drop", "COL,...", "send all columns but these"},
    {KEY_EMPTY_AS, "empty-as", "TEXT", "send TEXT for empty cells"},
    {KEY_CLEARED_AS, "cleared-as", "TEXT", "… only where a value is gone"},
    {KEY_REFRESH, "refresh", "A[-B]/N", "also rows of these of N parts"},
    {KEY_REMOVED, "removed", "FILE", "write the base's rows that are gone"},
    {KEY_MAX_CHANGED, "max-changed", "N|N%", "more changed is exit 3"},
    {KEY_MAX_REMOVED, "max-removed", "N|N%", "more that are gone is exit 3"},
    {KEY_MEMORY, "memory", "SIZE", "for rows; more go to disk (256M)"},
    EXPORT_OPTION_ENTRIES,
    {0, NULL, NULL, NULL},
};

struct settings {
	struct export_options input;
	struct diff_options diff;
	const char *next, *removed; /* paths, or NULL */
};

static const struct options_program description = {
    .name = "tp-diff",
    .operands = "[FILE...]",
    .purpose = "Write the rows of a CSV export that changed since the base.",
    .entries = entries,
    .footer = "Exit: 0 compared, 1 some rejected, 2 usage, 3 input unusable "
	      "or too\nmuch changed, 4 local failure.  See tp-diff(1).\n",
    .version = export_version,
    .filter = true,
    .seals = true,
    .reads = true,
    .reads_seals = true,
};

static int
set_memory(struct settings *s, const char *arg, struct error *e)
{
	uint64_t bytes;

	if (number_parse_size(
		arg, KEYED_MEMORY_LEAST, KEYED_MEMORY_MOST, &bytes) != 0)
		return options_bad(e, "memory", arg, "a size from 1M to 1024G");
	s->diff.memory = (size_t)bytes;
	return 0;
}

/* A text that takes the place of an empty cell. */
static int
set_text(
    const char **text, const char *option, const char *arg, struct error *e)
{
	if (*arg == '\0')
		return options_bad(e, option, arg, "text, not nothing");
	*text = arg;
	return 0;
}

static int
set_option(struct settings *s, int key, const char *arg, struct error *e)
{
	struct diff_options *d = &s->diff;

	switch (key) {
	case KEY_BASE:
		d->base = arg;
		return 0;
	case KEY_BASE_OPTIONAL:
		d->base_optional = true;
		return 0;
	case KEY_NEXT:
		s->next = arg;
		return 0;
	case KEY_PARAMS:
		d->columns.params = arg;
		return 0;
	case KEY_DROP:
		d->columns.drop = arg;
		return 0;
	case KEY_EMPTY_AS:
		return set_text(&d->compare.empty_as, "empty-as", arg, e);
	case KEY_CLEARED_AS:
		return set_text(&d->compare.cleared_as, "cleared-as", arg, e);
	case KEY_REFRESH:
		if (refresh_parse(&d->refresh, arg) == 0)
			return 0;
		return options_bad(
		    e, "refresh", arg, "parts of N, such as 3/10 or 9-2/10");
	case KEY_REMOVED:
		s->removed = arg;
		return 0;
	case KEY_MAX_CHANGED:
		return diff_limit_set(&d->max_changed, "max-changed", arg, e);
	case KEY_MAX_REMOVED:
		return diff_limit_set(&d->max_removed, "max-removed", arg, e);
	case KEY_MEMORY:
		return set_memory(s, arg, e);
	default:
		return export_set_option(&s->input, key, arg, e);
	}
}

static int
check_options(const struct settings *s, struct error *e)
{
	if (s->diff.base == NULL)
		return error_set(e, EXIT_USAGE,
		    "give --base FILE, and at the first run --base-optional");
	if (s->diff.compare.empty_as != NULL &&
	    s->diff.compare.cleared_as != NULL)
		return error_set(e, EXIT_USAGE,
		    "--empty-as and --cleared-as exclude each other: no cell "
		    "is empty with the first");
	return 0;
}

static int
read_options(struct settings *s, struct program *p, int argc, char **argv)
{
	const char *arg;
	int key;

	while ((key = program_option(p, argc, argv, &arg)) >= 0)
		if (set_option(s, key, arg, &p->error) != 0)
			return -1;
	if (key == OPTIONS_FAILED || check_options(s, &p->error) != 0)
		return -1;
	s->input.files = p->files;
	s->input.count = p->n_files;
	s->input.reject.show_values = p->common.show_values;
	s->input.sealed = p->common.sealed;
	s->diff.input = &s->input;
	s->diff.removed = s->removed != NULL;
	/* tp-settle demands it of both. */
	p->common.seal = p->common.seal || s->next != NULL;
	return 0;
}

static int
check_paths(const struct settings *s, struct program *p)
{
	const struct path_use use[] = {
	    {"base", s->diff.base, PATH_READ},
	    {"next", s->next, PATH_WRITTEN},
	    {"removed", s->removed, PATH_WRITTEN},
	    {"rejects", s->input.reject.rejects, PATH_WRITTEN},
	    {"errors", s->input.reject.errors, PATH_WRITTEN},
	    {"summary", p->common.summary, PATH_WRITTEN},
	};
	const size_t n = sizeof(use) / sizeof(use[0]);

	if (paths_spare_output(use + 1, n - 1, "rows", &p->error) != 0)
		return -1;
	return paths_check(use, n, s->input.files, s->input.count, &p->error);
}

/* What a run has open. */
struct run {
	struct export *x;
	struct diff *diff;
	struct outfile next, removed;
};

static bool
is_gzip(const char *path)
{
	size_t n = strlen(path);

	return n > 3 && strcmp(path + n - 3, ".gz") == 0;
}

static int
open_all(struct run *r, const struct settings *s, struct program *p)
{
	struct error *e = &p->error;

	if (s->next != NULL &&
	    (outfile_open(&r->next, s->next, e) != 0 ||
		output_begin_seal(&r->next.out, e) != 0 ||
		(is_gzip(s->next) && output_begin_gzip(&r->next.out, e) != 0)))
		return -1;
	if (s->removed != NULL && outfile_open(&r->removed, s->removed, e) != 0)
		return -1;
	r->x = export_open(&s->input, e);
	if (r->x == NULL)
		return -1;
	r->diff = diff_new(&s->diff, r->x, e);
	if (r->diff == NULL)
		return -1;
	return p->common.seal ? output_begin_seal(&p->out, e) : 0;
}

static int
compare_all(struct run *r, struct error *e)
{
	int got;

	do {
		if (signals_pending() != 0)
			return error_set(e, EXIT_LOCAL, "interrupted");
		progress_show(export_records(r->x), export_bytes(r->x));
		got = diff_step(r->diff, e);
	} while (got > 0);
	if (got < 0 || export_judge(r->x, e) != 0)
		return -1;
	return diff_judge(r->diff, e);
}

/* Everything but the seal of standard output, and the names of the files. */
static int
write_all(struct run *r, const struct settings *s, struct program *p)
{
	struct error *e = &p->error;
	char hex[SHA256_HEX];

	if (diff_write(r->diff, &p->out, s->next == NULL ? NULL : &r->next.out,
		e) != 0 ||
	    output_flush(&p->out, e) != 0)
		return -1;
	if (s->next != NULL) {
		if (sha256_peek(p->out.digest, hex) != 0)
			return error_set(e, EXIT_LOCAL, "out of memory");
		if (output_seal_delta(
			&r->next.out, diff_next_rows(r->diff), hex, e) != 0 ||
		    output_end_gzip(&r->next.out, e) != 0 ||
		    output_flush(&r->next.out, e) != 0)
			return -1;
	}
	if (s->removed == NULL)
		return 0;
	if (diff_write_removed(r->diff, &r->removed.out, e) != 0)
		return -1;
	return output_flush(&r->removed.out, e);
}

static void
tell(const struct run *r)
{
	const struct diff_counts *n = diff_counts(r->diff);
	char text[768];
	enum rule rule;

	if (*header_list_reserved(export_header(r->x), text, sizeof(text)) !=
	    '\0')
		diag_warn("%s: left out, as it is named like an identifier and "
			  "is not the one that is sent",
		    text);
	diff_tell_extra(r->diff, text, sizeof(text));
	if (*text != '\0')
		diag_warn("columns of the base that are not sent keep their "
			  "values: %s",
		    text);
	for (rule = 0; rule < RULES; rule++)
		if (export_tell_warning(r->x, rule, text, sizeof(text)))
			diag_warn("%s", text);
	diag_detail("%llu new, %llu changed, %llu refreshed, %llu unchanged, "
		    "%llu of the base not in the export",
	    (unsigned long long)n->added, (unsigned long long)n->changed,
	    (unsigned long long)n->refreshed, (unsigned long long)n->unchanged,
	    (unsigned long long)n->removed);
}

static ndjson *
summarize(const struct run *r, uint64_t bytes)
{
	ndjson *o = ndjson_new();

	export_summarize(r->x, o);
	diff_summarize(r->diff, o);
	ndjson_set_count(o, "bytesOut", bytes);
	return o;
}

static void
run(struct run *r, const struct settings *s, struct program *p)
{
	struct error *e = &p->error;

	progress_start(p->common.progress, "record", "records");
	if (compare_all(r, e) == 0)
		(void)write_all(r, s, p);
	if (e->code != EXIT_USAGE)
		export_commit(r->x, &p->late);
	progress_end();
	diag_finish();
	tell(r);
	if (export_rejected(r->x) > 0)
		p->code = EXIT_REJECTED;
	program_end(
	    p, summarize(r, p->out.written), SEAL_LINE, diff_rows(r->diff));
	if (program_code(p) > EXIT_REJECTED || signals_pending() != 0)
		return;
	/* Nothing more is to be written, so they appear. */
	if (outfile_commit(&r->removed, e) == 0)
		outfile_commit(&r->next, e);
}

int
main(int argc, char **argv)
{
	struct settings s = {
	    .input = EXPORT_OPTIONS_INIT,
	    .diff = {.memory = KEYED_MEMORY},
	};
	struct run r = {
	    .next = {.out = {.fd = -1}}, .removed = {.out = {.fd = -1}}};
	struct program p;

	if (program_begin(&p, &description) == 0 &&
	    read_options(&s, &p, argc, argv) == 0 && check_paths(&s, &p) == 0 &&
	    program_open(&p) == 0 && kernel_choose(&p.error) == 0 &&
	    open_all(&r, &s, &p) == 0)
		run(&r, &s, &p);
	diff_free(r.diff);
	export_close(r.x);
	outfile_discard(&r.next);
	outfile_discard(&r.removed);
	program_tell(&p);
	return program_exit(&p);
}
