/*
 * notes.h: what a run of tp-probe has found out so far, a line of JSON for
 * each step, so that the next run with the same file goes on behind it.
 *
 * A note says in "note" which step it is of, and once it is added it is on
 * disk.  A step that has a note is not done again.
 */
#ifndef TP_PROBE_NOTES_H
#define TP_PROBE_NOTES_H

#include "base/error.h"
#include "base/ndjson.h"

struct notes;

/*
 * Opens the file, which is made if it does not exist, and locks it for this
 * process; what is behind its last line feed is cut off.  path NULL: notes are
 * in memory only.  NULL with EXIT_USAGE: it cannot be used, or holds other
 * things, and was not changed.
 */
struct notes *notes_open(const char *path, struct error *e);
void notes_free(struct notes *n);

/* The note of a step; NULL: there is none. */
const ndjson *notes_find(const struct notes *n, const char *step);

/* Takes note over, which has no "note" yet.  -1 with EXIT_LOCAL. */
int notes_add(struct notes *n, const char *step, ndjson *note, struct error *e);

#endif
