#include "csv/window.h"

#include <stdlib.h>
#include <string.h>
#include "base/sys.h"
#include "csv/scan.h"

int
csv_window_init(struct csv_window *w)
{
	memset(w, 0, sizeof(*w));
	w->size = WINDOW_SIZE;
	w->text = sys_malloc(w->size + CSV_SCAN_PAD);
	return w->text == NULL ? -1 : 0;
}

void
csv_window_free(struct csv_window *w)
{
	free(w->text);
}

void
csv_window_start(struct csv_window *w, struct input *in)
{
	w->in = in;
	w->pos = w->end = 0;
	w->first = true;
	w->eof = w->crlf = w->unterminated = false;
}

/* Notes how the first line that is not blank ends. */
static void
look_at_first(struct csv_window *w)
{
	const char *line = w->text + w->pos, *end = w->text + w->end, *lf;

	while ((lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		w->crlf = lf > line && lf[-1] == '\r';
		if (lf - line > w->crlf) {
			w->first = false;
			break;
		}
		line = lf + 1;
	}
}

/* An unterminated last line gets its ending; fill() kept room for it. */
static void
terminate(struct csv_window *w)
{
	w->eof = true;
	if (w->end == w->pos || w->text[w->end - 1] == '\n')
		return;
	w->unterminated = true;
	if (w->crlf && w->text[w->end - 1] != '\r')
		w->text[w->end++] = '\r';
	w->text[w->end++] = '\n';
}

/* It is full of one record: makes it larger. */
static int
grow(struct csv_window *w, struct error *e)
{
	size_t size = w->size * 2;
	char *text = sys_realloc(w->text, size + CSV_SCAN_PAD);

	if (text == NULL)
		return error_set(e, EXIT_LOCAL, "out of memory");
	w->text = text;
	w->size = size;
	return 0;
}

int
csv_window_fill(struct csv_window *w, struct error *e)
{
	size_t room, before;
	ptrdiff_t got;

	if (w->eof)
		return 0;
	if (w->pos > 0) {
		memmove(w->text, w->text + w->pos, w->end - w->pos);
		w->end -= w->pos;
		w->pos = 0;
	}
	if (w->size - w->end < INPUT_LEAST + 2 && grow(w, e) != 0)
		return -1;
	room = w->size - w->end - 2;
	got = input_read(w->in, w->text + w->end,
	    room < WINDOW_SIZE ? room : WINDOW_SIZE, e);
	if (got < 0)
		return -1;
	before = w->end;
	w->end += (size_t)got;
	w->bytes += (uint64_t)got;
	if (w->first)
		look_at_first(w);
	if (got == 0)
		terminate(w);
	return w->end > before;
}
