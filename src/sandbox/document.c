#include "sandbox/document.h"

#include <stdlib.h>
#include <string.h>

/* A number of a name takes 4 bytes in places.  A database that was not written
 * here could hold any. */
enum { NAMES_MOST = 1 << 26 };

struct attribute {
	int64_t name;
	int64_t modified;
	size_t at; /* of its value in text, escaped as in JSON */
	size_t n;
	size_t bytes;
	bool loose;
};

void
document_init(struct document *d)
{
	buffer_init(&d->attributes, SIZE_MAX / 2);
	buffer_init(&d->text, SIZE_MAX / 2);
	buffer_init(&d->places, NAMES_MOST * sizeof(uint32_t));
	d->bytes = 0;
}

void
document_free(struct document *d)
{
	buffer_free(&d->attributes);
	buffer_free(&d->text);
	buffer_free(&d->places);
}

void
document_clear(struct document *d)
{
	d->attributes.len = 0;
	d->text.len = 0;
	d->bytes = 0;
}

static struct attribute *
attributes(const struct document *d)
{
	return (struct attribute *)(void *)d->attributes.data;
}

static size_t
count(const struct document *d)
{
	return d->attributes.len / sizeof(struct attribute);
}

/* Where it was put last, which may be another's place by now. */
static uint32_t *
place(struct document *d, int64_t name)
{
	size_t need = ((size_t)name + 1) * sizeof(uint32_t);

	if (name < 1 || name >= NAMES_MOST)
		return NULL;
	if (need > d->places.len) {
		if (buffer_reserve(&d->places, need - d->places.len) != 0)
			return NULL;
		memset(d->places.data + d->places.len, 0,
		    d->places.size - d->places.len);
		d->places.len =
		    d->places.size / sizeof(uint32_t) * sizeof(uint32_t);
	}
	return (uint32_t *)(void *)d->places.data + name;
}

/* The attribute of this name, which is made if there is none. */
static struct attribute *
find(struct document *d, int64_t name)
{
	static const struct attribute none;
	uint32_t *at = place(d, name);

	if (at == NULL)
		return NULL;
	if (*at < count(d) && attributes(d)[*at].name == name)
		return &attributes(d)[*at];
	if (buffer_add(&d->attributes, &none, sizeof(none)) != 0)
		return NULL;
	*at = (uint32_t)(count(d) - 1);
	attributes(d)[*at].name = name;
	return &attributes(d)[*at];
}

/* Reads a number that stop follows, and goes past that. */
static bool
read_number(const char **p, const char *end, char stop, int64_t *n)
{
	const char *digits = *p;

	for (*n = 0; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
		if (*p - digits == 18)
			return false;
		*n = *n * 10 + (**p - '0');
	}
	if (*p == digits || *p == end || **p != stop)
		return false;
	(*p)++;
	return true;
}

/* Goes past a string and the comma behind it; *n are its bytes. */
static bool
read_string(const char **p, const char *end, size_t *n)
{
	const char *begin = *p + 1, *q = begin;

	if (*p == end || **p != '"')
		return false;
	/* The quote and the comma are two bytes. */
	while (end - q >= 2 && *q != '"')
		q += *q == '\\' ? 2 : 1;
	if (end - q < 2 || q[1] != ',')
		return false;
	*n = (size_t)(q - begin);
	*p = q + 2;
	return true;
}

static int
load_attribute(
    struct document *d, const char *text, const char **p, const char *end)
{
	int64_t name, modified, loose, bytes;
	struct attribute *a;
	size_t at, n;

	if (*p == end || *(*p)++ != '[' || !read_number(p, end, ',', &name))
		return 1;
	at = (size_t)(*p + 1 - text);
	if (!read_string(p, end, &n) || !read_number(p, end, ',', &modified) ||
	    !read_number(p, end, ',', &loose) ||
	    !read_number(p, end, ']', &bytes) || name < 1 || name >= NAMES_MOST)
		return 1;
	a = find(d, name);
	if (a == NULL)
		return -1;
	*a = (struct attribute){.name = name,
	    .modified = modified,
	    .at = at,
	    .n = n,
	    .bytes = (size_t)bytes,
	    .loose = loose != 0};
	d->bytes += a->bytes;
	return 0;
}

