/*
 * xml.h: a small, lenient reader for the service's XML answers, whose own
 * samples are not well-formed (a bare "&" in a URL).
 *
 * It works on a span of bytes, never reads outside it, allocates nothing, and
 * takes time in proportion to it.  Names are compared exactly, attributes are
 * passed over, comments, CDATA sections and processing instructions hold no
 * elements.  An element without its end tag is not there: that is how an
 * answer that was cut is known.
 *
 * The service may say back what it was sent.  What a span hides is hidden in
 * all that is found in it, here, as an escaped token is one only when decoded.
 */
#ifndef TP_TARGET_XML_H
#define TP_TARGET_XML_H

#include <stdbool.h>
#include <stddef.h>

struct xml_span {
	const char *data; /* belongs to the caller; no NUL behind it */
	size_t len;
	const char *hide; /* the token, which no text of it shows; or NULL */
};

/*
 * The next element called name, at any depth.  *content is what stands
 * between its tags, white space around it dropped (<name/>, <name></name>:
 * found and empty), and *rest what stands behind it, so that repeated elements
 * are found one after another.  false: there is none; content is empty.
 */
bool xml_next(
    struct xml_span *rest, const char *name, struct xml_span *content);

/*
 * Moves *in behind the first start tag called name, whether or not there is an
 * end tag: for what there is of a document whose end is known to be missing.
 */
bool xml_enter(struct xml_span *in, const char *name);

/* The first such element that stands in `in` itself, not in another one. */
bool xml_child(struct xml_span in, const char *name, struct xml_span *content);

/*
 * Content as text: the five named entities and the numeric ones are decoded,
 * CDATA sections unwrapped, all else (a bare "&", an unknown entity, a tag)
 * is left as it stands.  Bytes that are not UTF-8 become "\xNN", so that out is
 * UTF-8, and no longer when it is written.  It is always ended by NUL.  0, or
 * -1 if it did not fit or holds NUL: out then has the characters before that.
 * The token to hide is starred out, as token_hide does it.
 */
int xml_text(struct xml_span content, char *out, size_t size);

#endif
