/*
 * command.h: a command that is run while the sandbox serves.
 */
#ifndef TP_SANDBOX_COMMAND_H
#define TP_SANDBOX_COMMAND_H

#include "base/error.h"
#include "sandbox/server.h"

/*
 * Runs argv, found as the shell finds it, with TP_ENDPOINT set to the address,
 * TP_CLIENT to "demo" unless it is set, and TP_CONTROL to the URL for changes
 * if there is one, and serves until it has ended.  What ends the sandbox ends
 * it too; but SIGINT, which a terminal sends to both.
 * *status: what it exits with, or 128 and the signal that killed it.  -1 with
 * EXIT_USAGE: it cannot be run.
 */
int command_run(char *const *argv, const struct edge *edge,
    struct server *server, int *status, struct error *e);

#endif
