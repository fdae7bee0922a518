#include "config.h"
#include "base/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/diag.h"
#include "base/escape.h"
#include "base/number.h"

enum {
	KEY_SHOW_VALUES = OPTION_LONG + 900,
	KEY_PROGRESS,
	KEY_SUMMARY,
	KEY_SEAL,
	KEY_SEALED,
	KEY_ALLOW_EMPTY,
	MAX_OPTIONS = 64
};

static const struct option_entry shared[] = {
    {KEY_SUMMARY, "summary", "FILE", "write counts to FILE, one JSON object"},
    {KEY_SHOW_VALUES, "show-values", NULL, "show values and ids in messages"},
    {KEY_PROGRESS, "progress", "WHEN", "auto, always or never (auto)"},
    {'q', "quiet", NULL, "say only why the exit status is 2 or more"},
    {'v', "verbose", NULL, "say more"},
    {'h', "help", NULL, "print this and exit"},
    {'V', "version", NULL, "print versions and exit"},
    {0, NULL, NULL, NULL},
};

static const struct option_entry seal[] = {
    {KEY_SEAL, "seal", NULL, "end the output with a seal over it"},
    {0, NULL, NULL, NULL},
};

static const struct option_entry sealed[] = {
    {KEY_SEALED, "sealed", NULL, "exit 3 unless the input ends with a seal"},
    {0, NULL, NULL, NULL},
};

static const struct option_entry allow_empty[] = {
    {KEY_ALLOW_EMPTY, "allow-empty", NULL, "exit 0 if there is nothing to do"},
    {0, NULL, NULL, NULL},
};

static void
print_entries(const struct option_entry *o)
{
	char left[64];

	for (; o->key != 0; o++) {
		if (o->help == NULL)
			continue;
		if (o->key < OPTION_LONG)
			snprintf(left, sizeof(left), "-%c, --%s%s%s", o->key,
			    o->name, o->arg == NULL ? "" : " ",
			    o->arg == NULL ? "" : o->arg);
		else
			snprintf(left, sizeof(left), "    --%s%s%s", o->name,
			    o->arg == NULL ? "" : " ",
			    o->arg == NULL ? "" : o->arg);
		printf("  %-25s %s\n", left, o->help);
	}
}

/* What was printed must have arrived, or the program failed. */
static void
exit_printed(const char *name)
{
	if (fflush(stdout) != 0 || fclose(stdout) != 0) {
		fprintf(stderr, "%s: cannot write to standard output\n", name);
		exit(EXIT_LOCAL);
	}
	exit(EXIT_COMPLETE);
}

static void
print_help(const struct options_program *p)
{
	printf("Usage: %s [OPTION...]%s%s\n%s\n\n", p->name,
	    p->operands[0] == '\0' ? "" : " ", p->operands, p->purpose);
	print_entries(p->entries);
	if (p->seals)
		print_entries(seal);
	if (p->reads_seals)
		print_entries(sealed);
	if (p->reads)
		print_entries(allow_empty);
	print_entries(shared);
	if (p->footer != NULL)
		printf("\n%s", p->footer);
	exit_printed(p->name);
}

static void
print_version(const struct options_program *p)
{
	char libraries[512];

	p->version(libraries, sizeof(libraries));
	printf("%s (%s) %s\n%s", p->name, PACKAGE_NAME, PACKAGE_VERSION,
	    libraries);
	exit_printed(p->name);
}

/* Adds a table to what getopt_long reads. */
static void
add(const struct option_entry *o, struct option *longs, size_t *n,
    char *letters, size_t *used)
{
	for (; o->key != 0 && *n < MAX_OPTIONS - 1; o++) {
		longs[*n].name = o->name;
		longs[*n].has_arg =
		    o->arg == NULL ? no_argument : required_argument;
		longs[*n].flag = NULL;
		longs[*n].val = o->key;
		(*n)++;
		if (o->key >= OPTION_LONG)
			continue;
		letters[(*used)++] = (char)o->key;
		if (o->arg != NULL)
			letters[(*used)++] = ':';
	}
}

int
options_bad(
    struct error *e, const char *name, const char *arg, const char *expected)
{
	char shown[80];

	escape_text(shown, sizeof(shown), arg, strlen(arg));
	return error_set(e, EXIT_USAGE, "--%s %s: expected %s", name,
	    shown[0] == '\0' ? "''" : shown, expected);
}

static int
bad_range(struct error *e, const char *name, const char *arg, const char *what,
    const char *unit, uint64_t min, uint64_t max)
{
	char expected[80];

	snprintf(expected, sizeof(expected), "a %s from %llu%s to %llu%s", what,
	    (unsigned long long)min, unit, (unsigned long long)max, unit);
	return options_bad(e, name, arg, expected);
}

int
options_number(const char *name, const char *arg, uint64_t min, uint64_t max,
    uint64_t *to, struct error *e)
{
	if (number_parse(arg, min, max, to) == 0)
		return 0;
	return bad_range(e, name, arg, "number", "", min, max);
}

