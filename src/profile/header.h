/*
 * header.h: the first record: which column is the identifier, and what the
 * others are called.
 */
#ifndef TP_PROFILE_HEADER_H
#define TP_PROFILE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "csv/reader.h"
#include "csv/write.h"
#include "io/output.h"

/*
 * Target knows a visitor by the id that it made itself, or by one that the
 * customer made (Bulk Profile Update API, "Batch file").
 */
enum id_kind { ID_THIRD_PARTY, ID_PCID };

/* "thirdPartyId", "pcId" */
const char *id_kind_name(enum id_kind kind);

#define HEADER_IDS 16

struct header_options {
	/*
	 * COLUMN or COLUMN=KIND; NULL: the one of pcId, thirdPartyId,
	 * mbox3rdPartyId that is there.  Without KIND it is a thirdPartyId,
	 * but the column pcId a pcId.
	 */
	const char *id;
	/* For files whose identifiers have different names: the one of these,
	 * written as id is, or else of the three, that is there. */
	const char *any[HEADER_IDS];
	size_t n_any;
	bool strip_prefix; /* "profile." in front of names */
};

struct column {
	char *name; /* owned, ends with NUL; prefix stripped */
	size_t len;
	bool reserved; /* an identifier's name, and not the identifier */
};

struct header {
	struct column *column; /* owned */
	size_t columns;
	size_t id; /* its column */
	enum id_kind kind;
	char *raw; /* owned: as it was read, without its line ending */
	size_t raw_len;
	size_t ending; /* bytes of its line ending: 1 LF, 2 CRLF */
	uint64_t line; /* where it is, from 1 */
	char *written; /* owned: as tp-validate writes it, ending included */
	size_t written_len;
};

/*
 * From the first record, with the columns that options names; place is the
 * file's name.  -1 with EXIT_INPUT, a message for each fault that says what
 * to do, and the place; with EXIT_USAGE if options->id has a KIND that is none.
 */
int header_read(struct header *h, const struct csv_record *record,
    const struct csv_dialect *d, const struct header_options *options,
    const char *place, struct error *e);
void header_free(struct header *h);

/* Whether one of n fields names a column that these options take for the
 * identifier. */
bool header_has_id(const struct csv_field *field, size_t n,
    const struct header_options *options);

/* -1 with EXIT_INPUT, and the place: why a record that is not good CSV cannot
 * be a header. */
int header_refuse_record(
    const struct csv_record *r, const char *place, struct error *e);

/* Whether a record, of len bytes without its ending, is the header again (a BOM
 * in front is looked past). */
static inline bool
header_repeated(const struct header *h, const char *raw, size_t len)
{
	/* Few records have its length. */
	return (len == h->raw_len || len == h->raw_len + 3) &&
	       csv_row_is_header(raw, len, h->raw, h->raw_len);
}

/* … or what the next program would take for it, reading what is written. */
static inline bool
header_rewritten(const struct header *h, const char *raw, size_t len)
{
	return csv_row_is_header(
	    raw, len, h->written, h->written_len - h->ending);
}

/* Whether a row that can be read, of len bytes without its ending and of more
 * fields than the header, has nothing but delimiters behind its columns. */
static inline bool
header_surplus_empty(const struct header *h, const char *raw, size_t len,
    size_t fields, char delimiter)
{
	const char *end = raw + len, *at = end - (fields - h->columns);

	while (at < end && *at == delimiter)
		at++;
	return at == end;
}

/* What keeps a name from being that of a column; the first that applies. */
enum name_fault {
	NAME_GOOD,
	NAME_EMPTY,
	NAME_NOT_UTF8,
	NAME_CONTROL, /* holds a control character or line break */
	NAME_PREFIXED /* "profile." in front: names are sent bare */
};
enum name_fault header_judge_name(const char *name, size_t len);

/* "profile." in front of a name has so many bytes. */
#define HEADER_PREFIX 8
bool header_prefixed(const char *name, size_t len);

/* The names of the columns for a person, as far as they fit: 'id', 'tier' and
 * 3 more.  Returns to. */
char *header_list(const struct header *h, char *to, size_t size);

/* The same of those that are named like an identifier and are none; "" if there
 * are none. */
char *header_list_reserved(const struct header *h, char *to, size_t size);

/* The column of that name, or columns if there is none. */
size_t header_find(const struct header *h, const char *name, size_t len);

#endif
