/*
 * parse.h: one record through libcsv, a physical line at a time; the one
 * place that knows libcsv.
 *
 * It is slower than the index, and the judge of every record that is not
 * plainly RFC 4180.
 */
#ifndef TP_CSV_PARSE_H
#define TP_CSV_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "csv/dialect.h"
#include "csv/fields.h"

enum csv_parsed {
	CSV_PARSED_MORE,   /* the record goes on in the next line */
	CSV_PARSED_RECORD, /* complete */
	CSV_PARSED_BLANK,  /* nothing in this line (it was the first) */
	CSV_PARSED_BAD,	   /* malformed: see csv_parse_bad */
	CSV_PARSED_NO_MEMORY
};

struct csv_parse;

struct csv_parse *csv_parse_new(const struct csv_dialect *d);
void csv_parse_free(struct csv_parse *p);

/* Begins a record; false: no memory. */
bool csv_parse_begin(struct csv_parse *p);

/* The record's next physical line, its line ending included; copied. */
enum csv_parsed csv_parse_line(struct csv_parse *p, const char *line, size_t n);

/* Of the record parsed: its fields, which belong to p. */
const struct csv_fields *csv_parse_fields(struct csv_parse *p);
/* Offset, from the start of the record, where the field that is not yet
 * complete begins. */
size_t csv_parse_start(const struct csv_parse *p);
/* … of the byte libcsv refused. */
size_t csv_parse_bad(const struct csv_parse *p);
/* Offset of a CR outside of quotes that no LF follows; SIZE_MAX: none. */
size_t csv_parse_bare_cr(const struct csv_parse *p);

/* "3.0.3" */
const char *csv_parse_version(void);

#endif
