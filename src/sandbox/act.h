/*
 * act.h: what each route does, and what is said of it.
 */
#ifndef TP_SANDBOX_ACT_H
#define TP_SANDBOX_ACT_H

#include "sandbox/call.h"

/* Does what was asked for, or says why not.  a->body has ANSWER_SMALL bytes of
 * room. */
void act_on(struct call *c, struct call_answer *a);

/* Says that there was no memory, or no room, for what was asked. */
void act_lost(struct call *c, struct call_answer *a);

#endif
