/* command.h: commands to show to a person, who may paste them into a shell. */
#ifndef TP_BASE_SHELLWORD_H
#define TP_BASE_SHELLWORD_H

#include <stddef.h>

/* Room for a path, whatever its PATH_MAX (4096) bytes are, and for a command
 * with three of them. */
enum { SHELLWORD_ROOM = 4 * 4096 + 16, SHELLWORD_COMMAND = 4 * SHELLWORD_ROOM };

/* Appends option and word, as one word for a shell, to the text in to.  Control
 * characters and the like are escaped as in escape.h, and not for the shell. */
void shellword_add(char *to, size_t size, const char *option, const char *word);

#endif