int
document_load(struct document *d, const char *text, size_t n)
{
	const char *p = text + 1, *end = text + n;
	int result = 0;

	document_clear(d);
	if (buffer_add(&d->text, text, n) != 0)
		return -1;
	if (n < 2 || text[0] != '[' || end[-1] != ']')
		return 1;
	end--;
	while (p < end && result == 0) {
		result = load_attribute(d, text, &p, end);
		if (result == 0 && p < end && *p++ != ',')
			result = 1;
	}
	return result;
}

/* Room for it has been reserved. */
static void
add_number(struct buffer *out, uint64_t n, char behind)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	memcpy(out->data + out->len, digits + i, sizeof(digits) - i);
	out->len += sizeof(digits) - i;
	out->data[out->len++] = behind;
}

int
document_write(const struct document *d, struct buffer *out)
{
	/* Brackets, quotes, commas and four numbers. */
	const size_t most = 100;
	const struct attribute *a = attributes(d);
	size_t i;

	if (buffer_add(out, "[", 1) != 0)
		return -1;
	for (i = 0; i < count(d); i++) {
		if (buffer_reserve(out, a[i].n + most) != 0)
			return -1;
		if (i > 0)
			out->data[out->len++] = ',';
		out->data[out->len++] = '[';
		add_number(out, (uint64_t)a[i].name, ',');
		out->data[out->len++] = '"';
		memcpy(out->data + out->len, d->text.data + a[i].at, a[i].n);
		out->len += a[i].n;
		memcpy(out->data + out->len, "\",", 2);
		out->len += 2;
		add_number(out, (uint64_t)a[i].modified, ',');
		add_number(out, a[i].loose, ',');
		add_number(out, a[i].bytes, ']');
	}
	return buffer_add(out, "]", 1);
}

/* Adds a value as JSON has it, without its quotes. */
static int
add_value(struct buffer *out, const char *value, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;
	char *to;

	if (buffer_reserve(out, 6 * n) != 0)
		return -1;
	to = out->data + out->len;
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c == '"' || c == '\\') {
			*to++ = '\\';
			*to++ = (char)c;
		} else if (c >= ' ') {
			*to++ = (char)c;
		} else {
			memcpy(to, "\\u00", 4);
			to[4] = hex[c >> 4];
			to[5] = hex[c & 15];
			to += 6;
		}
	}
	out->len = (size_t)(to - out->data);
	return 0;
}

int
document_set(struct document *d, const struct document_name *name,
    const char *value, size_t n, int64_t modified, bool loose)
{
	size_t at = d->text.len;
	struct attribute *a;

	if (add_value(&d->text, value, n) != 0)
		return -1;
	a = find(d, name->number);
	if (a == NULL)
		return -1;
	d->bytes += name->n + n - a->bytes;
	a->modified = modified;
	a->at = at;
	a->n = d->text.len - at;
	a->bytes = name->n + n;
	a->loose = loose;
	return 0;
}

void
document_tie(struct document *d)
{
	size_t i;

	for (i = 0; i < count(d); i++)
		attributes(d)[i].loose = false;
}

/* The first n attributes are what is left, each in a new place. */
static void
leave(struct document *d, size_t n)
{
	uint32_t *places = (uint32_t *)(void *)d->places.data;
	size_t i;

	d->attributes.len = n * sizeof(struct attribute);
	d->bytes = 0;
	for (i = 0; i < n; i++) {
		d->bytes += attributes(d)[i].bytes;
		places[attributes(d)[i].name] = (uint32_t)i;
	}
}

void
document_drop_loose(struct document *d)
{
	struct attribute *a = attributes(d);
	size_t i, left = 0, n = count(d);

	for (i = 0; i < n; i++) {
		if (!a[i].loose)
			a[left++] = a[i];
	}
	leave(d, left);
}

static int
newer_first(const void *left, const void *right)
{
	const struct attribute *a = left, *b = right;

	if (a->modified != b->modified)
		return a->modified < b->modified ? 1 : -1;
	return a->name < b->name ? 1 : a->name > b->name ? -1 : 0;
}

uint64_t
document_fit(struct document *d)
{
	size_t i, bytes = 0, n = count(d);

	if (d->bytes <= DOCUMENT_MAX)
		return 0;
	qsort(d->attributes.data, n, sizeof(struct attribute), newer_first);
	for (i = 0; i < n; i++) {
		bytes += attributes(d)[i].bytes;
		if (bytes > DOCUMENT_MAX)
			break;
	}
	leave(d, i);
	return n - i;
}
