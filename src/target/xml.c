#include "target/xml.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/utf8.h"
#include "target/token.h"

static const char cdata[] = "<![CDATA[";
enum { CDATA = sizeof(cdata) - 1 };

enum tag_kind { TAG_START, TAG_END, TAG_EMPTY };

struct tag {
	enum tag_kind kind;
	struct xml_span name;
	const char *first; /* its "<" */
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

/* To just behind the ">" of a tag, which is not one inside quotes. */
static bool
pass_attributes(struct xml_span *s, bool *closed)
{
	char quote = '\0', last = '\0';

	for (; s->len > 0; advance(s, 1)) {
		char c = s->data[0];

		if (quote != '\0') {
			if (c == quote)
				quote = '\0';
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '>') {
			*closed = last == '/';
			advance(s, 1);
			return true;
		}
		last = c;
	}
	return false;
}

/* Behind a "<", to behind what is no tag: "<!…" or "<?…". */
static void
pass_other(struct xml_span *s)
{
	if (begins(*s, "!--")) {
		advance(s, 3);
		(void)pass(s, "-->");
	} else if (begins(*s, cdata + 1)) {
		advance(s, CDATA - 1);
		(void)pass(s, "]]>");
	} else {
		(void)pass(s, s->data[0] == '?' ? "?>" : ">");
	}
}

/* To behind the next "<" or "</" that a name follows. */
static bool
find_tag(struct xml_span *s, struct tag *t)
{
	while (pass(s, "<")) {
		t->first = s->data - 1;
		t->kind = TAG_START;
		if (begins(*s, "!") || begins(*s, "?")) {
			pass_other(s);
			continue;
		}
		if (begins(*s, "/")) {
			t->kind = TAG_END;
			advance(s, 1);
		}
		if (s->len > 0 && is_name(s->data[0]))
			return true;
	}
	return false;
}

/* The next tag; *s moves behind it.  A "<" that begins none is text. */
static bool
next_tag(struct xml_span *s, struct tag *t)
{
	bool closed = false;

	if (!find_tag(s, t))
		return false;
	t->name.data = s->data;
	t->name.len = 0;
	while (t->name.len < s->len && is_name(s->data[t->name.len]))
		t->name.len++;
	advance(s, t->name.len);
	if (!pass_attributes(s, &closed))
		return false;
	if (closed && t->kind == TAG_START)
		t->kind = TAG_EMPTY;
	return true;
}

static bool
same(struct xml_span a, struct xml_span b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Behind the start tag t: what is in its element, and to behind its end. */
static bool
pass_element(
    struct xml_span *rest, const struct tag *t, struct xml_span *content)
{
	size_t open = 1;
	struct tag inner;

	*content = *rest;
	content->len = 0;
	if (t->kind == TAG_EMPTY)
		return true;
	while (next_tag(rest, &inner)) {
		if (inner.kind == TAG_EMPTY || !same(inner.name, t->name))
			continue;
		if (inner.kind == TAG_START) {
			open++;
		} else if (--open == 0) {
			content->len = (size_t)(inner.first - content->data);
			return true;
		}
	}
	return false;
}

static void
trim(struct xml_span *s)
{
	while (s->len > 0 && is_space(s->data[0]))
		advance(s, 1);
	while (s->len > 0 && is_space(s->data[s->len - 1]))
		s->len--;
}

static bool
find(struct xml_span *rest, const char *name, bool deep,
    struct xml_span *content)
{
	struct xml_span wanted = {name, strlen(name), NULL};
	struct tag t;

	while (next_tag(rest, &t)) {
		bool found = t.kind != TAG_END && same(t.name, wanted);

		if (!found && (deep || t.kind == TAG_END))
			continue;
		if (!pass_element(rest, &t, content))
			break;
		if (found) {
			trim(content);
			return true;
		}
	}
	*content = (struct xml_span){"", 0, NULL};
	return false;
}

bool
xml_next(struct xml_span *rest, const char *name, struct xml_span *content)
{
	return find(rest, name, true, content);
}

bool
xml_child(struct xml_span in, const char *name, struct xml_span *content)
{
	return find(&in, name, false, content);
}

bool
xml_enter(struct xml_span *in, const char *name)
{
	struct xml_span wanted = {name, strlen(name), NULL};
	struct tag t;

	while (next_tag(in, &t)) {
		if (t.kind == TAG_START && same(t.name, wanted))
			return true;
	}
	return false;
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
	if (content.hide != NULL)
		token_hide(out, used, content.hide);
	return held == 0 ? 0 : -1;
}
