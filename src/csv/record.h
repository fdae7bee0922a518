/*
 * record.h: one record of CSV as the reader gives it out, good or at fault.
 */
#ifndef TP_CSV_RECORD_H
#define TP_CSV_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "csv/fields.h"

enum csv_fault {
	CSV_GOOD,
	CSV_MALFORMED,	       /* a quote where none can be */
	CSV_UNCLOSED,	       /* the quote never closes */
	CSV_UNCLOSED_TOO_LONG, /* … before max_record */
	CSV_TAIL,	       /* fewer fields than the header, after one of
				  the above */
	CSV_BARE_CR,	       /* CR without LF, outside of quotes */
	CSV_TOO_LONG	       /* over max_record; see csv_reader_rest */
};

struct csv_record {
	enum csv_fault fault;
	const char *raw; /* with its line ending; of a CSV_TOO_LONG record,
			    its beginning */
	size_t len;	 /* of raw, line ending included */
	size_t ending;	 /* bytes of the line ending: 1 or 2 */
	uint64_t line;	 /* where it begins, from 1 */
	size_t bad;	 /* faulty: offset in raw of what is wrong */
	bool spaced;	 /* CSV_MALFORMED: a space or tab is beside that, which
			    trim would drop if nothing else is wrong */
	uint32_t flags;	 /* CSV_ROW_QUOTED, _HIGH, _CONTROL */
	size_t fields;	 /* 0 if faulty (but CSV_TAIL has them) */
	const struct csv_field *field; /* min(fields, CSV_MAX_FIELDS) */
};

/* The line and column, both from 1, of raw[offset] of a record. */
void csv_record_place(const struct csv_record *record, size_t offset,
    uint64_t *line, uint64_t *column);

/* Whether a space or tab is at, or in front of, what is wrong. */
bool csv_record_beside_space(const struct csv_record *record);

#endif
