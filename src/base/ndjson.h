/*
 * ndjson.h: NDJSON, one object a line, written and read with jansson; the one
 * place that knows jansson.
 *
 * Members keep the order in which they were set.  The functions that set
 * accept an object that is NULL and latch a failed allocation, so that only
 * ndjson_line has to be checked.
 */
#ifndef TP_BASE_NDJSON_H
#define TP_BASE_NDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;
typedef struct json_t ndjson;

ndjson *ndjson_new(void);
void ndjson_free(ndjson *object);

/* Bytes of text that are not UTF-8 become "\xNN" in it. */
void ndjson_set_text(
    ndjson *object, const char *key, const char *text, size_t n);
/* text ends with NUL; NULL sets null. */
void ndjson_set_string(ndjson *object, const char *key, const char *text);
void ndjson_set_count(ndjson *object, const char *key, uint64_t n);
void ndjson_set_real(ndjson *object, const char *key, double n);
void ndjson_set_bool(ndjson *object, const char *key, bool value);
/* Takes child over. */
void ndjson_set(ndjson *object, const char *key, ndjson *child);
/* Appends text to the array under key, which it makes. */
void ndjson_append_text(
    ndjson *object, const char *key, const char *text, size_t n);

/* The object as one line with its line feed; the caller frees it.
 * NULL: no memory, now or when something was set. */
char *ndjson_line(ndjson *object, size_t *n);

/* One line (with or without its line feed).  NULL: not a JSON object. */
ndjson *ndjson_parse(const char *line, size_t n);
/* The same for what others write: strings may hold NUL, and of a key that
 * stands twice the last value counts. */
ndjson *ndjson_parse_foreign(const char *text, size_t n);
bool ndjson_has(const ndjson *object, const char *key);
/* NULL, false or -1: not there, or of another type.  What is returned
 * belongs to object. */
const char *ndjson_get_string(const ndjson *object, const char *key);
/* A string that may hold NUL, and its bytes. */
const char *ndjson_get_text(const ndjson *object, const char *key, size_t *n);
/* How many items the array has; 0: it is not there. */
size_t ndjson_length(const ndjson *object, const char *key);
/* One of them, from 0, if it is a string, which may hold NUL. */
const char *ndjson_get_item(
    const ndjson *object, const char *key, size_t i, size_t *n);
/* The key that comes after that one; after NULL, the first; NULL: none. */
const char *ndjson_next_key(const ndjson *object, const char *key);
/* An object in the object. */
const ndjson *ndjson_get(const ndjson *object, const char *key);
int ndjson_get_count(const ndjson *object, const char *key, uint64_t *n);
bool ndjson_get_bool(const ndjson *object, const char *key);

/* "2.14" */
const char *ndjson_version(void);

#endif
