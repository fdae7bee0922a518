/*
 * outfile.h: a file that appears whole or not at all.
 *
 * It is written under a temporary name beside its own, with mode 0600, and
 * takes its name by rename when it is committed, after fsync; a symbolic link
 * at its name is replaced, never followed.  Only a path that already is
 * something else than a regular file (a pipe, /dev/null), or that names an
 * open descriptor (/dev/stderr, /dev/fd/63), is written in place: at its end,
 * or where a descriptor of a regular file stands.
 */
#ifndef TP_IO_OUTFILE_H
#define TP_IO_OUTFILE_H

#include <stdbool.h>
#include "base/error.h"
#include "io/output.h"

struct outfile {
	struct output out; /* write here */
	char *path;	   /* owned */
	char *temporary;   /* owned; NULL: written in place */
};

/* -1 with EXIT_USAGE if it cannot be made: nothing was done yet.
 * EXIT_LOCAL: for want of memory. */
int outfile_open(struct outfile *f, const char *path, struct error *e);

/*
 * Takes back what was written behind its first n bytes.  What is written in
 * place, and has left the buffer, stays.
 */
void outfile_take_back(struct outfile *f, uint64_t n);

/* Makes it appear.  On -1 it does not, and what was written is removed. */
int outfile_commit(struct outfile *f, struct error *e);

/* Removes what was written.  Does nothing after a commit. */
void outfile_discard(struct outfile *f);

/* Could a file of that name be made?  As far as can be seen without making
 * any.  -1 with EXIT_USAGE. */
int outfile_look(const char *path, struct error *e);

/* The open descriptor that a path such as /dev/stderr is a name of; -1: it is
 * none. */
int outfile_descriptor(const char *path);

/* fsyncs the folder that holds path, so that a new name in it survives. */
int outfile_sync_folder(const char *path, struct error *e);

#endif
