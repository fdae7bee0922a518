/*
 * rowfile.h: the file of rows: what became of each row, as CSV, described in
 * tp-rows(5).  It belongs to one journal, and runs add to it one after another.
 *
 * What is added is on disk when a function returns, in the file that has its
 * name then.  A line that was not finished is cut off at the next open.  It is
 * locked for one process alone, of which any number of threads may add to it.
 */
#ifndef TP_RECORD_ROWFILE_H
#define TP_RECORD_ROWFILE_H

#include <stdint.h>
#include "base/error.h"
#include "batch/reader.h"
#include "record/past.h"
#include "record/receipt.h"

struct rowfile;

/*
 * Makes it, with mode 0600, if it does not exist.  past: of the journal as it
 * was before this run; NULL: there was none.  Refused with EXIT_USAGE, and not
 * changed: a symbolic link, what is no such file, one with rows beside a
 * journal that is new, one without rows beside a journal that has accepted
 * some, one that another process has locked.  NULL: e says why.
 */
struct rowfile *rowfile_open(
    const char *path, const struct past *past, struct error *e);
void rowfile_free(struct rowfile *f);

/*
 * Would rowfile_open succeed?  Makes, cuts and locks nothing.  *f becomes what
 * rowfile_expect can be asked of, and nothing else.
 */
int rowfile_look(struct rowfile **f, const char *path, const struct past *past,
    struct error *e);

/* Bytes that rowfile_open cut off. */
uint64_t rowfile_torn(const struct rowfile *f);

/*
 * A batch that complies will be sent: has it the kind of identifier that the
 * file has?  The first batch gives a new file its header.  By one thread.
 * -1: another kind, with EXIT_USAGE if it is the run's first batch, else with
 * EXIT_INPUT; or EXIT_LOCAL: the header cannot be written.
 */
int rowfile_expect(struct rowfile *f, const struct batch *b, struct error *e);
/* No batch came: it has a header all the same.  -1 with EXIT_LOCAL. */
int rowfile_end(struct rowfile *f, struct error *e);

/*
 * Adds a line for each row of that part of the batch.  -1 with EXIT_LOCAL: not
 * all of them are there; then nothing more is added in this run, and each later
 * call gives 1.
 */
int rowfile_add(struct rowfile *f, const struct batch *b,
    const struct receipt *r, struct error *e);

#endif
