#include "sandbox/single.h"

#include <string.h>
#include "base/buffer.h"
#include "base/utf8.h"
#include "sandbox/form.h"

struct parameter {
	const char *name;
	const char *value;
};

/* The parameters of a request, in both of its places. */
struct request {
	struct buffer list; /* struct parameter */
	const char *id;	    /* NULL: not there */
	const char *refused;
	struct store_scope *scope;
};

static int
read_parameters(struct request *r, char *text)
{
	struct parameter p;
	char *name, *value;

	if (!form_is_well_formed(text, strlen(text))) {
		r->refused = "A % is not followed by two hexadecimal digits";
		return 0;
	}
	while (form_next(&text, &name, &value)) {
		if (strcmp(name, "mboxPC") == 0) {
			r->scope->kind = STORE_PCID;
			r->id = value;
		} else if (strcmp(name, "mbox3rdPartyId") == 0) {
			r->scope->kind = STORE_THIRD_PARTY_ID;
			r->id = value;
		} else if (strncmp(name, "profile.", 8) == 0 &&
			   name[8] != '\0') {
			p = (struct parameter){name + 8, value};
			if (utf8_valid(name, strlen(name)) < strlen(name) ||
			    utf8_valid(value, strlen(value)) < strlen(value))
				r->refused = "A parameter is not UTF-8";
			if (buffer_add(&r->list, &p, sizeof(p)) != 0)
				return -1;
		}
	}
	return 0;
}

/* Within a transaction. */
static int
set_all(struct store *s, const struct request *r, struct store_profile *profile,
    struct error *e)
{
	const struct parameter *p =
	    (const struct parameter *)(const void *)r->list.data;
	size_t i, n = r->list.len / sizeof(*p);
	struct document_name name;

	if (store_find(s, r->id, strlen(r->id), profile, e) != 0)
		return -1;
	if (!profile->found || n == 0)
		return 0;
	for (i = 0; i < n; i++) {
		/* As in a batch, an empty value changes nothing. */
		if (p[i].value[0] == '\0')
			continue;
		if (store_name(s, p[i].name, strlen(p[i].name), &name, e) != 0)
			return -1;
		if (document_set(&profile->document, &name, p[i].value,
			strlen(p[i].value), r->scope->now, false) != 0)
			return error_set(e, EXIT_TEMPORARY, "out of memory");
	}
	(void)document_fit(&profile->document);
	return store_keep(s, r->id, strlen(r->id), profile, e);
}

static int
change(struct store *s, const struct request *r, struct error *e)
{
	struct store_profile profile = {0};
	int result;

	document_init(&profile.document);
	result = store_begin(s, r->scope, e);
	if (result == 0) {
		result = set_all(s, r, &profile, e);
		if (result == 0)
			result = store_commit(s, e);
		else
			store_rollback(s);
	}
	document_free(&profile.document);
	return result;
}

int
single_apply(struct store *s, struct store_scope *scope, char *query,
    char *body, const char **refused, struct error *e)
{
	struct request r = {.scope = scope};
	int result;

	buffer_init(&r.list,
	    (SINGLE_MAX_GET + SINGLE_MAX_POST) * sizeof(struct parameter));
	result = read_parameters(&r, query);
	if (result == 0 && r.refused == NULL)
		result = read_parameters(&r, body);
	if (r.refused == NULL && (r.id == NULL || r.id[0] == '\0'))
		r.refused = "mboxPC or mbox3rdPartyId is missing";
	*refused = r.refused;
	if (result != 0)
		error_set(e, EXIT_TEMPORARY, "out of memory");
	else if (r.refused == NULL)
		result = change(s, &r, e);
	buffer_free(&r.list);
	return result;
}
