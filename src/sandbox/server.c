#include "sandbox/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/sys.h"
#include "sandbox/call.h"
#include "sandbox/peers.h"

/* Of a connection: the larger, the fewer turns a body takes. */
#define CONNECTION_MEMORY ((size_t)256 * 1024)
/* Of an answer, so much is taken at once. */
#define STREAM_BLOCK ((size_t)16 * 1024)

/*
 * Connections.  When one more comes than SERVER_PEERS, the one that has been
 * silent for longest makes room for it; SERVER_LEAVING more may be on their
 * way out.  When there are as many, further ones wait to be accepted.
 * libmicrohttpd would accept them and close them at once; so it does not
 * listen itself.
 */
enum { SERVER_PEERS = 256, SERVER_LEAVING = 16 };
/* Descriptors for all else: the database, the log, the socket that listens. */
enum { SERVER_FILES = 24, SERVER_PEERS_LEAST = 4 };
/* So many seconds pass before it is looked again whether one has left. */
#define LEAVING_TIME 0.002
/* A connection that does not begin in so many seconds will not: no memory. */
#define BEGIN_TIME 5

struct server {
	struct edge *edge;
	struct MHD_Daemon *daemon;
	struct MHD_Response *lost; /* for when there is no memory */
	struct peers peers;
	int listener;
	pthread_t acceptor;
	sem_t begun; /* posted for each connection that has begun */
	atomic_bool over;
};

/* An answer on its way, or a part of one. */
struct stream {
	struct buffer body;
	size_t
	    stop;   /* so many bytes of it, and of spaces behind it, are sent */
	bool reset; /* and then, if that is not all, comes a reset */
	int fd;
	struct peer *peer;
};

/*
 * Makes the peer see a reset.  The descriptor stays open, as another socket,
 * for libmicrohttpd to close: it would send an orderly end before.
 */
static void
reset(int fd)
{
	struct linger now = {1, 0};
	int other = socket(AF_INET, SOCK_STREAM, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (other >= 0) {
		(void)dup2(other, fd);
		(void)sys_close(other);
	}
}

static int
connection_fd(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD)
	    ->connect_fd;
}

static struct peer *
connection_peer(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	    ->socket_context;
}

/* Never called for more than what the answer's length says. */
static ssize_t
read_stream(void *cls, uint64_t at, char *out, size_t size)
{
	struct stream *s = cls;
	size_t n, left = s->stop - (size_t)at;

	peer_heard(s->peer);
	if (left == 0) {
		if (s->reset)
			reset(s->fd);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (size > left)
		size = left;
	n = at < s->body.len ? s->body.len - (size_t)at : 0;
	if (n > size)
		n = size;
	if (n > 0)
		memcpy(out, s->body.data + at, n);
	memset(out + n, ' ', size - n);
	return (ssize_t)size;
}

static void
free_stream(void *cls)
{
	struct stream *s = cls;

	buffer_free(&s->body);
	free(s);
}

/* Takes over the body. */
static struct MHD_Response *
respond_stream(struct MHD_Connection *connection, struct call_answer *a)
{
	struct stream *s = sys_malloc(sizeof(*s));
	struct MHD_Response *response;

	if (s == NULL) {
		buffer_free(&a->body);
		return NULL;
	}
	s->body = a->body;
	s->stop = a->end == CALL_WHOLE ? a->length : a->length / 2;
	s->reset = a->end == CALL_RESET_HALF;
	s->fd = connection_fd(connection);
	s->peer = connection_peer(connection);
	response = MHD_create_response_from_callback(
	    a->length, STREAM_BLOCK, read_stream, s, free_stream);
	if (response == NULL)
		free_stream(s);
	return response;
}

static void
add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		(void)MHD_add_response_header(response, name, value);
}

static enum MHD_Result
respond(struct MHD_Connection *connection, struct call *c)
{
	struct MHD_Response *response;
	struct call_answer a;
	enum MHD_Result result;

	peer_hold(connection_peer(connection));
	call_answer(c, &a);
	peer_release(connection_peer(connection));
	if (a.end == CALL_RESET) {
		buffer_free(&a.body);
		reset(connection_fd(connection));
		return MHD_NO;
	}
	response = respond_stream(connection, &a);
	if (response == NULL)
		return MHD_NO;
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, a.type);
	add_header(response, MHD_HTTP_HEADER_LOCATION, a.location);
	add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, a.retry_after);
	add_header(response, MHD_HTTP_HEADER_ALLOW, a.allow);
	if (a.status == 401)
		add_header(
		    response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	result = MHD_queue_response(connection, a.status, response);
	MHD_destroy_response(response);
	return result;
}

