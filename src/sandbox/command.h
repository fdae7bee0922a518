/*
 * command.h: a command that is run while the sandbox serves.
 */
#ifndef TP_SANDBOX_COMMAND_H
#define TP_SANDBOX_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/error.h"

struct command {
	pid_t pid;
	bool told; /* that the sandbox was told to end */
	int status;
};

/*
 * Runs argv, found as the shell finds it, with TP_ENDPOINT set to the address,
 * and TP_CLIENT to "demo" unless it is set.  -1 with EXIT_USAGE: it cannot be
 * run.
 */
int command_start(
    struct command *c, char *const *argv, const char *address, struct error *e);

/* Whether it has ended; command is a struct command.  What ends the sandbox
 * ends it too; but SIGINT, which a terminal sends to both. */
bool command_ended(void *command);

/* Then: its exit status, or 128 and the signal that killed it. */
int command_status(const struct command *c);

#endif
