#include "status/table.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include "base/clock.h"

/* Without a word of the terminal: what it had in 1978. */
enum { LINES = 24, COLUMNS = 80, LINE = 160 };

void
table_init(struct table *t, struct output *out, bool live)
{
	t->out = out;
	t->live = live;
	t->headed = false;
	t->drawn = 0;
	t->last = 0;
}

/* Writes a line of at most so many columns; all of it is ASCII. */
static int
put(struct table *t, const char *line, int columns, struct error *e)
{
	char text[LINE + 8];
	int n = snprintf(text, sizeof(text), "%.*s\n",
	    columns < LINE ? columns : LINE, line);

	return output_write(t->out, text, (size_t)n, e);
}

static void
set_count(char text[24], const struct outcome *s, enum outcome_count count)
{
	if (s->counted[count])
		snprintf(
		    text, 24, "%llu", (unsigned long long)s->counts[count]);
	else
		snprintf(text, 24, "-");
}

static void
set_line(char line[LINE], const struct outcome *s)
{
	char size[24], updated[24], not_found[24], failed[24];
	const char *state = outcome_state_name(s->state), *reconciled = "";

	set_count(size, s, OUTCOME_SIZE);
	set_count(updated, s, OUTCOME_UPDATED);
	set_count(not_found, s, OUTCOME_NOT_FOUND);
	set_count(failed, s, OUTCOME_FAILED);
	if (s->state != OUTCOME_INCOMPLETE)
		reconciled = s->reconciled ? "yes" : "no";
	else if (s->polls == 0)
		state = "accepted";
	snprintf(line, LINE, "%6llu %-10s %8llu %8s %8s %8s %8s %5u %10s",
	    (unsigned long long)s->part.batch, state,
	    (unsigned long long)s->part.rows, size, updated, not_found, failed,
	    s->polls, reconciled);
}

static int
put_head(struct table *t, struct error *e)
{
	if (t->headed)
		return 0;
	t->headed = true;
	return put(t,
	    " BATCH STATE          ROWS     SIZE  UPDATED NOTFOUND   FAILED "
	    "POLLS RECONCILED",
	    LINE, e);
}

static int
erase(struct table *t, struct error *e)
{
	char up[32];
	int n;

	if (t->drawn == 0)
		return 0;
	n = snprintf(up, sizeof(up), "\033[%uA\r\033[J", t->drawn);
	t->drawn = 0;
	return output_write(t->out, up, (size_t)n, e);
}

int
table_clear(struct table *t, struct error *e)
{
	t->last = 0;
	return erase(t, e) != 0 ? -1 : output_flush(t->out, e);
}

int
table_add(struct table *t, const struct outcome *s, struct error *e)
{
	char line[LINE];

	set_line(line, s);
	if (erase(t, e) != 0 || put_head(t, e) != 0 ||
	    put(t, line, LINE, e) != 0)
		return -1;
	t->last = 0;
	return output_flush(t->out, e);
}

static void
measure(int fd, unsigned *lines, unsigned *columns)
{
#ifdef TIOCGWINSZ
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0) {
		*lines = size.ws_row;
		*columns = size.ws_col;
		return;
	}
#endif
	*lines = LINES;
	*columns = COLUMNS;
}

static int
put_rest(struct table *t, size_t rest, int columns, struct error *e)
{
	char line[LINE];

	snprintf(line, sizeof(line), "       and %zu more", rest);
	t->drawn++;
	return put(t, line, columns, e);
}

int
table_draw(struct table *t, const struct poller *p, struct error *e)
{
	double now = clock_monotonic();
	unsigned lines, columns;
	size_t i, n = poller_open(p), room;
	char line[LINE];

	if (!t->live || now - t->last < 0.5)
		return 0;
	t->last = now;
	measure(t->out->fd, &lines, &columns);
	/* The last column and line are left alone: no terminal then scrolls
	 * or wraps; one line says how many more there are. */
	room = lines > 4 ? lines - 3 : 1;
	if (erase(t, e) != 0 || (n > 0 && put_head(t, e) != 0))
		return -1;
	for (i = 0; i < n && i < room; i++) {
		set_line(line, poller_get(p, i));
		if (put(t, line, (int)columns - 1, e) != 0)
			return -1;
		t->drawn++;
	}
	if (i < n && put_rest(t, n - i, (int)columns - 1, e) != 0)
		return -1;
	return output_flush(t->out, e);
}
