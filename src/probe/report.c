#include "probe/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "probe/step.h"

/* Takes object over. */
static int
write_line(struct output *out, ndjson *object, struct error *e)
{
	size_t n = 0;
	char *line = ndjson_line(object, &n);

	ndjson_free(object);
	return output_line(out, line, n, e);
}

__attribute__((format(printf, 3, 4))) static int
write_row(struct output *out, struct error *e, const char *format, ...)
{
	char text[1536];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return output_write(out, text, strlen(text), e);
}

/* --------------------------------------------------------- tp-probe --check */

int
report_check(const struct check *c, struct output *out, struct error *e)
{
	int i;

	for (i = 0; i < CHECK_SUBJECTS; i++) {
		const struct check_finding *f = &c->of[i];
		const char *subject = check_subject_name((enum check_subject)i);
		const char *verdict = check_verdict_name(f->verdict);
		ndjson *object;
		int result;

		if (isatty(STDOUT_FILENO)) {
			result = write_row(out, e, "%-12s%-10s%s\n", subject,
			    verdict, f->text);
		} else {
			object = ndjson_new();
			ndjson_set_string(object, "check", subject);
			ndjson_set_string(object, "verdict", verdict);
			ndjson_set_string(object, "text", f->text);
			result = write_line(out, object, e);
		}
		if (result != 0)
			return -1;
	}
	return CHECK_SUBJECTS;
}

ndjson *
report_summary_check(const struct check *c)
{
	ndjson *counts = ndjson_new();
	int i;

	for (i = 0; i < CHECK_SUBJECTS; i++)
		ndjson_set_string(counts,
		    check_subject_name((enum check_subject)i),
		    check_verdict_name(c->of[i].verdict));
	return counts;
}

/* ------------------------------------------------------------ what follows */

static bool
is(const struct notes *n, const char *check, enum finding finding)
{
	const char *found = ndjson_get_string(notes_find(n, check), "finding");

	return found != NULL && strcmp(found, finding_name(finding)) == 0;
}

static bool
is_case(const struct notes *n, enum case_id c, enum finding finding)
{
	return is(n, probe_cases[c].name, finding);
}

/* A program, its options, and why. */
struct advice {
	const char *program;
	char options[128];
	bool unknown;
	const char *why;
};

static void
advise_split(const struct notes *n, struct advice *a)
{
	const bool kept = is_case(n, CASE_PLAIN, FINDING_KEPT) &&
			  is_case(n, CASE_PLUS, FINDING_KEPT) &&
			  is_case(n, CASE_EQUALS, FINDING_KEPT) &&
			  is_case(n, CASE_PERCENT, FINDING_KEPT) &&
			  is_case(n, CASE_AMPERSAND, FINDING_KEPT) &&
			  is_case(n, CASE_LETTERS, FINDING_KEPT);
	const char *options = "";

	a->program = "tp-split";
	if (is_case(n, CASE_TWICE, FINDING_TWICE)) {
		options = "--encode-twice";
		a->why = "every value arrives as it is";
	} else if (kept && is_case(n, CASE_COMMA, FINDING_KEPT) &&
		   is_case(n, CASE_LINE_BREAK, FINDING_KEPT)) {
		options = "--separators encode";
		a->why = "every value arrives as it is";
	} else if (kept && (is_case(n, CASE_COMMA, FINDING_SPLIT) ||
			       is_case(n, CASE_LINE_BREAK, FINDING_SPLIT))) {
		options = "--separators reject";
		a->why = "a value cannot hold a comma or a line break: rows "
			 "with one are rejected; or send another text for it, "
			 "with --separators replace=TEXT";
	} else {
		a->unknown = true;
		a->why = "not every value arrives as it is, and no option "
			 "mends that: look at the findings";
	}
	snprintf(a->options, sizeof(a->options), "%s", options);
}

static void
advise_send(const struct notes *n, struct advice *a)
{
	const ndjson *statuses = notes_find(n, CHECK_STATUSES);
	uint64_t kept = 0, calls = 0;
	char more[64] = "";

	a->program = "tp-send";
	a->why = "--outcomes asks for the statuses while they are kept";
	(void)ndjson_get_count(statuses, "number", &kept);
	(void)ndjson_get_count(notes_find(n, CHECK_CALLS), "number", &calls);
	/* 10 are open without an option, and 45 calls a minute made. */
	if (is(n, CHECK_STATUSES, FINDING_LIMITED) && kept > 0 && kept < 10)
		snprintf(more, sizeof(more), " --open %u", (unsigned)kept);
	if (is(n, CHECK_CALLS, FINDING_LIMITED) && calls > 0 && calls < 50)
		snprintf(more + strlen(more), sizeof(more) - strlen(more),
		    " --rate %u",
		    (unsigned)(calls > 10 ? calls - calls / 10 : calls));
	snprintf(a->options, sizeof(a->options),
	    "--outcomes tp-outcomes.ndjson%s", more);
}

