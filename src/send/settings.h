/* settings.h: what a run of tp-send works with; by its options. */
#ifndef TP_SEND_SETTINGS_H
#define TP_SEND_SETTINGS_H

#include "api/endpoint.h"
#include "api/http.h"
#include "api/retry.h"
#include "api/token.h"
#include "pace/pace.h"
#include "record/failed.h"
#include "record/journal.h"
#include "record/rowfile.h"

/* People see no gain beyond about 5 uploads at once. */
enum { SEND_JOBS_MAX = 16 };

/*
 * How many batches may be accepted and without an outcome; all NULL: any.  Both
 * from any thread.
 */
struct send_window {
	/* May another one be sent?  Waits until it may.  1: stop said to give
	 * up; -1: the run is to stop, as e says. */
	int (*enter)(void *arg, void **ticket, bool (*stop)(void *arg),
	    void *stop_arg, struct error *e);
	/* What came of the one that has that ticket; NULL: it is an earlier
	 * run's. */
	void (*settled)(void *arg, void *ticket, const struct receipt *r);
	void *arg;
};

struct send_settings {
	const struct endpoint *endpoint;
	struct bearer *bearer; /* or NULL */
	struct http_settings http;
	struct pace *pace;
	struct failed *failed;
	struct journal *journal; /* or NULL */
	struct rowfile *rows;	 /* or NULL; only with a journal */
	unsigned jobs;		 /* 1 to SEND_JOBS_MAX */
	unsigned halving; /* calls for a batch that is refused; 0: none */
	unsigned retries;
	struct retry retry; /* but for the seed */
	struct send_window window;
};

#endif
