/* utf8-avx2.h: utf8_valid for x86-64 with AVX2; see utf8.h. */
#ifndef TP_BASE_UTF8_AVX2_H
#define TP_BASE_UTF8_AVX2_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define UTF8_AVX2 1
/* Whether all of it is UTF-8; where it is not, it does not say. */
bool utf8_avx2_valid(const char *s, size_t n);
#endif

#endif
