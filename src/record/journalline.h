/*
 * journalline.h: the lines of a journal (tp-journal(5)), one at a time; the one
 * place that makes them and reads them.
 *
 * A line opens something, an attempt to send or the keeping of a batch in the
 * failed file, under the next number from 1; a later one closes it under the
 * same number.  What was not closed broke off.
 */
#ifndef TP_RECORD_JOURNALLINE_H
#define TP_RECORD_JOURNALLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "api/endpoint.h"
#include "base/error.h"
#include "record/receipt.h"

/* Of the format: what is written, and the newest that is read. */
enum { JOURNALLINE_VERSION = 1 };

/* The longest line. */
#define JOURNALLINE_MAX ((size_t)64 * 1024)

enum journalline_kind {
	JOURNALLINE_HEADER,
	JOURNALLINE_ATTEMPT,
	JOURNALLINE_RESULT, /* closes an attempt */
	JOURNALLINE_KEEP,
	JOURNALLINE_KEPT, /* closes a keep: it is in the failed file, on disk */
	JOURNALLINE_KINDS
};

/* Which endpoint a journal is for; "https://demo.tt.omtrdc.net:443". */
struct journalline_header {
	char address[280];
	char client[64];
	enum endpoint_api api;
};

struct journalline {
	enum journalline_kind kind;
	uint64_t number;
	struct receipt receipt; /* its part, and of a line that closes all */
	char *file;  /* JOURNALLINE_KEEP: the failed file; to be freed … */
	uint64_t at; /* … and the offset in it */
};

void journalline_describe(
    struct journalline_header *h, const struct endpoint *ep);

/* Is this a header, as far as it goes?  Is this whole line one? */
bool journalline_may_begin(const char *text, size_t n);
bool journalline_begins(const char *line, size_t n);

/* Read one line, without its line feed.  -1: *why says what is wrong with it;
 * e, if it is not that: no memory, or a newer version's journal. */
int journalline_read_header(struct journalline_header *h, const char *line,
    size_t n, const char **why, struct error *e);
int journalline_read(struct journalline *l, const char *line, size_t n,
    const char **why, struct error *e);

/* Lines to write, which the caller frees; NULL: no memory. */
char *journalline_header(const struct journalline_header *h, size_t *n);
char *journalline_attempt(uint64_t number, const struct part *p, size_t *n);
char *journalline_keep(uint64_t number, const struct part *p, const char *file,
    uint64_t at, size_t *n);
/* kind: JOURNALLINE_RESULT or JOURNALLINE_KEPT. */
char *journalline_close(enum journalline_kind kind, uint64_t number,
    const struct receipt *r, size_t *n);

#endif
