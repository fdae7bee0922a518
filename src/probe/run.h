/*
 * run.h: the steps of tp-probe, one after another.
 */
#ifndef TP_PROBE_RUN_H
#define TP_PROBE_RUN_H

#include "probe/step.h"

/*
 * What a run may take: a batch is asked about so often at most.  The service
 * promises no time in which one is complete; people report 5 minutes.
 */
enum { RUN_POLLS = 22, RUN_POLL_LONGEST = 30 /* seconds */ };

/* Begins, or goes on with, what the notes are of.  -1 with EXIT_USAGE: another
 * client's or endpoint's. */
int probe_open(struct probe *p, struct error *e);
void probe_close(struct probe *p);

/* All steps.  0: everything that can be known is noted; 1: a signal came; -1:
 * e says why it cannot go on now (EXIT_TEMPORARY) or at all. */
int probe_run(struct probe *p, struct error *e);

#endif
