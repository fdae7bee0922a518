#include "api/httpstatus.h"

#include <stddef.h>
#include <stdio.h>

/*
 * RFC 9110, RFC 6585 and RFC 8470.  401 is left out: its name, Unauthorized,
 * misleads, and what is said of it explains it better.
 */
static const struct {
	int status;
	const char *name;
} names[] = {
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

char *
httpstatus_text(int status, char to[HTTPSTATUS_TEXT])
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].status == status)
			break;
	}
	if (i < sizeof(names) / sizeof(names[0]))
		snprintf(
		    to, HTTPSTATUS_TEXT, "HTTP %d %s", status, names[i].name);
	else
		snprintf(to, HTTPSTATUS_TEXT, "HTTP %d", status);
	return to;
}
