/*
 * signals.h: the handlers only set a flag; the program ends in its own time
 * and then dies of the signal, so that its parent sees why.
 */
#ifndef TP_BASE_SIGNALS_H
#define TP_BASE_SIGNALS_H

/*
 * Catches SIGINT, SIGTERM and SIGHUP, unless they were ignored when the
 * program began (nohup).  System calls are interrupted, not restarted.
 * SIGPIPE is ignored: a write says EPIPE instead.
 */
void signals_catch(void);

/* The signal that came, or 0. */
int signals_pending(void);

/*
 * What a filter does when its reader has gone: dies of SIGPIPE.  Returns
 * only if SIGPIPE was already ignored when the program began.
 */
void signals_die_of_pipe(void);

/* Dies of the signal that came, if one came. */
void signals_die_if_pending(void);

#endif
