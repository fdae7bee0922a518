/* command.h: commands to show to a person, who may paste them into a shell. */
#ifndef TP_TARGET_COMMAND_H
#define TP_TARGET_COMMAND_H

#include <stddef.h>

/* Appends option and word, as one word for a shell, to the text in to. */
void command_add(char *to, size_t size, const char *option, const char *word);

#endif
