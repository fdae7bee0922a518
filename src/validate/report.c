#include "validate/report.h"

#include <stdio.h>
#include <string.h>
#include "base/diag.h"
#include "base/escape.h"
#include "base/number.h"
#include "profile/header.h"

uint64_t
report_passed(const struct pass *t)
{
	return export_records(t->x) - export_rejected(t->x) -
	       export_skipped(t->x);
}

/* What is said of one list, which was read. */
static void
tell_list(const struct lists_file *f)
{
	const struct idlist *found = &f->found;
	char name[256], where[48] = "one a line";

	escape_text(name, sizeof(name), f->path, strlen(f->path));
	if (found->column > 0)
		snprintf(where, sizeof(where), "in column %zu", found->column);
	diag_detail("%s: %llu %s, %s (--%s)", name,
	    (unsigned long long)found->ids,
	    number_form(found->ids, "identifier", "identifiers"), where,
	    lists_option(f->kind));
	if (found->ids == 0)
		diag_warn("%s: this list of identifiers is empty (--%s)", name,
		    lists_option(f->kind));
	if (found->unterminated > 0)
		diag_warn("%s:%llu: " IDLIST_UNTERMINATED, name,
		    (unsigned long long)found->unterminated);
}

/* A list that meets no record is probably for something else. */
static void
tell_lists(const struct pass *t)
{
	const struct lists *l = &t->lists;
	enum list_kind kind;
	size_t i;

	for (i = 0; i < l->files; i++)
		tell_list(&l->file[i]);
	for (kind = 0; kind < LISTS_KINDS; kind++)
		if (l->set[kind] != NULL && idset_count(l->set[kind]) > 0 &&
		    l->met[kind] == 0 && report_passed(t) + l->left_out > 0)
			diag_warn("no good record has an identifier that "
				  "--%s lists: is it the right list?",
			    lists_option(kind));
	if (l->left_out > 0)
		diag_note("left out %llu %s by identifier (%s%s%s)",
		    (unsigned long long)l->left_out,
		    number_form(l->left_out, "record", "records"),
		    l->set[LISTS_ONLY] != NULL ? "--only-ids" : "",
		    l->set[LISTS_ONLY] != NULL && l->set[LISTS_EXCEPT] != NULL
			? ", "
			: "",
		    l->set[LISTS_EXCEPT] != NULL ? "--except-ids" : "");
}

void
report_warn(const struct pass *t)
{
	const struct export *x = t->x;
	uint64_t skipped = export_skipped(x) - t->lists.left_out;
	char text[768];
	enum rule r;

	if (*header_list_reserved(export_header(x), text, sizeof(text)) != '\0')
		diag_warn("%s: left out, as it is named like an identifier and "
			  "is not the one that is sent",
		    text);
	for (r = 0; r < RULES; r++)
		if (export_tell_warning(x, r, text, sizeof(text)))
			diag_warn("%s", text);
	if (skipped > 0)
		diag_note("skipped %llu %s no values (--keep-empty passes %s)",
		    (unsigned long long)skipped,
		    number_form(
			skipped, "record that holds", "records that hold"),
		    number_form(skipped, "it", "them"));
	tell_lists(t);
}

ndjson *
report_summarize(const struct pass *t, uint64_t bytes)
{
	ndjson *o = ndjson_new();

	export_summarize(t->x, o);
	if (t->lists.files > 0)
		ndjson_set_count(o, "leftOut", t->lists.left_out);
	ndjson_set_count(o, "out", report_passed(t));
	ndjson_set_count(o, "bytesOut", bytes);
	return o;
}
