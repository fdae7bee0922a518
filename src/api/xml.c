#include "api/xml.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "api/token.h"
#include "base/safety.h"
#include "base/utf8.h"

static const char cdata[] = "<![CDATA[", comment[] = "<!--";
enum { CDATA = sizeof(cdata) - 1, COMMENT = sizeof(comment) - 1 };

enum token_kind {
	TOKEN_TEXT,
	TOKEN_CDATA,
	TOKEN_OTHER, /* a comment, a declaration, an instruction */
	TOKEN_START,
	TOKEN_END,
	TOKEN_EMPTY,	/* <name/> */
	TOKEN_NONE,	/* the input has ended */
	TOKEN_TORN,	/* the input has ended within a token */
	TOKEN_MALFORMED /* a tag with a "<" in it */
};

struct token {
	enum token_kind kind;
	struct xml_span all;
	struct xml_span name; /* of a tag */
};

/* While the tags of a document are checked. */
struct walk {
	struct xml_span open[XML_DEPTH]; /* names of the elements around */
	size_t depth;
	struct xml_span wanted; /* the name of the root */
	struct xml_span root;	/* what is in it; data is NULL before it */
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
	       c == ':' || (unsigned char)c >= 0x80;
}

static bool
begins_name(char c)
{
	return is_name(c) && c != '-' && c != '.' && (c < '0' || c > '9');
}

static bool
begins(struct xml_span s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && memcmp(s.data, with, n) == 0;
}

static void
advance(struct xml_span *s, size_t n)
{
	if (n > 0) /* an empty span may be at NULL */
		s->data += n;
	s->len -= n;
}

/* To just behind the next such text; false: to the end. */
static bool
pass(struct xml_span *s, const char *text)
{
	size_t n = strlen(text);

	while (s->len >= n) {
		const char *p = memchr(s->data, text[0], s->len - n + 1);

		if (p == NULL)
			break;
		advance(s, (size_t)(p - s->data));
		if (memcmp(p, text, n) == 0) {
			advance(s, n);
			return true;
		}
		advance(s, 1);
	}
	advance(s, s->len);
	return false;
}

/* The same, or the input ends before it can be told. */
static bool
may_begin(struct xml_span s, const char *with)
{
	size_t n = strlen(with);

	return memcmp(s.data, with, s.len < n ? s.len : n) == 0;
}

/* Does markup begin here?  A "<" that begins none is text. */
static bool
is_markup(struct xml_span s)
{
	if (may_begin(s, comment) || may_begin(s, cdata) ||
	    may_begin(s, "<!DOCTYPE"))
		return true;
	if (begins(s, "</") || begins(s, "<?"))
		return s.len == 2 || begins_name(s.data[2]);
	return s.data[0] == '<' && begins_name(s.data[1]);
}

static enum token_kind
take_text(struct xml_span *s)
{
	do {
		const char *next = memchr(s->data + 1, '<', s->len - 1);

		advance(s, next == NULL ? s->len : (size_t)(next - s->data));
	} while (s->len > 0 && !is_markup(*s));
	return TOKEN_TEXT;
}

/* Behind a tag's name: what else is in it.  A ">" inside quotes does not end
 * it.  No tag holds a "<": what begins as one and does is malformed. */
static enum token_kind
take_attributes(struct xml_span *s, enum token_kind kind)
{
	char quote = '\0', last = '\0';

	for (; s->len > 0; advance(s, 1)) {
		char c = s->data[0];

		if (c == '<')
			return TOKEN_MALFORMED;
		if (quote != '\0') {
			if (c == quote)
				quote = '\0';
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '>') {
			advance(s, 1);
			return last == '/' && kind == TOKEN_START ? TOKEN_EMPTY
								  : kind;
		}
		last = c;
	}
	return TOKEN_TORN;
}

static enum token_kind
take_tag(struct xml_span *s, struct token *t)
{
	bool end = begins(*s, "</");

	advance(s, end ? 2 : 1);
	t->name.data = s->data;
	while (s->len > 0 && is_name(s->data[0]))
		advance(s, 1);
	t->name.len = (size_t)(s->data - t->name.data);
	return take_attributes(s, end ? TOKEN_END : TOKEN_START);
}

/* The next token; *s moves behind it. */
static void
next_token(struct xml_span *s, struct token *t)
{
	t->all = *s;
	t->name = (struct xml_span){"", 0};
	if (s->len == 0)
		t->kind = TOKEN_NONE;
	else if (!is_markup(*s))
		t->kind = take_text(s);
	else if (begins(*s, comment)) {
		advance(s, COMMENT);
		t->kind = pass(s, "-->") ? TOKEN_OTHER : TOKEN_TORN;
	} else if (begins(*s, cdata))
		t->kind = pass(s, "]]>") ? TOKEN_CDATA : TOKEN_TORN;
	else if (begins(*s, "<?"))
		t->kind = pass(s, "?>") ? TOKEN_OTHER : TOKEN_TORN;
	else if (begins(*s, "<!"))
		t->kind = pass(s, ">") ? TOKEN_OTHER : TOKEN_TORN;
	else
		t->kind = take_tag(s, t);
	t->all.len -= s->len;
}

