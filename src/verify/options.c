#include "verify/options.h"

#include <string.h>
#include "api/profile.h"
#include "pace/pace.h"

/*
 * No miss among 3,000 bounds the loss at 0.1% with 95% confidence: as much as
 * the service allows itself.  It takes a million fetches in 24 hours, 694 a
 * minute ("Profile fetch").
 */
enum { SAMPLE = 3000, SAMPLE_MAX = 1000000, FETCH_RATE = 600 };

void
verify_options_init(struct verify_options *o)
{
	memset(o, 0, sizeof(*o));
	o->sample = SAMPLE;
	o->fetch_rate = FETCH_RATE;
}

int
verify_options_take(
    struct verify_options *o, int key, const char *arg, struct error *e)
{
	switch (key) {
	case VERIFY_KEY_RECEIPTS:
		o->receipts = arg;
		return 0;
	case VERIFY_KEY_OUTCOMES:
		o->outcomes = arg;
		return 0;
	case VERIFY_KEY_SAMPLE:
		o->sample_given = true;
		return options_number(
		    "sample", arg, 1, SAMPLE_MAX, &o->sample, e);
	case VERIFY_KEY_ALL:
		o->all = true;
		return 0;
	case VERIFY_KEY_SEED:
		o->seed_given = true;
		return options_number("seed", arg, 0, UINT64_MAX, &o->seed, e);
	case VERIFY_KEY_AFTER:
		o->after_given = true;
		return options_seconds("after", arg, 0, 86400, &o->after, e);
	case VERIFY_KEY_FETCH_RATE:
		return options_number(
		    "fetch-rate", arg, 1, PACE_MAX, &o->fetch_rate, e);
	case VERIFY_KEY_MISSING:
		o->missing = arg;
		return 0;
	case VERIFY_KEY_ENCODED_TWICE:
		o->encoded_twice = true;
		return 0;
	default:
		return 1;
	}
}

int
verify_options_check(
    struct verify_options *o, const struct endpoint *ep, struct error *e)
{
	if (o->receipts == NULL && o->outcomes == NULL)
		return error_set(e, EXIT_USAGE,
		    "give --receipts FILE, what tp-send wrote, or --outcomes "
		    "FILE: they say which batches were accepted");
	if (o->all && o->sample_given)
		return error_set(
		    e, EXIT_USAGE, "--all and --sample: give one of them");
	if (o->all)
		o->sample = SIZE_MAX;
	if (!o->after_given)
		o->after = profile_shows(ep);
	return 0;
}
