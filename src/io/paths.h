/*
 * paths.h: no file that a run writes may be one that it reads, or that it
 * writes for something else too: the one would take the other's place.
 */
#ifndef TP_IO_PATHS_H
#define TP_IO_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

enum path_kind {
	PATH_READ,
	PATH_WRITTEN, /* as outfile.h writes: /dev/stdout is possible */
	PATH_KEPT     /* stays, and is added to: a regular file only */
};

struct path_use {
	const char *option; /* without "--" */
	const char *path;   /* NULL: it was not given */
	enum path_kind kind;
};

/*
 * Compares n uses, standard output, and the inputs (count 0: stdin, as is
 * "-"; NULL: there are none), before any is opened.  Files that do not exist
 * yet are compared by folder and name; pipes and devices not at all, nor what
 * is written by the name of an open descriptor, such as /dev/stderr.  -1 with
 * EXIT_USAGE if two of them, of which one is written, are the same file, or if
 * one that is to be written has the empty name, or "-", which makes a file of
 * that name where standard output was meant.
 */
int paths_check(const struct path_use *use, size_t n, char *const *inputs,
    size_t count, struct error *e);

/*
 * That none of n uses goes to standard output, by "-" or a name such as
 * /dev/stdout: what goes there ("records") must not be mixed with anything.
 * -1 with EXIT_USAGE.
 */
int paths_spare_output(
    const struct path_use *use, size_t n, const char *what, struct error *e);

/* Is it, there or not yet, right below that folder, which must exist? */
bool paths_in_folder(const char *path, const char *folder);

#endif
