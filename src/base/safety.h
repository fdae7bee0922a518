/*
 * safety.h: marks what keeps data from being lost, doubled or misjudged, so
 * that a test can take it away and see that another test notices.
 *
 *	if (SAFETY("journal-version", version > NEWEST, false))
 *
 * is the first expression.  In a build with --enable-fault-hook it is the
 * second one if the variable SAFETY_OFF has that name.  tests/fault/bites has a
 * row for each name.
 */
#ifndef TP_BASE_SAFETY_H
#define TP_BASE_SAFETY_H

#include "config.h"

#ifdef TP_FAULT_HOOK
#include <stdbool.h>
bool safety_is_off(const char *name); /* in sys.c */
#define SAFETY(name, with, without) (safety_is_off(name) ? (without) : (with))
#else
#define SAFETY(name, with, without) (with)
#endif

#endif