static bool
same(struct xml_span a, struct xml_span b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static void
trim(struct xml_span *s)
{
	while (s->len > 0 && is_space(s->data[0]))
		advance(s, 1);
	while (s->len > 0 && is_space(s->data[s->len - 1]))
		s->len--;
}

static const char *
enter(struct walk *w, const struct token *t)
{
	if (w->depth == 0 && w->root.data != NULL)
		return "another element follows its root";
	if (w->depth == 0 && !same(t->name, w->wanted))
		return "its root is another element";
	if (w->depth == 0) {
		w->root = t->all;
		advance(&w->root, t->all.len);
	}
	if (t->kind == TOKEN_EMPTY)
		return NULL;
	if (w->depth == XML_DEPTH)
		return "its elements are nested too deeply";
	w->open[w->depth++] = t->name;
	return NULL;
}

static const char *
leave(struct walk *w, const struct token *t)
{
	if (w->depth == 0 || !same(t->name, w->open[w->depth - 1]))
		return "its tags do not match";
	if (--w->depth == 0)
		w->root.len = (size_t)(t->all.data - w->root.data);
	return NULL;
}

/* NULL, or what is wrong with a token in its place. */
static const char *
check(struct walk *w, const struct token *t)
{
	struct xml_span text = t->all;

	switch (t->kind) {
	case TOKEN_START:
	case TOKEN_EMPTY:
		return enter(w, t);
	case TOKEN_END:
		return leave(w, t);
	case TOKEN_MALFORMED:
		return "one of its tags is malformed";
	case TOKEN_TEXT:
		trim(&text);
		if (text.len == 0)
			return NULL;
		/* FALLTHROUGH */
	case TOKEN_CDATA:
		return w->depth < 2 ? "it has text outside of its elements"
				    : NULL;
	default:
		return NULL;
	}
}

int
xml_root(struct xml_span body, bool cut, const char *name,
    struct xml_span *content, const char **why)
{
	struct walk w = {.wanted = {name, strlen(name)}};
	struct token t;
	bool whole;

	*content = (struct xml_span){"", 0};
	*why = NULL;
	if (begins(body, "\xEF\xBB\xBF"))
		advance(&body, 3);
	do {
		next_token(&body, &t);
		*why = check(&w, &t);
	} while (*why == NULL && t.kind != TOKEN_NONE && t.kind != TOKEN_TORN);
	whole = t.kind == TOKEN_NONE && w.depth == 0;
	if (*why == NULL && w.root.data == NULL)
		*why = "it is empty";
	else if (*why == NULL && !whole && !cut)
		*why = "it breaks off";
	if (*why != NULL)
		return -1;
	if (w.depth > 0)
		w.root.len = (size_t)(body.data - w.root.data);
	*content = w.root;
	return whole ? 0 : 1;
}

bool
xml_child(
    struct xml_span *rest, struct xml_span *name, struct xml_span *content)
{
	size_t depth = 0;
	struct token t;

	for (;;) {
		next_token(rest, &t);
		if (t.kind == TOKEN_NONE || t.kind == TOKEN_TORN ||
		    t.kind == TOKEN_MALFORMED)
			return false;
		if (depth == 0 &&
		    (t.kind == TOKEN_START || t.kind == TOKEN_EMPTY)) {
			*name = t.name;
			*content = *rest;
		}
		if (t.kind == TOKEN_START)
			depth++;
		if (t.kind == TOKEN_END && depth > 0 && --depth == 0)
			break;
		if (t.kind == TOKEN_EMPTY && depth == 0) {
			content->len = 0;
			return true;
		}
	}
	content->len = (size_t)(t.all.data - content->data);
	trim(content);
	return true;
}

enum xml_found
xml_find(struct xml_span in, const char *name, struct xml_span *content)
{
	const struct xml_span wanted = {name, strlen(name)};
	enum xml_found found = XML_ABSENT;
	struct xml_span child, each;

	*content = (struct xml_span){"", 0};
	while (xml_child(&in, &child, &each)) {
		if (!same(child, wanted))
			continue;
		if (found == XML_GIVEN && !same(each, *content))
			return XML_CONTRADICTED;
		*content = each;
		found = XML_GIVEN;
	}
	return found;
}

enum xml_found
xml_get(struct xml_span in, const char *name, char *out, size_t size)
{
	struct xml_span content;
	enum xml_found found = xml_find(in, name, &content);

	out[0] = '\0';
	if (found != XML_GIVEN)
		return found;
	if (xml_text(content, out, size) != 0)
		found = XML_CUT;
	content = (struct xml_span){out, strlen(out)};
	trim(&content);
	memmove(out, content.data, content.len);
	out[content.len] = '\0';
	return found;
}

/* UTF-8 of a code point; 0: of none that a text may hold. */
static size_t
encode(uint32_t point, char out[4])
{
	size_t n = point < 0x80	     ? 1
		   : point < 0x800   ? 2
		   : point < 0x10000 ? 3
				     : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t i;

	if (point == 0 || point > 0x10ffff ||
	    (point >= 0xd800 && point <= 0xdfff))
		return 0;
	for (i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (point & 0x3f));
		point >>= 6;
	}
	out[0] = (char)(lead[n] | point);
	return n;
}

