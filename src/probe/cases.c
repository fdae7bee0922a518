#include "probe/cases.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

const char *const case_attributes[CASE_VALUES] = {
    "tpProbeA", "tpProbeB", "tpProbeC"};

#define HEADER "batch=thirdPartyId,tpProbeA,tpProbeB\n"

const struct probe_case probe_cases[CASES] = {
    [CASE_PLAIN] = {"plain", {HEADER "@,x,y\n"},
	{{FINDING_KEPT, {"x", "y"}, "plain values arrive"}}},
    [CASE_COMMA] = {"comma", {HEADER "@,x%2Cy,z\n"},
	{{FINDING_KEPT, {"x,y", "z"}, "%2C stays in its value, as a comma"},
	    {FINDING_SPLIT, {"x", "y"},
		"%2C ends the value, and those behind it move: the batch is "
		"decoded before its rows are split"}}},
    [CASE_LINE_BREAK] = {"line-break", {HEADER "@,x%0A@-tail,z\n"},
	{{FINDING_KEPT, {"x\n@-tail", "z"},
	     "%0A stays in its value, as a line break"},
	    {FINDING_SPLIT, {"x"},
		"%0A ends the row, and what is behind it makes another: the "
		"batch is decoded before its rows are split"}}},
    [CASE_PLUS] = {"plus", {HEADER "@,x%2By,z\n"},
	{{FINDING_KEPT, {"x+y", "z"}, "%2B arrives as a plus sign"},
	    {FINDING_SPACE, {"x y", "z"},
		"%2B becomes a space: it is decoded twice"}}},
    [CASE_EQUALS] = {"equals", {HEADER "@,x%3Dy,z\n"},
	{{FINDING_KEPT, {"x=y", "z"}, "%3D arrives as an equals sign"}}},
    [CASE_PERCENT] = {"percent", {HEADER "@,x%25y,z\n"},
	{{FINDING_KEPT, {"x%y", "z"}, "%25 arrives as a percent sign"}}},
    [CASE_AMPERSAND] = {"ampersand", {HEADER "@,x%26y,z\n"},
	{{FINDING_KEPT, {"x&y", "z"}, "%26 arrives as an ampersand"},
	    {FINDING_CUT, {"x"}, "%26 cuts the batch off there"}}},
    [CASE_LETTERS] = {"letters", {HEADER "@,x%C3%A9%E2%82%ACy,z\n"},
	{{FINDING_KEPT, {"x\u00e9\u20acy", "z"},
	    "encoded UTF-8 letters arrive"}}},
    [CASE_RAW_LETTERS] = {"raw-letters", {HEADER "@,x\u00e9\u20acy,z\n"},
	{{FINDING_KEPT, {"x\u00e9\u20acy", "z"},
	    "UTF-8 letters that are not encoded arrive: --raw-utf8 of "
	    "tp-split makes smaller batches"}}},
    [CASE_SPACES] = {"spaces", {HEADER "@,%20x%20,%20y%20\n"},
	{{FINDING_KEPT, {" x ", " y "}, "spaces around a value stay"},
	    {FINDING_CUT, {"x", "y"}, "spaces around a value are lost"}}},
    [CASE_LOWER_HEX] = {"lower-case-hex", {HEADER "@,x%3ay,z\n"},
	{{FINDING_KEPT, {"x:y", "z"}, "%3a is the same as %3A"},
	    {FINDING_LITERAL, {"x%3ay", "z"}, "%3a is not decoded"}}},
    [CASE_TWICE] = {"encoded-twice", {HEADER "@,x%252Cy%2525z,w\n"},
	{{FINDING_ONCE, {"x%2Cy%25z", "w"}, "values are decoded once"},
	    {FINDING_TWICE, {"x,y%z", "w"},
		"values are decoded twice: they have to be encoded twice"}}},
    [CASE_HEADER] = {"header-case",
	{"batch=THIRDPARTYID,tpProbeA,tpProbeB\n@,x,y\n"},
	{{FINDING_TAKEN, {"x", "y"},
	    "THIRDPARTYID is the same as thirdPartyId in a header"}}},
    [CASE_REPEATED] = {"repeated-id", {HEADER "@,one,two\n@,three\n"},
	{{FINDING_LAST, {"three", "two"},
	     "of rows with the same id in a batch, the last one that has a "
	     "value counts, column by column"},
	    {FINDING_LAST_ALONE, {"three"},
		"of rows with the same id in a batch, the last one counts, and "
		"what the others set is lost"},
	    {FINDING_FIRST, {"one", "two"},
		"of rows with the same id in a batch, the first one counts, "
		"and what the others set is lost"}}},
    [CASE_OVERRIDE] = {"second-update",
	{HEADER "@,one,two\n",
	    "batch=thirdPartyId,tpProbeA,tpProbeC\n@,three,four\n"},
	{{FINDING_NAMES, {"three", "two", "four"},
	     "a second update overrides the attributes with the same names"},
	    {FINDING_ALL, {"three", NULL, "four"},
		"a second update overrides all that the first one set, also "
		"what it does not name itself"},
	    {FINDING_FIRST, {"one", "two"},
		"a second update is accepted and changes nothing"}}},
};

