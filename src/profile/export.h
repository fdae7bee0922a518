/*
 * export.h: the input of a program that reads CSV: one or several files with
 * the same header, or each with its own, as one sequence of records.
 *
 * Records that cannot be read (quotes, bare CR, too long, the header again)
 * are rejected here; the caller sees the others and settles each: passed on
 * (which needs no call), rejected, or skipped.
 */
#ifndef TP_PROFILE_EXPORT_H
#define TP_PROFILE_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "base/ndjson.h"
#include "csv/reader.h"
#include "profile/header.h"
#include "profile/null.h"
#include "profile/reject.h"

/* --null may be given so often. */
#define EXPORT_NULLS 16

struct export_options {
	struct csv_dialect dialect;
	struct header_options header;
	struct reject_options reject;
	const char *null[EXPORT_NULLS]; /* texts that count as empty cells */
	size_t nulls;
	bool sound;   /* a record that would be rejected is EXIT_INPUT */
	bool joined;  /* each file has columns of its own */
	bool sealed;  /* refuse a file that no seal ends */
	bool ended;   /* … or whose last line has no line ending */
	char **files; /* paths, "-" is stdin; none: stdin */
	size_t count;
};

#define EXPORT_OPTIONS_INIT                 \
	{                                   \
		.dialect = CSV_DIALECT_INIT \
	}

/* Keys of the options that tp-validate and tp-split share, for their tables.
 * OPTION_LONG + 800 and up. */
enum {
	EXPORT_KEY_ID = 1000,
	EXPORT_KEY_DELIMITER,
	EXPORT_KEY_QUOTE,
	EXPORT_KEY_TRIM,
	EXPORT_KEY_NULL,
	EXPORT_KEY_MAX_RECORD,
	EXPORT_KEY_REJECTS,
	EXPORT_KEY_ERRORS,
	EXPORT_KEY_MAX_REJECTS
};
#define EXPORT_OPTION_ENTRIES                                          \
	{EXPORT_KEY_ID, "id", "COLUMN[=KIND]",                         \
	    "identifier; KIND: thirdPartyId or pcId"},                 \
	    {EXPORT_KEY_DELIMITER, "delimiter", "CHAR",                \
		"between fields; 'tab' for a tab (,)"},                \
	    {EXPORT_KEY_QUOTE, "quote", "CHAR", "around fields (\")"}, \
	    {EXPORT_KEY_TRIM, "trim", NULL,                            \
		"spaces and tabs around fields are layout"},           \
	    {EXPORT_KEY_NULL, "null", "TEXT",                          \
		"TEXT is an empty cell; may be repeated"},             \
	    {EXPORT_KEY_MAX_RECORD, "max-record", "SIZE",              \
		"longest record, in bytes (1M)"},                      \
	    {EXPORT_KEY_REJECTS, "rejects", "FILE",                    \
		"write rejected records to FILE"},                     \
	    {EXPORT_KEY_ERRORS, "errors", "FILE",                      \
		"write why to FILE, one JSON object a line"},          \
	{                                                              \
		EXPORT_KEY_MAX_REJECTS, "max-rejects", "N|N%",         \
		    "stop with exit 3 past so many rejects"            \
	}

/* Sets what one of those keys says.  1: it was none of them; -1. */
int export_set_option(
    struct export_options *o, int key, const char *arg, struct error *e);

struct export;

/*
 * Makes the rejects files, opens the first input and reads its header.
 * NULL: e says why; then nothing was written.
 */
struct export *export_open(
    const struct export_options *options, struct error *e);

/* Of the file being read, if they are joined. */
const struct header *export_header(const struct export *x);
/* Which of the files that is, from 0. */
size_t export_source(const struct export *x);

/*
 * The next record that can be read, good for CSV: 1, 0 at the end, -1.  It
 * lives until the next call.  Its number of fields need not be the header's.
 * A seal that input_read did not take (see seal_like) is EXIT_INPUT.  2: no
 * record, but another file begins, and they are joined.
 */
int export_next(struct export *x, struct csv_record *record, struct error *e);

/* Rows that lie ready, see csv_reader_run; rows taken count as read.  The
 * caller must leave rows equal to the header, or seal_like, to export_next. */
int export_run(struct export *x, struct csv_run *run, struct error *e);
void export_take(struct export *x, size_t rows);

/* The record that export_next gave is rejected; so many that were read last
 * are skipped. */
int export_reject(struct export *x, const struct csv_record *record,
    const struct finding *finding, struct error *e);
/* … and a record that was given earlier, the number'th of the run, of this
 * source, which may have been read to its end. */
int export_reject_late(struct export *x, size_t source, uint64_t number,
    const struct csv_record *record, const struct finding *finding,
    struct error *e);
void export_skip(struct export *x, size_t records);
/* It could not be settled, as the run fails: it does not count as read. */
void export_unread(struct export *x);

/* Whether a cell counts as empty: no text, or one of --null. */
bool export_empty(const struct export *x, const struct csv_field *f);
/* These, as many as the options say. */
const struct null *export_nulls(const struct export *x);

/*
 * What was warned about by each rule.  export_warn counts one more, in this
 * line of the file being read.  A last line without line ending is counted
 * here, all others are the caller's.
 */
struct rule_warning *export_warning(struct export *x, enum rule rule);
void export_warn(struct export *x, enum rule rule, uint64_t line);
/* The text of a warning for a person; false: there was none by this rule. */
bool export_tell_warning(
    const struct export *x, enum rule rule, char *to, size_t size);

/* The seal of the file that was read to its end last; NULL: it had none. */
const struct seal *export_seal(const struct export *x);

/* For -v: where the header is and what it was taken as, in one line. */
void export_describe(const struct export *x, char *to, size_t size);

/* The name of the file being read, for messages. */
const char *export_file(const struct export *x);
/* Its path as it was given; lives as long as the options. */
const char *export_path(const struct export *x);

uint64_t export_records(const struct export *x); /* read: "in" */
uint64_t export_rejected(const struct export *x);
uint64_t export_skipped(const struct export *x);
uint64_t export_bytes(const struct export *x); /* of text */
/* The name of the scan kernel in use. */
const char *export_kernel(const struct export *x);
/* The line where the next record begins. */
uint64_t export_line(const struct export *x);

/* "in", "rejected", "skipped", "blankLines", "bytesIn", "byRule",
 * "warnings". */
void export_summarize(const struct export *x, ndjson *summary);

/* At the end of the input: whether too much was rejected; -1. */
int export_judge(const struct export *x, struct error *e);

/* The rejects files take their names.  x stays for summaries. */
int export_commit(struct export *x, struct error *e);

/* Frees all; files that were not committed are removed. */
void export_close(struct export *x);

/* The lines of --version that name libraries. */
void export_version(char *to, size_t size);

#endif
