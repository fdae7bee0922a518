/*
 * form.h: the layer of application/x-www-form-urlencoded that a batch passes
 * before its rows are looked at.
 */
#ifndef TP_SANDBOX_FORM_H
#define TP_SANDBOX_FORM_H

#include <stdbool.h>
#include <stddef.h>

enum form_result {
	FORM_FOUND,
	FORM_EMPTY,    /* no "batch=" in front, or nothing in it */
	FORM_MALFORMED /* a % that no two hexadecimal digits follow */
};

/* Whether a Content-Type names it, with parameters or without; NULL: there is
 * none. */
bool form_is_type(const char *content_type);

/* Whether two hexadecimal digits follow each %. */
bool form_is_well_formed(const char *text, size_t n);

/*
 * The value of "batch" in body[0..n), still encoded: from "batch=", which
 * must come first, to the first "&" or the end.  It points into body.
 */
enum form_result form_find(char *body, size_t n, char **value, size_t *len);

/*
 * The next NAME=VALUE of *text, which ends with NUL, decoded in place and ended
 * by NUL; goes past it.  text must be well formed.  False: there is none.
 */
bool form_next(char **text, char **name, char **value);

/*
 * "+" becomes a space and %XX a byte, in place; text must be well
 * formed.  Returns the new length.
 */
size_t form_decode(char *text, size_t n);

#endif
