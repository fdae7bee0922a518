/*
 * fuzz-xml.c: for libFuzzer: any bytes as an answer of the service.
 *
 *	clang -g -fsanitize=fuzzer,address,undefined -Isrc -I. \
 *	    tests/fuzz/fuzz-xml.c src/target/{token,xml}.c \
 *	    src/base/{error,escape,sys,utf8*}.c
 *
 * What is found lies within the input, moves on, fits where it is put, and is
 * UTF-8 there.
 */
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "target/xml.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
demand(int condition)
{
	if (!condition)
		abort();
}

static void
check(struct xml_span outer, struct xml_span content)
{
	static const size_t sizes[] = {1, 2, 7, 64, 4096};
	char text[4096];
	size_t i;

	demand(content.len == 0 ||
	       (content.data >= outer.data && content.len <= outer.len &&
		   content.data + content.len <= outer.data + outer.len));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int result = xml_text(content, text, sizes[i]);

		demand(memchr(text, '\0', sizes[i]) != NULL);
		demand(utf8_valid(text, strlen(text)) == strlen(text));
		/* Nothing decodes to more than a byte that is spelled out. */
		demand(result != 0 || strlen(text) <= 4 * content.len);
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const names[] = {"response", "profile", "a"};
	struct xml_span whole = {(const char *)data, size, "batchStatus"}, rest,
			found, inner;
	size_t i, before;

	check(whole, whole);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		rest = whole;
		before = rest.len + 1;
		while (xml_next(&rest, names[i], &found)) {
			demand(rest.len < before);
			demand(rest.data + rest.len == whole.data + size);
			before = rest.len;
			check(whole, found);
			if (xml_child(found, "a", &inner))
				check(found, inner);
		}
	}
	return 0;
}
