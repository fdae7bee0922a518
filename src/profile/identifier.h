/*
 * identifier.h: what Target takes as the id of a visitor.
 */
#ifndef TP_PROFILE_IDENTIFIER_H
#define TP_PROFILE_IDENTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include "profile/header.h"
#include "profile/rule.h"

/* 256 characters: "Target limits", mbox3rdPartyId */
#define IDENTIFIER_MAX 256

/* The rule that valid UTF-8 text breaks as an id; RULES if none. */
enum rule identifier_check(enum id_kind kind, const char *text, size_t len);

/* Whether a pcId looks like those that Target makes:
 * 1368007744041-575948.01_00, or hexadecimal digits in front of the dot. */
bool identifier_usual(const char *text, size_t len);

#endif
