/*
 * fuzz-xml.c: for libFuzzer: any bytes as an answer of the service.
 *
 *	clang -g -fsanitize=fuzzer,address,undefined -Isrc -I. \
 *	    tests/fuzz/fuzz-xml.c src/api/{token,xml}.c src/base/[a-z]*.c \
 *	    -lcrypto -ljansson
 *
 * What is found lies within the input, moves on, fits where it is put, and is
 * UTF-8 there.
 */
#include <stdlib.h>
#include <string.h>
#include "api/xml.h"
#include "base/utf8.h"

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

/* All elements in it, to the last. */
static void
descend(struct xml_span in, size_t depth)
{
	struct xml_span rest = in, name, content;
	size_t before = rest.len + 1;

	demand(depth <= XML_DEPTH + 1); /* empty ones are not entered */
	while (xml_child(&rest, &name, &content)) {
		demand(rest.len < before);
		demand(rest.data + rest.len == in.data + in.len);
		before = rest.len;
		demand(name.len > 0);
		check(in, name);
		check(in, content);
		descend(content, depth + 1);
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const names[] = {"response", "profile", "a"};
	struct xml_span whole = {(const char *)data, size}, root;
	char text[64];
	size_t i;
	int cut;

	check(whole, whole);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (cut = 0; cut < 2; cut++) {
			const char *why;
			int result =
			    xml_root(whole, cut != 0, names[i], &root, &why);

			demand((result < 0) == (why != NULL));
			demand(result < 1 || cut);
			check(whole, root);
			descend(root, 1);
			(void)xml_get(root, "a", text, sizeof(text));
			demand(memchr(text, '\0', sizeof(text)) != NULL);
		}
	}
	return 0;
}
