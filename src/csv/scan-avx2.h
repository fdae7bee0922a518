/* scan-avx2.h: the kernel for x86-64 with AVX2; see scan.h. */
#ifndef TP_CSV_SCAN_AVX2_H
#define TP_CSV_SCAN_AVX2_H

#include "csv/scan.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define SCAN_AVX2 1
csv_scan_function scan_avx2;
#endif

#endif
