/*
 * write.h: fields of a CSV that is written: RFC 4180, a comma between them and
 * double quotes around those that need some.
 */
#ifndef TP_CSV_WRITE_H
#define TP_CSV_WRITE_H

#include <stddef.h>
#include "base/error.h"
#include "io/output.h"

/* One field, without the comma or the line ending behind it. */
int csv_write_field(
    struct output *out, const char *text, size_t n, struct error *e);

#endif
