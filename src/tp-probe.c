/*
 * tp-probe: asks Adobe Target what has to be known before anything is sent.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/diag.h"
#include "base/ndjson.h"
#include "io/paths.h"
#include "io/program.h"
#include "probe/check.h"

enum { KEY_CHECK = OPTION_LONG };

static const struct option_entry entries[] = {
    {KEY_CHECK, "check", NULL, "make one call that changes nothing"},
    SERVICE_OPTION_ENTRIES,
    {0, NULL, NULL, NULL},
};

static const struct options_program description = {
    .name = "tp-probe",
    .operands = "--check",
    .purpose = "Asks whether host, certificate, client code and token are "
	       "right.",
    .entries = entries,
    .footer =
	"TIME is in seconds; s, m, h or d behind it says the unit.\n"
	"Exit: 0 nothing is wrong, 2 usage, 4 local, 5 unreachable: run\n"
	"again, 6 the certificate, the client code or the token is wrong.\n",
    .version = service_version,
};

static int
read_options(struct service *service, struct program *p, int argc, char **argv)
{
	struct error *e = &p->error;
	bool check = false;
	const char *arg;
	int key;

	service_init(service);
	while ((key = program_option(p, argc, argv, &arg)) >= 0) {
		if (key == KEY_CHECK)
			check = true;
		else if (service_set_option(service, key, arg, e) != 0)
			return -1;
	}
	if (key == OPTIONS_FAILED)
		return -1;
	if (p->n_files > 0)
		return error_set(
		    e, EXIT_USAGE, "it reads no files; see 'tp-probe --help'");
	if (!check)
		return error_set(e, EXIT_USAGE,
		    "give --check: there is nothing else that it does");
	return service_resolve(service, ENDPOINT_V2, e);
}

static int
check_paths(const struct service *service, struct program *p)
{
	const struct path_use use[] = {
	    {"summary", p->common.summary, PATH_WRITTEN},
	    {"token-file", service->token_file, PATH_READ},
	    {"cacert", service->cacert, PATH_READ},
	};

	return paths_check(
	    use, sizeof(use) / sizeof(use[0]), NULL, 0, &p->error);
}

/* A line for each finding: of a table on a terminal, else of JSON. */
static int
write_finding(struct program *p, const struct check *c, enum check_subject i)
{
	const struct check_finding *f = &c->of[i];
	const char *subject = check_subject_name(i);
	const char *verdict = check_verdict_name(f->verdict);
	char text[sizeof(f->text) + 64], *line;
	ndjson *object;
	size_t n;
	int result;

	if (isatty(STDOUT_FILENO)) {
		snprintf(text, sizeof(text), "%-12s%-10s%s\n", subject, verdict,
		    f->text);
		return output_write(&p->out, text, strlen(text), &p->error);
	}
	object = ndjson_new();
	ndjson_set_string(object, "check", subject);
	ndjson_set_string(object, "verdict", verdict);
	ndjson_set_string(object, "text", f->text);
	line = ndjson_line(object, &n);
	ndjson_free(object);
	if (line == NULL)
		return error_set(&p->error, EXIT_LOCAL, "out of memory");
	result = output_write(&p->out, line, n, &p->error);
	free(line);
	return result;
}

static ndjson *
make_summary(const struct check *c)
{
	ndjson *counts = ndjson_new();
	int i;

	for (i = 0; i < CHECK_SUBJECTS; i++)
		ndjson_set_string(counts,
		    check_subject_name((enum check_subject)i),
		    check_verdict_name(c->of[i].verdict));
	return counts;
}

static void
run(struct service *service, struct program *p)
{
	struct check c = {.code = EXIT_COMPLETE};
	int i;

	if (service_prepare(service, true, 1, &p->error) != 0 ||
	    check_run(&c, service, &p->error) != 0)
		return;
	diag_detail("asked for %s", c.url);
	p->code = c.code;
	for (i = 0; i < CHECK_SUBJECTS; i++) {
		if (write_finding(p, &c, (enum check_subject)i) != 0)
			return;
		/* On a terminal the table says it. */
		if (c.of[i].verdict == CHECK_WRONG && !isatty(STDOUT_FILENO))
			diag_always("%s: %s",
			    check_subject_name((enum check_subject)i),
			    c.of[i].text);
	}
	program_end(p, make_summary(&c), SEAL_NDJSON, CHECK_SUBJECTS);
}

int
main(int argc, char **argv)
{
	struct service service;
	struct program p;

	memset(&service, 0, sizeof(service));
	if (program_begin(&p, &description) == 0 &&
	    read_options(&service, &p, argc, argv) == 0 &&
	    check_paths(&service, &p) == 0 && program_open(&p) == 0)
		run(&service, &p);
	program_tell(&p);
	service_free(&service);
	return program_exit(&p);
}
