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

/*
 * The value of "batch" in body[0..n), still encoded: from "batch=", which
 * must come first, to the first "&" or the end.  It points into body.
 */
enum form_result form_find(char *body, size_t n, char **value, size_t *len);

/*
 * "+" becomes a space and %XX a byte, in place; form_find must have found no
 * fault in text.  Returns the new length.
 */
size_t form_decode(char *text, size_t n);

#endif
