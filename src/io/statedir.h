/*
 * statedir.h: the folder for what the programs remember between runs:
 * ${TP_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/tp}.
 */
#ifndef TP_IO_STATEDIR_H
#define TP_IO_STATEDIR_H

#include "base/error.h"

enum { STATEDIR_SHOWN = 256 };

/*
 * Opens it, and makes it (0700, and what is missing above it) if it is not
 * there.  Returns a descriptor to open files below, so that it cannot be
 * exchanged after it was checked: it is a folder and no symbolic link, belongs
 * to the user, and no one else can write to it.  shown becomes its name,
 * escaped for messages.  -1 with EXIT_USAGE.
 */
int statedir_open(char shown[STATEDIR_SHOWN], struct error *e);

/* The same, and makes nothing.  STATEDIR_NONE: it is not there, and can be
 * made. */
enum { STATEDIR_NONE = -2 };
int statedir_look(char shown[STATEDIR_SHOWN], struct error *e);

#endif
