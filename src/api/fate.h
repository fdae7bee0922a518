/*
 * fate.h: what one attempt to send a batch, or a part of it, came to, and all
 * that follows from it: one table, in fate.c.
 *
 * Nothing else asks an HTTP status what it means.  A new answer of the service
 * is a row there.
 */
#ifndef TP_API_FATE_H
#define TP_API_FATE_H

#include <stdbool.h>
#include "api/http.h"
#include "base/exit.h"

/* What a receipt says. */
enum receipt_state {
	RECEIPT_ACCEPTED, /* the service took it */
	RECEIPT_REFUSED,  /* the service answered, and did not */
	RECEIPT_FAILED,	  /* it never got there, or was not sent at all */
	RECEIPT_UNKNOWN,  /* it was sent, and no usable answer came */
	RECEIPT_INVALID,  /* it does not comply, and was not sent */
	RECEIPT_SKIPPED	  /* the journal says it was accepted before */
};
enum { RECEIPT_STATES = RECEIPT_SKIPPED + 1 };

enum fate {
	/* An answer of the service. */
	FATE_ACCEPTED,
	FATE_NOT_SUCCESS, /* <success> is false */
	FATE_TOO_LARGE,
	FATE_NOT_FOUND,
	FATE_REFUSED, /* in another way, by its status */
	FATE_DENIED,  /* for the credentials */
	FATE_BUSY,    /* too many calls */
	FATE_TEMPORARY,
	FATE_GATEWAY,	 /* a gateway answers, which may have passed it on */
	FATE_UNREADABLE, /* success, but the body cannot be read */
	/* None. */
	FATE_UNTRUSTED,	  /* the server's certificate does not verify */
	FATE_UNANSWERED,  /* it was sent, at least in part */
	FATE_UNREACHED,	  /* nothing of it was sent */
	FATE_INTERRUPTED, /* cut off from here, when some of it was sent … */
	FATE_STOPPED,	  /* … or nothing */
	FATE_BROKEN,	  /* by this machine, when some of it was sent … */
	FATE_LOCAL,	  /* … or nothing */
	/* No attempt was made. */
	FATE_NOT_SENT,	/* the run had stopped */
	FATE_NOT_APART, /* refused with its batch; no calls left for the part */
	FATE_INVALID	/* it does not comply */
};
enum { FATES = FATE_INVALID + 1 };

struct fate_rule {
	const char *name;	  /* "too-large": "reason" in receipts */
	enum receipt_state state; /* of the batch, by this attempt alone */
	bool divisible;		  /* parts of it may be taken */
	bool again;		  /* the same bytes are sent again, now … */
	bool later;		  /* … and by the next run with its journal */
	bool stops;	     /* the run: all others would be refused, too */
	enum exit_code code; /* of a run, if nothing worse comes */
};

const struct fate_rule *fate_rule(enum fate fate);

/* By its name; -1: text is none (NULL is none). */
int fate_find(const char *text, enum fate *fate);

/*
 * What the end of a request and its status say.  FATE_ACCEPTED: a whole answer
 * of success, so its body has to tell.
 */
enum fate fate_of_answer(const struct http_answer *a);

/* Of a line that an older version wrote, without a reason. */
enum fate fate_of_old(enum receipt_state state, int http);

/*
 * What all attempts at one part come to, the last of which had that fate.
 * doubt: an earlier one, of this run or any, may have brought it to the
 * service: no refusal takes that back, only success.
 */
enum receipt_state fate_state(enum fate last, bool doubt);

/* What a receipt with that state and reason makes a run exit with. */
enum exit_code fate_code(enum receipt_state state, enum fate fate);

/* Refused for good: the next run with its journal does not ask again. */
bool fate_is_final(enum receipt_state state, enum fate fate);

/* Refused, as all others would be: by the credentials or the certificate. */
bool fate_is_denial(enum receipt_state state, enum fate fate);

#endif
