#include "send/report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/diag.h"
#include "base/escape.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/safety.h"
#include "base/shellword.h"

enum { SHOWN = 432 };

void
report_begin(struct report *report, const struct failed *failed,
    const struct journal *journal, const struct rowfile *rows)
{
	report->failed = failed;
	report->journal = journal;
	if (journal != NULL && journal_torn(journal) > 0)
		diag_detail("the journal ended in a line that was not "
			    "finished; its %llu bytes were cut off",
		    (unsigned long long)journal_torn(journal));
	if (rows != NULL && rowfile_torn(rows) > 0)
		diag_detail("the file of rows ended in a line that was not "
			    "finished; its %llu bytes were cut off",
		    (unsigned long long)rowfile_torn(rows));
	if (failed_torn(failed) > 0)
		diag_warn("%s ended in a batch that an earlier run could not "
			  "finish; its %llu bytes were cut off",
		    report->failed_path,
		    (unsigned long long)failed_torn(failed));
}

void
report_pace(void *unused, bool warning, const char *text)
{
	(void)unused;
	progress_end();
	if (warning)
		diag_warn("%s", text);
	else
		diag_detail("%s", text);
}

void
report_wait(void *unused, const char *text)
{
	(void)unused;
	progress_end();
	diag_note("%s", text);
}

/* ------------------------------------------------------------ receipts */

/* The message, behind the status unless it names that itself.  Returns to. */
static char *
show_message(const struct result *r, char to[SHOWN])
{
	char http[32];
	int n = snprintf(http, sizeof(http), "HTTP %d", r->http);
	bool bare = r->http == 0 || strncmp(r->message, http, (size_t)n) == 0;

	n = bare ? 0 : snprintf(to, SHOWN, "%s: ", http);
	escape_text(
	    to + n, (size_t)(SHOWN - n), r->message, strlen(r->message));
	return to;
}

static void
say_fault(const struct batch *b, const char *rule)
{
	diag_place(EXIT_INPUT, b->fault.place, b->fault.line, b->fault.column,
	    rule, "batch %llu: %s", (unsigned long long)b->number,
	    b->fault.text);
}

/* Where an earlier run has put it; report->earlier says so too. */
static void
find_earlier(struct report *report, const struct part *p, char *to, size_t size)
{
	const struct past *past = journal_past(report->journal);
	const struct past_entry *entry;
	struct past_found found;

	past_find(past, p, &found);
	entry = found.kept != NULL ? found.kept : found.keeping;
	if (entry == NULL)
		return;
	report->earlier = past_file(past, entry);
	shellword_add(
	    to, size, " (an earlier run has put it into ", report->earlier);
	snprintf(to + strlen(to), size - strlen(to), ")");
}

static void
say_receipt(struct report *report, const struct event *event)
{
	const struct receipt *r = event->receipt;
	enum receipt_state state = r->result.state;
	char shown[SHOWN], name[PART_NAME], where[SHELLWORD_ROOM + 64] = "";

	if (state == RECEIPT_ACCEPTED || state == RECEIPT_SKIPPED)
		return;
	if (state == RECEIPT_INVALID && !event->earlier) {
		say_fault(event->batch, receipt_state_name(state));
		return;
	}
	if (event->earlier)
		find_earlier(report, &r->part, where, sizeof(where));
	diag_place(counts_code(r), event->batch->file, event->batch->line, 0,
	    receipt_state_name(state), "%s: %s%s", part_name(&r->part, name),
	    show_message(&r->result, shown), where);
}

/* Also with --quiet: nothing else tells what became of this batch. */
static void
say_lost(const struct receipt *r)
{
	const char *url = r->result.batch_status;
	struct error e = ERROR_INIT;
	char shown[400], name[PART_NAME];

	escape_text(shown, sizeof(shown), url, strlen(url));
	error_set(&e, EXIT_LOCAL, "%s: %s%s%s; its receipt cannot be written",
	    part_name(&r->part, name), receipt_state_name(r->result.state),
	    shown[0] == '\0' ? "" : ", ", shown);
	diag_error(&e);
}

static int
write_receipt(struct report *report, const struct event *event, struct error *e)
{
	size_t n;
	char *line = receipt_line(event->receipt, &n);
	bool failed =
	    output_line(report->out, line, n, e) != 0 ||
	    SAFETY("receipt-checked", output_flush(report->out, e) != 0, false);

	report->lines++;
	if (failed)
		say_lost(event->receipt);
	else
		say_receipt(report, event);
	progress_show(report->counts->batches, report->counts->bytes);
	return failed ? -1 : 0;
}

