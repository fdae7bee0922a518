#include "batch/manifest.h"

#include <stdlib.h>
#include <string.h>
#include "base/ndjson.h"
#include "base/sha256.h"
#include "base/sys.h"
#include "io/outfile.h"

struct manifest {
	struct outfile file;
	struct sha256 *hash;
};

struct manifest *
manifest_open(const char *path, struct error *e)
{
	struct manifest *m = sys_calloc(1, sizeof(*m));

	if (m == NULL) {
		error_errno(e, EXIT_LOCAL, "cannot make %s", path);
		return NULL;
	}
	m->file.out.fd = -1;
	m->hash = sha256_new();
	if (m->hash == NULL)
		error_set(e, EXIT_LOCAL, "no memory for a manifest");
	else if (outfile_open(&m->file, path, e) == 0)
		return m;
	manifest_free(m);
	return NULL;
}

void
manifest_add(struct manifest *m, const char *data, size_t n)
{
	sha256_add(m->hash, data, n);
}

int
manifest_entry(
    struct manifest *m, const struct manifest_entry *entry, struct error *e)
{
	ndjson *object = ndjson_new();
	char hex[SHA256_HEX], *line;
	size_t n;
	int result;

	ndjson_set_count(object, "batch", entry->batch);
	if (entry->path != NULL)
		ndjson_set_text(
		    object, "path", entry->path, strlen(entry->path));
	ndjson_set_count(object, "rows", entry->rows);
	ndjson_set_count(object, "bytes", entry->bytes);
	ndjson_set_string(object, "sha256", sha256_take(m->hash, hex));
	ndjson_set_text(
	    object, "firstFile", entry->first_file, strlen(entry->first_file));
	ndjson_set_count(object, "firstLine", entry->first_line);
	ndjson_set_text(
	    object, "lastFile", entry->last_file, strlen(entry->last_file));
	ndjson_set_count(object, "lastLine", entry->last_line);
	line = ndjson_line(object, &n);
	ndjson_free(object);
	if (line == NULL)
		return error_set(e, EXIT_LOCAL, "no memory for a manifest");
	result = output_write(&m->file.out, line, n, e);
	free(line);
	return result;
}

int
manifest_commit(struct manifest *m, struct error *e)
{
	return outfile_commit(&m->file, e);
}

void
manifest_free(struct manifest *m)
{
	if (m == NULL)
		return;
	outfile_discard(&m->file);
	sha256_free(m->hash);
	free(m);
}
