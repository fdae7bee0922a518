#include "batch/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "base/sys.h"
#include "batch/cell.h"
#include "batch/limits.h"
#include "batch/percent.h"

/* What is worked on while columns are selected. */
struct selection {
	const struct header *export;
	size_t *sent;	      /* columns, in order, the identifier first */
	struct cell *sent_as; /* their names, into names or text */
	size_t count;
	bool *listed; /* named in an option */
	char *text;   /* unquoted copies of what the options name */
};

/* New names must not be those of an identifier either. */
static bool
is_reserved(const struct cell *name)
{
	return cell_is(name, BATCH_NAME_PC) ||
	       cell_is(name, BATCH_NAME_THIRD_PARTY) ||
	       cell_is(name, "mbox3rdPartyId");
}

static int
refuse(struct error *e, const char *option, const struct cell *name,
    const char *what)
{
	char shown[80];

	return error_set(e, EXIT_USAGE, "%s: column '%s' %s", option,
	    escape_text(shown, sizeof(shown), name->text, name->len), what);
}

static int
refuse_unknown(const struct header *h, const char *option,
    const struct cell *name, struct error *e)
{
	char what[400], names[320];

	snprintf(what, sizeof(what), "is not in the header, which has %s",
	    header_list(h, names, sizeof(names)));
	return refuse(e, option, name, what);
}

/*
 * One word of a list, up to its comma or colon, copied to s->text without
 * its quotes.  Returns where it ended; NULL: a quote is not closed, or
 * something follows it.
 */
static const char *
take_word(
    struct selection *s, const char *at, const char *stops, struct cell *word)
{
	char *out = s->text;

	if (*at != '"') {
		while (*at != '\0' && strchr(stops, *at) == NULL)
			*out++ = *at++;
	} else {
		for (at++; *at != '"' || at[1] == '"'; at++) {
			if (*at == '\0')
				return NULL;
			at += *at == '"';
			*out++ = *at;
		}
		at++;
	}
	word->text = s->text;
	word->len = (size_t)(out - s->text);
	s->text = out;
	return *at == '\0' || strchr(stops, *at) != NULL ? at : NULL;
}

/* The column that an option names; -1 if it must not. */
static int
find_column(struct selection *s, const char *option, const struct cell *name,
    size_t *found, struct error *e)
{
	size_t i = header_find(s->export, name->text, name->len);

	if (i == s->export->columns)
		return refuse_unknown(s->export, option, name, e);
	if (i == s->export->id)
		return refuse(e, option, name,
		    "is the identifier, which is always sent, and first");
	if (s->listed[i])
		return refuse(e, option, name, "is named twice");
	s->listed[i] = true;
	*found = i;
	return 0;
}

static void
add(struct selection *s, size_t column, const struct cell *name)
{
	s->sent[s->count] = column;
	s->sent_as[s->count++] = *name;
}

/* What is wrong with a new name. */
static const char *const faults[] = {
    [NAME_EMPTY] = "has an empty new name",
    [NAME_NOT_UTF8] = "has a new name that is not UTF-8",
    [NAME_CONTROL] = "has a new name that holds a control character or line "
		     "break",
    [NAME_PREFIXED] = "has a new name with \"profile.\" in front; names are "
		      "sent bare",
};

static int
take_param(struct selection *s, const struct cell *column,
    const struct cell *name, struct error *e)
{
	const char *wrong = faults[header_judge_name(name->text, name->len)];
	size_t found;

	if (find_column(s, "--params", column, &found, e) != 0)
		return -1;
	if (s->export->column[found].reserved)
		return refuse(e, "--params", column,
		    "has an identifier's name, and is never sent");
	if (is_reserved(name))
		return refuse(e, "--params", column,
		    "would be sent under an identifier's name");
	if (wrong != NULL)
		return refuse(e, "--params", column, wrong);
	add(s, found, name);
	return 0;
}

/* Every word of a list; params has renamings. */
static int
take_list(struct selection *s, const char *option, const char *list,
    bool params, struct error *e)
{
	const char *at = list;

	for (;; at++) {
		struct cell column, name;
		size_t found;

		at = take_word(s, at, params ? ",:" : ",", &column);
		name = column;
		if (at != NULL && *at == ':')
			at = take_word(s, at + 1, ",:", &name);
		if (at == NULL)
			return error_set(e, EXIT_USAGE,
			    "%s: a name in quotes must be closed, and a comma "
			    "or the end must follow",
			    option);
		if (*at == ':')
			return refuse(e, option, &column,
			    "has a new name that holds a colon; write it in "
			    "double quotes");
		if (params ? take_param(s, &column, &name, e) != 0
			   : find_column(s, option, &column, &found, e) != 0)
			return -1;
		if (*at == '\0')
			return 0;
	}
}

