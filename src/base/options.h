/*
 * options.h: one table per program gives its command line and its --help.
 *
 * The options that all programs share are handled here; a program sees only
 * its own.
 */
#ifndef TP_BASE_OPTIONS_H
#define TP_BASE_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/progress.h"

/* Keys of options without a letter start here. */
#define OPTION_LONG (CHAR_MAX + 1)

struct option_entry {
	int key;	  /* the short letter, or OPTION_LONG and up; 0 ends */
	const char *name; /* without "--" */
	const char *arg;  /* what --help calls its argument; NULL: takes none */
	const char *help; /* one line of at most 52 columns; NULL: an old name,
			   * which --help does not list */
};

struct options_program {
	const char *name;
	const char *operands; /* "[FILE...]" */
	const char *purpose;  /* one line */
	const struct option_entry *entries;
	const char *footer; /* NULL, or last lines of --help */
	/* Writes the lines of --version that name libraries. */
	void (*version)(char *to, size_t size);
	bool filter;	  /* it dies of SIGPIPE when its reader has gone */
	bool seals;	  /* has --seal: its output can be sealed */
	bool reads_seals; /* has --sealed: its input can be */
	bool reads;	  /* has --allow-empty: it reads an input */
};

struct options_common {
	bool show_values;
	enum progress_mode progress;
	const char *summary; /* path, or NULL */
	/* By option, or by TP_SEAL=1, as far as the program has them. */
	bool seal, sealed;
	bool allow_empty; /* an input with nothing in it is no failure */
};

enum { OPTIONS_END = -1, OPTIONS_FAILED = -2 };

/*
 * The next option's key, with its argument in *arg (or NULL).  OPTIONS_END:
 * operands begin at argv[optind].  OPTIONS_FAILED: e is filled in.
 * --help and --version print and exit here: 0, or 4 if stdout cannot take it.
 */
int options_next(const struct options_program *p, int argc, char **argv,
    struct options_common *common, const char **arg, struct error *e);

/* For an option's argument that is not what it should be; returns -1. */
int options_bad(
    struct error *e, const char *name, const char *arg, const char *expected);

/* An option's argument as a number, or as a time in seconds ("90", "2h"),
 * from min to max.  -1: e says what was expected. */
int options_number(const char *name, const char *arg, uint64_t min,
    uint64_t max, uint64_t *to, struct error *e);
int options_seconds(const char *name, const char *arg, uint64_t min,
    uint64_t max, uint64_t *to, struct error *e);

/* What the environment says; NULL: nothing, or "". */
const char *options_environment(const char *variable);

#endif
