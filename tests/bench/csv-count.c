/*
 * csv-count: counts the fields and records of stdin with libcsv and nothing
 * else, strictly, spaces kept; the benchmark's measure of libcsv alone.
 */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct count {
	unsigned long long fields;
	unsigned long long records;
};

static int
space_is_kept(unsigned char c)
{
	(void)c;
	return 0;
}

static void
field_end(void *text, size_t n, void *data)
{
	struct count *count = data;

	(void)text;
	(void)n;
	count->fields++;
}

static void
record_end(int end, void *data)
{
	struct count *count = data;

	(void)end;
	count->records++;
}

int
main(void)
{
	static char chunk[256 * 1024];
	struct csv_parser parser;
	struct count count = {0, 0};
	ssize_t n;

	if (csv_init(&parser, CSV_STRICT) != 0)
		return EXIT_FAILURE;
	csv_set_space_func(&parser, space_is_kept);
	while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0) {
		if (csv_parse(&parser, chunk, (size_t)n, field_end, record_end,
			&count) != (size_t)n)
			break;
	}
	if (n != 0 || csv_fini(&parser, field_end, record_end, &count) != 0) {
		fprintf(stderr, "csv-count: cannot read, or no CSV\n");
		return EXIT_FAILURE;
	}
	csv_free(&parser);
	return printf("%llu fields, %llu records\n", count.fields,
		   count.records) < 0;
}
