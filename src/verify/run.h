/*
 * run.h: fetches the profiles of a sample, and compares them.
 */
#ifndef TP_VERIFY_RUN_H
#define TP_VERIFY_RUN_H

#include "api/service.h"
#include "verify/report.h"
#include "verify/sample.h"

struct verify_run {
	struct service *service; /* prepared */
	const struct sample *sample;
	bool third;	  /* their identifiers are thirdPartyIds */
	unsigned rate;	  /* fetches a minute */
	bool show_values; /* in the report */
	struct report *report;

	bool read; /* one was an answer about a profile */
};

/* All n rows.  0; 1: a signal came; -1: e says why it cannot go on
 * (EXIT_TEMPORARY, EXIT_SERVICE, EXIT_LOCAL). */
int verify_run(struct verify_run *v, const struct sample_row *rows, size_t n,
    struct error *e);

#endif
