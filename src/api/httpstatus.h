/*
 * httpstatus.h: what the statuses of HTTP are called, in messages.
 */
#ifndef TP_API_HTTPSTATUS_H
#define TP_API_HTTPSTATUS_H

enum { HTTPSTATUS_TEXT = 64 };

/* "HTTP 503 Service Unavailable", or "HTTP 599" if the status has no name
 * here.  Returns to. */
char *httpstatus_text(int status, char to[HTTPSTATUS_TEXT]);

#endif
