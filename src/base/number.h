/*
 * number.h: the one parser for numbers that people type, and the words that
 * go with numbers in messages.
 *
 * Digits only (no sign, no space, no "0x"); anything else, and anything
 * outside [min, max], returns -1 and leaves *out alone.
 */
#ifndef TP_BASE_NUMBER_H
#define TP_BASE_NUMBER_H

#include <stdint.h>

int number_parse(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* A size in bytes; K, M or G behind it is 2^10, 2^20 or 2^30. */
int number_parse_size(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* A time in seconds; s, m, h or d behind it says the unit. */
int number_parse_seconds(
    const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* A share in percent, from 0 to 100, with at most three decimals: "0.5"; in
 * thousandths of a percent. */
int number_parse_percent(const char *s, uint64_t *thousandths);
/* "N", "N-M" or "N-": both ends belong to it; without one it is UINT64_MAX. */
int number_parse_range(const char *s, uint64_t *from, uint64_t *to);

/* The form of a word that goes with n in a message: one or many. */
const char *number_form(uint64_t n, const char *one, const char *many);

#endif
