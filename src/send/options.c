#include "send/options.h"

#include <string.h>
#include "api/retry.h"
#include "send/halving.h"
#include "send/settings.h"

void
send_options_init(struct send_options *o)
{
	memset(o, 0, sizeof(*o));
	o->api = ENDPOINT_V2;
	o->jobs = 1;
	o->retries = RETRY_TIMES;
	o->retry_delay = RETRY_FIRST;
	o->bisect_calls = HALVING_CALLS;
}

static int
take_api(struct send_options *o, const char *arg, struct error *e)
{
	if (endpoint_api_find(arg, &o->api) == 0)
		return 0;
	return strcmp(arg, "v3") == 0
		   ? error_set(e, EXIT_USAGE,
			 "--api v3: Adobe has announced version 3 of the API, "
			 "but not released it; use v2 or v1")
		   : options_bad(e, "api", arg, "v1 or v2");
}

int
send_options_take(
    struct send_options *o, int key, const char *arg, struct error *e)
{
	o->watches |= key == SEND_KEY_OPEN || key == SEND_KEY_INTERVAL ||
		      key == SEND_KEY_DEADLINE;
	switch (key) {
	case SEND_KEY_API:
		return take_api(o, arg, e);
	case SEND_KEY_JOBS:
		return options_number(
		    "jobs", arg, 1, SEND_JOBS_MAX, &o->jobs, e);
	case SEND_KEY_RETRIES:
		return options_number("retries", arg, 0, 100, &o->retries, e);
	case SEND_KEY_RETRY_DELAY:
		o->retry_given = true;
		return options_seconds(
		    "retry-delay", arg, 0, RETRY_LONGEST, &o->retry_delay, e);
	case SEND_KEY_FAILED:
		o->failed = arg;
		return 0;
	case SEND_KEY_JOURNAL:
		o->journal = arg;
		return 0;
	case SEND_KEY_ROWS:
		o->rows = arg;
		return 0;
	case SEND_KEY_BISECT_CALLS:
		return options_number("bisect-calls", arg, 0, HALVING_CALLS_MAX,
		    &o->bisect_calls, e);
	case SEND_KEY_NO_BISECT:
		o->bisect_calls = 0;
		return 0;
	case SEND_KEY_OUTCOMES:
		o->outcomes = arg;
		return 0;
	case SEND_KEY_OPEN:
		return options_number("open", arg, 1, 1000, &o->open, e);
	case SEND_KEY_INTERVAL:
		return options_seconds(
		    "interval", arg, 0, 3600, &o->interval, e);
	case SEND_KEY_DEADLINE:
		return options_seconds(
		    "deadline", arg, 1, 7 * 86400, &o->deadline, e);
	case SEND_KEY_DRY_RUN:
		o->dry_run = true;
		return 0;
	default:
		return 1;
	}
}

int
send_options_check(const struct send_options *o, struct error *e)
{
	if (o->watches && o->outcomes == NULL)
		return error_set(e, EXIT_USAGE,
		    "--open, --interval and --deadline are about what "
		    "--outcomes FILE asks for; give that too");
	if (o->rows != NULL && o->journal == NULL)
		return error_set(e, EXIT_USAGE,
		    "the file of --rows belongs to a journal; give --journal "
		    "FILE too");
	return 0;
}
