/*
 * document.h: the attributes of one profile, as the store keeps them: an array
 * of JSON with
 *
 *	[NAME,"VALUE",MODIFIED,LOOSE,BYTES]
 *
 * for each, so that SQLite's JSON functions can read it.  NAME is the number
 * that store_name gives, MODIFIED is in milliseconds since 1970, LOOSE is 1 if
 * a version 2 update has set it and no page visit has come since, and BYTES is
 * what name and value count for in DOCUMENT_MAX.
 */
#ifndef TP_SANDBOX_DOCUMENT_H
#define TP_SANDBOX_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"

/*
 * What a profile may hold, names and values together: Target limits, "64 KB
 * of external data".  KB or KiB is not said: the smaller.
 */
#define DOCUMENT_MAX 64000

struct document {
	struct buffer attributes; /* struct attribute */
	struct buffer text;	  /* their values */
	struct buffer places;	  /* uint32_t: where a name was last put */
	size_t bytes;		  /* as for DOCUMENT_MAX */
};

/* The name of an attribute: its number, from 1 on, and its bytes. */
struct document_name {
	int64_t number;
	size_t n;
};

void document_init(struct document *d);
void document_free(struct document *d);

/* Holds nothing. */
void document_clear(struct document *d);

/* All of these return -1 without memory.  Loading says 1 if the text is not
 * what document_write gives. */
int document_load(struct document *d, const char *text, size_t n);
int document_write(const struct document *d, struct buffer *out);

/* value is UTF-8 without NUL. */
int document_set(struct document *d, const struct document_name *name,
    const char *value, size_t n, int64_t modified, bool loose);

/* A page visit: nothing is loose any more. */
void document_tie(struct document *d);
/* Drops what is loose. */
void document_drop_loose(struct document *d);

/* Drops the oldest attributes until the rest comes to DOCUMENT_MAX at most; of
 * equally old ones those whose names were seen first.  Returns how many. */
uint64_t document_fit(struct document *d);

#endif
