/*
 * console.h: standard error, such that it cannot keep a program that was told
 * to end.
 *
 * Nobody may be reading it: the pipe is full, or the terminal was stopped
 * (Ctrl-S).  Then a write waits, as anywhere.  But once a signal has come all
 * writes together wait no longer than a second, and what is not written by
 * then is dropped: the program has to end.  A write that fails is ignored, as
 * there is nobody to tell.
 *
 * Any thread may call these, with any lock held.
 */
#ifndef TP_BASE_CONSOLE_H
#define TP_BASE_CONSOLE_H

#include <stddef.h>

/* All of it.  Lines of at most PIPE_BUF bytes are one write. */
void console_write(const char *text, size_t n);

/* If it can be written at once; else it is dropped. */
void console_try(const char *text, size_t n);

#endif
