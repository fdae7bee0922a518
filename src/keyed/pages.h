/*
 * pages.h: memory that is reached in no order, which is faster in large pages.
 */
#ifndef TP_KEYED_PAGES_H
#define TP_KEYED_PAGES_H

#include <stddef.h>

/* A large page; memory of a multiple of it is in such pages, where the system
 * has them. */
#define PAGES_LARGE ((size_t)2 * 1024 * 1024)

/* n bytes, all zeros; NULL: no memory. */
void *pages_get(size_t n);
/* Gives n bytes that pages_get gave back to the system; p may be NULL. */
void pages_free(void *p, size_t n);

#endif
