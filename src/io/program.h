/*
 * program.h: how each program begins and ends.
 *
 *	program_begin; read the options with program_option; check the paths;
 *	program_open; and if nothing of that failed:
 *		do the work, with errors in p.error; p.code is what else the run
 *		came to;
 *		program_end;
 *	free what is the program's own; program_tell; return program_exit.
 */
#ifndef TP_IO_PROGRAM_H
#define TP_IO_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "base/ndjson.h"
#include "base/options.h"
#include "io/output.h"
#include "io/summary.h"

struct program {
	const struct options_program *about;
	struct options_common common;
	char **files; /* the operands, once all options were read */
	size_t n_files;
	struct output out; /* standard output */
	struct summary summary;
	enum exit_code code; /* what the run came to, but for errors */
	struct error error;  /* what ended the run */
	struct error late;   /* what went wrong when that was wound up */
};

/* Before anything else.  -1: no standard streams. */
int program_begin(struct program *p, const struct options_program *about);

/* As options_next; what is wrong is in p->error.  At the end p->files is
 * set. */
int program_option(struct program *p, int argc, char **argv, const char **arg);

/* After the options: signals, standard output, the summary's file.  -1. */
int program_open(struct program *p);

/* The worst of what the run came to, so far. */
enum exit_code program_code(const struct program *p);

/*
 * Flushes, writes the summary, seals what was written and has so many rows (if
 * all went well, and a seal was begun), and closes.  Takes over counts.  After
 * a usage error nothing of that is done.  That standard output fails is told
 * once.
 */
void program_end(
    struct program *p, ndjson *counts, enum seal_form form, uint64_t rows);

/* Leaves nothing half written behind, and says what went wrong.  A filter whose
 * reader has gone dies here. */
void program_tell(struct program *p);

/* Dies of the signal that came, or returns the exit code. */
int program_exit(const struct program *p);

#endif
