#include "csv/scan.h"

#include <string.h>
#include "csv/scan-avx2.h"
#include "csv/scan-block.h"

/* Eight bytes as a word; byte i is bits 8i to 8i + 7. */
static uint64_t
load(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	uint64_t w = 0;
	int i;

	for (i = 7; i >= 0; i--)
		w = w << 8 | u[i];
	return w;
}

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The top bits of the eight bytes, as eight bits. */
static inline uint64_t
gather(uint64_t tops)
{
	return (tops >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* Top bit set in each byte that is zero; exact, unlike the shorter trick. */
static inline uint64_t
zero_bytes(uint64_t x)
{
	return ~(((x & EVERY(0x7f)) + EVERY(0x7f)) | x) & EVERY(0x80);
}

/* Top bit set in each byte below 0x20. */
static inline uint64_t
low_bytes(uint64_t x)
{
	return ~(((x & EVERY(0x7f)) + EVERY(0x60)) | x) & EVERY(0x80);
}

/* Top bit set in each byte that is at most a space, + or /, or from DEL on. */
static inline uint64_t
rare_bytes(uint64_t x)
{
	uint64_t plain = (x & EVERY(0x7f)) + EVERY(0x5f);

	return (~plain | x | ((x & EVERY(0x7f)) + EVERY(1)) |
		   zero_bytes(x ^ EVERY('+')) | zero_bytes(x ^ EVERY('/'))) &
	       EVERY(0x80);
}

static void
make_masks(const char *p, char delimiter, char quote, struct masks *m)
{
	uint64_t d = EVERY((unsigned char)delimiter);
	uint64_t q = EVERY((unsigned char)quote);
	uint64_t tab = 0;
	unsigned int shift;

	memset(m, 0, sizeof(*m));
	for (shift = 0; shift < 64; shift += 8, p += 8) {
		uint64_t w = load(p);
		uint64_t low = low_bytes(w);

		m->delimiter |= gather(zero_bytes(w ^ d)) << shift;
		m->quote |= gather(zero_bytes(w ^ q)) << shift;
		m->doubt |= gather(w & EVERY(0x80)) << shift;
		m->rare |= gather(rare_bytes(w)) << shift;
		if (low != 0) {
			m->lf |= gather(zero_bytes(w ^ EVERY('\n'))) << shift;
			m->special |= gather(low) << shift;
			m->cr |= gather(zero_bytes(w ^ EVERY('\r'))) << shift;
			tab |= gather(zero_bytes(w ^ EVERY('\t'))) << shift;
		}
	}
	m->special &= ~m->lf;
	m->control = m->special & ~(m->cr | tab);
}

static void
scan_portable(const char *text, size_t n, char delimiter, char quote,
    struct csv_index *ix)
{
	struct carry c;
	struct masks m;

	begin_scan(ix, &c);
	for (; c.block < n / 64 && has_room(ix, &c); c.block++) {
		make_masks(text + c.block * 64, delimiter, quote, &m);
		if (is_plain(&m, &c))
			take_plain_block(ix, &m, &c);
		else
			take_block(ix, &m, &c, prefix_xor(m.quote));
	}
	if (c.block == n / 64 && n % 64 != 0 && has_room(ix, &c)) {
		make_masks(text + c.block * 64, delimiter, quote, &m);
		cut_masks(&m, n % 64);
		take_block(ix, &m, &c, prefix_xor(m.quote));
		c.block++;
	}
	end_scan(ix, &c, n);
}

/* For tests: leaves everything to libcsv, which finds the lines itself. */
static void
scan_nothing(const char *text, size_t n, char delimiter, char quote,
    struct csv_index *ix)
{
	const char *lf = memchr(text, '\n', n);
	uint32_t end;

	(void)delimiter;
	(void)quote;
	ix->rows = 0;
	ix->scanned = n;
	if (lf == NULL)
		return;
	end = (uint32_t)(lf - text);
	ix->scanned = end + 1;
	memset(ix->sep, 0, (end / 64 + 1) * sizeof(*ix->sep));
	memset(ix->rare, 0xff, (end / 64 + 1) * sizeof(*ix->rare));
	ix->sep[end / 64] = UINT64_C(1) << end % 64;
	ix->row[0].end = end;
	ix->row[0].seps = 1;
	ix->row[0].breaks = 0;
	ix->row[0].flags = CSV_ROW_ODD;
	ix->rows = 1;
}

const struct csv_kernel csv_kernels[] = {
#ifdef SCAN_AVX2
    {KERNEL_AVX2, scan_avx2},
#endif
    {KERNEL_PORTABLE, scan_portable},
    {KERNEL_LIBCSV, NULL},
};

csv_scan_function *
csv_scanner(void)
{
	const struct csv_kernel *k = csv_kernels;

	while (k->scan != NULL && !kernel_covers(k->kernel))
		k++;
	return k->scan == NULL ? scan_nothing : k->scan;
}
