#include "io/summary.h"

#include <stdbool.h>
#include <string.h>
#include "base/clock.h"
#include "base/safety.h"
#include "base/sys.h"

int
summary_open(struct summary *s, const char *path, struct error *e)
{
	memset(s, 0, sizeof(*s));
	s->file.out.fd = -1;
	s->path = path;
	s->begun = clock_monotonic();
	return path == NULL ? 0 : outfile_open(&s->file, path, e);
}

int
summary_write(struct summary *s, ndjson *counts, int status, struct error *e)
{
	bool named = s->file.temporary != NULL;
	int result;
	char *line;
	size_t n;

	if (s->file.path == NULL) {
		ndjson_free(counts);
		return 0;
	}
	ndjson_set_real(counts, "seconds", clock_monotonic() - s->begun);
	ndjson_set_count(counts, "exit", (uint64_t)status);
	s->status = status;
	line = ndjson_line(counts, &n);
	ndjson_free(counts);
	result = output_line(&s->file.out, line, n, e);
	if (result == 0)
		result = outfile_commit(&s->file, e);
	if (result == 0 && named)
		s->written = s->path;
	outfile_discard(&s->file);
	return result;
}

void
summary_confirm(struct summary *s, int status)
{
	if (s->written != NULL && s->status != status)
		(void)SAFETY("summary-withdrawn", sys_unlink(s->written), 0);
	s->written = NULL;
}

void
summary_discard(struct summary *s)
{
	outfile_discard(&s->file);
}
