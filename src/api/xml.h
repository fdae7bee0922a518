/*
 * xml.h: a small reader for the service's XML answers: a root, and elements in
 * it.
 *
 * It is lenient where the service's own samples are not well-formed (a bare
 * "&" in a URL), but an answer is hostile input, and what tells of success
 * must stand where it is documented: tags have to match, and the root and its
 * children have no text beside them.  Names are compared exactly; attributes
 * are passed over; comments, CDATA sections and processing instructions hold no
 * elements.
 *
 * It works on a span of bytes, never reads outside it, allocates nothing, and
 * takes time in proportion to it.
 */
#ifndef TP_API_XML_H
#define TP_API_XML_H

#include <stdbool.h>
#include <stddef.h>

struct xml_span {
	const char *data; /* belongs to the caller; no NUL behind it */
	size_t len;
};

/* Elements are nested no deeper; the service's answers are three deep. */
enum { XML_DEPTH = 16 };

/*
 * *content becomes what stands between the tags of the root, which must be
 * called name and be all there is, but for white space, comments, a byte order
 * mark and what begins with "<?" or "<!DOCTYPE".  cut: body is only the first
 * part of a longer document.  0; 1: with cut, the end of the root is missing
 * and *content is what there is; -1: it is no such document, content is empty,
 * and *why says why: "its tags do not match".
 */
int xml_root(struct xml_span body, bool cut, const char *name,
    struct xml_span *content, const char **why);

/*
 * The next element of those that stand in *rest, content of an element, itself:
 * its name, and what is between its tags without the white space around it.
 * *rest moves behind it.  false: there is none; one without an end is none.
 */
bool xml_child(
    struct xml_span *rest, struct xml_span *name, struct xml_span *content);

enum xml_found {
	XML_ABSENT,
	XML_GIVEN,
	XML_CUT,	 /* its text is longer than fits, or holds NUL */
	XML_CONTRADICTED /* there are several, and they differ */
};

/* The one child of that name; several must be the same, byte for byte. */
enum xml_found xml_find(
    struct xml_span in, const char *name, struct xml_span *content);

/* … and its text, without white space around it; "" unless XML_GIVEN or
 * XML_CUT.  Of the latter out has the beginning. */
enum xml_found xml_get(
    struct xml_span in, const char *name, char *out, size_t size);

/*
 * Content as text: the five named entities and the numeric ones are decoded,
 * CDATA sections unwrapped, comments left out; all else (a bare "&", an unknown
 * entity, a tag) is left as it stands.  Bytes that are not UTF-8 become "\xNN",
 * so that out is UTF-8, and no longer when it is written.  It is always ended
 * by NUL.  0, or -1 if it did not fit or holds NUL: out then has the characters
 * before that.
 */
int xml_text(struct xml_span content, char *out, size_t size);

/*
 * Before such a text is shown: the service may say back what it was sent.  The
 * token is starred out, as token_hide does it, and also what it has become if
 * it was sent back as it is and looks escaped.  token NULL: nothing is.
 */
void xml_hide(char *text, const char *token);

#endif
