/* percent-avx512.h: the kernel for x86-64 with AVX-512; see percent.h. */
#ifndef TP_BATCH_PERCENT_AVX512_H
#define TP_BATCH_PERCENT_AVX512_H

#include "batch/percent-kernel.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define PERCENT_AVX512 1
extern const struct percent_kernel percent_avx512;
#endif

#endif
