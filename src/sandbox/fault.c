#include "sandbox/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "base/number.h"
#include "base/sys.h"

enum argument { NONE, CODE, SIZE, SECONDS, TEXT };

static const char *const arguments[] = {
    [NONE] = "no argument",
    [CODE] = "an HTTP status from 200 to 599",
    [SIZE] = "a size from 1K to 1G",
    [SECONDS] = "a time from 0s to 86400s",
    [TEXT] = "a text",
};

static const struct kind {
	const char *name;
	enum argument argument;
	bool optional; /* the argument may be left out */
	bool status;   /* makes sense for a status too */
} kinds[] = {
    [FAULT_CODE] = {"code", CODE, false, true},
    [FAULT_REDIRECT] = {"redirect", TEXT, false, true},
    [FAULT_FALSE] = {"false", TEXT, true, false},
    [FAULT_RESET_BEFORE] = {"reset-before", NONE, false, true},
    [FAULT_RESET_MID] = {"reset-mid", NONE, false, false},
    [FAULT_RESET_AFTER] = {"reset-after", NONE, false, false},
    [FAULT_RESET_ANSWER] = {"reset-answer", NONE, false, true},
    [FAULT_CUT] = {"cut", NONE, false, true},
    [FAULT_MALFORMED] = {"malformed", NONE, false, true},
    [FAULT_HUGE] = {"huge", SIZE, true, true},
    [FAULT_EMPTY] = {"empty", NONE, false, true},
    [FAULT_HTML] = {"html", NONE, false, true},
    [FAULT_AMPERSAND] = {"ampersand", NONE, false, false},
    [FAULT_STUCK] = {"stuck", NONE, false, false},
    [FAULT_DELAY] = {"delay", SECONDS, false, true},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Beyond what any client keeps of an answer (64 KiB). */
static const uint64_t huge_default = 128 * 1024;
static const uint64_t huge_max = 1024 * 1024 * 1024;

const char *
fault_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

/* What is being read: --fault spec, of which text is at fault. */
struct reading {
	const char *spec;
	struct error *e;
};

/* "--fault 1:foo: WHAT 'foo'; EXPECTED"; text NULL: without it. */
static int
bad(const struct reading *r, const char *what, const char *text,
    const char *expected)
{
	char spec[80], shown[80] = "";

	escape_text(spec, sizeof(spec), r->spec, strlen(r->spec));
	if (text != NULL)
		escape_text(shown, sizeof(shown), text, strlen(text));
	return error_set(r->e, EXIT_USAGE, "--fault %s: %s%s%s%s; %s", spec,
	    what, text == NULL ? "" : " '", shown, text == NULL ? "" : "'",
	    expected);
}

/* All kinds, or those that make sense for a status: "code, redirect, ...". */
static char *
list_kinds(bool status, char *out, size_t size)
{
	size_t n = 0;
	int i;

	for (i = 0; i < KINDS && n < size; i++) {
		if (!status || kinds[i].status)
			n += (size_t)snprintf(out + n, size - n, "%s%s",
			    n == 0 ? "" : ", ", kinds[i].name);
	}
	return out;
}

/* N, N-M, N- or *; text is changed. */
static int
parse_calls(const struct reading *r, struct fault *f, char *text)
{
	static const char expected[] = "CALLS is N, N-M, N- or *, from 1 on";
	char whole[80], *dash = strchr(text, '-');

	snprintf(whole, sizeof(whole), "%s", text);
	f->first = 1;
	f->last = UINT64_MAX;
	if (strcmp(text, "*") == 0)
		return 0;
	if (dash != NULL)
		*dash = '\0';
	if (number_parse(text, 1, UINT64_MAX, &f->first) != 0)
		return bad(r, "no calls are named by", whole, expected);
	if (dash == NULL)
		f->last = f->first;
	else if (dash[1] != '\0' &&
		 number_parse(dash + 1, f->first, UINT64_MAX, &f->last) != 0)
		return bad(r, "no calls are named by", whole, expected);
	return 0;
}

static int
copy_text(const struct reading *r, const char *text, char **to)
{
	*to = sys_strdup(text);
	return *to == NULL ? error_errno(r->e, EXIT_LOCAL, "sandbox") : 0;
}

static int
parse_argument(const struct reading *r, struct fault *f, const char *text)
{
	const struct kind *k = &kinds[f->kind];
	char expected[80];
	int result = -1;

	snprintf(expected, sizeof(expected), "%s takes %s", k->name,
	    arguments[k->argument]);
	f->number = huge_default;
	if (text == NULL && (k->argument == NONE || k->optional))
		return 0;
	if (text == NULL)
		return bad(r, "the argument is missing", NULL, expected);
	switch (k->argument) {
	case CODE:
		result = number_parse(text, 200, 599, &f->number);
		break;
	case SIZE:
		result = number_parse_size(text, 1024, huge_max, &f->number);
		break;
	case SECONDS:
		result = number_parse_seconds(text, 0, 86400, &f->number);
		break;
	case TEXT:
		return copy_text(r, text, &f->text);
	case NONE:
		break;
	}
	return result == 0 ? 0 : bad(r, "unusable argument", text, expected);
}

static int
parse_kind(const struct reading *r, struct fault *f, char *text)
{
	char *argument = strchr(text, '='), expected[400], names[300];
	bool status = f->call == FAULT_STATUS;
	int i;

	if (argument != NULL)
		*argument++ = '\0';
	for (i = 0; i < KINDS && strcmp(text, kinds[i].name) != 0; i++)
		;
	f->kind = (enum fault_kind)i;
	if (i < KINDS && (!status || kinds[i].status))
		return parse_argument(r, f, argument);
	snprintf(expected, sizeof(expected), "%s: %s",
	    status ? "a status can have" : "there are",
	    list_kinds(status, names, sizeof(names)));
	return bad(r,
	    i < KINDS ? "a status cannot have the fault" : "there is no fault",
	    text, expected);
}

/* spec is changed. */
static int
parse(const struct reading *r, struct fault *f, char *spec)
{
	static const char status[] = "status:", after[] = ",retry-after=";
	char *kind, *tail;

	if (strncmp(spec, status, sizeof(status) - 1) == 0) {
		f->call = FAULT_STATUS;
		spec += sizeof(status) - 1;
	}
	kind = strchr(spec, ':');
	if (kind == NULL)
		return bad(r, "a colon is missing", NULL,
		    "expected [status:]CALLS:KIND[=ARG], as in 1:code=503");
	*kind++ = '\0';
	tail = strstr(kind, after);
	if (tail != NULL) {
		*tail = '\0';
		if (copy_text(r, tail + sizeof(after) - 1, &f->retry_after))
			return -1;
	}
	if (parse_calls(r, f, spec) != 0 || parse_kind(r, f, kind) != 0)
		return -1;
	/* Only an answer that comes whole can carry the header. */
	if (f->retry_after != NULL && f->kind != FAULT_CODE)
		return bad(r, "retry-after does not go with", kind,
		    "it goes with code");
	return 0;
}

static void
fault_free(struct fault *f)
{
	free(f->text);
	free(f->retry_after);
	free(f);
}

int
faults_add(struct faults *f, const char *spec, struct error *e)
{
	struct fault *added = sys_calloc(1, sizeof(*added)), **last;
	char *copy = sys_strdup(spec);
	const struct reading r = {spec, e};
	int result;

	if (added == NULL || copy == NULL) {
		free(added);
		free(copy);
		return error_errno(e, EXIT_LOCAL, "sandbox");
	}
	result = parse(&r, added, copy);
	free(copy);
	if (result != 0) {
		fault_free(added);
		return result;
	}
	for (last = &f->first; *last != NULL; last = &(*last)->next)
		;
	*last = added;
	return 0;
}

void
faults_end(struct faults *f)
{
	struct fault *one;

	for (one = f->first; one != NULL; one = one->next)
		one->over = true;
}

void
faults_free(struct faults *f)
{
	struct fault *one, *next;

	for (one = f->first; one != NULL; one = next) {
		next = one->next;
		fault_free(one);
	}
	f->first = NULL;
}

static bool
matches(const struct fault *f, enum fault_call call, uint64_t number)
{
	return !f->over && f->call == call && number >= f->first &&
	       number <= f->last;
}

const struct fault *
faults_find(const struct faults *f, enum fault_call call, uint64_t number)
{
	const struct fault *one;

	for (one = f->first; one != NULL; one = one->next) {
		if (one->kind != FAULT_DELAY && matches(one, call, number))
			return one;
	}
	return NULL;
}

uint64_t
faults_delay(const struct faults *f, enum fault_call call, uint64_t number)
{
	const struct fault *one;
	uint64_t seconds = 0;

	for (one = f->first; one != NULL; one = one->next) {
		if (one->kind == FAULT_DELAY && matches(one, call, number))
			seconds += one->number;
	}
	return seconds;
}
