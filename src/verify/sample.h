/*
 * sample.h: rows that are to be verified: those of identifiers chosen at
 * random, each with the last row that it was sent in.
 *
 * A row is kept if a keyed digest of its identifier is one of the least that
 * were seen.  So each identifier is as likely as any other to be chosen,
 * however often it stands in the batches and whatever it looks like, and all
 * rows of one that is chosen are seen.  The key is drawn for each run, or from
 * a seed.
 */
#ifndef TP_VERIFY_SAMPLE_H
#define TP_VERIFY_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/error.h"

/* The names of a batch's header, decoded. */
struct sample_header {
	struct sample_header *next;
	size_t columns; /* behind the identifier */
	char **names;	/* owned, and so is what they point to */
	size_t len;
	char text[]; /* the row, encoded, as it stands in the batch */
};

/* Where a row stands, and when it was accepted. */
struct sample_place {
	const struct sample_header *header;
	uint64_t batch, row; /* from 1 */
	time_t accepted;
};

struct sample_row {
	uint64_t order; /* by which it was chosen */
	struct sample_place place;
	size_t id_len, len;
	char *id;   /* owned; decoded … */
	char *text; /* … and behind it the cells after it, encoded */
};

struct sample;

/* At most n identifiers; SIZE_MAX: all.  seed NULL: a key of its own.  twice:
 * the batches were encoded twice.  NULL: e says why. */
struct sample *sample_new(
    size_t n, const uint64_t *seed, bool twice, struct error *e);
void sample_free(struct sample *s);

/* A header row, without "batch=" and its line feed, to point to in places.  It
 * belongs to s.  NULL: no memory. */
const struct sample_header *sample_header(
    struct sample *s, const char *row, size_t n, struct error *e);

/* A row of a batch, without its line feed.  One that sets nothing is passed
 * over.  -1 with EXIT_LOCAL. */
int sample_add(struct sample *s, const char *row, size_t n,
    const struct sample_place *place, struct error *e);

/* When all rows were added: puts those chosen in a random order; *n says how
 * many. */
struct sample_row *sample_take(struct sample *s, size_t *n);

/* Rows that set something; whether all their identifiers were chosen; else
 * about how many there are. */
uint64_t sample_rows(const struct sample *s);
bool sample_is_all(const struct sample *s);
double sample_ids(const struct sample *s);

/*
 * The next of a row's cells: *at begins at row->text, *column at 0.  Its
 * decoded value goes to out, which has row->len bytes; the number of its
 * column in the header to *column, from 1.  false: there are no more.  Empty
 * ones are passed over.
 */
bool sample_cell(const struct sample *s, const struct sample_row *row,
    const char **at, size_t *column, char *out, size_t *n);

#endif
