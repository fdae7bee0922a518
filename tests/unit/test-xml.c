/* The reader of the service's XML answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "target/xml.h"

/* The documented answers (Bulk Profile Update API), the second with the bare
 * "&" of older samples. */
static const char accepted[] =
    "<response>\n"
    "    <success>true</success>\n"
    "    <batchStatus>http://mboxedge45.tt.omtrdc.net/m2/demo/profile/"
    "batchStatus?batchId=demo-1701473848678-13029383</batchStatus>\n"
    "    <message>Batch submitted for processing</message>\n"
    "</response>\n";
static const char bare[] =
    "<response><success>true</success><batchStatus>http://mboxedge19.tt."
    "omtrdc.net/m2/demo/profile/batchStatus?batchId=d-1&m2Node=00"
    "</batchStatus></response>";

static struct xml_span
span(const char *text)
{
	struct xml_span s = {text, strlen(text), NULL};

	return s;
}

/* The text of an element at any depth; NULL expected: there is none. */
static void
assert_next(const char *document, const char *name, const char *expected)
{
	struct xml_span rest = span(document), content;
	bool found = xml_next(&rest, name, &content);
	char text[256];

	assert_int_equal(found, expected != NULL);
	if (expected == NULL) {
		assert_int_equal(content.len, 0);
		return;
	}
	assert_int_equal(xml_text(content, text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

static void
assert_child(const char *document, const char *name, const char *expected)
{
	struct xml_span content;
	bool found = xml_child(span(document), name, &content);
	char text[256];

	assert_int_equal(found, expected != NULL);
	if (expected == NULL)
		return;
	assert_int_equal(xml_text(content, text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

static void
assert_text(const char *raw, const char *expected)
{
	char text[256];

	assert_int_equal(xml_text(span(raw), text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

static void
test_samples(void **state)
{
	(void)state;
	assert_next(accepted, "success", "true");
	assert_next(accepted, "batchStatus",
	    "http://mboxedge45.tt.omtrdc.net/m2/demo/profile/batchStatus"
	    "?batchId=demo-1701473848678-13029383");
	assert_next(accepted, "message", "Batch submitted for processing");
	assert_next(bare, "batchStatus",
	    "http://mboxedge19.tt.omtrdc.net/m2/demo/profile/batchStatus"
	    "?batchId=d-1&m2Node=00");
}

static void
test_names_are_exact(void **state)
{
	(void)state;
	assert_next("<a><batchStatus>x</batchStatus></a>", "status", NULL);
	assert_next("<a><Status>x</Status></a>", "status", NULL);
	assert_next("<a><statusText>x</statusText></a>", "status", NULL);
	assert_next("<a><status2/><status>y</status></a>", "status", "y");
	assert_next("<a><x:status>x</x:status></a>", "status", NULL);
	assert_next("<status>a</statuss>b</status>", "status", "a</statuss>b");
}

static void
test_absent_and_empty(void **state)
{
	(void)state;
	assert_next("", "a", NULL);
	assert_next("a", "a", NULL);
	assert_next("<b/>", "a", NULL);
	assert_next("<a/>", "a", "");
	assert_next("<a />", "a", "");
	assert_next("<a></a>", "a", "");
	assert_next("<a> \r\n\t</a>", "a", "");
	assert_next("</a>", "a", NULL);
	assert_next("< a>x</a>", "a", NULL);
	assert_next("<a>x</ a>", "a", NULL);
}

static void
test_forms_of_tags(void **state)
{
	(void)state;
	assert_next("<a >x</a >", "a", "x");
	assert_next("<a b=\"c>d\">x</a>", "a", "x");
	assert_next("<a b='/'>x</a>", "a", "x");
	assert_next("<a b='\"'/>", "a", "");
	assert_next("<a\nb='1'\n>\n x y \n</a\n>", "a", "x y");
	assert_next("<?xml version='1.0'?><!DOCTYPE a><a>x</a>", "a", "x");
	assert_next("1 < 2 <a>3 < 4</a>", "a", "3 < 4");
	assert_next("<", "a", NULL);
	assert_next("</", "a", NULL);
	assert_next("<a", "a", NULL);
	assert_next("<a b='>", "a", NULL);
}

static void
test_nested(void **state)
{
	(void)state;
	assert_next("<a><a>x</a>y</a>", "a", "<a>x</a>y");
	assert_next("<a><b>x</b></a>", "b", "x");
	assert_next("<a><a/>x</a>", "a", "<a/>x");
}

static void
test_no_elements_in_comments(void **state)
{
	(void)state;
	assert_next("<!-- <a>x</a> --><a>y</a>", "a", "y");
	assert_next("<!-- > <a>x</a> --><a>y</a>", "a", "y");
	assert_next("<![CDATA[<a>x</a>]]><a>y</a>", "a", "y");
	assert_next("<![CDATA[> <a>x</a>]]><a>y</a>", "a", "y");
	assert_next("<?p <a>x</a>?><a>y</a>", "a", "y");
	assert_next("<a>x<!-- </a> -->y</a>", "a", "x<!-- </a> -->y");
	assert_next("<a><![CDATA[</a>]]></a>", "a", "</a>");
	assert_next("<!-- <a>x</a>", "a", NULL);
	assert_next("<![CDATA[ <a>x</a>", "a", NULL);
}

/* However an answer is cut, its outermost element is not there. */
static void
test_cut(void **state)
{
	size_t n = strlen(accepted) - 1, i; /* without the last line feed */
	struct xml_span content;

	(void)state;
	for (i = 0; i <= n; i++) {
		/* Of just that size, so that reading past it is found out. */
		char *copy = malloc(i + 1);
		struct xml_span s = {copy, i, NULL};

		assert_non_null(copy);
		memcpy(copy, accepted, i);
		copy = realloc(copy, i > 0 ? i : 1);
		s.data = copy;
		assert_int_equal(xml_next(&s, "response", &content), i == n);
		free(copy);
	}
}

static void
test_children(void **state)
{
	static const char body[] =
	    "<profile><id>1</id><status>failed</status></profile>"
	    "<x><y/></x><status>complete</status><id/>";

	(void)state;
	assert_child(body, "status", "complete");
	assert_child(body, "id", "");
	assert_child(body, "y", NULL);
	assert_child("</b><a>x</a>", "a", "x");
	assert_child("<b><a>x</a>", "a", NULL);
	assert_child("", "a", NULL);
}

static void
test_enter(void **state)
{
	struct xml_span cut = span("<?xml?><r a='1'><status>x</status><id>1");
	struct xml_span content;

	(void)state;
	assert_false(xml_next(&cut, "r", &content));
	cut = span("<?xml?><r a='1'><status>x</status><id>1");
	assert_true(xml_enter(&cut, "r"));
	assert_true(xml_child(cut, "status", &content));
	assert_memory_equal(content.data, "x", 1);
	assert_false(xml_child(cut, "id", &content));
	cut = span("<r/></r>");
	assert_false(xml_enter(&cut, "r"));
}

static void
test_repeated(void **state)
{
	struct xml_span rest =
	    span("<r><ps><profile><id>a</id><status>failed</status></profile>"
		 "<profile/> <profile><id>b</id></profile></ps></r>");
	struct xml_span profile, id;

	(void)state;
	assert_true(xml_next(&rest, "profile", &profile));
	assert_true(xml_child(profile, "id", &id));
	assert_memory_equal(id.data, "a", 1);
	assert_true(xml_next(&rest, "profile", &profile));
	assert_int_equal(profile.len, 0);
	assert_true(xml_next(&rest, "profile", &profile));
	assert_true(xml_child(profile, "id", &id));
	assert_memory_equal(id.data, "b", 1);
	assert_false(xml_next(&rest, "profile", &profile));
	assert_false(xml_next(&rest, "profile", &profile));
}

static void
test_text(void **state)
{
	(void)state;
	assert_text("", "");
	assert_text("a&amp;b&lt;c&gt;d&quot;e&apos;f", "a&b<c>d\"e'f");
	assert_text("&amp;lt;", "&lt;");
	assert_text("&#65;&#x42;&#X43;&#x6a;&#x6A;", "ABCjj");
	assert_text("&#xe9;&#8364;&#x1F600;", "\303\251\342\202\254"
					      "\360\237\230\200");
	assert_text("a&b=c&", "a&b=c&");
	assert_text("&AMP;&nbsp;&amp", "&AMP;&nbsp;&amp");
	assert_text("&#;&#x;&#0;&#x110000;&#xD800;&#65",
	    "&#;&#x;&#0;&#x110000;&#xD800;&#65");
	assert_text("&#99999999999999999999;", "&#99999999999999999999;");
	assert_text("<![CDATA[&amp;]]>&amp;]]>", "&amp;&]]>");
	assert_text("<b>x</b>", "<b>x</b>");
}

/* What is no UTF-8 is spelled out, so that all that comes out is. */
static void
test_text_spelled(void **state)
{
	char text[10];

	(void)state;
	assert_text("a\344b", "a\\xE4b");
	assert_text("\303\251\303", "\303\251\\xC3");
	assert_text("\303<![CDATA[\251]]>", "\303\251");
	assert_text("\355\240\200", "\\xED\\xA0\\x80");
	assert_text("\360\237\230\200\360\237\230", "\360\237\230\200"
						    "\\xF0\\x9F\\x98");
	assert_int_equal(
	    xml_text(span("a\344\344\344"), text, sizeof(text)), -1);
	assert_string_equal(text, "a\\xE4\\xE4");
	assert_int_equal(
	    xml_text(span("\344\344\303\251"), text, sizeof(text)), -1);
	assert_string_equal(text, "\\xE4\\xE4");
	assert_int_equal(xml_text(span("\344\344."), text, sizeof(text)), 0);
	assert_string_equal(text, "\\xE4\\xE4.");
}

static void
hides(const char *raw, size_t size, const char *expected)
{
	struct xml_span s = span(raw), rest, content;
	char document[256], text[64];

	s.hide = "abcd&efgh\"";
	(void)xml_text(s, text, size);
	assert_string_equal(text, expected);
	/* What is found in a span hides the same. */
	snprintf(document, sizeof(document), "<r><b><c>%s</c></b></r>", raw);
	rest = span(document);
	rest.hide = s.hide;
	assert_true(xml_enter(&rest, "r"));
	assert_true(xml_next(&rest, "b", &content));
	assert_true(xml_child(content, "c", &s));
	(void)xml_text(s, text, size);
	assert_string_equal(text, expected);
}

static void
test_text_hidden(void **state)
{
	(void)state;
	hides("x abcd&efgh\" y", 64, "x ********** y");
	hides("x abcd&amp;efgh&quot;", 64, "x **********");
	hides("&#97;&#x62;cd&#38;efgh&#34;", 64, "**********");
	hides("ab<![CDATA[cd&ef]]>gh&quot;y", 64, "**********y");
	/* A beginning, where it is cut. */
	hides("x abcd&amp;efgh&quot;", 12, "x *********");
	hides("x abcd&amp;efgh&quot;", 11, "x ********");
	hides("x abcd&amp;e", 64, "x abcd&e");
}

static void
test_text_bounds(void **state)
{
	struct xml_span nul = {"ab\0c", 4, NULL}, none = {NULL, 0, NULL};
	char text[4];

	(void)state;
	assert_int_equal(xml_text(span("abc"), text, sizeof(text)), 0);
	assert_string_equal(text, "abc");
	assert_int_equal(xml_text(span("abcd"), text, sizeof(text)), -1);
	assert_string_equal(text, "abc");
	assert_int_equal(xml_text(span("ab\303\251"), text, sizeof(text)), -1);
	assert_string_equal(text, "ab");
	assert_int_equal(xml_text(span("ab&#xe9;"), text, sizeof(text)), -1);
	assert_string_equal(text, "ab");
	assert_int_equal(xml_text(none, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_false(xml_child(none, "a", &none));
	assert_int_equal(xml_text(nul, text, sizeof(text)), -1);
	assert_string_equal(text, "ab");
	assert_int_equal(xml_text(span("x"), text, 1), -1);
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_samples),
	    cmocka_unit_test(test_names_are_exact),
	    cmocka_unit_test(test_absent_and_empty),
	    cmocka_unit_test(test_forms_of_tags),
	    cmocka_unit_test(test_nested),
	    cmocka_unit_test(test_no_elements_in_comments),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_children),
	    cmocka_unit_test(test_enter),
	    cmocka_unit_test(test_repeated),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_text_spelled),
	    cmocka_unit_test(test_text_hidden),
	    cmocka_unit_test(test_text_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
