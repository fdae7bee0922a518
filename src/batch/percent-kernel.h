/*
 * percent-kernel.h: what the kernels of percent.c share with each other, and
 * with no one else.
 */
#ifndef TP_BATCH_PERCENT_KERNEL_H
#define TP_BATCH_PERCENT_KERNEL_H

#include <stddef.h>
#include "batch/cell.h"

/* Kinds of bytes that can stay as they are; a set of them is `kept`. */
#define PERCENT_UNRESERVED 1 /* letters, digits, - . _ ~ (RFC 3986, 2.3) */
#define PERCENT_HIGH 2	     /* of a UTF-8 character of several bytes */
#define PERCENT_COMMA 4
#define PERCENT_LF 8

/* The kinds of each byte. */
extern const unsigned char percent_kinds[256];

/* %XX; returns the end. */
char *percent_put(char *out, unsigned char byte);

/* See percent.h; PERCENT_PAD bytes can be read behind every text.  With quotes,
 * commas and LFs outside of them stay in any case. */
struct percent_kernel {
	char *(*encode)(
	    char *out, const char *text, size_t n, unsigned int kept);
	char *(*encode_cells)(
	    char *out, const struct cell *cells, size_t n, unsigned int kept);
	char *(*encode_quoted)(char *out, const char *rows, size_t n,
	    char quote, char comma, unsigned int kept);
};

#endif
