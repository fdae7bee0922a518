#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"

void
buffer_init(struct buffer *b, size_t max)
{
	b->data = NULL;
	b->len = 0;
	b->size = 0;
	b->max = max;
}

void
buffer_free(struct buffer *b)
{
	free(b->data);
	buffer_init(b, b->max);
}

int
buffer_reserve(struct buffer *b, size_t n)
{
	size_t size = b->size;
	char *data;

	if (n <= b->size - b->len)
		return 0;
	if (n > b->max - b->len)
		return -1;
	if (size < 256)
		size = 256;
	while (size - b->len < n)
		size = size > b->max / 2 ? b->max : size * 2;
	if (size > b->max)
		size = b->max;
	data = sys_realloc(b->data, size);
	if (data == NULL)
		return -1;
	b->data = data;
	b->size = size;
	return 0;
}

int
buffer_add(struct buffer *b, const void *data, size_t n)
{
	if (n == 0)
		return 0;
	if (buffer_reserve(b, n) != 0)
		return -1;
	memcpy(b->data + b->len, data, n);
	b->len += n;
	return 0;
}
