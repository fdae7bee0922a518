#include "batch/comply.h"

#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "base/kernel.h"
#include "base/sys.h"
#include "base/utf8.h"
#include "batch/comply-look.h"
#include "batch/percent.h"

/* What a byte of a row is. */
enum {
	SAFE = 0,    /* may stand as it is */
	PERCENT = 1, /* two hex digits must follow */
	HIGH = 2,    /* part of a UTF-8 character */
	BARE = 4     /* must be encoded, and is not */
};

#define B BARE
#define H HIGH
#define H16 H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H

/* Letters, digits, UTF-8 letters and - . ! ~ _ * ( ) may stay unencoded
 * ("Bulk Profile Update API", encoding); the comma separates. */
static const unsigned char kinds[256] = {
    /* clang-format off */
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, /* controls */
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	B, 0, B, B, B, PERCENT, B, B, /*   ! " # $ % & ' */
	0, 0, 0, B, 0, 0, 0, B,       /* ( ) * + , - . / */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, B, B, B, B, B, B, /* 0-9 : ; < = > ? */
	B, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* @ A-O */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, B, B, B, B, 0, /* P-Z [ \ ] ^ _ */
	B, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* ` a-o */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, B, B, B, 0, B, /* p-z { | } ~ DEL */
	H16, H16, H16, H16, H16, H16, H16, H16,
    /* clang-format on */
};

#undef B
#undef H
#undef H16

/* The first byte that is not as it has to be. */
static int
fault(const char *line, size_t n, size_t *at, struct error *e)
{
	char shown[16];
	size_t bare = 0, percent = percent_valid(line, n);
	size_t high = utf8_valid(line, n);

	while (bare < n && kinds[(unsigned char)line[bare]] != BARE)
		bare++;
	*at = bare;
	if (percent < bare && percent < high) {
		*at = percent;
		return error_set(
		    e, EXIT_INPUT, "a %% that two hex digits do not follow");
	}
	if (high < bare) {
		*at = high;
		return error_set(e, EXIT_INPUT, "not UTF-8");
	}
	escape_text(shown, sizeof(shown), line + bare, 1);
	return error_set(
	    e, EXIT_INPUT, "the byte '%s' is not percent-encoded", shown);
}

static struct look
look_portable(const char *line, size_t n)
{
	struct look l = {false, false, false, 0};
	unsigned int seen = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		seen |= kinds[(unsigned char)line[i]];
		l.commas += line[i] == ',';
	}
	l.bare = (seen & BARE) != 0;
	l.percent = (seen & PERCENT) != 0 && percent_valid(line, n) != n;
	l.high = (seen & HIGH) != 0;
	return l;
}

static comply_look_function *
find_look(void)
{
#ifdef COMPLY_AVX2
	if (kernel_covers(KERNEL_AVX2))
		return comply_look_avx2;
#endif
	return look_portable;
}

/* All bytes as they have to be?  *commas counts the separators. */
static int
check_bytes(
    const char *line, size_t n, size_t *commas, size_t *at, struct error *e)
{
	struct look l = find_look()(line, n);

	*commas = l.commas;
	if (l.bare || l.percent || (l.high && utf8_valid(line, n) != n))
		return fault(line, n, at, e);
	return 0;
}

int
comply_row(
    const char *line, size_t n, size_t columns, size_t *at, struct error *e)
{
	size_t commas;

	if (check_bytes(line, n, &commas, at, e) != 0)
		return -1;
	*at = 0;
	if (n == 0 || line[0] == ',')
		return error_set(e, EXIT_INPUT, "a row without an identifier");
	if (commas >= columns)
		return error_set(e, EXIT_INPUT,
		    "a row of %zu cells under a header of %zu", commas + 1,
		    columns);
	return 0;
}

struct name {
	const char *text; /* decoded */
	size_t n;
	size_t at; /* where it stood */
};

static int
compare_names(const void *left, const void *right)
{
	const struct name *a = left, *b = right;
	int order = memcmp(a->text, b->text, a->n < b->n ? a->n : b->n);

	if (order != 0)
		return order;
	return (a->n > b->n) - (a->n < b->n);
}

/* Decodes the names to text, of n bytes. */
static int
split_names(const char *line, size_t n, struct name *names, char *text,
    size_t *at, struct error *e)
{
	size_t begin = 0, end, count = 0;

	for (;; begin = end + 1) {
		const char *comma = memchr(line + begin, ',', n - begin);

		end = comma == NULL ? n : (size_t)(comma - line);
		*at = begin;
		if (end == begin)
			return error_set(
			    e, EXIT_INPUT, "a name in the header is empty");
		names[count].text = text;
		names[count].n =
		    percent_decode(text, line + begin, end - begin);
		names[count].at = begin;
		text += names[count++].n;
		if (comma == NULL)
			return 0;
	}
}

static int
find_identifier(const struct name *first, enum batch_id *id, struct error *e)
{
	if (first->n == strlen(BATCH_NAME_PC) &&
	    memcmp(first->text, BATCH_NAME_PC, first->n) == 0)
		*id = BATCH_ID_PC;
	else if (first->n == strlen(BATCH_NAME_THIRD_PARTY) &&
		 memcmp(first->text, BATCH_NAME_THIRD_PARTY, first->n) == 0)
		*id = BATCH_ID_THIRD_PARTY;
	else
		return error_set(e, EXIT_INPUT,
		    "the header does not begin with " BATCH_NAME_PC
		    " or " BATCH_NAME_THIRD_PARTY);
	return 0;
}

static int
check_twice(struct name *names, size_t count, size_t *at, struct error *e)
{
	size_t i;

	qsort(names, count, sizeof(*names), compare_names);
	for (i = 1; i < count; i++) {
		if (compare_names(&names[i - 1], &names[i]) != 0)
			continue;
		*at = names[i].at > names[i - 1].at ? names[i].at
						    : names[i - 1].at;
		return error_set(
		    e, EXIT_INPUT, "the header names a parameter twice");
	}
	return 0;
}

static int
check_names(const char *line, size_t n, size_t columns, enum batch_id *id,
    size_t *at, struct error *e)
{
	struct name *names = sys_malloc(columns * sizeof(*names));
	char *text = sys_malloc(n + 1);
	int result = -1;

	if (names == NULL || text == NULL)
		error_errno(e, EXIT_LOCAL, "cannot check a header");
	else if (split_names(line, n, names, text, at, e) == 0) {
		*at = 0;
		if (find_identifier(&names[0], id, e) == 0)
			result = check_twice(names, columns, at, e);
	}
	free(text);
	free(names);
	return result;
}

int
comply_header(const char *line, size_t n, enum batch_id *id, size_t *columns,
    size_t *at, struct error *e)
{
	size_t commas;

	*id = BATCH_ID_NONE;
	*columns = 0;
	*at = 0;
	if (n > COMPLY_HEADER_BYTES)
		return error_set(e, EXIT_INPUT, "a header of over %d bytes",
		    COMPLY_HEADER_BYTES);
	if (check_bytes(line, n, &commas, at, e) != 0)
		return -1;
	*columns = commas + 1;
	return check_names(line, n, *columns, id, at, e);
}
