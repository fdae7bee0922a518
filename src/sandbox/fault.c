#include "sandbox/fault.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/options.h"
#include "base/sys.h"

enum argument { NONE, CODE, SIZE, SECONDS, TEXT };

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

/* N, N-M, N- or *; text is changed. */
static int
parse_calls(struct fault *f, char *text)
{
	char *dash = strchr(text, '-');

	f->first = 1;
	f->last = UINT64_MAX;
	if (strcmp(text, "*") == 0)
		return 0;
	if (dash != NULL)
		*dash = '\0';
	if (number_parse(text, 1, UINT64_MAX, &f->first) != 0)
		return -1;
	if (dash == NULL)
		f->last = f->first;
	else if (dash[1] != '\0')
		return number_parse(dash + 1, f->first, UINT64_MAX, &f->last);
	return 0;
}

static int
parse_argument(struct fault *f, const char *text)
{
	const struct kind *k = &kinds[f->kind];

	f->number = huge_default;
	if (text == NULL)
		return k->argument == NONE || k->optional ? 0 : -1;
	switch (k->argument) {
	case CODE:
		return number_parse(text, 200, 599, &f->number);
	case SIZE:
		return number_parse_size(text, 1024, huge_max, &f->number);
	case SECONDS:
		return number_parse_seconds(text, 0, 86400, &f->number);
	case TEXT:
		f->text = sys_strdup(text);
		return f->text == NULL ? -1 : 0;
	case NONE:
		break;
	}
	return -1;
}

static int
parse_kind(struct fault *f, char *text)
{
	char *argument = strchr(text, '=');
	int i;

	if (argument != NULL)
		*argument++ = '\0';
	for (i = 0; i < KINDS; i++) {
		if (strcmp(text, kinds[i].name) != 0)
			continue;
		f->kind = (enum fault_kind)i;
		if (f->call == FAULT_STATUS && !kinds[i].status)
			return -1;
		return parse_argument(f, argument);
	}
	return -1;
}

/* spec is changed. */
static int
parse(struct fault *f, char *spec)
{
	static const char status[] = "status:", after[] = ",retry-after=";
	char *kind, *tail;

	if (strncmp(spec, status, sizeof(status) - 1) == 0) {
		f->call = FAULT_STATUS;
		spec += sizeof(status) - 1;
	}
	kind = strchr(spec, ':');
	if (kind == NULL)
		return -1;
	*kind++ = '\0';
	tail = strstr(kind, after);
	if (tail != NULL) {
		*tail = '\0';
		f->retry_after = sys_strdup(tail + sizeof(after) - 1);
		if (f->retry_after == NULL)
			return -1;
	}
	if (parse_calls(f, spec) != 0 || parse_kind(f, kind) != 0)
		return -1;
	/* Only an answer that comes whole can carry the header. */
	return f->retry_after != NULL && f->kind != FAULT_CODE ? -1 : 0;
}

static void
fault_free(struct fault *f)
{
	free(f->text);
	free(f->retry_after);
}

int
faults_add(struct faults *f, const char *spec, struct error *e)
{
	struct fault *list =
	    sys_realloc(f->list, (f->n + 1) * sizeof(*f->list));
	char *copy = sys_strdup(spec);
	struct fault *added;
	int result = 0;

	if (list != NULL)
		f->list = list;
	if (list == NULL || copy == NULL) {
		free(copy);
		return error_errno(e, EXIT_LOCAL, "sandbox");
	}
	added = &f->list[f->n];
	memset(added, 0, sizeof(*added));
	errno = 0;
	if (parse(added, copy) == 0) {
		f->n++;
	} else {
		fault_free(added);
		if (errno == ENOMEM)
			error_errno(e, EXIT_LOCAL, "sandbox");
		result = options_bad(e, "fault", spec,
		    "[status:]CALLS:KIND[=ARG], as in tp-sandbox(1)");
	}
	free(copy);
	return result;
}

void
faults_free(struct faults *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		fault_free(&f->list[i]);
	free(f->list);
	f->list = NULL;
	f->n = 0;
}

static bool
matches(const struct fault *f, enum fault_call call, uint64_t number)
{
	return f->call == call && number >= f->first && number <= f->last;
}

const struct fault *
faults_find(const struct faults *f, enum fault_call call, uint64_t number)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (f->list[i].kind != FAULT_DELAY &&
		    matches(&f->list[i], call, number))
			return &f->list[i];
	}
	return NULL;
}

uint64_t
faults_delay(const struct faults *f, enum fault_call call, uint64_t number)
{
	uint64_t seconds = 0;
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (f->list[i].kind == FAULT_DELAY &&
		    matches(&f->list[i], call, number))
			seconds += f->list[i].number;
	}
	return seconds;
}
