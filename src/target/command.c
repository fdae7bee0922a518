#include "target/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"

void
command_add(char *to, size_t size, const char *option, const char *word)
{
	char shown[256];
	size_t used = strlen(to);
	bool plain =
	    word[strspn(word,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+,=")] == '\0';

	escape_text(shown, sizeof(shown), word, strlen(word));
	snprintf(
	    to + used, size - used, plain ? "%s%s" : "%s'%s'", option, shown);
}
