#include "profile/rule.h"

static const struct {
	const char *name, *text;
} rules[RULES] = {
    [RULE_QUOTE] = {"quote", "quotes are malformed; double a quote inside a "
			     "quoted field, close each one that is opened"},
    [RULE_BARE_CR] = {"bare-cr",
	"a carriage return without line feed, outside of quotes"},
    [RULE_RECORD_TOO_LONG] = {"record-too-long",
	"longer than --max-record allows"},
    [RULE_REPEATED_HEADER] = {"repeated-header",
	"the header once more; name files as operands instead of joining "
	"them with cat"},
    [RULE_COLUMNS] = {"columns", "more fields than the header has; quote "
				 "fields that hold the delimiter"},
    [RULE_UTF8] = {"utf8",
	"not UTF-8; convert the export first, for instance "
	"from what Windows writes: iconv -f WINDOWS-1252 -t UTF-8 FILE | ..."},
    [RULE_ID_EMPTY] = {"id-empty", "the identifier is empty"},
    [RULE_ID_CONTROL] = {"id-control",
	"the identifier holds a control character"},
    [RULE_ID_SPACE] = {"id-space",
	"the identifier begins or ends with a space; see --trim"},
    [RULE_ID_TOO_LONG] = {"id-too-long",
	"the identifier is longer than 256 characters"},
    [RULE_ID_PLUS_SLASH] = {"id-plus-slash",
	"a thirdPartyId must not hold + or /, not even encoded"},
    [RULE_ID_ECID] = {"id-ecid", "38 digits are an Experience Cloud ID, "
				 "which bulk update does not take as pcId"},
    [RULE_CONTROL] = {"control", "a control character"},
    [RULE_PROFILE_TOO_LARGE] = {"profile-too-large",
	"names and values are over 64,000 bytes; send fewer columns"},
    [RULE_ROW_TOO_LARGE] = {"row-too-large",
	"too large for a batch of --max-bytes"},
    [RULE_SEPARATOR] = {"separator",
	"a comma or line break in a value; see --separators"},
    [RULE_ID_REPEATED] = {"id-repeated",
	"the identifier stands in more than one record"},
    [RULE_NAME_LONG] = {"name-long",
	"the name is longer than 128 characters, the limit in pages"},
    [RULE_VALUE_LONG] = {"value-long",
	"a value is longer than 256 characters, the limit in pages"},
    [RULE_SHORT] = {"short", "fewer fields than the header has; the values "
			     "that are not there are left as they are"},
    [RULE_SURPLUS] = {"surplus",
	"more fields than the header has; those over are empty"},
    [RULE_PCID_SHAPE] = {"pcid-shape",
	"the pcId is not like those that Target makes"},
    [RULE_SEPARATORS] = {"separators",
	"a comma or line break in a value; it is not documented whether an "
	"encoded one survives, see --separators in tp-split(1)"},
    [RULE_UNTERMINATED] = {"unterminated",
	"the last line has no line ending, as in a file that was cut short: "
	"if it was, make the export again; if it is whole, end the line"},
};

const char *
rule_name(enum rule r)
{
	return rules[r].name;
}

const char *
rule_text(enum rule r)
{
	return rules[r].text;
}
