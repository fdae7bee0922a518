/*
 * kernel.h: which code does the work on bytes: that for the instructions of
 * this machine, or the portable one.  It is chosen once, when a program starts;
 * each module that has code of several kinds asks for it.
 *
 * A kernel is added here, with what it needs of the machine, and in each module
 * that has code for it.
 */
#ifndef TP_BASE_KERNEL_H
#define TP_BASE_KERNEL_H

#include <stdbool.h>
#include "base/error.h"

enum kernel {
	KERNEL_AVX512,	 /* x86-64, with VBMI2: Ice Lake, Zen 4 */
	KERNEL_AVX2,	 /* x86-64 */
	KERNEL_PORTABLE, /* also what is used before any is chosen */
	KERNEL_LIBCSV	 /* for tests: leaves every record to libcsv */
};
enum { KERNELS = KERNEL_LIBCSV + 1 };

/* "avx2" */
const char *kernel_name(enum kernel kernel);

/* Was it built, and can this machine run it? */
bool kernel_is_usable(enum kernel kernel);

/*
 * The best usable one, or the one that TP_SCAN names, if it is not empty.
 * Before any other thread is started.  -1 with EXIT_USAGE if it names none or
 * one that cannot run here.
 */
int kernel_choose(struct error *e);

/* For tests. */
void kernel_use(enum kernel kernel);

enum kernel kernel_in_use(void);

/* Is it in use, or one that can do all that it can?  A module without code for
 * the better one then uses its code for this. */
bool kernel_covers(enum kernel kernel);

/* What kernel_choose would choose, for --version; "none": it would fail. */
const char *kernel_chosen(void);

#endif
