/*
 * window.h: the part of an input that is in memory: text is read behind
 * `end` and given out from `pos` on.
 *
 * It holds WINDOW_SIZE bytes and grows only for a record that does not fit.
 */
#ifndef TP_CSV_WINDOW_H
#define TP_CSV_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "io/input.h"

/* Large enough for few reads, small enough for the second-level cache. */
#define WINDOW_SIZE ((size_t)256 * 1024)

struct csv_window {
	char *text; /* owned */
	size_t size;
	size_t pos, end;
	bool first;	   /* no whole line was read yet but blank ones */
	bool eof;	   /* all was read, and the last line has its ending */
	bool crlf;	   /* the first line that is not blank ends in CR LF */
	bool unterminated; /* the last line had no line ending */
	struct input *in;
	uint64_t bytes; /* read, over all inputs */
};

/* -1: no memory. */
int csv_window_init(struct csv_window *w);
void csv_window_free(struct csv_window *w);
void csv_window_start(struct csv_window *w, struct input *in);

/*
 * Reads more behind end: 1, 0 if there is no more, -1.  The text may move to
 * the front of the window: pos is 0 then.  At the end of the input a last
 * line without line ending is given that of the first that is not blank.
 */
int csv_window_fill(struct csv_window *w, struct error *e);

#endif
