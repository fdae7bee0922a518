/*
 * journal.h: the file that lets a run go on where another one ended; one
 * input's, described in tp-journal(5).
 *
 * What is written is on disk when a function returns, in the file that has its
 * name then.  Any number of threads may use it at once.
 */
#ifndef TP_RECORD_JOURNAL_H
#define TP_RECORD_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include "api/endpoint.h"
#include "base/error.h"
#include "record/past.h"
#include "record/receipt.h"

struct journal;

/*
 * Makes it, with mode 0600, or opens the one there is, and locks it.  Refused
 * with EXIT_USAGE: a symbolic link, what is no journal, a newer or a damaged
 * one, one of another endpoint, client or api, one that another process has
 * locked.  A last line that was not finished is cut off.  NULL: e says why.
 */
struct journal *journal_open(
    const char *path, const struct endpoint *ep, struct error *e);
void journal_free(struct journal *j);

/*
 * Would journal_open succeed?  Makes, cuts and locks nothing.  *j becomes what
 * journal_past and journal_check can be asked of, and nothing else; NULL if
 * there is no journal yet.
 */
int journal_look(struct journal **j, const char *path,
    const struct endpoint *ep, struct error *e);

/* Bytes that journal_open cut off. */
uint64_t journal_torn(const struct journal *j);

/* What earlier runs left.  It does not change, but for what is counted as kept:
 * to be looked at when no other thread uses the journal any more. */
const struct past *journal_past(const struct journal *j);

/* Is this the batch that it has under that number, and has it no more than so
 * many?  -1: e says (EXIT_USAGE, EXIT_INPUT) that it is another input's. */
int journal_check(const struct journal *j, uint64_t batch, const char *sha256,
    struct error *e);
int journal_check_end(
    const struct journal *j, uint64_t batches, struct error *e);

/* What a line that closed an entry of the past says of it.  -1: *r says
 * nothing. */
int journal_recall(struct journal *j, const struct past_entry *entry,
    struct result *r, struct error *e);

/*
 * Before the first byte of an attempt, and after its answer; before a batch
 * is a part of the failed file, at that offset, and when it is on disk there.
 * -1 (EXIT_LOCAL): it could not be recorded, or in a file that the next run
 * will not find: somebody has removed, renamed, replaced or changed the
 * journal. What was to be opened is not recorded then.
 */
int journal_attempt(
    struct journal *j, const struct part *p, uint64_t *id, struct error *e);
int journal_result(
    struct journal *j, uint64_t id, const struct receipt *r, struct error *e);
int journal_keep(struct journal *j, const struct part *p, const char *file,
    uint64_t at, uint64_t *id, struct error *e);
int journal_kept(
    struct journal *j, uint64_t id, const struct receipt *r, struct error *e);

/* When nothing more will be written.  -1 (EXIT_LOCAL): the file is not the one
 * that the next run will find, or not as it was left; not if that was told
 * before. */
int journal_finish(struct journal *j, struct error *e);

/* Was that told? */
bool journal_lost(const struct journal *j);

#endif
