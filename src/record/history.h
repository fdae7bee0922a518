/*
 * history.h: what a journal (tp-journal(5)) tells, line by line; the one place
 * that reads and makes its lines.
 *
 * A line opens something, an attempt to send or the keeping of a batch in the
 * failed file, under the next number from 1; a later one closes it under the
 * same number.  What was not closed broke off.
 */
#ifndef TP_RECORD_HISTORY_H
#define TP_RECORD_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "api/endpoint.h"
#include "record/receipt.h"

/* Of the format: what is written, and the newest that is read. */
enum { HISTORY_VERSION = 1 };

/* The longest line. */
#define HISTORY_LINE ((size_t)64 * 1024)

enum history_line {
	HISTORY_HEADER,
	HISTORY_ATTEMPT,
	HISTORY_RESULT, /* closes an attempt */
	HISTORY_KEEP,
	HISTORY_KEPT, /* closes a keep: it is in the failed file, on disk */
	HISTORY_LINES
};

/* What was opened; some 130 bytes for each. */
struct history_entry {
	uint64_t batch, from, rows, bytes; /* as in struct receipt */
	uint64_t at; /* its last line's offset in the journal */
	char sha256[SHA256_HEX];
	uint32_t length; /* of that line, without its line feed */
	uint32_t line;	 /* its number, from 1 */
	uint16_t http;
	bool keep; /* or else an attempt */
	bool open;
	enum receipt_state state; /* of what is closed */
	uint32_t file;		  /* of a keep: in the files below */
};

/* A failed file. */
struct history_file {
	char *name;
	uint64_t kept; /* so many are there */
};

/* All zero: nothing was taken yet. */
struct history {
	uint64_t lines;
	uint64_t version; /* of the header; 0: none was there yet */
	char *endpoint, *client;
	enum endpoint_api api;
	struct history_entry *entries;
	size_t n, room;
	struct history_file *files; /* as they came */
	size_t n_files;
	uint32_t *order; /* of the entries: by batch, then as they came */
};

void history_free(struct history *h);

/* Is this a header, as far as it goes?  Is this whole line one? */
bool history_may_begin(const char *text, size_t n);
bool history_begins(const char *line, size_t n);

/*
 * Takes one line, without its line feed, that stands at that offset.  Of
 * HISTORY_RESULT and HISTORY_KEPT *r, if not NULL, becomes the receipt.  -1:
 * e says why (EXIT_INPUT: no journal, a newer one, damaged).
 */
int history_add(struct history *h, const char *line, size_t n, uint64_t at,
    enum history_line *kind, struct receipt *r, struct error *e);

/* When all lines are there; needed by all below.  -1: no memory. */
int history_sort(struct history *h, struct error *e);

/* What became of a batch, or a part of it, before; NULL: nothing of that. */
struct history_past {
	const struct history_entry *accepted, *refused;
	const struct history_entry *kept;    /* in the failed file, maybe as a
					      * part of something larger */
	const struct history_entry *keeping; /* maybe in the failed file */
	/* It was sent, perhaps, and no usable answer is there; whatever came
	 * of later attempts, if none was accepted. */
	const struct history_entry *doubt;
	/* An attempt of something larger that it is a part of: one that was
	 * accepted, or else one that is in doubt. */
	const struct history_entry *above;
	const struct history_entry *last; /* attempt */
};

void history_find(const struct history *h, uint64_t batch, uint64_t from,
    uint64_t rows, struct history_past *past);

/* An entry with the digest of the whole batch; NULL: it is not there, or was
 * not known. */
const struct history_entry *history_whole(
    const struct history *h, uint64_t batch);

/*
 * Is the entry, by its place, the last word on a batch or a part that is
 * neither accepted nor in the failed file, and of which not both halves were
 * sent or kept?  Of *r what is known is filled in: unknown, failed, or refused
 * and not yet dealt with.
 */
bool history_unsettled(const struct history *h, size_t i, struct receipt *r);

/* The number under which it was opened. */
uint64_t history_number(
    const struct history *h, const struct history_entry *entry);

/* The failed file of an entry that is a keep. */
const char *history_file(
    const struct history *h, const struct history_entry *entry);

/* The highest number of a batch; 0: none. */
uint64_t history_batches(const struct history *h);

/* What the header says of an endpoint. */
enum { HISTORY_ENDPOINT = 280 };
char *history_endpoint(const struct endpoint *ep, char out[HISTORY_ENDPOINT]);

/* Lines to write, which the caller frees; NULL: no memory. */
char *history_header(const struct endpoint *ep, size_t *n);
char *history_attempt(uint64_t number, const struct receipt *r, size_t *n);
char *history_keep(uint64_t number, const struct receipt *r, const char *file,
    uint64_t at, size_t *n);
/* kind: HISTORY_RESULT or HISTORY_KEPT. */
char *history_close(enum history_line kind, uint64_t number,
    const struct receipt *r, size_t *n);

/* Where a keep was to go; file is in a line of its own, to be freed. */
int history_place(const char *line, size_t n, char **file, uint64_t *at);

#endif
