/* command.h: commands to show to a person, who may paste them into a shell. */
#ifndef TP_TARGET_COMMAND_H
#define TP_TARGET_COMMAND_H

#include <stddef.h>

/* Room for a path, whatever its PATH_MAX (4096) bytes are, and for a command
 * with three of them. */
enum { COMMAND_WORD = 4 * 4096 + 16, COMMAND_SIZE = 4 * COMMAND_WORD };

/* Appends option and word, as one word for a shell, to the text in to.  Control
 * characters and the like are escaped as in escape.h, and not for the shell. */
void command_add(char *to, size_t size, const char *option, const char *word);

#endif
