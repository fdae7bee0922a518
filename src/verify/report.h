/*
 * report.h: what of the sample was kept: a line for each row that was not, and
 * at the end what that says of all; a table on a terminal, else JSON.
 */
#ifndef TP_VERIFY_REPORT_H
#define TP_VERIFY_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "batch/limits.h"
#include "io/outfile.h"
#include "io/output.h"
#include "verify/compare.h"
#include "verify/sent.h"

struct report {
	struct output *out;
	bool table;
	bool show_values;
	bool third;		 /* identifiers are thirdPartyIds */
	struct outfile *missing; /* identifiers of rows that were not kept, a
				  * CSV; or NULL */
	uint64_t lines;
	uint64_t counts[KEPTS];
	bool titled; /* the table has its first line */
};

/* Writes what a CSV of identifiers begins with. */
int report_begin(struct report *r, struct error *e);

/* Compares a row and counts it.  profile NULL: there is none.  As compare_row;
 * -1 with EXIT_LOCAL. */
int report_row(struct report *r, const struct sample *s,
    const struct sample_row *row, const struct profile *profile, char *room,
    struct error *e);

/* The same of a row whose profile cannot be read. */
int report_unread(
    struct report *r, const struct sample_row *row, struct error *e);

/* The last line. */
int report_end(struct report *r, const struct sample *s, const struct sent *t,
    struct error *e);

/* COMPLETE, or REJECTED if something was not kept. */
enum exit_code report_code(const struct report *r);

/* For --summary. */
ndjson *report_summary(
    const struct report *r, const struct sample *s, const struct sent *t);

#endif
