/* The reader of the service's XML answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "api/xml.h"

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
	struct xml_span s = {text, strlen(text)};

	return s;
}

/* What the one child of that name says; NULL: there is none. */
static void
assert_says(const char *document, const char *name, const char *expected)
{
	struct xml_span root;
	const char *why;
	char text[256];
	enum xml_found found;

	if (xml_root(span(document), false, "r", &root, &why) != 0)
		fail_msg("%s: %s", document, why);
	assert_null(why);
	found = xml_get(root, name, text, sizeof(text));
	assert_int_equal(found, expected != NULL ? XML_GIVEN : XML_ABSENT);
	assert_string_equal(text, expected != NULL ? expected : "");
}

static void
assert_none(const char *document, const char *expected)
{
	struct xml_span root;
	const char *why;

	if (xml_root(span(document), false, "r", &root, &why) != -1)
		fail_msg("%s: taken", document);
	assert_int_equal(root.len, 0);
	if (strcmp(why, expected) != 0)
		fail_msg("%s: %s", document, why);
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
	struct xml_span root;
	const char *why;
	char text[256];

	(void)state;
	assert_int_equal(
	    xml_root(span(accepted), false, "response", &root, &why), 0);
	assert_int_equal(
	    xml_get(root, "success", text, sizeof(text)), XML_GIVEN);
	assert_string_equal(text, "true");
	assert_int_equal(
	    xml_get(root, "batchStatus", text, sizeof(text)), XML_GIVEN);
	assert_string_equal(text,
	    "http://mboxedge45.tt.omtrdc.net/m2/demo/profile/batchStatus"
	    "?batchId=demo-1701473848678-13029383");
	assert_int_equal(
	    xml_get(root, "message", text, sizeof(text)), XML_GIVEN);
	assert_string_equal(text, "Batch submitted for processing");
	assert_int_equal(
	    xml_root(span(bare), false, "response", &root, &why), 0);
	assert_int_equal(
	    xml_get(root, "batchStatus", text, sizeof(text)), XML_GIVEN);
	assert_string_equal(text,
	    "http://mboxedge19.tt.omtrdc.net/m2/demo/profile/batchStatus"
	    "?batchId=d-1&m2Node=00");
}

static void
test_names_are_exact(void **state)
{
	(void)state;
	assert_says("<r><batchStatus>x</batchStatus></r>", "status", NULL);
	assert_says("<r><Status>x</Status></r>", "status", NULL);
	assert_says("<r><statusText>x</statusText></r>", "status", NULL);
	assert_says("<r><status2/><status>y</status></r>", "status", "y");
	assert_says("<r><x:status>x</x:status></r>", "status", NULL);
	assert_none("<R></R>", "its root is another element");
}

static void
test_absent_and_empty(void **state)
{
	(void)state;
	assert_says("<r/>", "a", NULL);
	assert_says("<r></r>", "a", NULL);
	assert_says("<r><b/></r>", "a", NULL);
	assert_says("<r><a/></r>", "a", "");
	assert_says("<r><a /></r>", "a", "");
	assert_says("<r><a></a></r>", "a", "");
	assert_says("<r><a> \r\n\t</a></r>", "a", "");
}

/* Only what is a child of the root is one. */
static void
test_children_only(void **state)
{
	(void)state;
	assert_says("<r><b><a>x</a></b></r>", "a", NULL);
	assert_says("<r><b><a>x</a></b><a>y</a></r>", "a", "y");
	assert_says("<r><r><a>x</a></r></r>", "a", NULL);
	assert_says("<r><a><a>x</a></a></r>", "a", "<a>x</a>");
	assert_says("<r><b>&lt;a>x&lt;/a></b></r>", "a", NULL);
	assert_says("<r><b c=\"a>x\"/></r>", "a", NULL);
	assert_says("<r><!-- <a>x</a> --></r>", "a", NULL);
	assert_says("<r><!-- > <a>x</a> --><a>y</a></r>", "a", "y");
	assert_says("<r><b><![CDATA[<a>x</a>]]></b></r>", "a", NULL);
	assert_says("<r><?p <a>x</a>?></r>", "a", NULL);
}

static void
test_lenient(void **state)
{
	(void)state;
	assert_says("\xEF\xBB\xBF<?xml version='1.0'?>\r\n<!DOCTYPE r>\n"
		    "<!-- c --><r x='1'>\n<!-- d -->\t<a >x</a >\n</r\n>\n "
		    "<!-- e -->",
	    "a", "x");
	assert_says("<r><a b=\"c>d\">x</a></r>", "a", "x");
	assert_says("<r><a b='/'>x</a></r>", "a", "x");
	assert_says("<r><a b='\"'/></r>", "a", "");
	assert_says("<r><a\nb='1'\n>\n x y \n</a\n></r>", "a", "x y");
	assert_says("<r><a>3 < 4</a></r>", "a", "3 < 4");
	assert_says("<r><a>3 <4, </ 4> <!b></a></r>", "a", "3 <4, </ 4> <!b>");
	assert_says("<r><a><![CDATA[ x<b ]]></a></r>", "a", "x<b");
	assert_says("<r><a><!-- </a> --> x<!-- y --></a></r>", "a", "x");
	assert_says("<r><a>x</a><b/><a> x </a></r>", "a", "x");
}