static int
choose(struct selection *s, const struct columns_options *o, struct error *e)
{
	const struct header *h = s->export;
	size_t i;

	if (o->params != NULL && o->drop != NULL)
		return error_set(e, EXIT_USAGE,
		    "--params and --drop exclude each other: what --params "
		    "does not name is left out");
	if (o->params != NULL)
		return take_list(s, "--params", o->params, true, e);
	if (o->drop != NULL && take_list(s, "--drop", o->drop, false, e) != 0)
		return -1;
	for (i = 0; i < h->columns; i++) {
		struct cell name = {h->column[i].name, h->column[i].len};

		if (i != h->id && !s->listed[i] && !h->column[i].reserved)
			add(s, i, &name);
	}
	return 0;
}

static int
compare_names(const void *left, const void *right)
{
	const struct cell *a = left, *b = right;
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	if (order != 0)
		return order;
	return (a->len > b->len) - (a->len < b->len);
}

/* A new name may be that of another column. */
static int
check_twice(const struct selection *s, struct error *e)
{
	struct cell *sorted = sys_malloc(s->count * sizeof(*sorted));
	size_t i;
	int result = 0;

	if (sorted == NULL)
		return error_errno(e, EXIT_LOCAL, "cannot select columns");
	memcpy(sorted, s->sent_as, s->count * sizeof(*sorted));
	qsort(sorted, s->count, sizeof(*sorted), compare_names);
	for (i = 1; i < s->count && result == 0; i++)
		if (compare_names(&sorted[i - 1], &sorted[i]) == 0)
			result = refuse(e, "--params", &sorted[i],
			    "would be sent twice under this name");
	free(sorted);
	return result;
}

/* Fills c from what was selected. */
static int
take_over(struct columns *c, const struct selection *s,
    const struct columns_options *o, struct error *e)
{
	size_t i, bytes = 0;
	char *out;

	for (i = 0; i < s->count; i++) {
		const struct cell *name = &s->sent_as[i];

		if (o->no_separators &&
		    memchr(name->text, ',', name->len) != NULL)
			return refuse(e, "--separators", name,
			    "has a comma in its name; rename it with --params "
			    "or leave it out with --drop");
		bytes += PERCENT_BOUND(s->sent_as[i].len) + 1;
	}
	c->column = sys_calloc(s->count, sizeof(*c->column));
	c->header = out = sys_malloc(bytes);
	if (c->column == NULL || c->header == NULL)
		return error_errno(e, EXIT_LOCAL, "cannot select columns");
	c->straight = true;
	for (i = 0; i < s->count; i++) {
		const struct cell *name = &s->sent_as[i];

		c->column[i].from = s->sent[i];
		c->column[i].name = sys_malloc(name->len + 1);
		if (c->column[i].name == NULL)
			return error_errno(
			    e, EXIT_LOCAL, "cannot select columns");
		memcpy(c->column[i].name, name->text, name->len);
		c->column[i].name[name->len] = '\0';
		c->n++;
		c->column[i].bytes = name->len;
		c->straight = c->straight && s->sent[i] == i;
		c->name_bytes += i > 0 ? name->len : 0;
		if (i > 0)
			*out++ = ',';
		out = percent_encode(out, name->text, name->len, o->raw_utf8);
	}
	c->header_len = (size_t)(out - c->header);
	return 0;
}

int
columns_select(struct columns *c, const struct columns_options *o,
    const struct header *h, struct error *e)
{
	const char *kind = id_kind_name(h->kind);
	struct cell id = {kind, strlen(kind)};
	struct selection s = {.export = h};
	size_t room = (o->params == NULL ? 0 : strlen(o->params)) +
		      (o->drop == NULL ? 0 : strlen(o->drop)) + 1;
	char *text = s.text = sys_malloc(room);
	int result = -1;

	memset(c, 0, sizeof(*c));
	s.sent = sys_malloc(h->columns * sizeof(*s.sent));
	s.sent_as = sys_malloc(h->columns * sizeof(*s.sent_as));
	s.listed = sys_calloc(h->columns, sizeof(*s.listed));
	if (text == NULL || s.sent == NULL || s.sent_as == NULL ||
	    s.listed == NULL) {
		error_errno(e, EXIT_LOCAL, "cannot select columns");
	} else {
		add(&s, h->id, &id);
		if (choose(&s, o, e) == 0 && check_twice(&s, e) == 0)
			result = take_over(c, &s, o, e);
	}
	if (result != 0)
		columns_free(c);
	free(s.listed);
	free(s.sent_as);
	free(s.sent);
	free(text);
	return result;
}

void
columns_free(struct columns *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->column[i].name);
	free(c->column);
	free(c->header);
	memset(c, 0, sizeof(*c));
}