static uint32_t
digit(char c)
{
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (uint32_t)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (uint32_t)(c - 'A' + 10);
	return 99;
}

/* "&#38;" or "&#x26;": its length, or 0; what it stands for goes to out. */
static size_t
numeric(struct xml_span s, char out[4], size_t *n)
{
	bool hex = s.len > 2 && (s.data[2] == 'x' || s.data[2] == 'X');
	uint32_t base = hex ? 16 : 10, point = 0;
	size_t i = hex ? 3 : 2;

	for (; i < s.len && digit(s.data[i]) < base && point <= 0x10ffff; i++)
		point = point * base + digit(s.data[i]);
	if (i >= s.len || s.data[i] != ';')
		return 0;
	*n = encode(point, out);
	return *n == 0 ? 0 : i + 1;
}

/* An entity at s: its length, or 0 if it is none. */
static size_t
entity(struct xml_span s, char out[4], size_t *n)
{
	static const struct {
		const char *name;
		char is;
	} named[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'},
	    {"&quot;", '"'}, {"&apos;", '\''}};
	size_t i;

	if (begins(s, "&#"))
		return numeric(s, out, n);
	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (begins(s, named[i].name)) {
			out[0] = named[i].is;
			*n = 1;
			return strlen(named[i].name);
		}
	}
	return 0;
}

/* The next piece of text: its length in s; what it stands for, n bytes. */
static size_t
piece(struct xml_span s, bool *raw, char out[4], size_t *n)
{
	size_t taken = 0;

	*n = 0;
	if (*raw && begins(s, "]]>")) {
		*raw = false;
		return 3;
	}
	if (!*raw && begins(s, cdata)) {
		*raw = true;
		return CDATA;
	}
	if (!*raw && begins(s, comment)) {
		struct xml_span rest = {s.data + COMMENT, s.len - COMMENT};

		if (pass(&rest, "-->"))
			return s.len - rest.len;
	}
	if (!*raw)
		taken = entity(s, out, n);
	if (taken == 0) {
		out[0] = s.data[0];
		*n = taken = 1;
	}
	return taken;
}

/* The first character of n bytes as it is put out: its length in them. */
static size_t
spell(const char *from, size_t n, char out[5], size_t *used)
{
	uint32_t point;
	size_t taken = utf8_decode(from, n, &point);

	*used = taken;
	if (taken > 0) {
		memcpy(out, from, taken);
		return taken;
	}
	*used = 4;
	snprintf(out, 5, "\\x%02X", (unsigned char)from[0]);
	return 1;
}

int
xml_text(struct xml_span content, char *out, size_t size)
{
	char next[8]; /* decoded, and not put out yet */
	size_t held = 0, used = 0;
	bool raw = false;

	for (;;) {
		char character[5];
		size_t n, taken;

		/* A whole character, if there is one. */
		while (held < 4 && content.len > 0) {
			advance(
			    &content, piece(content, &raw, next + held, &n));
			held += n;
		}
		if (held == 0 || next[0] == '\0')
			break;
		taken = spell(next, held, character, &n);
		if (n >= size - used)
			break;
		memcpy(out + used, character, n);
		used += n;
		held -= taken;
		memmove(next, next + taken, held);
	}
	out[used] = '\0';
	return held == 0 ? 0 : -1;
}

void
xml_hide(char *text, const char *token)
{
	char other[TOKEN_MAX + 1];
	size_t n = strlen(text);

	if (token == NULL)
		return;
	if (SAFETY("token-starred-out-decoded", true, false))
		token_hide(text, n, token);
	if (strpbrk(token, "&<]") == NULL)
		return;
	(void)xml_text(
	    (struct xml_span){token, strlen(token)}, other, sizeof(other));
	if (SAFETY("token-starred-out", true, false))
		token_hide(text, n, other);
	token_wipe(other, sizeof(other));
}
