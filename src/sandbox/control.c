#include "sandbox/control.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/number.h"
#include "sandbox/answer.h"
#include "sandbox/form.h"
#include "sandbox/route.h"

struct control {
	struct edge *edge;
	char client[STORE_CLIENT];
	enum store_kind kind;
	struct buffer *out;
	struct error *e;
};

int
control_parse_share(const char *text, double *share)
{
	char *end;
	double n;

	if (text[0] < '0' || text[0] > '9' ||
	    text[strspn(text, "0123456789.%")] != '\0')
		return -1;
	n = strtod(text, &end);
	if (*end == '%') {
		n /= 100;
		end++;
	}
	if (*end != '\0' || n > 1)
		return -1;
	*share = n;
	return 0;
}

bool
control_is_foreign(
    const struct edge *edge, const char *host, const char *origin)
{
	const char *own = strstr(edge_address(edge), "://") + 3;
	const char *port = strchr(own, ':');

	if (origin != NULL || host == NULL)
		return true;
	return strcmp(host, own) != 0 && (strncmp(host, "localhost", 9) != 0 ||
					     strcmp(host + 9, port) != 0);
}

static unsigned int
wrong(const struct control *c, unsigned int status, const char *name,
    const char *value, const char *what)
{
	(void)answer_text(c->out, "%.20s=%.200s: %s\n", name, value, what);
	return status;
}

static int
touch(struct store *s, const struct store_scope *scope, const char *id,
    struct store_profile *profile, struct error *e)
{
	if (store_begin(s, scope, e) != 0)
		return -1;
	if (store_find(s, id, strlen(id), profile, e) == 0) {
		document_tie(&profile->document);
		if (!profile->found ||
		    store_keep(s, id, strlen(id), profile, e) == 0)
			return store_commit(s, e);
	}
	store_rollback(s);
	return -1;
}

/* A page visit: the profile lives on, and what updates have set is merged. */
static unsigned int
visit(struct control *c, const char *id)
{
	const struct store_scope scope =
	    edge_scope(c->edge, c->client, c->kind);
	struct store_profile profile = {0};
	int result;

	document_init(&profile.document);
	result = touch(edge_lock(c->edge), &scope, id, &profile, c->e);
	edge_unlock(c->edge);
	document_free(&profile.document);
	if (result != 0)
		return 0;
	return profile.found
		   ? 200
		   : wrong(c, 404, "visit", id, "there is no such profile");
}

static unsigned int
apply_one(struct control *c, const char *name, const char *value)
{
	struct error e = ERROR_INIT;
	uint64_t seconds;
	double share;

	if (strcmp(name, "fault") == 0) {
		if (value[0] == '\0')
			edge_end_faults(c->edge);
		else if (edge_add_fault(c->edge, value, &e) != 0)
			return wrong(c, 400, name, value, e.text);
	} else if (strcmp(name, "clock") == 0) {
		if (number_parse_seconds(value, 0, 3650 * 86400, &seconds))
			return wrong(c, 400, name, value,
			    "expected a time up to 3650d, as in 14d");
		edge_move_clock(c->edge, seconds);
	} else if (strcmp(name, "lose") == 0) {
		if (control_parse_share(value, &share) != 0)
			return wrong(c, 400, name, value,
			    "expected a share from 0 to 1, or 0.1%");
		edge_set_lose(c->edge, share);
	} else if (strcmp(name, "client") == 0) {
		if (!route_is_client(value))
			return wrong(
			    c, 400, name, value, "expected a client code");
		memcpy(c->client, value, strlen(value) + 1);
	} else if (strcmp(name, "kind") == 0) {
		if (strcmp(value, "pcId") != 0 &&
		    strcmp(value, "thirdPartyId") != 0)
			return wrong(c, 400, name, value,
			    "expected thirdPartyId or pcId");
		c->kind = value[0] == 'p' ? STORE_PCID : STORE_THIRD_PARTY_ID;
	} else if (strcmp(name, "visit") == 0) {
		return visit(c, value);
	} else {
		return wrong(c, 400, name, value,
		    "there are fault, clock, lose, client, kind and visit");
	}
	return 200;
}

static unsigned int
apply(struct control *c, char *text)
{
	unsigned int status = 200;
	char *name, *value;

	if (!form_is_well_formed(text, strlen(text)))
		return wrong(c, 400, "", "",
		    "a % is not followed by two hexadecimal digits");
	while (status == 200 && form_next(&text, &name, &value))
		status = apply_one(c, name, value);
	return status;
}

static int
say_state(struct control *c)
{
	ndjson *state = ndjson_new();
	char text[CLOCK_TEXT], *line;
	size_t n;
	int result = -1;

	ndjson_set_string(
	    state, "now", clock_text((time_t)(edge_now(c->edge) / 1000), text));
	ndjson_set_real(state, "lose", edge_lose(c->edge));
	edge_counts(c->edge, state);
	line = ndjson_line(state, &n);
	if (line != NULL)
		result = buffer_add(c->out, line, n);
	free(line);
	ndjson_free(state);
	return result;
}

unsigned int
control_apply(struct edge *edge, char *query, char *body, struct buffer *out,
    struct error *e)
{
	struct control c = {edge, "demo", STORE_THIRD_PARTY_ID, out, e};
	unsigned int status = apply(&c, query);

	if (status == 200)
		status = apply(&c, body);
	if (status == 200 && say_state(&c) != 0) {
		error_set(e, EXIT_TEMPORARY, "out of memory");
		return 0;
	}
	return status;
}
