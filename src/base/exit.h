/*
 * exit.h: the exit codes of every program; the EXIT STATUS section of each
 * manual page says the same.
 */
#ifndef TP_BASE_EXIT_H
#define TP_BASE_EXIT_H

enum exit_code {
	EXIT_COMPLETE = 0,  /* everything went through */
	EXIT_REJECTED = 1,  /* finished; some rows or batches were refused */
	EXIT_USAGE = 2,	    /* wrong usage or configuration; nothing was done */
	EXIT_INPUT = 3,	    /* input missing, unusable, truncated or corrupt */
	EXIT_LOCAL = 4,	    /* disk, memory, output */
	EXIT_TEMPORARY = 5, /* the service could not be reached: run again */
	EXIT_SERVICE = 6,   /* the service refused */
	EXIT_UNKNOWN = 7    /* sent, but no usable answer */
};

/*
 * Of two codes that both apply, the one that asks most of the user:
 * 2, 4, 7, 6, 5, 3, 1, 0.
 */
enum exit_code exit_worse(enum exit_code a, enum exit_code b);

#endif