int
options_seconds(const char *name, const char *arg, uint64_t min, uint64_t max,
    uint64_t *to, struct error *e)
{
	if (number_parse_seconds(arg, min, max, to) == 0)
		return 0;
	return bad_range(e, name, arg, "time", "s", min, max);
}

const char *
options_environment(const char *variable)
{
	const char *value = getenv(variable);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

static int
set_progress(struct options_common *common, const char *arg, struct error *e)
{
	static const char *const names[] = {"auto", "always", "never"};
	int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(arg, names[i]) == 0) {
			common->progress = (enum progress_mode)i;
			return 0;
		}
	}
	return options_bad(e, "progress", arg, "auto, always or never");
}

static const struct option *
find_key(const struct option *longs, int key)
{
	for (; longs->name != NULL; longs++)
		if (longs->val == key)
			return longs;
	return NULL;
}

/* What getopt_long could not take; it leaves optopt 0 for a long option that
 * it does not know, else it is the key. */
static int
refuse(const struct options_program *p, const struct option *longs, int found,
    char **argv, struct error *e)
{
	const struct option *o = find_key(longs, optopt);
	const char letter[3] = {'-', (char)optopt, '\0'};
	const char *last = argv[optind - 1];
	const char *word = optopt == 0 ? last : letter;
	char shown[80];

	escape_text(shown, sizeof(shown), word, strlen(word));
	if (found == ':' && o != NULL && strncmp(last, "--", 2) == 0)
		error_set(e, EXIT_USAGE,
		    "--%s needs an argument; see '%s --help'", o->name,
		    p->name);
	else if (found == ':')
		error_set(e, EXIT_USAGE,
		    "%s needs an argument; see '%s --help'", shown, p->name);
	else if (o != NULL)
		error_set(e, EXIT_USAGE,
		    "--%s takes no argument; see '%s --help'", o->name,
		    p->name);
	else
		error_set(e, EXIT_USAGE,
		    "unknown option or argument '%s'; see '%s --help'", shown,
		    p->name);
	return OPTIONS_FAILED;
}

/*
 * getopt_long takes the beginning of a long option for the whole.  A script
 * that relies on it would fail once another option begins alike.
 */
static int
refuse_short(const char *name, char **argv, struct error *e)
{
	const char *last = argv[optind - 1];
	const char *word = optarg == last ? argv[optind - 2] : last;
	size_t n = strcspn(word + 2, "=");

	if (n == strlen(name))
		return 0;
	return error_set(e, EXIT_USAGE,
	    "--%.*s is short for --%s, which must be written in full", (int)n,
	    word + 2, name);
}

/* TP_SEAL=1 asks every program of a pipeline for what it can. */
static int
read_seal_variable(const struct options_program *p,
    struct options_common *common, struct error *e)
{
	const char *value = options_environment("TP_SEAL");

	if (value == NULL || strcmp(value, "0") == 0)
		return OPTIONS_END;
	if (strcmp(value, "1") != 0) {
		error_set(e, EXIT_USAGE, "TP_SEAL must be 0 or 1");
		return OPTIONS_FAILED;
	}
	common->seal |= p->seals;
	common->sealed |= p->reads_seals;
	return OPTIONS_END;
}

int
options_next(const struct options_program *p, int argc, char **argv,
    struct options_common *common, const char **arg, struct error *e)
{
	static struct option longs[MAX_OPTIONS];
	static char letters[2 * MAX_OPTIONS + 2];
	size_t n = 0, used = 1;
	int found, index = -1;

	memset(longs, 0, sizeof(longs));
	memset(letters, 0, sizeof(letters));
	letters[0] = ':';
	add(p->entries, longs, &n, letters, &used);
	if (p->seals)
		add(seal, longs, &n, letters, &used);
	if (p->reads_seals)
		add(sealed, longs, &n, letters, &used);
	if (p->reads)
		add(allow_empty, longs, &n, letters, &used);
	add(shared, longs, &n, letters, &used);
	opterr = 0;
	while (
	    (found = getopt_long(argc, argv, letters, longs, &index)) != -1) {
		if (found != '?' && found != ':' && index >= 0 &&
		    refuse_short(longs[index].name, argv, e) != 0)
			return OPTIONS_FAILED;
		index = -1;
		switch (found) {
		case KEY_SUMMARY:
			common->summary = optarg;
			break;
		case KEY_SEAL:
			common->seal = true;
			break;
		case KEY_SEALED:
			common->sealed = true;
			break;
		case KEY_ALLOW_EMPTY:
			common->allow_empty = true;
			break;
		case KEY_SHOW_VALUES:
			common->show_values = true;
			break;
		case KEY_PROGRESS:
			if (set_progress(common, optarg, e) != 0)
				return OPTIONS_FAILED;
			break;
		case 'q':
			diag_quiet();
			break;
		case 'v':
			diag_verbose();
			break;
		case 'h':
			print_help(p);
			break;
		case 'V':
			print_version(p);
			break;
		case '?':
		case ':':
			return refuse(p, longs, found, argv, e);
		default:
			*arg = optarg;
			return found;
		}
	}
	return read_seal_variable(p, common, e);
}
