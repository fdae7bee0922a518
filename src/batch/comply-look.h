/*
 * comply-look.h: what the bytes of a row are, as a whole; shared by comply.c
 * and its kernel for x86-64 with AVX2, and with no one else.
 */
#ifndef TP_BATCH_COMPLY_LOOK_H
#define TP_BATCH_COMPLY_LOOK_H

#include <stdbool.h>
#include <stddef.h>

struct look {
	bool bare;     /* one must be encoded, and is not */
	bool percent;  /* a %, and not two hex digits behind it */
	bool high;     /* part of a UTF-8 character */
	size_t commas; /* that separate */
};

typedef struct look comply_look_function(const char *line, size_t n);

#if defined(__x86_64__) && defined(__GNUC__)
#define COMPLY_AVX2 1
comply_look_function comply_look_avx2;
#endif

#endif
