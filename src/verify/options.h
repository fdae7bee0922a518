/*
 * options.h: the options of tp-verify alone.
 */
#ifndef TP_VERIFY_OPTIONS_H
#define TP_VERIFY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "api/endpoint.h"
#include "base/error.h"
#include "base/options.h"

struct verify_options {
	const char *receipts, *outcomes, *missing; /* or NULL */
	uint64_t sample; /* identifiers; SIZE_MAX: all */
	uint64_t seed, after, fetch_rate;
	bool all, sample_given, seed_given, after_given, encoded_twice;
};

/* Keys, and the table for --help. */
enum {
	VERIFY_KEY_RECEIPTS = OPTION_LONG,
	VERIFY_KEY_OUTCOMES,
	VERIFY_KEY_SAMPLE,
	VERIFY_KEY_ALL,
	VERIFY_KEY_SEED,
	VERIFY_KEY_AFTER,
	VERIFY_KEY_FETCH_RATE,
	VERIFY_KEY_MISSING,
	VERIFY_KEY_ENCODED_TWICE
};
/* clang-format off */
#define VERIFY_OPTION_ENTRIES \
	{VERIFY_KEY_RECEIPTS, "receipts", "FILE", \
	    "what tp-send wrote, or its journal"}, \
	{VERIFY_KEY_OUTCOMES, "outcomes", "FILE", \
	    "what tp-status or tp-send --outcomes wrote"}, \
	{VERIFY_KEY_SAMPLE, "sample", "N", "fetch the profiles of N ids (3000)"}, \
	{VERIFY_KEY_ALL, "all", NULL, "fetch the profiles of all ids"}, \
	{VERIFY_KEY_SEED, "seed", "N", "choose the same ids again"}, \
	{VERIFY_KEY_AFTER, "after", "TIME", "wait so long since acceptance (1h)"}, \
	{VERIFY_KEY_FETCH_RATE, "fetch-rate", "N", \
	    "fetch N profiles a minute (600)"}, \
	{VERIFY_KEY_MISSING, "missing", "FILE", \
	    "write ids that were not kept, a CSV"}, \
	{VERIFY_KEY_ENCODED_TWICE, "encoded-twice", NULL, \
	    "the batches are of tp-split --encode-twice"}
/* clang-format on */

void verify_options_init(struct verify_options *o);

/* 1: it is none of these keys; -1: with EXIT_USAGE. */
int verify_options_take(
    struct verify_options *o, int key, const char *arg, struct error *e);

/* When all were taken; what follows from the endpoint is set. */
int verify_options_check(
    struct verify_options *o, const struct endpoint *ep, struct error *e);

#endif
