/*
 * plain.h: records as plain CSV, whatever they were written in: RFC 4180, a
 * comma between fields and double quotes around those that need some.
 *
 * A record that is plain already stays as it is, byte for byte.  One that the
 * delimiter, the quote, --trim or --null make mean something else than it
 * says is written anew, as it was understood: a cell that --null names is
 * empty.  Columns with an identifier's name that are not the identifier are
 * left out.  A record that its reader would take for the header, or for a seal,
 * gets other quotes, so that it is none.
 */
#ifndef TP_PROFILE_PLAIN_H
#define TP_PROFILE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buffer.h"
#include "base/error.h"
#include "csv/fields.h"
#include "csv/reader.h"
#include "io/output.h"
#include "profile/header.h"
#include "profile/null.h"

struct plain {
	const struct header *header;
	struct csv_dialect dialect;
	const struct null *null; /* so many texts */
	size_t nulls;
	bool foreign; /* no record is plain: another delimiter or quote */
	bool drops;   /* columns are left out */
	bool always;  /* every record is plain already, and a run of them that
			 check_run passed goes out as it lies */
	struct csv_fields fields; /* of the row at hand … */
	struct buffer text;	  /* … and their text */
	struct buffer row;	  /* a row as it is written */
};

/* The header and the texts of --null stay the caller's. */
void plain_init(struct plain *p, const struct header *h,
    const struct csv_dialect *d, const struct null *null, size_t nulls);
void plain_free(struct plain *p);

/* Whether a good record, of n fields, is plain already. */
bool plain_is(const struct plain *p, const char *raw,
    const struct csv_field *field, size_t n);

/* One good record, of n fields: sets *to and *size to its plain text, with its
 * line ending, which lives until the next call.  -1: no memory. */
int plain_take(struct plain *p, const char *raw, size_t len, size_t ending,
    const struct csv_field *field, size_t n, const char **to, size_t *size,
    struct error *e);

/* The first n rows of a run, which are good, are written.  -1. */
int plain_write_run(struct plain *p, const struct csv_run *run, size_t n,
    struct output *out, struct error *e);

#endif
