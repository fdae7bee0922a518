#include "io/gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include "base/sys.h"

struct gzip {
	z_stream z;
	int flush;  /* Z_NO_FLUSH or Z_FINISH */
	bool ended; /* the trailer was made */
	char piece[32 * 1024];
};

struct gzip *
gzip_new(void)
{
	struct gzip *g = sys_calloc(1, sizeof(*g));

	/* 31: a window of 32 KiB, and a gzip header. */
	if (g != NULL && deflateInit2(&g->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
			     31, 8, Z_DEFAULT_STRATEGY) == Z_OK)
		return g;
	free(g);
	return NULL;
}

void
gzip_free(struct gzip *g)
{
	if (g == NULL)
		return;
	(void)deflateEnd(&g->z);
	free(g);
}

void
gzip_give(struct gzip *g, const char *data, size_t n, bool end)
{
	/* zlib does not write to it, but has no const. */
	g->z.next_in = (Bytef *)(uintptr_t)data;
	g->z.avail_in = (uInt)n;
	g->flush = end ? Z_FINISH : Z_NO_FLUSH;
}

bool
gzip_take(struct gzip *g, const char **piece, size_t *n)
{
	g->z.next_out = (Bytef *)g->piece;
	g->z.avail_out = sizeof(g->piece);
	if (!g->ended)
		g->ended = deflate(&g->z, g->flush) == Z_STREAM_END;
	*piece = g->piece;
	*n = sizeof(g->piece) - g->z.avail_out;
	return *n > 0;
}