static const char *
look_up(struct MHD_Connection *connection, enum MHD_ValueKind kind,
    const char *name)
{
	return MHD_lookup_connection_value(connection, kind, name);
}

/*
 * Decodes a path or an argument of a query in place, as libmicrohttpd does,
 * but for a NUL: there the text would seem to end.  It becomes a byte that no
 * path, identifier or batch id can hold.
 */
static size_t
unescape(void *cls, struct MHD_Connection *connection, char *text)
{
	char *p;

	(void)cls;
	(void)connection;
	for (p = strstr(text, "%00"); p != NULL; p = strstr(p + 3, "%00"))
		memcpy(p, "%FF", 3);
	return MHD_http_unescape(text);
}

/* Before anything of it is decoded. */
static void *
ask(void *cls, const char *target, struct MHD_Connection *connection)
{
	(void)cls;
	peer_ask(connection_peer(connection), target);
	return NULL;
}

static struct call *
begin(struct server *s, struct MHD_Connection *connection, const char *url,
    const char *method)
{
	const char *target = peer_target(connection_peer(connection));
	const char *query = strchr(target, '?');
	const struct call_head head = {
	    .method = method,
	    .path = url,
	    .client = look_up(connection, MHD_GET_ARGUMENT_KIND, "client"),
	    .batch_id = look_up(connection, MHD_GET_ARGUMENT_KIND, "batchId"),
	    .show_details =
		look_up(connection, MHD_GET_ARGUMENT_KIND, "showDetails"),
	    .query = query == NULL ? NULL : query + 1,
	    .target = strlen(target),
	    .host = look_up(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST),
	    .origin =
		look_up(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN),
	    .authorization = look_up(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION),
	    .content_length = look_up(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH),
	    .content_type = look_up(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE),
	};

	return call_open(s->edge, &head);
}

/* Called when the headers are there, for each part of the body, and once
 * more when it is whole. */
static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **memory)
{
	struct call *c = *memory;

	(void)version;
	peer_heard(connection_peer(connection));
	if (c == NULL)
		*memory = c = begin(cls, connection, url, method);
	else if (*size == 0)
		return respond(connection, c);
	else if (call_body(c, data, *size) != 0)
		return MHD_NO;
	*size = 0;
	if (c == NULL)
		return MHD_queue_response(connection,
		    MHD_HTTP_SERVICE_UNAVAILABLE, ((struct server *)cls)->lost);
	if (!call_resets(c))
		return MHD_YES;
	reset(connection_fd(connection));
	return MHD_NO;
}

static void
complete(void *cls, struct MHD_Connection *connection, void **memory,
    enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)code;
	peer_heard(connection_peer(connection));
	call_close(*memory);
	*memory = NULL;
}

static void
notify(void *cls, struct MHD_Connection *connection, void **peer,
    enum MHD_ConnectionNotificationCode code)
{
	struct server *s = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*peer = peer_open(&s->peers, connection_fd(connection));
		(void)sem_post(&s->begun);
	} else {
		peer_close(*peer);
	}
}

/* How many connections there is room for; 0: too few, as e says. */
static size_t
count_room(struct error *e)
{
	const size_t others = SERVER_FILES + SERVER_LEAVING;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
		error_errno(e, EXIT_LOCAL, "cannot ask for the limit of files");
		return 0;
	}
	if (files.rlim_cur >= SERVER_PEERS + others)
		return SERVER_PEERS;
	if (files.rlim_cur >= SERVER_PEERS_LEAST + others)
		return (size_t)files.rlim_cur - others;
	error_set(e, EXIT_USAGE,
	    "%llu open files are too few, at least %zu are needed; "
	    "see 'ulimit -n'",
	    (unsigned long long)files.rlim_cur, SERVER_PEERS_LEAST + others);
	return 0;
}

static struct MHD_Daemon *
start(struct server *s, const struct server_settings *settings)
{
	const unsigned int flags = MHD_USE_AUTO | MHD_USE_NO_LISTEN_SOCKET |
				   MHD_USE_INTERNAL_POLLING_THREAD |
				   MHD_USE_THREAD_PER_CONNECTION;
	const struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, settings->cert},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, settings->key},
	    {MHD_OPTION_END, 0, NULL}};
	const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

	return MHD_start_daemon(
	    flags | (settings->cert == NULL ? 0 : MHD_USE_TLS), 0, NULL, NULL,
	    handle, s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
	    MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned int)(s->peers.most + 2 * SERVER_LEAVING),
	    MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
	    MHD_OPTION_URI_LOG_CALLBACK, ask, NULL,
	    MHD_OPTION_NOTIFY_CONNECTION, notify, s,
	    MHD_OPTION_NOTIFY_COMPLETED, complete, NULL, MHD_OPTION_ARRAY,
	    settings->cert == NULL ? none : tls, MHD_OPTION_END);
}

