/* percent-avx2.h: the kernel for x86-64 with AVX2; see percent.h. */
#ifndef TP_BATCH_PERCENT_AVX2_H
#define TP_BATCH_PERCENT_AVX2_H

#include "batch/percent-kernel.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define PERCENT_AVX2 1
extern const struct percent_kernel percent_avx2;
#endif

#endif
