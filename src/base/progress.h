/*
 * progress.h: one line on stderr that is drawn over and over, and gone at
 * the end; by default only if stderr is a terminal.  When stderr takes nothing
 * at the moment, a line is left out.  Once started, any thread may call these.
 */
#ifndef TP_BASE_PROGRESS_H
#define TP_BASE_PROGRESS_H

#include <stdint.h>

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

/* one and many name what is counted: "record", "records". */
void progress_start(enum progress_mode mode, const char *one, const char *many);

/* Draws at most twice a second; costs next to nothing otherwise.
 * bytes 0: only the units. */
void progress_show(uint64_t units, uint64_t bytes);

/* Clears the line, so that a message can be printed.  From any thread. */
void progress_end(void);

#endif
