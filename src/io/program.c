#include "io/program.h"

#include <string.h>
#include <unistd.h>
#include "base/diag.h"
#include "base/safety.h"
#include "base/signals.h"
#include "base/sys.h"

int
program_begin(struct program *p, const struct options_program *about)
{
	memset(p, 0, sizeof(*p));
	p->about = about;
	p->out.fd = -1;
	p->summary.file.out.fd = -1;
	diag_init(about->name);
	if (sys_guard_standard() == 0)
		return 0;
	return error_set(&p->error, EXIT_LOCAL,
	    "cannot open /dev/null for a standard stream that is closed");
}

int
program_option(struct program *p, int argc, char **argv, const char **arg)
{
	int key =
	    options_next(p->about, argc, argv, &p->common, arg, &p->error);

	p->files = argv + optind;
	p->n_files = (size_t)(argc - optind);
	return key;
}

int
program_open(struct program *p)
{
	struct error *e = &p->error;

	if (signals_catch(e) != 0 ||
	    output_open(&p->out, STDOUT_FILENO, "standard output", e) != 0)
		return -1;
	return summary_open(&p->summary, p->common.summary, e);
}

enum exit_code
program_code(const struct program *p)
{
	return exit_worse(p->code, exit_worse(p->error.code, p->late.code));
}

/* What a shell will say, as far as is known. */
static int
foresee(const struct program *p)
{
	return signals_status(
	    program_code(p), p->about->filter && p->out.broken);
}

void
program_end(
    struct program *p, ndjson *counts, enum seal_form form, uint64_t rows)
{
	/* Nothing was done. */
	if (p->error.code == EXIT_USAGE) {
		ndjson_free(counts);
		return;
	}
	if (!p->out.failed)
		(void)output_flush(&p->out,
		    p->error.code == EXIT_COMPLETE ? &p->error : &p->late);
	(void)summary_write(&p->summary, counts, foresee(p), &p->late);
	/* Last of all, when nothing can fail any more but itself. */
	if (SAFETY("seal-only-at-success", program_code(p) <= EXIT_REJECTED,
		true) &&
	    SAFETY("seal-not-at-a-signal", signals_pending() == 0, true))
		(void)output_seal(&p->out, form, rows, &p->error);
	/* That it failed before is what ended the run. */
	(void)output_close(&p->out, p->out.failed ? &p->error : &p->late);
	summary_confirm(&p->summary, foresee(p));
}

void
program_tell(struct program *p)
{
	output_abandon(&p->out);
	summary_discard(&p->summary);
	if (p->about->filter && p->out.broken && signals_pending() == 0)
		signals_die_of_pipe();
	if (p->error.code != EXIT_COMPLETE)
		diag_error(&p->error);
	if (p->late.code != EXIT_COMPLETE)
		diag_error(&p->late);
}

int
program_exit(const struct program *p)
{
	signals_die_if_pending();
	return (int)program_code(p);
}