/* Whether rows of one id have to be made one. */
static void
advise_merge(const struct notes *n, enum finding *finding, const char **why)
{
	const bool last = is_case(n, CASE_REPEATED, FINDING_LAST);
	const bool names = is_case(n, CASE_OVERRIDE, FINDING_NAMES);

	if (last && names) {
		*finding = FINDING_UNNEEDED;
		*why = "rows with the same id add up, in the order in which "
		       "they are sent";
	} else if (is_case(n, CASE_REPEATED, FINDING_FIRST) ||
		   is_case(n, CASE_REPEATED, FINDING_LAST_ALONE) ||
		   is_case(n, CASE_OVERRIDE, FINDING_ALL) ||
		   is_case(n, CASE_OVERRIDE, FINDING_FIRST)) {
		*finding = FINDING_NEEDED;
		*why = "make one row of all rows with the same id before you "
		       "send them, and send all of its columns together";
	} else {
		*finding = FINDING_UNKNOWN;
		*why = "to be safe, send one row for an id, with all of its "
		       "columns";
	}
}

/* ----------------------------------------------------------------- tp-probe */

/* Writing: where to, and what is known by then. */
struct report {
	const struct notes *notes;
	struct output *out;
	bool table;
	bool unknown;
	int lines;
};

static int
write_finding(struct report *r, const char *check, const char *finding,
    const ndjson *note, const char *text, struct error *e)
{
	uint64_t number;
	ndjson *object;

	if (strcmp(finding, finding_name(FINDING_UNKNOWN)) == 0 ||
	    strcmp(finding, finding_name(FINDING_OTHER)) == 0)
		r->unknown = true;
	r->lines++;
	if (r->table)
		return write_row(
		    r->out, e, "%-18s%-15s%s\n", check, finding, text);
	object = ndjson_new();
	ndjson_set_string(object, "check", check);
	ndjson_set_string(object, "finding", finding);
	if (ndjson_get_count(note, "number", &number) == 0)
		ndjson_set_count(object, "number", number);
	ndjson_set_string(object, "text", text);
	return write_line(r->out, object, e);
}

/* That of a note, if there is one. */
static int
write_note(struct report *r, const char *check, struct error *e)
{
	const ndjson *note = notes_find(r->notes, check);
	const char *finding = ndjson_get_string(note, "finding");
	const char *text = ndjson_get_string(note, "text");

	if (note == NULL)
		return 0;
	if (finding == NULL || text == NULL)
		return error_set(e, EXIT_USAGE,
		    "--state: the note of %s has no finding", check);
	return write_finding(r, check, finding, note, text, e);
}

static int
write_advice(struct report *r, const struct advice *a, struct error *e)
{
	ndjson *object;

	r->lines++;
	r->unknown |= a->unknown;
	if (r->table)
		return write_row(r->out, e, "\n%s %s\n    %s\n", a->program,
		    a->unknown ? "?" : a->options, a->why);
	object = ndjson_new();
	ndjson_set_string(object, "program", a->program);
	ndjson_set_string(object, "options", a->unknown ? NULL : a->options);
	ndjson_set_string(object, "text", a->why);
	return write_line(r->out, object, e);
}

static const char *const others[] = {
    CHECK_STATUS_TOKEN, CHECK_STATUSES, CHECK_STATUS_CALLS, CHECK_CALLS};
enum { OTHERS = sizeof(others) / sizeof(others[0]) };

int
report_notes(const struct notes *n, struct output *out, enum exit_code *code,
    struct error *e)
{
	struct report r = {n, out, isatty(STDOUT_FILENO), false, 0};
	struct advice split = {0}, send = {0};
	enum finding merge;
	const char *why;
	int i;

	for (i = 0; i < CASES; i++) {
		if (write_note(&r, probe_cases[i].name, e) != 0)
			return -1;
	}
	for (i = 0; i < OTHERS; i++) {
		if (write_note(&r, others[i], e) != 0)
			return -1;
	}
	advise_merge(n, &merge, &why);
	advise_split(n, &split);
	advise_send(n, &send);
	if (write_finding(&r, "merge", finding_name(merge), NULL, why, e) !=
		0 ||
	    write_advice(&r, &split, e) != 0 || write_advice(&r, &send, e) != 0)
		return -1;
	*code = r.unknown ? EXIT_REJECTED : EXIT_COMPLETE;
	return r.lines;
}

ndjson *
report_summary_notes(const struct notes *n)
{
	ndjson *counts = ndjson_new();
	int i;

	for (i = 0; i < CASES + OTHERS; i++) {
		const char *check =
		    i < CASES ? probe_cases[i].name : others[i - CASES];
		const ndjson *note = notes_find(n, check);

		if (note != NULL)
			ndjson_set_string(
			    counts, check, ndjson_get_string(note, "finding"));
	}
	return counts;
}