/* Listens, and gives the port; -1 with errno. */
static int
listen_on(struct server *s, uint16_t *port)
{
	const int yes = 1;
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_port = htons(*port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 ||
	    setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &yes,
		sizeof(yes)) != 0 ||
	    bind(s->listener, (struct sockaddr *)&address, size) != 0 ||
	    listen(s->listener, SOMAXCONN) != 0 ||
	    getsockname(s->listener, (struct sockaddr *)&address, &size) != 0)
		return -1;
	*port = ntohs(address.sin_port);
	return 0;
}

static bool
has_room(struct server *s)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info == NULL ||
	       info->num_connections < s->peers.most + SERVER_LEAVING;
}

/*
 * Gives a connection to libmicrohttpd, and waits until it counts: at its own
 * limit, version 0.9.75 takes a lock and keeps it.
 */
static void
hand_over(struct server *s, int fd, const struct sockaddr_in *address)
{
	struct timespec until;

	if (MHD_add_connection(s->daemon, fd, (const struct sockaddr *)address,
		sizeof(*address)) != MHD_YES)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += BEGIN_TIME;
	while (sem_timedwait(&s->begun, &until) != 0 && errno == EINTR)
		continue;
}

/* Until the server is over. */
static void *
accept_all(void *arg)
{
	struct server *s = arg;
	struct sockaddr_in address;
	socklen_t size;
	int fd;

	while (!atomic_load(&s->over)) {
		size = sizeof(address);
		fd = -1;
		if (has_room(s))
			fd = accept(
			    s->listener, (struct sockaddr *)&address, &size);
		if (fd >= 0)
			hand_over(s, fd, &address);
		else
			(void)clock_sleep(LEAVING_TIME, NULL, NULL);
	}
	return NULL;
}

/* Whether it does listen and answer; otherwise e says why not. */
static bool
serve(struct server *s, const struct server_settings *settings, struct error *e)
{
	uint16_t port = settings->port;
	char address[64];

	if (listen_on(s, &port) != 0) {
		error_errno(e, EXIT_USAGE, "cannot listen on 127.0.0.1:%u",
		    settings->port);
		return false;
	}
	s->daemon = start(s, settings);
	if (s->daemon == NULL) {
		error_errno(e, EXIT_USAGE, "cannot serve on 127.0.0.1:%u%s",
		    port,
		    settings->cert == NULL ? "" : " with this certificate");
		return false;
	}
	snprintf(address, sizeof(address), "%s://127.0.0.1:%u",
	    settings->cert == NULL ? "http" : "https", port);
	edge_set_address(s->edge, address);
	if (sys_thread(&s->acceptor, accept_all, s) != 0) {
		error_errno(e, EXIT_LOCAL, "cannot start a thread");
		MHD_stop_daemon(s->daemon);
		return false;
	}
	return true;
}

static void
release(struct server *s)
{
	if (s->listener >= 0)
		(void)sys_close(s->listener);
	if (s->lost != NULL)
		MHD_destroy_response(s->lost);
	(void)sem_destroy(&s->begun);
	peers_free(&s->peers);
	free(s);
}

struct server *
server_open(
    struct edge *edge, const struct server_settings *settings, struct error *e)
{
	struct server *s = sys_calloc(1, sizeof(*s));
	static char lost[] = "Out of memory\n";
	size_t most = count_room(e);

	if (s == NULL)
		error_errno(e, EXIT_LOCAL, "sandbox");
	if (s == NULL || most == 0) {
		free(s);
		return NULL;
	}
	s->edge = edge;
	s->listener = -1;
	s->lost = MHD_create_response_from_buffer(
	    strlen(lost), lost, MHD_RESPMEM_PERSISTENT);
	(void)sem_init(&s->begun, 0, 0);
	peers_init(&s->peers, most, (double)settings->idle);
	if (serve(s, settings, e))
		return s;
	release(s);
	return NULL;
}

double
server_drop_idle(struct server *s)
{
	return peers_drop_idle(&s->peers);
}

void
server_close(struct server *s)
{
	edge_end(s->edge);
	atomic_store(&s->over, true);
	(void)shutdown(s->listener, SHUT_RDWR);
	(void)pthread_join(s->acceptor, NULL);
	MHD_stop_daemon(s->daemon);
	release(s);
}

const char *
server_version(void)
{
	return MHD_get_version();
}
