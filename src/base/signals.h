/*
 * signals.h: the handlers only set a flag; the program ends in its own time
 * and then dies of the signal, so that its parent sees why.
 *
 * A flag alone would leave a window: a signal that comes between the look at
 * it and the call that blocks would be seen when that call returns, which may
 * be never.  So the handler also writes a byte to a pipe that nobody reads.
 * From then on the other end is readable, for each thread and for good; what
 * can block waits for it too (base/wait.h).
 */
#ifndef TP_BASE_SIGNALS_H
#define TP_BASE_SIGNALS_H

#include <stdbool.h>
#include "base/error.h"

/* Seconds that what is in flight gets after a signal. */
enum { SIGNALS_GRACE = 10 };

/*
 * Catches SIGINT, SIGTERM and SIGHUP, unless they were ignored when the
 * program began (nohup).  System calls are interrupted, not restarted.
 * SIGPIPE and SIGXFSZ are ignored: a write says EPIPE or EFBIG instead.
 *
 * To be called once, before there are threads, and when the options have been
 * read: until then a signal kills as usual.  -1 with EXIT_LOCAL: there is no
 * descriptor left for the pipe.
 */
int signals_catch(struct error *e);

/* The first signal that came, or 0.  From any thread. */
int signals_pending(void);

/* A descriptor that is readable once a signal has come; -1: none is caught. */
int signals_fd(void);

/* A signal came more than SIGNALS_GRACE seconds ago.  The argument is not
 * used: this is a `stop` of what can wait. */
bool signals_overdue(void *unused);

/* A signal came: a `stop`, too, for what does not take NULL for it. */
bool signals_came(void *unused);

/* What a wait that a signal has ended leaves: -1 with EXIT_LOCAL. */
int signals_interrupt(struct error *e);

/*
 * What a filter does when its reader has gone: dies of SIGPIPE.  Returns
 * only if SIGPIPE was already ignored when the program began.
 */
void signals_die_of_pipe(void);

/* Dies of the signal that came, if one came. */
void signals_die_if_pending(void);

/* What a shell will say of a program that ends with that code, unless it dies
 * of the signal that came, or, if its reader has gone (broken), of SIGPIPE. */
int signals_status(enum exit_code code, bool broken);

#endif