static void
test_no_document(void **state)
{
	static const char *const torn[] = {"<r>", "<r", "<r a='>", "<r><a>",
	    "<r><a>x</a", "<r><!-- </r>", "<r><a><![CDATA[</a></r>", "<r><? ",
	    "<r></", "<", "<!", "<!DOCTYPE r"};
	char deep[1024] = "<r>";
	size_t i;

	(void)state;
	assert_none("", "it is empty");
	assert_none(" \n<!-- <r/> -->", "it is empty");
	assert_none("OK", "it has text outside of its elements");
	assert_none("OK <r/>", "it has text outside of its elements");
	assert_none("<r/> OK", "it has text outside of its elements");
	assert_none(
	    "<r>OK <a>x</a></r>", "it has text outside of its elements");
	assert_none(
	    "<r><![CDATA[x]]></r>", "it has text outside of its elements");
	assert_none(
	    "<html><r><a>x</a></r></html>", "its root is another element");
	assert_none("<a>x</a>", "its root is another element");
	assert_none("<r></r><r></r>", "another element follows its root");
	assert_none("<r/><a>x</a>", "another element follows its root");
	assert_none("</r>", "its tags do not match");
	assert_none("<r></b></r>", "its tags do not match");
	assert_none("<r><b><a>x</b></a></r>", "its tags do not match");
	assert_none(
	    "<r><b><c></b><a>x</a><d></c></d></r>", "its tags do not match");
	assert_none("<r><b <a>x</a></r>", "one of its tags is malformed");
	assert_none("<r><b c='<'/></r>", "one of its tags is malformed");
	for (i = 0; i < sizeof(torn) / sizeof(torn[0]); i++) {
		struct xml_span root;
		const char *why;

		assert_int_equal(
		    xml_root(span(torn[i]), false, "r", &root, &why), -1);
	}
	for (i = 1; i < XML_DEPTH; i++)
		memcpy(deep + 3 * i, "<a>", 4);
	for (i = 1; i < XML_DEPTH; i++)
		memcpy(deep + 3 * XML_DEPTH + 4 * (i - 1), "</a>", 5);
	memcpy(deep + strlen(deep), "</r>", 5);
	assert_says(deep, "b", NULL);
	for (i = 1; i < XML_DEPTH + 1; i++)
		memcpy(deep + 3 * i, "<a>", 4);
	assert_none(deep, "its elements are nested too deeply");
}

static void
test_contradictions(void **state)
{
	static const char *const documents[] = {"<r><a>x</a><a>y</a></r>",
	    "<r><a>x</a><a/></r>", "<r><a>x</a><a>x</a><b/><a>X</a></r>"};
	struct xml_span root;
	const char *why;
	char text[8];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		assert_int_equal(
		    xml_root(span(documents[i]), false, "r", &root, &why), 0);
		assert_int_equal(
		    xml_get(root, "a", text, sizeof(text)), XML_CONTRADICTED);
		assert_string_equal(text, "");
	}
	assert_int_equal(
	    xml_root(span("<r><a>12345678</a></r>"), false, "r", &root, &why),
	    0);
	assert_int_equal(xml_get(root, "a", text, sizeof(text)), XML_CUT);
	assert_string_equal(text, "1234567");
}

/* However an answer is cut, it is none; or, if that is known, a part of one of
 * which no child is there that is cut. */
static void
test_cut(void **state)
{
	size_t n = strlen(accepted) - 1, i; /* without the last line feed */
	struct xml_span root;
	const char *why;
	char text[256];

	(void)state;
	for (i = 0; i <= n; i++) {
		/* Of just that size, so that reading past it is found out. */
		char *copy = malloc(i > 0 ? i : 1);
		struct xml_span s = {copy, i};

		assert_non_null(copy);
		memcpy(copy, accepted, i);
		assert_int_equal(xml_root(s, false, "response", &root, &why),
		    i == n ? 0 : -1);
		assert_int_equal(xml_root(s, true, "response", &root, &why),
		    i == n			? 0
		    : i >= strlen("<response>") ? 1
						: -1);
		if (xml_get(root, "success", text, sizeof(text)) != XML_ABSENT)
			assert_string_equal(text, "true");
		else
			assert_true(i < 45);
		if (xml_get(root, "message", text, sizeof(text)) != XML_ABSENT)
			assert_string_equal(
			    text, "Batch submitted for processing");
		free(copy);
	}
	assert_int_equal(
	    xml_root(span("<a/>"), true, "response", &root, &why), -1);
	assert_int_equal(
	    xml_root(span("<a><response>"), true, "response", &root, &why), -1);
}

static void
test_repeated(void **state)
{
	struct xml_span rest = span("<p><i>a</i></p> <p/><q><p>x</p></q>");
	struct xml_span name, content;

	(void)state;
	assert_true(xml_child(&rest, &name, &content));
	assert_memory_equal(name.data, "p", name.len);
	assert_int_equal(content.len, strlen("<i>a</i>"));
	assert_true(xml_child(&rest, &name, &content));
	assert_int_equal(content.len, 0);
	assert_true(xml_child(&rest, &name, &content));
	assert_memory_equal(name.data, "q", name.len);
	assert_false(xml_child(&rest, &name, &content));
	assert_false(xml_child(&rest, &name, &content));
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
	assert_text("a<!-- b -->c<!-- ", "ac<!-- ");
	assert_text("<![CDATA[<!-- a -->]]>", "<!-- a -->");
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
	char text[64];

	(void)xml_text(span(raw), text, size);
	xml_hide(text, "abcd&efgh\"");
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
	struct xml_span nul = {"ab\0c", 4}, none = {NULL, 0};
	struct xml_span root;
	const char *why;
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
	assert_int_equal(xml_root(none, false, "a", &root, &why), -1);
	assert_int_equal(xml_find(none, "a", &root), XML_ABSENT);
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
	    cmocka_unit_test(test_children_only),
	    cmocka_unit_test(test_lenient),
	    cmocka_unit_test(test_no_document),
	    cmocka_unit_test(test_contradictions),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_repeated),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_text_spelled),
	    cmocka_unit_test(test_text_hidden),
	    cmocka_unit_test(test_text_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
