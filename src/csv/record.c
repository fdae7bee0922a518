#include "csv/record.h"

void
csv_record_place(const struct csv_record *record, size_t offset, uint64_t *line,
    uint64_t *column)
{
	size_t i, begin = 0;

	*line = record->line;
	for (i = 0; i < offset && i < record->len; i++) {
		if (record->raw[i] == '\n' && i + 1 <= offset) {
			(*line)++;
			begin = i + 1;
		}
	}
	*column = offset - begin + 1;
}

static bool
is_layout(char c)
{
	return c == ' ' || c == '\t';
}

bool
csv_record_beside_space(const struct csv_record *record)
{
	const char *bad = record->raw + record->bad;

	return is_layout(*bad) || (record->bad > 0 && is_layout(bad[-1]));
}