const char *
finding_name(enum finding finding)
{
	static const char *const names[FINDINGS] = {
	    [FINDING_KEPT] = "kept",
	    [FINDING_SPLIT] = "split",
	    [FINDING_SPACE] = "space",
	    [FINDING_CUT] = "cut",
	    [FINDING_LITERAL] = "literal",
	    [FINDING_ONCE] = "decoded-once",
	    [FINDING_TWICE] = "decoded-twice",
	    [FINDING_LAST] = "last",
	    [FINDING_FIRST] = "first",
	    [FINDING_LAST_ALONE] = "last-alone",
	    [FINDING_NAMES] = "names",
	    [FINDING_ALL] = "all",
	    [FINDING_TAKEN] = "taken",
	    [FINDING_REFUSED] = "refused",
	    [FINDING_IGNORED] = "ignored",
	    [FINDING_OTHER] = "other",
	    [FINDING_UNKNOWN] = "unknown",
	    [FINDING_NEEDED] = "needed",
	    [FINDING_UNNEEDED] = "unneeded",
	    [FINDING_COUNTED] = "counted",
	    [FINDING_UNCOUNTED] = "uncounted",
	    [FINDING_LIMITED] = "limited",
	    [FINDING_UNLIMITED] = "unlimited",
	};

	return names[finding];
}

int
case_new_run(char to[CASE_RUN], struct error *e)
{
	unsigned char random[8];
	size_t i, used;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return error_errno(e, EXIT_LOCAL, "cannot get random bytes");
	used = (size_t)snprintf(to, CASE_RUN, "tp-probe-");
	for (i = 0; i < sizeof(random); i++)
		used += (size_t)snprintf(
		    to + used, CASE_RUN - used, "%02x", random[i]);
	return 0;
}

char *
case_id_text(enum case_id c, const char *run, char to[CASE_ID])
{
	snprintf(to, CASE_ID, "%s-%s", run, probe_cases[c].name);
	return to;
}

char *
case_fill(const char *text, const char *id, char to[CASE_TEXT])
{
	size_t used = 0;

	/* The texts of the table fit. */
	for (to[0] = '\0'; *text != '\0'; text++)
		used += (size_t)snprintf(to + used, CASE_TEXT - used, "%.*s",
		    *text == '@' ? CASE_ID : 1, *text == '@' ? id : text);
	return to;
}

static bool
is_value(
    const struct profile *p, size_t i, const char *expected, const char *id)
{
	char text[CASE_TEXT];
	const char *value;
	int64_t modified;
	size_t n;

	if (!profile_get(p, case_attributes[i], &value, &n, &modified))
		return expected == NULL;
	if (expected == NULL || value == NULL)
		return false;
	case_fill(expected, id, text);
	return n == strlen(text) && memcmp(value, text, n) == 0;
}

const struct case_reading *
case_read(enum case_id c, const char *id, const struct profile *p)
{
	const struct case_reading *r = probe_cases[c].readings;
	size_t i;

	for (; r->text != NULL; r++) {
		for (i = 0; i < CASE_VALUES; i++) {
			if (!is_value(p, i, r->values[i], id))
				break;
		}
		if (i == CASE_VALUES)
			return r;
	}
	return NULL;
}
