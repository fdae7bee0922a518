#include "validate/report.h"

#include "base/diag.h"
#include "base/number.h"
#include "profile/header.h"

uint64_t
report_passed(const struct pass *t)
{
	return export_records(t->x) - export_rejected(t->x) -
	       export_skipped(t->x);
}

void
report_warn(const struct pass *t)
{
	const struct export *x = t->x;
	uint64_t skipped = export_skipped(x);
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
}

ndjson *
report_summarize(const struct pass *t, uint64_t bytes)
{
	ndjson *o = ndjson_new();

	export_summarize(t->x, o);
	ndjson_set_count(o, "out", report_passed(t));
	ndjson_set_count(o, "bytesOut", bytes);
	return o;
}
