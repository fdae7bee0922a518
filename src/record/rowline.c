#include "record/rowline.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "batch/percent.h"
#include "csv/write.h"

#define COLUMNS "state,api,batch,batchId,time,"

/* Room for a line without its identifier. */
enum { FRONT = 1024 };

const char *
rowline_header(enum batch_id id)
{
	return id == BATCH_ID_PC ? COLUMNS BATCH_NAME_PC "\n"
				 : COLUMNS BATCH_NAME_THIRD_PARTY "\n";
}

bool
rowline_begins(const char *text, size_t n, enum batch_id *id)
{
	static const enum batch_id ids[] = {BATCH_ID_PC, BATCH_ID_THIRD_PARTY};
	size_t i;

	*id = BATCH_ID_NONE;
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const char *header = rowline_header(ids[i]);
		size_t len = strlen(header);

		if (memcmp(text, header, n < len ? n : len) != 0)
			continue;
		if (n >= len)
			*id = ids[i];
		return true;
	}
	return false;
}

/* What stands in front of each identifier.  Returns how many bytes. */
static size_t
put_front(char to[FRONT], const struct receipt *r)
{
	const char *id = r->result.batch_id;
	char when[CLOCK_TEXT], *end;

	end = to + snprintf(to, FRONT, "%s,%s,%llu,",
		       receipt_state_name(r->result.state),
		       endpoint_api_name(r->api),
		       (unsigned long long)r->part.batch);
	if (id[0] != '\0')
		end = csv_put_field(end, id, strlen(id));
	end += snprintf(end, (size_t)(to + FRONT - end), ",%s,",
	    clock_text(r->result.time, when));
	return (size_t)(end - to);
}

/* The identifier, as the batch has it. */
static int
write_id(struct output *out, const char *text, size_t n, struct buffer *id,
    struct error *e)
{
	if (buffer_reserve(id, n) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	return csv_write_field(
	    out, id->data, percent_decode(id->data, text, n), e);
}

int
rowline_write(struct output *out, const struct batch *b,
    const struct receipt *r, struct buffer *id, struct error *e)
{
	const char *row = b->body.data + r->part.at;
	const char *end = row + r->part.size;
	char front[FRONT];
	size_t n = put_front(front, r);

	while (row < end) {
		const char *lf = memchr(row, '\n', (size_t)(end - row));
		const char *comma;

		if (lf == NULL)
			lf = end;
		comma = memchr(row, ',', (size_t)(lf - row));
		if (comma == NULL)
			comma = lf;
		if (output_write(out, front, n, e) != 0 ||
		    write_id(out, row, (size_t)(comma - row), id, e) != 0 ||
		    output_write(out, "\n", 1, e) != 0)
			return -1;
		row = lf + 1;
	}
	return 0;
}
