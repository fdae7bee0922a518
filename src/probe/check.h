/*
 * check.h: one call that changes nothing, and what its answer proves of the
 * host, its certificate, the client code and the token.
 */
#ifndef TP_PROBE_CHECK_H
#define TP_PROBE_CHECK_H

#include <stdbool.h>
#include "api/profile.h"
#include "api/service.h"
#include "base/error.h"

enum check_subject { CHECK_HOST, CHECK_CERTIFICATE, CHECK_CLIENT, CHECK_TOKEN };
enum { CHECK_SUBJECTS = CHECK_TOKEN + 1 };

enum check_verdict {
	CHECK_RIGHT,	/* the answer proves it */
	CHECK_UNPROVEN, /* nothing speaks against it */
	CHECK_WRONG,	/* the answer speaks against it, or there was none */
	CHECK_UNKNOWN	/* something else was wrong before */
};

struct check_finding {
	enum check_verdict verdict;
	char text[1024]; /* why, and what to do; escaped */
};

struct check {
	char url[PROFILE_URL]; /* that was asked for */
	struct check_finding of[CHECK_SUBJECTS];
	enum exit_code code; /* COMPLETE, UNREACHABLE or SERVICE */
};

/* "certificate"; "unproven" */
const char *check_subject_name(enum check_subject subject);
const char *check_verdict_name(enum check_verdict verdict);

/*
 * Fetches the profile of an id that no visitor has.  service_prepare came
 * before.  0: *c says what came of it; -1: trouble on this machine; 1: a signal
 * came.
 */
int check_run(struct check *c, struct service *s, struct error *e);

#endif
