/*
 * pass.h: the records of an export go to the output, or to where those go that
 * are at fault.
 *
 * The rules come first: a record that breaks one is rejected whatever its
 * identifier is.  Of the others those that the lists of identifiers do not keep
 * are skipped.
 */
#ifndef TP_VALIDATE_PASS_H
#define TP_VALIDATE_PASS_H

#include "base/error.h"
#include "io/output.h"
#include "profile/check.h"
#include "profile/export.h"
#include "profile/plain.h"
#include "validate/lists.h"

/* What a run works with, all of it the caller's. */
struct pass {
	struct export *x;
	struct output *out; /* NULL: nothing is written */
	struct check check;
	struct plain plain;
	struct lists lists;
};

/* All records, to the end: 0, -1. */
int pass_all(struct pass *t, struct error *e);

#endif
