/*
 * paths.h: no file that a run writes may be one that it reads, or that it
 * writes for something else too: the one would take the other's place.
 */
#ifndef TP_BASE_PATHS_H
#define TP_BASE_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

struct path_use {
	const char *option; /* without "--" */
	const char *path;   /* NULL: it was not given */
	bool written;
};

/*
 * Compares n uses, standard output, and the inputs (count 0: stdin, as is
 * "-"; NULL: there are none), before any is opened.  Files that do not exist
 * yet are compared by folder and name; pipes and devices not at all, nor uses
 * with the name of an open descriptor, such as /dev/stderr.  -1 with
 * EXIT_USAGE if two of them, of which one is written, are the same file, or if
 * one that is to be written has the empty name.
 */
int paths_check(const struct path_use *use, size_t n, char *const *inputs,
    size_t count, struct error *e);

/* Is it, there or not yet, right below that folder, which must exist? */
bool paths_in_folder(const char *path, const char *folder);

#endif
