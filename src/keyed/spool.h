/*
 * spool.h: what does not fit in memory: streams of bytes that are written
 * once and then read once, all in one file of the folder TMPDIR.  The file has
 * no name, so it goes when the program ends, however that ends.
 *
 * A stream is a chain of blocks of the file.  Blocks that were read are used
 * again.  A stream that is no longer than a block stays in memory.
 */
#ifndef TP_KEYED_SPOOL_H
#define TP_KEYED_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

#define SPOOL_BLOCK ((size_t)32 * 1024)

struct spool;

/* The file is made when the first block is written.  NULL: no memory. */
struct spool *spool_new(struct error *e);
void spool_free(struct spool *s);

/* Begins as all zeros; takes SPOOL_BLOCK bytes of memory while it is written,
 * and from the first read on. */
struct stream {
	uint64_t bytes;	 /* written */
	uint64_t *block; /* owned: their numbers, in order */
	size_t blocks, room;
	size_t next;	/* the block to read next */
	char *buffer;	/* owned: the last block, or the one that is read */
	size_t at, end; /* of what is in it */
};

/* -1 with EXIT_LOCAL: the disk is full, or there is no memory. */
int stream_write(struct spool *s, struct stream *t, const void *data, size_t n,
    struct error *e);

/* Nothing more is written; it is read from its beginning. */
int stream_rewind(struct spool *s, struct stream *t, struct error *e);

/* n bytes: 1; 0 if none are left; -1 with EXIT_LOCAL, also if it has only
 * some of them. */
int stream_read(
    struct spool *s, struct stream *t, void *to, size_t n, struct error *e);

/* Its blocks can be used again; it is all zeros. */
void stream_drop(struct spool *s, struct stream *t);

#endif
