/*
 * dialect.h: how this CSV is written, where it differs from RFC 4180.
 */
#ifndef TP_CSV_DIALECT_H
#define TP_CSV_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

struct csv_dialect {
	char delimiter;	   /* ',' */
	char quote;	   /* '"' */
	bool trim;	   /* spaces and tabs around fields are layout */
	size_t max_record; /* bytes, its line ending not counted */
};

/* 1 MiB: a record so long is mostly a quote that was never closed. */
#define CSV_MAX_RECORD ((size_t)1 << 20)
#define CSV_DIALECT_INIT                        \
	{                                       \
		',', '"', false, CSV_MAX_RECORD \
	}

/* Set from the text of an option; -1 with EXIT_USAGE. */
int csv_dialect_set_delimiter(
    struct csv_dialect *d, const char *text, struct error *e);
int csv_dialect_set_quote(
    struct csv_dialect *d, const char *text, struct error *e);
int csv_dialect_set_max_record(
    struct csv_dialect *d, const char *text, struct error *e);

/* What only shows when all options are known. */
int csv_dialect_check(const struct csv_dialect *d, struct error *e);

#endif
