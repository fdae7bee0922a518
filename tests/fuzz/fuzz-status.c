/*
 * fuzz-status.c: for libFuzzer: any bytes as an answer about a batch, and as
 * the status URL that the service names.
 *
 *	clang -g -fsanitize=fuzzer,address,undefined -Isrc -I. \
 *	    tests/fuzz/fuzz-status.c \
 *	    src/api/{endpoint,statusurl,token,xml}.c src/status/outcome.c \
 *	    src/record/part.c src/base/[a-z]*.c -lcrypto -ljansson
 *
 * An outcome is one line of JSON, and reconciled only if it is complete; a URL
 * that is followed is the service's or the endpoint's, on the known path.
 */
#include <stdlib.h>
#include <string.h>
#include "api/statusurl.h"
#include "base/ndjson.h"
#include "status/outcome.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
demand(int condition)
{
	if (!condition)
		abort();
}

static void
check_status(const char *body, size_t n, bool cut)
{
	struct xml_span answer = {body, n};
	const char *why = NULL;
	struct outcome s;
	ndjson *o;
	char *line;
	size_t len;

	memset(&s, 0, sizeof(s));
	s.id = "d-1";
	s.part.rows = 1;
	if (outcome_read(&s, answer, cut, NULL, &why) != 0) {
		demand(why != NULL && why[0] != '\0');
		return;
	}
	demand(
	    !s.reconciled ||
	    (s.state == OUTCOME_COMPLETE && s.counted[OUTCOME_SIZE] &&
		s.counts[OUTCOME_SIZE] == s.part.rows && s.listed == 0 &&
		(!s.counted[OUTCOME_FAILED] || s.counts[OUTCOME_FAILED] == 0)));
	demand(s.reconciled || s.state != OUTCOME_COMPLETE ||
	       s.message[0] != '\0');
	line = outcome_line(&s, &len);
	demand(line != NULL && memchr(line, '\n', len) == line + len - 1);
	o = ndjson_parse(line, len);
	demand(o != NULL);
	demand(ndjson_get_bool(o, "reconciled") == s.reconciled);
	ndjson_free(o);
	free(line);
}

static void
check_url(const struct endpoint *ep, const char *text)
{
	static const char path[] = "/m2/demo/profile/batchStatus?";
	struct statusurl u;
	struct origin o;
	char why[STATUSURL_WHY] = "";
	const char *rest;
	size_t n;

	if (statusurl_make(&u, ep, text, why) != 0) {
		demand(why[0] != '\0' && strlen(why) < STATUSURL_WHY - 1);
		return;
	}
	demand(origin_parse(&o, u.url, &rest) == 0);
	demand(o.tls || ep->origin.loopback);
	n = strlen(o.host);
	demand(strcmp(o.host, ep->origin.host) == 0 ||
	       (n > 14 && strcmp(o.host + n - 14, ".tt.omtrdc.net") == 0 &&
		   o.tls && o.port == 443));
	demand(strncmp(rest, path, sizeof(path) - 1) == 0);
	rest += sizeof(path) - 1;
	demand(rest[strspn(rest, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789-._~%=&")] == '\0');
	demand(u.id[0] != '\0' && strstr(rest, u.id) != NULL);
	demand(strcmp(u.url + strlen(u.url) - 16, "showDetails=true") == 0);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const addresses[] = {
	    NULL, "http://127.0.0.1:8080", "https://edge.example:8443"};
	char *text = malloc(size + 1);
	struct endpoint ep;
	struct error e = ERROR_INIT;
	size_t i;

	demand(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	check_status(text, size, false);
	check_status(text, size, true);
	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		demand(endpoint_make(
			   &ep, "demo", addresses[i], ENDPOINT_V2, &e) == 0);
		check_url(&ep, text);
	}
	free(text);
	return 0;
}
