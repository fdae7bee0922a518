/*
 * buffer.h: a growable byte buffer that names its maximum when it is made.
 * The struct is open for reading; only these functions change it.
 */
#ifndef TP_BASE_BUFFER_H
#define TP_BASE_BUFFER_H

#include <stddef.h>

struct buffer {
	char *data;  /* owned; NULL until something was reserved */
	size_t len;  /* bytes in use */
	size_t size; /* bytes allocated */
	size_t max;  /* never allocate more */
};

void buffer_init(struct buffer *b, size_t max);
void buffer_free(struct buffer *b);

/* Room for n more bytes.  -1: past the maximum, or no memory. */
int buffer_reserve(struct buffer *b, size_t n);
int buffer_add(struct buffer *b, const void *data, size_t n);

#endif
