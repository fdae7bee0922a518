#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise */
#include "keyed/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "base/sys.h"

static int
is_large(size_t n)
{
	return n > 0 && n % PAGES_LARGE == 0;
}

/* malloc would keep what is freed, and could not use it for the same again. */
void *
pages_get(size_t n)
{
	char *p, *begin, *end;

	if (!is_large(n))
		return sys_calloc(1, n);
	p = sys_mmap(n + PAGES_LARGE);
	if (p == NULL)
		return NULL;
	/* What stands before and behind the large pages is given back. */
	end = p + n + PAGES_LARGE;
	begin = p + (PAGES_LARGE - (uintptr_t)p % PAGES_LARGE) % PAGES_LARGE;
	if (begin > p)
		(void)munmap(p, (size_t)(begin - p));
	if (end > begin + n)
		(void)munmap(begin + n, (size_t)(end - begin) - n);
#ifdef MADV_HUGEPAGE
	(void)madvise(begin, n, MADV_HUGEPAGE);
#endif
	return begin;
}

void
pages_free(void *p, size_t n)
{
	if (p != NULL && is_large(n))
		(void)munmap(p, n);
	else
		free(p);
}
