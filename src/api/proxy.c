#include "api/proxy.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include "base/number.h"
#include "base/options.h"
#include "base/safety.h"

#define DIGITS "0123456789"
#define SCHEME                       \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "+-."

/* ----------------------------------------- who is reached without a proxy */

/* An address, of either family, in network order. */
struct address {
	unsigned char bytes[16];
	unsigned bits; /* 0: it is none */
};

static void
parse_address(struct address *a, const char *text, size_t n)
{
	char copy[INET6_ADDRSTRLEN + 2];

	memset(a, 0, sizeof(*a));
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n >= sizeof(copy))
		return;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (inet_pton(AF_INET, copy, a->bytes) == 1)
		a->bits = 32;
	else if (inet_pton(AF_INET6, copy, a->bytes) == 1)
		a->bits = 128;
}

static bool
same_bits(const struct address *a, const struct address *b, unsigned bits)
{
	unsigned rest = bits % 8;

	if (memcmp(a->bytes, b->bytes, bits / 8) != 0)
		return false;
	return rest == 0 ||
	       (a->bytes[bits / 8] ^ b->bytes[bits / 8]) >> (8 - rest) == 0;
}

/* "192.0.2.7", "192.0.2.0/24" */
static bool
is_in_network(const struct address *host, const char *word, size_t n)
{
	const char *slash = memchr(word, '/', n);
	size_t length = slash == NULL ? n : (size_t)(slash - word);
	struct address network;
	uint64_t bits = host->bits;
	char digits[8];

	parse_address(&network, word, length);
	if (network.bits != host->bits)
		return false;
	if (slash != NULL) {
		length = n - length - 1;
		if (length >= sizeof(digits))
			return false;
		memcpy(digits, slash + 1, length);
		digits[length] = '\0';
		if (number_parse(digits, 0, host->bits, &bits) != 0)
			return false;
	}
	return same_bits(host, &network, (unsigned)bits);
}

/* "example.com" and ".example.com" are that host and all below it. */
static bool
is_in_domain(const char *host, const char *word, size_t n)
{
	size_t length = strlen(host);

	if (length > 0 && host[length - 1] == '.')
		length--;
	if (n > 0 && word[n - 1] == '.')
		n--;
	if (n > 0 && word[0] == '.') {
		word++;
		n--;
	}
	if (n == 0 || n > length ||
	    strncasecmp(host + length - n, word, n) != 0)
		return false;
	return n == length || host[length - n - 1] == '.';
}

static bool
is_direct(const char *host)
{
	const char *list = options_environment("no_proxy");
	struct address address;

	if (list == NULL)
		list = options_environment("NO_PROXY");
	if (list == NULL)
		return false;
	if (strcmp(list, "*") == 0)
		return true;
	parse_address(&address, host, strlen(host));
	while (*list != '\0') {
		size_t n = strcspn(list, ", \t");

		if (n > 0 &&
		    (address.bits != 0 ? is_in_network(&address, list, n)
				       : is_in_domain(host, list, n)))
			return true;
		list += n;
		list += strspn(list, ", \t");
	}
	return false;
}

/* The value of the variable that counts; NULL: no proxy. */
static const char *
find(const char *host, const char **name)
{
	static const char *const names[] = {
	    "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	size_t i;

	if (is_direct(host))
		return NULL;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = options_environment(names[i]);

		*name = names[i];
		if (value != NULL)
			return value;
	}
	return NULL;
}

/* ----------------------------------------------------------- what it says */

/* 1: it is https. */
static int
check_scheme(
    const char *name, const char *scheme, size_t n, bool tls, struct error *e)
{
	static const char *const known[] = {
	    "http", "socks", "socks4", "socks4a", "socks5", "socks5h"};
	bool plain = strspn(scheme, SCHEME) >= n;
	size_t i;

	if (n == 5 && strncasecmp(scheme, "https", n) == 0)
		return tls ? 1
			   : error_set(e, EXIT_USAGE,
				 "%s: this libcurl cannot reach a proxy over "
				 "https",
				 name);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i]) == n &&
		    strncasecmp(scheme, known[i], n) == 0)
			return 0;
	}
	return error_set(e, EXIT_USAGE,
	    "%s: its scheme%s%.*s is none of a proxy; libcurl knows http, "
	    "https, socks4, socks4a, socks5 and socks5h",
	    name, plain ? " " : "", plain && n < 20 ? (int)n : 0, scheme);
}

/* How long the host at text is; 0: it is none. */
static size_t
measure_host(const char *text)
{
	size_t n;

	if (text[0] == '[') {
		n = 1 + strspn(text + 1, SCHEME ":%_~");
		return n > 2 && text[n] == ']' ? n + 1 : 0;
	}
	/* The rest may be a name in any script. */
	for (n = 0; text[n] != '\0' && text[n] != ':'; n++) {
		if ((unsigned char)text[n] <= ' ' || text[n] == '\x7f' ||
		    strchr("@{}[]\\$'\"^`*<>=;,&()+|!", text[n]) != NULL)
			return 0;
	}
	return n;
}

/* [USER[:PASSWORD]@]HOST[:PORT] */
static int
check_authority(
    const char *name, const char *text, bool schemed, struct error *e)
{
	char copy[1024], *host = copy, *at;
	uint64_t port;
	size_t n = strcspn(text, "/?#");

	if (n >= sizeof(copy))
		return error_set(e, EXIT_USAGE, "%s: this is too long", name);
	memcpy(copy, text, n);
	copy[n] = '\0';
	at = strchr(copy, '@'); /* one in a password is written %40 */
	if (at != NULL)
		host = at + 1;
	n = measure_host(host);
	if (n == 0 || (host[n] != '\0' && host[n] != ':'))
		return error_set(e, EXIT_USAGE,
		    "%s: this names no host of a proxy; expected "
		    "[SCHEME://][USER:PASSWORD@]HOST[:PORT]",
		    name);
	if (host[n] == '\0' || (schemed && host[n + 1] == '\0'))
		return 0;
	if (number_parse(host + n + 1, 1, 65535, &port) != 0)
		return error_set(e, EXIT_USAGE,
		    "%s: the port of the proxy must be a number from 1 to "
		    "65535",
		    name);
	return 0;
}

int
proxy_check(const char *host, bool tls, struct error *e)
{
	const char *name, *value = find(host, &name), *rest;
	int over_tls;

	if (value == NULL)
		return 0;
	rest = strstr(value, "://");
	if (rest == NULL)
		return check_authority(name, value, false, e);
	over_tls = check_scheme(name, value, (size_t)(rest - value), tls, e);
	if (over_tls < 0 ||
	    SAFETY("proxy-first", check_authority(name, rest + 3, true, e) != 0,
		false))
		return -1;
	return over_tls;
}
