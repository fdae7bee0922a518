#include "profile/plain.h"

#include <string.h>
#include "csv/write.h"
#include "io/seal.h"
#include "profile/quick.h"

void
plain_init(struct plain *p, const struct header *h, const struct csv_dialect *d,
    const struct null *null, size_t nulls)
{
	size_t i;

	memset(p, 0, sizeof(*p));
	p->header = h;
	p->dialect = *d;
	p->null = null;
	p->nulls = nulls;
	p->foreign = d->delimiter != ',' || d->quote != '"';
	for (i = 0; i < h->columns; i++)
		p->drops = p->drops || h->column[i].reserved;
	p->always = !p->foreign && !p->drops && !d->trim && nulls == 0;
	buffer_init(&p->text, SIZE_MAX / 2);
	buffer_init(&p->row, SIZE_MAX / 2);
}

void
plain_free(struct plain *p)
{
	csv_fields_free(&p->fields);
	buffer_free(&p->text);
	buffer_free(&p->row);
}

static bool
is_null(const struct plain *p, const struct csv_field *f)
{
	return p->nulls > 0 && f->len > 0 && null_is(p->null, p->nulls, f);
}

bool
plain_is(const struct plain *p, const char *raw, const struct csv_field *field,
    size_t n)
{
	size_t i;

	if (p->foreign)
		return false;
	for (i = 0; i < n && i < CSV_MAX_FIELDS; i++)
		if (!csv_field_is_whole(&field[i], raw, '"') ||
		    is_null(p, &field[i]))
			return false;
	return true;
}

/* Most fields are copied by a piece of this size. */
enum { PIECE = 32 };

/* A field that is written anew; simple: it holds no quote, comma or line
 * break. */
static inline char *
put(char *to, const struct csv_field *f, bool simple)
{
	if (!simple || f->len > PIECE || csv_ends_need_quotes(f->text, f->len))
		return csv_put_field(to, f->text, f->len);
	memcpy(to, f->text, PIECE);
	return to + f->len;
}

enum form {
	AS_IT_IS, /* fields keep their quotes */
	ANEW,	  /* in quotes if they need them */
	QUOTED
};

/* The fields come to p->row. */
static int
compose(struct plain *p, const char *raw, size_t len,
    const struct csv_field *field, size_t n, enum form form)
{
	const bool simple = memchr(raw, ',', len) == NULL &&
			    memchr(raw, '"', len) == NULL &&
			    memchr(raw, p->dialect.quote, len) == NULL;
	const struct header *h = p->header;
	bool first = true;
	char *to;
	size_t i;

	p->row.len = 0;
	/* At worst each byte is a quote, and each field is quoted. */
	if (buffer_reserve(&p->row, 2 * len + 3 * n + 2 + PIECE) != 0)
		return -1;
	to = p->row.data;
	for (i = 0; i < n && i < CSV_MAX_FIELDS; i++) {
		const struct csv_field *f = &field[i];

		if (i < h->columns && h->column[i].reserved)
			continue;
		if (!first)
			*to++ = ',';
		first = false;
		if (form == QUOTED) {
			to = csv_put_quoted(
			    to, f->text, is_null(p, f) ? 0 : f->len);
		} else if (form == AS_IT_IS) {
			memcpy(to, raw + f->start, f->end - f->start);
			to += f->end - f->start;
		} else if (f->len > 0 && !is_null(p, f)) {
			to = put(to, f, simple);
		}
	}
	p->row.len = (size_t)(to - p->row.data);
	return 0;
}

/* Whether who reads this line would take it for something else. */
static bool
is_misread(const struct plain *p, const char *line, size_t len)
{
	return header_rewritten(p->header, line, len) || seal_like(line, len);
}

/* A record that is not written as it lies.  A header that is all in quotes is
 * not what is ANEW, since its identifier needs none. */
static int
rewrite(struct plain *p, const char *raw, size_t len,
    const struct csv_field *field, size_t n, enum form form)
{
	if (compose(p, raw, len, field, n, form) != 0)
		return -1;
	if (is_misread(p, p->row.data, p->row.len)) {
		if (compose(p, raw, len, field, n, QUOTED) != 0)
			return -1;
		if (is_misread(p, p->row.data, p->row.len))
			return compose(p, raw, len, field, n, ANEW);
	}
	return 0;
}

int
plain_take(struct plain *p, const char *raw, size_t len, size_t ending,
    const struct csv_field *field, size_t n, const char **to, size_t *size,
    struct error *e)
{
	const bool anew = !p->always && !plain_is(p, raw, field, n);

	*to = raw;
	*size = len;
	if (!anew && !p->drops && !is_misread(p, raw, len - ending))
		return 0;
	if (rewrite(p, raw, len, field, n, anew ? ANEW : AS_IT_IS) != 0 ||
	    buffer_add(&p->row, raw + len - ending, ending) != 0)
		return error_set(e, EXIT_LOCAL, "out of memory");
	*to = p->row.data;
	*size = p->row.len;
	return 0;
}

int
plain_write_run(struct plain *p, const struct csv_run *run, size_t n,
    struct output *out, struct error *e)
{
	uint32_t begin = run->start, seps = run->seps;
	uint32_t kept = begin; /* from here on rows are plain */
	const char *row;
	size_t i, len, size;

	for (i = 0; i < n; i++, begin = run->row[i - 1].end + 1) {
		const char *raw = run->text + begin;
		struct quick_row q;

		quick_take(&q, run, i, begin, seps);
		seps = run->row[i].seps;
		len = run->row[i].end + 1 - begin;
		if (csv_fields_cut(&p->fields, &p->dialect, raw,
			q.end - q.begin, run->sep, begin, q.fields,
			&p->text) != 0)
			return error_set(e, EXIT_LOCAL, "out of memory");
		if (plain_take(p, raw, len, len - (q.end - q.begin),
			p->fields.field, p->fields.n, &row, &size, e) != 0)
			return -1;
		if (row == raw)
			continue;
		if (output_write(out, run->text + kept, begin - kept, e) != 0 ||
		    output_write(out, row, size, e) != 0)
			return -1;
		kept = run->row[i].end + 1;
	}
	return output_write(out, run->text + kept, begin - kept, e);
}
