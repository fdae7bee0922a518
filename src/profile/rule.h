/*
 * rule.h: the rules by which records are rejected or warned about: their
 * names, as they stand in messages, errors files and summaries.
 */
#ifndef TP_PROFILE_RULE_H
#define TP_PROFILE_RULE_H

#include <stdint.h>

enum rule {
	/* Rejected by every program that reads CSV. */
	RULE_QUOTE,	      /* malformed */
	RULE_BARE_CR,	      /* CR without LF, outside quotes */
	RULE_RECORD_TOO_LONG, /* --max-record */
	RULE_REPEATED_HEADER, /* equal to the header */
	RULE_COLUMNS,	      /* more fields than the header, not empty */
	RULE_UTF8,
	RULE_ID_EMPTY,
	/* Rejected by tp-validate. */
	RULE_ID_CONTROL,
	RULE_ID_SPACE,	    /* leading or trailing */
	RULE_ID_TOO_LONG,   /* over 256 characters */
	RULE_ID_PLUS_SLASH, /* thirdPartyId */
	RULE_ID_ECID,	    /* 38 digits as a pcId */
	RULE_CONTROL,	    /* NUL and C0, but not tab, CR, LF */
	/* Rejected by tp-split. */
	RULE_PROFILE_TOO_LARGE, /* over 64,000 bytes */
	RULE_ROW_TOO_LARGE,	/* for any batch */
	RULE_SEPARATOR,		/* with --separators reject */
	/* Rejected by tp-merge. */
	RULE_ID_REPEATED, /* with --policy reject */
	/* Warned about; rejected with --strict. */
	RULE_NAME_LONG,	 /* over 128 characters */
	RULE_VALUE_LONG, /* over 256 characters */
	RULE_SHORT,	 /* fewer fields than the header */
	RULE_SURPLUS,	 /* more fields than the header, but empty */
	RULE_PCID_SHAPE, /* not like those that Target makes */
	RULE_SEPARATORS, /* commas or line breaks in values */
	/* Warned about; with --strict the input is unusable. */
	RULE_UNTERMINATED, /* the last line has no line ending */
	RULES
};

/* How often a rule was warned about, and where first. */
struct rule_warning {
	uint64_t count;
	char file[256];
	uint64_t line;
};

/* "id-empty" */
const char *rule_name(enum rule r);

/* What is wrong and what to do, for a person. */
const char *rule_text(enum rule r);

#endif
