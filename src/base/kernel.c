#include "base/kernel.h"

#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "base/options.h"

static bool
always(void)
{
	return true;
}

static bool
has_avx2(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
	return __builtin_cpu_supports("avx2") &&
	       __builtin_cpu_supports("pclmul") &&
	       __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("popcnt");
#else
	return false;
#endif
}

static bool
has_avx512(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
	return has_avx2() && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vbmi") &&
	       __builtin_cpu_supports("avx512vbmi2");
#else
	return false;
#endif
}

/* Best first; KERNEL_LIBCSV only if it is named. */
static const struct {
	const char *name;
	bool (*usable)(void);
} kernels[KERNELS] = {
    [KERNEL_AVX512] = {"avx512", has_avx512},
    [KERNEL_AVX2] = {"avx2", has_avx2},
    [KERNEL_PORTABLE] = {"portable", always},
    [KERNEL_LIBCSV] = {"libcsv", always},
};

static enum kernel in_use = KERNEL_PORTABLE;

const char *
kernel_name(enum kernel kernel)
{
	return kernels[kernel].name;
}

bool
kernel_is_usable(enum kernel kernel)
{
	return kernels[kernel].usable();
}

static int
find(enum kernel *kernel, struct error *e)
{
	const char *name = options_environment("TP_SCAN");
	char shown[64];
	int i;

	for (i = 0; i < KERNELS; i++) {
		*kernel = (enum kernel)i;
		if (name != NULL && strcmp(name, kernels[i].name) != 0)
			continue;
		if (kernels[i].usable())
			return 0;
		if (name != NULL)
			return error_set(e, EXIT_USAGE,
			    "TP_SCAN=%s: this machine cannot run it", name);
	}
	return error_set(e, EXIT_USAGE,
	    "TP_SCAN=%s: there is no such scan kernel",
	    escape_text(shown, sizeof(shown), name, strlen(name)));
}

int
kernel_choose(struct error *e)
{
	return find(&in_use, e);
}

void
kernel_use(enum kernel kernel)
{
	in_use = kernel;
}

enum kernel
kernel_in_use(void)
{
	return in_use;
}

bool
kernel_covers(enum kernel kernel)
{
	return in_use <= kernel;
}

const char *
kernel_chosen(void)
{
	struct error e = ERROR_INIT;
	enum kernel kernel;

	return find(&kernel, &e) == 0 ? kernels[kernel].name : "none";
}
