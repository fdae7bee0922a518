/*
 * signals.h: the handlers only set a flag; the program ends in its own time
 * and then dies of the signal, so that its parent sees why.
 */
#ifndef TP_BASE_SIGNALS_H
#define TP_BASE_SIGNALS_H

#include <stdbool.h>
#include "base/exit.h"

/*
 * Catches SIGINT, SIGTERM and SIGHUP, unless they were ignored when the
 * program began (nohup).  System calls are interrupted, not restarted.
 * SIGPIPE and SIGXFSZ are ignored: a write says EPIPE or EFBIG instead.
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

/* What a shell will say of a program that ends with that code, unless it dies
 * of the signal that came, or, if its reader has gone (broken), of SIGPIPE. */
int signals_status(enum exit_code code, bool broken);

#endif
