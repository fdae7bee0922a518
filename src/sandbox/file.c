#include "sandbox/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/sys.h"

static int
read_all(int fd, struct buffer *b, const char *path, struct error *e)
{
	ssize_t n;

	do {
		if (b->len > FILE_MAX - 4096)
			return error_set(e, EXIT_USAGE, "%s: over %zu bytes",
			    path, FILE_MAX);
		if (buffer_reserve(b, 4096) != 0)
			return error_errno(e, EXIT_LOCAL, "%s", path);
		n = sys_read(fd, b->data + b->len, b->size - b->len - 1);
		if (n < 0)
			return error_errno(
			    e, EXIT_USAGE, "cannot read %s", path);
		b->len += (size_t)n;
	} while (n > 0);
	b->data[b->len] = '\0';
	if (b->len == 0 || strlen(b->data) != b->len)
		return error_set(e, EXIT_USAGE, "%s: empty, or not text", path);
	return 0;
}

char *
file_read(const char *path, struct error *e)
{
	int fd = sys_open(path, O_RDONLY | O_NOCTTY, 0);
	struct buffer b;

	if (fd < 0) {
		error_errno(e, EXIT_USAGE, "cannot read %s", path);
		return NULL;
	}
	buffer_init(&b, FILE_MAX);
	if (read_all(fd, &b, path, e) != 0)
		buffer_free(&b);
	(void)sys_close(fd); /* nothing was written */
	return b.data;
}

char *
file_read_line(const char *path, struct error *e)
{
	char *text = file_read(path, e);
	size_t n;

	if (text == NULL)
		return NULL;
	n = strcspn(text, "\r\n");
	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		n--;
	text[n] = '\0';
	if (n > 0)
		return text;
	error_set(e, EXIT_USAGE, "%s: its first line is empty", path);
	free(text);
	return NULL;
}
