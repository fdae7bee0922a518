/*
 * cases.h: what tp-probe sends, and what each profile that comes of it tells
 * of the service: one table, in cases.c.  A new question is a row there.
 */
#ifndef TP_PROBE_CASES_H
#define TP_PROBE_CASES_H

#include "api/profile.h"
#include "base/error.h"

enum case_id {
	CASE_PLAIN, /* shows whether profiles can be seen yet */
	CASE_COMMA,
	CASE_LINE_BREAK,
	CASE_PLUS,
	CASE_EQUALS,
	CASE_PERCENT,
	CASE_AMPERSAND,
	CASE_LETTERS,
	CASE_RAW_LETTERS,
	CASE_SPACES,
	CASE_LOWER_HEX,
	CASE_TWICE,
	CASE_HEADER,
	CASE_REPEATED,
	CASE_OVERRIDE,
	CASES
};

enum finding {
	/* What a reading of the table says. */
	FINDING_KEPT,
	FINDING_SPLIT,
	FINDING_SPACE,
	FINDING_CUT,
	FINDING_LITERAL,
	FINDING_ONCE,
	FINDING_TWICE,
	FINDING_LAST,
	FINDING_FIRST,
	FINDING_LAST_ALONE,
	FINDING_NAMES,
	FINDING_ALL,
	FINDING_TAKEN,
	/* What may come of each case. */
	FINDING_REFUSED, /* the batch was */
	FINDING_IGNORED, /* it was accepted, and there is no profile */
	FINDING_OTHER,	 /* the profile holds none of what was foreseen */
	FINDING_UNKNOWN, /* no usable answer */
	/* Of what is no case. */
	FINDING_NEEDED,
	FINDING_UNNEEDED,
	FINDING_COUNTED,
	FINDING_UNCOUNTED,
	FINDING_LIMITED,   /* to the number */
	FINDING_UNLIMITED, /* … or more */
	FINDINGS
};

/* "last-alone" */
const char *finding_name(enum finding finding);

/* The names of the attributes; a batch sets some of them. */
enum { CASE_VALUES = 3 };
extern const char *const case_attributes[CASE_VALUES];

struct case_reading {
	enum finding finding;
	const char *values[CASE_VALUES]; /* "@": the id; NULL: not there */
	const char *text;		 /* what that means */
};

struct probe_case {
	const char *name; /* "line-break" */
	/* Bodies of batches, "@" in place of the id; the second one, if there
	 * is one, is sent when the service has completed the first. */
	const char *batches[2];
	struct case_reading readings[4];
};

extern const struct probe_case probe_cases[CASES];

/* A new id that no visitor has, "tp-probe-RANDOM"; those of a run's cases begin
 * with it.  -1 with EXIT_LOCAL. */
enum { CASE_RUN = 32 };
int case_new_run(char to[CASE_RUN], struct error *e);

/* Puts the id, of this case in this run ("tp-probe-RANDOM-comma"), in place of
 * each "@" of text.  Returns to. */
enum { CASE_ID = 64, CASE_TEXT = 512 };
char *case_id_text(enum case_id c, const char *run, char to[CASE_ID]);
char *case_fill(const char *text, const char *id, char to[CASE_TEXT]);

/* The reading that a profile matches; NULL: none. */
const struct case_reading *case_read(
    enum case_id c, const char *id, const struct profile *p);

#endif
