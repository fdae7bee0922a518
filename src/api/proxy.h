/*
 * proxy.h: can the proxy be used that the environment names for a host?
 *
 * libcurl reads these variables itself, for each request.  It finds what is
 * wrong with them when it connects, says it with the same code as what is
 * wrong with a host, and shows the variable with the password in it.
 */
#ifndef TP_API_PROXY_H
#define TP_API_PROXY_H

#include <stdbool.h>
#include "base/error.h"

/*
 * For https to that host (lower case; an IPv6 address in brackets): of
 * https_proxy, HTTPS_PROXY, all_proxy and ALL_PROXY the first that is set and
 * not empty, unless no_proxy or else NO_PROXY lists the host.  tls: libcurl
 * can reach a proxy over TLS.  -1 with EXIT_USAGE: e names the variable, and
 * shows nothing of it but an unknown scheme.  1: there is one that is reached
 * over TLS.
 */
int proxy_check(const char *host, bool tls, struct error *e);

#endif
