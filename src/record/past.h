/*
 * past.h: what earlier runs did, as their journal tells: what became of each
 * batch, and of each part of one.
 */
#ifndef TP_RECORD_PAST_H
#define TP_RECORD_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "record/journalline.h"

/* An attempt, or the keeping of a batch in the failed file; some 150 bytes for
 * each. */
struct past_entry {
	struct part part;
	uint64_t at;	 /* its last line's offset in the journal */
	uint32_t length; /* of that line, without its line feed */
	uint32_t line;	 /* its number, from 1 */
	bool keep;	 /* or else an attempt */
	bool open;
	enum receipt_state state; /* of what is closed … */
	enum fate fate;
	int http;
	uint32_t file;	 /* of a keep: in the files below … */
	uint64_t offset; /* … and where it begins in that */
};

/* A failed file. */
struct past_file {
	char *name;
	uint64_t kept; /* so many are there */
};

/* All zero: nothing was taken yet. */
struct past {
	uint64_t lines;
	bool headed; /* the header is there: */
	struct journalline_header header;
	struct past_entry *entries;
	size_t n, room;
	struct past_file *files; /* as they came */
	size_t n_files;
	uint32_t *order; /* of the entries: by batch, then as they came */
};

void past_free(struct past *p);

/*
 * Takes one line, without its line feed, that stands at that offset.  Of
 * JOURNALLINE_RESULT and JOURNALLINE_KEPT *r, if not NULL, becomes the receipt.
 * -1: e says why (EXIT_INPUT: no journal, a newer one, damaged).
 */
int past_add(struct past *p, const char *line, size_t n, uint64_t at,
    enum journalline_kind *kind, struct receipt *r, struct error *e);

/* When all lines are there; needed by all below.  -1: no memory. */
int past_sort(struct past *p, struct error *e);

/* What became of a batch, or a part of it, before; NULL: nothing of that. */
struct past_found {
	const struct past_entry *accepted, *refused;
	const struct past_entry *kept;	  /* in the failed file, maybe as a
					   * part of something larger */
	const struct past_entry *keeping; /* maybe in the failed file */
	/* It was sent, perhaps, and no usable answer is there; whatever came
	 * of later attempts, if none was accepted. */
	const struct past_entry *doubt;
	/* An attempt of something larger that it is a part of: one that was
	 * accepted, or else one that is in doubt. */
	const struct past_entry *above;
	const struct past_entry *last; /* attempt */
};

/* By its batch and its rows. */
void past_find(
    const struct past *p, const struct part *part, struct past_found *found);

/* An entry with the digest of the whole batch; NULL: it is not there, or was
 * not known. */
const struct past_entry *past_whole(const struct past *p, uint64_t batch);

/*
 * Is the entry, by its place, the last word on a batch or a part that is
 * neither accepted nor in the failed file, and of which not both halves were
 * sent or kept?  Of *r what is known is filled in: unknown, failed, or refused
 * and not yet dealt with.
 */
bool past_unsettled(const struct past *p, size_t i, struct receipt *r);

/* The number under which it was opened. */
uint64_t past_number(const struct past *p, const struct past_entry *entry);

/* The failed file of an entry that is a keep. */
const char *past_file(const struct past *p, const struct past_entry *entry);

/* The highest number of a batch; 0: none. */
uint64_t past_batches(const struct past *p);

#endif