int
emit(struct report *report, const struct event *event, struct error *e)
{
	const struct receipt *r = event->receipt;
	char shown[SHOWN], name[PART_NAME];

	if (event->kind != EVENT_AGAIN)
		progress_end();
	switch (event->kind) {
	case EVENT_SETTLED:
		return write_receipt(report, event, e);
	case EVENT_AGAIN:
		diag_detail("%s: attempt %u: %s; again in %.1f s",
		    part_name(&r->part, name), r->result.attempts,
		    show_message(&r->result, shown), event->delay);
		break;
	case EVENT_REPEATED:
		diag_place(EXIT_COMPLETE, "", 0, 0, "possible-duplicate",
		    "%s: an earlier run may have sent it; the same bytes are "
		    "sent again",
		    part_name(&r->part, name));
		break;
	case EVENT_PASSED:
		say_fault(event->batch, "cut-short");
		break;
	case EVENT_PC_ID:
		diag_warn("pcId is sent to v2: a site that uses the Experience "
			  "Cloud ID must use --api v1 with pcId");
		break;
	case EVENT_TROUBLE:
		diag_error(event->error);
		break;
	}
	return 0;
}

/* ------------------------------------------------------------- the end */

/* Also with --quiet: the batches must be found again. */
static void
say_kept(const struct report *report, uint64_t n, const char *path,
    const char *who, const char *command)
{
	char file[SHELLWORD_ROOM] = "";

	shellword_add(file, sizeof(file), path[0] == '-' ? "./" : "", path);
	if (who[0] == '\0' && n == report->counts->states[RECEIPT_INVALID])
		diag_always("%llu %s kept in %s; %s cannot be sent as %s: make "
			    "%s again with tp-split",
		    (unsigned long long)n,
		    number_form(
			n, "batch was not sent,", "batches were not sent,"),
		    file, number_form(n, "it", "they"),
		    number_form(n, "it is", "they are"),
		    number_form(n, "it", "them"));
	else
		diag_always("%llu %s not accepted, kept in %s%s; send again "
			    "with: %s %s",
		    (unsigned long long)n,
		    number_form(n, "batch was", "batches were"), file, who,
		    command, file);
}

/* Where this run has put something; or else an earlier one; NULL: none has. */
static const char *
find_failed(const struct report *report)
{
	if (report->failed != NULL && failed_batches(report->failed) > 0)
		return failed_path(report->failed);
	return report->earlier;
}

static void
say_failed(const struct report *report, const char *command)
{
	const char *name = find_failed(report);
	const struct past *past;
	size_t i;

	if (name != NULL && name != report->earlier)
		say_kept(
		    report, failed_batches(report->failed), name, "", command);
	if (report->earlier == NULL)
		return;
	past = journal_past(report->journal);
	for (i = 0; i < past->n_files; i++) {
		const struct past_file *f = &past->files[i];

		/* Who has sent one may have removed it. */
		if (f->kept > 0 && access(f->name, F_OK) == 0 &&
		    (name == report->earlier || strcmp(f->name, name) != 0))
			say_kept(report, f->kept, f->name, " by an earlier run",
			    command);
	}
}

static void
say_journal(const struct report *report)
{
	const struct counts *c = report->counts;
	char path[SHELLWORD_ROOM] = "";

	if (report->journal == NULL)
		return;
	if (c->states[RECEIPT_SKIPPED] > 0)
		diag_note("%llu skipped: an earlier run has sent %s",
		    (unsigned long long)c->states[RECEIPT_SKIPPED],
		    number_form(c->states[RECEIPT_SKIPPED], "it", "them"));
	/* Without what it had, the next run would send all again. */
	if (journal_lost(report->journal) ||
	    (c->unread == 0 && c->states[RECEIPT_FAILED] == 0 &&
		c->states[RECEIPT_UNKNOWN] == 0))
		return;
	shellword_add(path, sizeof(path), "--journal ", report->journal_path);
	diag_always("to go on, run the same again with %s", path);
}

/* Also with --quiet: nothing else names them. */
static void
say_left(const struct report *report)
{
	const struct ranges *left = &report->counts->left;
	uint64_t n = ranges_count(left);
	const char *hint = "";
	char shown[600];
	size_t at = 0;

	while (at < left->n) {
		at = ranges_text(left, at, shown, sizeof(shown));
		if (at == left->n && report->journal == NULL)
			hint =
			    number_form(n, "; send it again from where it came",
				"; send them again from where they came");
		diag_always("neither accepted nor kept: %s %s%s",
		    number_form(n, "batch", "batches"), shown, hint);
	}
	if (report->counts->unread != 0)
		diag_always("batch %llu and all that may come after it were "
			    "not read: nothing of them was sent or kept",
		    (unsigned long long)report->counts->unread);
}

void
report_end(const struct report *report, const char *command)
{
	diag_finish();
	if (report->counts->denied != NULL)
		diag_always("stopped: %s", report->counts->denied);
	say_left(report);
	say_failed(report, command);
	say_journal(report);
}

ndjson *
report_summary(const struct report *report)
{
	ndjson *o = ndjson_new();

	counts_set(report->counts, o);
	ndjson_set_string(o, "failedFile", find_failed(report));
	return o;
}
