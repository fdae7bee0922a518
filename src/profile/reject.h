/*
 * reject.h: what becomes of records that are not passed on: they are counted
 * by rule, told to the person on stderr, kept byte for byte in the rejects
 * file and described in the errors file.
 *
 * This is the one module below main that prints, through diag.h: of millions
 * of rejects only the first few are worth a line.
 */
#ifndef TP_PROFILE_REJECT_H
#define TP_PROFILE_REJECT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "base/ndjson.h"
#include "csv/reader.h"
#include "io/outfile.h"
#include "profile/header.h"
#include "profile/rule.h"

struct reject_options {
	const char *rejects; /* path, or NULL */
	const char *errors;  /* path, or NULL */
	bool limited;	     /* max is set */
	bool percent;	     /* … and is a share, in thousandths of 1% */
	uint64_t max;
	const char *text; /* as it was given */
	bool show_values;
};

/* A share is not judged before this record, but at the end always. */
#define REJECT_SHARE_FROM 10000

struct reject {
	struct reject_options options;
	struct outfile rejects, errors;
	uint64_t before; /* bytes of rejects before the record added last */
	uint64_t total;
	uint64_t count[RULES];
};

/* Where and why.  field: the column, or SIZE_MAX if it is none. */
struct finding {
	enum rule rule;
	size_t field;
	size_t offset; /* in the record's raw */
};

/* N or N%, which may be 0.5%; -1 with EXIT_USAGE.  text must live as long. */
int reject_set_max(
    struct reject_options *options, const char *text, struct error *e);

/* Makes the files, so that one that cannot be made is found out in time. */
int reject_open(
    struct reject *r, const struct reject_options *options, struct error *e);

/* The original header goes in front of the rejects. */
int reject_begin(struct reject *r, const struct header *h, struct error *e);

/*
 * One record, the number'th of the run, of the file of that name (for
 * messages) and path.  -1: a file cannot be written.
 */
int reject_add(struct reject *r, const struct header *h, const char *file,
    const char *path, uint64_t number, const struct csv_record *record,
    const struct finding *finding, struct error *e);

/* More bytes of the record added last. */
int reject_more(struct reject *r, const char *raw, size_t n, struct error *e);

/* The rest of the record added last cannot be had: none of it is kept. */
void reject_take_back(struct reject *r);

/* At the end: -1 with EXIT_INPUT if the share is past the limit. */
int reject_judge(
    const struct reject *r, uint64_t records, bool end, struct error *e);

/*
 * The files take their names: on every exit, since what was rejected up to
 * then is wanted most when a run ends early.
 */
int reject_commit(struct reject *r, struct error *e);
void reject_discard(struct reject *r);

/* "byRule": an object with the counts that are not 0. */
void reject_summarize(const struct reject *r, ndjson *summary);

#endif
