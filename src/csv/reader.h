/*
 * reader.h: the records of one CSV input, in order, with line and column;
 * memory does not grow with the input.
 *
 * A quote that never closes costs its own line, not the file: when a record
 * is malformed, not closed at the end, or longer than max_record while inside
 * quotes, only its first physical line is given out as faulty and reading
 * goes on at the next line.  No line is read more than twice for it.  From
 * then on, records with fewer fields than the header are given out as faulty
 * too, until one has the exact number: they may be the tail of that field.
 */
#ifndef TP_CSV_READER_H
#define TP_CSV_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "csv/dialect.h"
#include "csv/parse.h"
#include "csv/record.h"
#include "csv/scan.h"
#include "io/input.h"

struct csv_reader;
struct csv_window;

/* NULL: no memory. */
struct csv_reader *csv_reader_new(const struct csv_dialect *d, struct error *e);
void csv_reader_free(struct csv_reader *r);

/* Reads from in, which stays the caller's, from now on; line 1 is next. */
void csv_reader_start(struct csv_reader *r, struct input *in);
/* … or from an input of which something was read into a window, from its place
 * on, which is the beginning of this line.  The windows are exchanged. */
void csv_reader_resume(
    struct csv_reader *r, struct csv_window *w, uint64_t line);

/* How many fields the header has.  0, the default: not known yet. */
void csv_reader_set_columns(struct csv_reader *r, size_t columns);

/*
 * The next record, blank lines skipped: 1, 0 at the end, -1 with e set.  The
 * record is the reader's and lives until the next call.  An unterminated
 * last record is given its line ending, the one that the first record has.
 */
int csv_reader_next(
    struct csv_reader *r, struct csv_record *record, struct error *e);

/* Whether the record or blank line read last is the last of the input, and was
 * given its line ending because it had none. */
bool csv_reader_unterminated(const struct csv_reader *r);

/*
 * After CSV_TOO_LONG: the rest of that line, piece by piece, so that it can
 * be kept.  1 with a piece, 0 after the last, -1.  What is not asked for is
 * read past by csv_reader_next.
 */
int csv_reader_rest(
    struct csv_reader *r, const char **piece, size_t *n, struct error *e);

/* The record given last, CSV_MALFORMED, broke no quote after all: the caller
 * knows what it is.  The next ones are not its tail. */
void csv_reader_forgive(struct csv_reader *r);

/*
 * The fast way: rows that lie ready, so that runs of them can be judged and
 * taken without a call for each.  Row i of the run is raw text like a
 * record's, see scan.h; CSV_ROW_ODD rows, blank lines and rows over
 * max_record are in it too: do not take those, but leave them to
 * csv_reader_next.  A last row without line ending is not in it.
 */
struct csv_run {
	const char *text;
	const uint64_t *sep, *rare; /* see struct csv_index */
	const struct csv_row *row;  /* the first is row[0] */
	size_t rows;
	uint32_t start;	 /* offset in text where row[0] begins */
	uint32_t seps;	 /* separators before row[0] */
	uint32_t breaks; /* LFs inside quotes before row[0] */
};

/* 1 with a run; 0: none, call csv_reader_next; -1 with e set. */
int csv_reader_run(struct csv_reader *r, struct csv_run *run, struct error *e);
/* The first n rows of that run were taken. */
void csv_reader_take(struct csv_reader *r, size_t n);

/* The name of the scan kernel in use. */
const char *csv_reader_kernel(const struct csv_reader *r);
/* Line where the next record begins. */
uint64_t csv_reader_line(const struct csv_reader *r);
/* Blank lines skipped so far, and bytes of text read. */
uint64_t csv_reader_blank(const struct csv_reader *r);
uint64_t csv_reader_bytes(const struct csv_reader *r);

#endif
