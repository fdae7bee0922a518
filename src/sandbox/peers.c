#include "sandbox/peers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/sys.h"

struct peer {
	struct peers *all;
	struct peer *older;
	struct peer *newer;
	double heard;
	char *target;
	int fd;
	bool listed;
	bool dropped;
};

void
peers_init(struct peers *all, size_t most, double idle)
{
	pthread_mutex_init(&all->lock, NULL);
	all->oldest = NULL;
	all->newest = NULL;
	all->open = 0;
	all->most = most;
	all->idle = idle;
}

void
peers_free(struct peers *all)
{
	pthread_mutex_destroy(&all->lock);
}

static void
list(struct peer *p)
{
	struct peers *all = p->all;

	if (p->dropped)
		return;
	p->heard = clock_monotonic();
	p->older = all->newest;
	p->newer = NULL;
	if (all->newest == NULL)
		all->oldest = p;
	else
		all->newest->newer = p;
	all->newest = p;
	p->listed = true;
}

static void
unlist(struct peer *p)
{
	struct peers *all = p->all;

	if (!p->listed)
		return;
	if (p->older == NULL)
		all->oldest = p->newer;
	else
		p->older->newer = p->newer;
	if (p->newer == NULL)
		all->newest = p->older;
	else
		p->newer->older = p->older;
	p->listed = false;
}

static void
drop(struct peer *p)
{
	unlist(p);
	p->dropped = true;
	p->all->open--;
	(void)shutdown(p->fd, SHUT_RDWR);
}

double
peers_drop_idle(struct peers *all)
{
	double left = all->idle, now;

	pthread_mutex_lock(&all->lock);
	now = clock_monotonic();
	while (all->oldest != NULL && all->oldest->heard + all->idle <= now)
		drop(all->oldest);
	if (all->oldest != NULL)
		left = all->oldest->heard + all->idle - now;
	pthread_mutex_unlock(&all->lock);
	return left;
}

struct peer *
peer_open(struct peers *all, int fd)
{
	struct peer *p = sys_calloc(1, sizeof(*p));

	if (p == NULL) {
		(void)shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	p->all = all;
	p->fd = fd;
	pthread_mutex_lock(&all->lock);
	if (all->open >= all->most && all->oldest != NULL)
		drop(all->oldest);
	all->open++;
	list(p);
	pthread_mutex_unlock(&all->lock);
	return p;
}

void
peer_close(struct peer *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->all->lock);
	unlist(p);
	if (!p->dropped)
		p->all->open--;
	pthread_mutex_unlock(&p->all->lock);
	free(p->target);
	free(p);
}

/* Only the thread that serves the connection does this. */
void
peer_ask(struct peer *p, const char *target)
{
	if (p == NULL)
		return;
	free(p->target);
	p->target = sys_strdup(target);
}

const char *
peer_target(const struct peer *p)
{
	return p == NULL || p->target == NULL ? "" : p->target;
}

void
peer_heard(struct peer *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->all->lock);
	if (p->listed) {
		unlist(p);
		list(p);
	}
	pthread_mutex_unlock(&p->all->lock);
}

void
peer_hold(struct peer *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->all->lock);
	unlist(p);
	pthread_mutex_unlock(&p->all->lock);
}

void
peer_release(struct peer *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->all->lock);
	list(p);
	pthread_mutex_unlock(&p->all->lock);
}
