#include "base/ndjson.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/sys.h"
#include "base/utf8.h"

/* Set where something could not be allocated; its presence fails the line. */
static const char failed_key[] = "\x01";

static void
put(ndjson *object, const char *key, json_t *value)
{
	/* Deleting what json_null keeps statically cannot fail for memory;
	 * if even the mark cannot be set, the object is emptied, and an
	 * empty object is never written.  Into NULL nothing is set, and the
	 * value is freed. */
	if (json_object_set_new(object, key, value) == 0)
		return;
	if (json_object_set_new(object, failed_key, json_null()) != 0)
		json_object_clear(object);
}

ndjson *
ndjson_new(void)
{
	return json_object();
}

void
ndjson_free(ndjson *object)
{
	json_decref(object);
}

/* Text with its bytes that are not UTF-8 spelled out. */
static json_t *
spelled(const char *text, size_t n)
{
	struct buffer b;
	json_t *value;
	char piece[5];
	size_t bad;

	buffer_init(&b, SIZE_MAX / 2);
	while ((bad = utf8_valid(text, n)) < n) {
		snprintf(
		    piece, sizeof(piece), "\\x%02X", (unsigned char)text[bad]);
		if (buffer_add(&b, text, bad) != 0 ||
		    buffer_add(&b, piece, 4) != 0) {
			buffer_free(&b);
			return NULL;
		}
		text += bad + 1;
		n -= bad + 1;
	}
	value = buffer_add(&b, text, n) != 0
		    ? NULL
		    : json_stringn(b.data == NULL ? "" : b.data, b.len);
	buffer_free(&b);
	return value;
}

static json_t *
string(const char *text, size_t n)
{
	if (utf8_valid(text, n) < n)
		return spelled(text, n);
	return json_stringn(text, n);
}

void
ndjson_set_text(ndjson *object, const char *key, const char *text, size_t n)
{
	put(object, key, string(text, n));
}

void
ndjson_set_string(ndjson *object, const char *key, const char *text)
{
	put(object, key,
	    text == NULL ? json_null() : string(text, strlen(text)));
}

void
ndjson_set_count(ndjson *object, const char *key, uint64_t n)
{
	put(object, key, json_integer((json_int_t)n));
}

void
ndjson_set_real(ndjson *object, const char *key, double n)
{
	put(object, key, json_real(n));
}

void
ndjson_set_bool(ndjson *object, const char *key, bool value)
{
	put(object, key, json_boolean(value));
}

void
ndjson_set(ndjson *object, const char *key, ndjson *child)
{
	put(object, key, child);
}

void
ndjson_append_text(ndjson *object, const char *key, const char *text, size_t n)
{
	json_t *array = json_object_get(object, key);

	if (array == NULL) {
		array = json_array();
		put(object, key, array);
		array = json_object_get(object, key);
	}
	if (array != NULL && json_array_append_new(array, string(text, n)) != 0)
		put(object, failed_key, json_null());
}

static bool
failed(json_t *object)
{
	const char *key;
	json_t *value;

	if (object == NULL || json_object_size(object) == 0)
		return true;
	json_object_foreach(object, key, value)
	{
		if (strcmp(key, failed_key) == 0 ||
		    (json_is_object(value) && json_object_size(value) > 0 &&
			failed(value)))
			return true;
	}
	return false;
}

char *
ndjson_line(ndjson *object, size_t *n)
{
	char *text, *line = NULL;

	if (failed(object))
		return NULL;
	text = json_dumps(object,
	    JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
	if (text == NULL)
		return NULL;
	*n = strlen(text);
	line = sys_realloc(text, *n + 2);
	if (line == NULL) {
		free(text);
		return NULL;
	}
	line[(*n)++] = '\n';
	line[*n] = '\0';
	return line;
}

static ndjson *
parse(const char *text, size_t n, size_t flags)
{
	json_error_t error;
	json_t *value = json_loadb(text, n, flags, &error);

	if (value != NULL && !json_is_object(value)) {
		json_decref(value);
		value = NULL;
	}
	return value;
}

ndjson *
ndjson_parse(const char *line, size_t n)
{
	return parse(line, n, JSON_REJECT_DUPLICATES);
}

ndjson *
ndjson_parse_foreign(const char *text, size_t n)
{
	return parse(text, n, JSON_ALLOW_NUL);
}

bool
ndjson_has(const ndjson *object, const char *key)
{
	return json_object_get(object, key) != NULL;
}

const char *
ndjson_get_string(const ndjson *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *
ndjson_get_text(const ndjson *object, const char *key, size_t *n)
{
	const json_t *value = json_object_get(object, key);

	*n = json_string_length(value);
	return json_string_value(value);
}

size_t
ndjson_length(const ndjson *object, const char *key)
{
	return json_array_size(json_object_get(object, key));
}

const char *
ndjson_get_item(const ndjson *object, const char *key, size_t i, size_t *n)
{
	const json_t *item = json_array_get(json_object_get(object, key), i);

	*n = json_string_length(item);
	return json_string_value(item);
}

const char *
ndjson_next_key(const ndjson *object, const char *key)
{
	/* Which changes nothing in it. */
	json_t *o = (json_t *)(uintptr_t)object;

	return json_object_iter_key(
	    key == NULL
		? json_object_iter(o)
		: json_object_iter_next(o, json_object_iter_at(o, key)));
}

const ndjson *
ndjson_get(const ndjson *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_object(value) ? value : NULL;
}

int
ndjson_get_count(const ndjson *object, const char *key, uint64_t *n)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -1;
	*n = (uint64_t)json_integer_value(value);
	return 0;
}

bool
ndjson_get_bool(const ndjson *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

const char *
ndjson_version(void)
{
	return jansson_version_str();
}
