#include "base/shellword.h"

#include <stdio.h>
#include <string.h>
#include "base/escape.h"

static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+,=";

static void
add(char *to, size_t size, const char *text)
{
	size_t used = strlen(to);

	snprintf(to + used, size - used, "%s", text);
}

void
shellword_add(char *to, size_t size, const char *option, const char *word)
{
	const char *quote = word[strspn(word, plain)] == '\0' ? "" : "'";

	add(to, size, option);
	add(to, size, quote);
	while (*word != '\0') {
		/* What means itself between quotes, for a terminal. */
		size_t used = strlen(to), n = strcspn(word, "'\\");

		escape_text(to + used, size - used, word, n);
		word += n;
		if (*word != '\0')
			add(to, size, *word++ == '\\' ? "\\" : "'\\''");
	}
	add(to, size, quote);
}
