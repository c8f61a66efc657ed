/* SPDX-License-Identifier: GPL-3.0-or-later */
/* listener - accept4, original destination, the limit of each client, the probe */
#include "listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "conn.h"
#include "counters.h"
#include "lease.h"
#include "limits.h"
#include "log.h"
#include "origdst.h"
#include "reached.h"

enum {
	LISTENER_BURST = 32,		/* accepted at most before established connections get their turn */
	LISTENER_PATIENCE = 4,		/* bursts taken in full before one more is tried */
	LISTENER_OWN_FILES = 16,	/* descriptors that are no connection: loop, sockets, log, spare */
	LISTENER_BUCKETS = 4096,
	LISTENER_PAUSE_MS = 100,
};

/* how many connections a client has; a client with none has no entry */
struct client_count {
	struct client_count *next;
	struct addr ip;
	unsigned n;
};

static struct {
	ev_io io;
	ev_io probe;
	ev_timer pause;
	void (*on_short)(void);
	bool short_of;			/* descriptors or connections: it was said */
	unsigned max_files;
	unsigned burst, full;		/* accepted in one go at present; how often in a row it was taken in full */
	uint16_t port_be;		/* of io.fd */
	uint64_t accepted;
	uint64_t seed;
	struct client_count *client[LISTENER_BUCKETS];
} own = { .io.fd = -1, .probe.fd = -1 };

/* --- the limit of each client ------------------------------------------------ */

static struct client_count **listener_client(const struct addr *ip)
{
	struct client_count **at;

	at = &own.client[XXH3_64bits_withSeed(ip->ip, sizeof(ip->ip), own.seed) % LISTENER_BUCKETS];
	while (*at && !addr_eq_ip(&(*at)->ip, ip))
		at = &(*at)->next;
	return at;
}

/* one more connection of @ip; false: it has too many */
static bool listener_came(const struct addr *ip)
{
	struct client_count **at = listener_client(ip), *c = *at;

	if (c) {
		if (c->n >= LIMIT_CLIENT_CONNECTIONS)
			return false;
		c->n++;
		return true;
	}
	c = malloc(sizeof(*c));
	if (!c)
		return false;
	*c = (struct client_count){ .ip = *ip, .n = 1 };
	*at = c;
	return true;
}

void listener_left(const struct addr *ip)
{
	struct client_count **at = listener_client(ip), *c = *at;

	if (c && --c->n == 0) {
		*at = c->next;
		free(c);
	}
}

/* --- accept ------------------------------------------------------------------ */

unsigned listener_files(void)
{
	return LISTENER_OWN_FILES + conn_files();
}

uint64_t listener_accepted(void)
{
	return own.accepted;
}

static void listener_pause(struct ev_loop *loop, const char *why)
{
	static unsigned long long last;

	if (conn_alive() >= LIMIT_CONNECTIONS)
		reached_quietly(LIMIT_ID_CONNECTIONS);
	if (log_once(&last, 60000))
		log_warn("%s: accepting nothing until there is room (%u connections, %u of %u descriptors)", why,
			 conn_alive(), listener_files(), own.max_files);
	ev_io_stop(loop, &own.io);
	ev_timer_again(loop, &own.pause);
}

/* the monitor lets new connections flow directly; by its next PING the rest could be gone */
static void listener_look(void)
{
	bool was = own.short_of;

	own.short_of = lease_overload(was, listener_files(), own.max_files) || lease_overload(was, conn_alive(), LIMIT_CONNECTIONS);
	if (own.short_of && !was)
		own.on_short();
}

static void listener_on_pause(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)revents;
	ev_timer_stop(loop, w);
	if (own.io.fd >= 0)
		ev_io_start(loop, &own.io);
}

static void listener_refuse(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static void listener_take(struct ev_loop *loop, int fd, const struct addr *client)
{
	static unsigned long long last_direct;
	char text[ADDR_TEXT];
	struct addr server;
	int answer = origdst_get(fd, client, own.port_be, &server);

	if (answer != ORIGDST_REDIRECTED) {
		count(COUNTER_NOT_REDIRECTED);
		if (log_once(&last_direct, 60000))
			log_warn("a connection from %s to the proxy's own port was never redirected, closed",
				 addr_format(client, text));
		close(fd);
		return;
	}
	own.accepted++;
	count(COUNTER_CONNECTIONS);
	if (!listener_came(client)) {
		count(COUNTER_CLIENT_LIMIT);
		reached(LIMIT_ID_CLIENT_CONNECTIONS, client);
		listener_refuse(fd);
		return;
	}
	if (conn_open(loop, fd, client, &server) < 0)
		listener_left(client);
}

/* the queue ended before the burst did, or it did not */
static void listener_learn(unsigned taken)
{
	if (taken < own.burst) {
		own.burst = taken ? taken : 1;
		own.full = 0;
	} else if (++own.full >= LISTENER_PATIENCE && own.burst < LISTENER_BURST) {
		own.burst++;
		own.full = 0;
	}
}

/* How many are taken in one go follows what was there: to ask until nothing is left would be a call for nothing each time,
 * and what is left wakes the loop again at once. */
static void listener_on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	unsigned i;

	(void)revents;
	for (i = 0; i < own.burst; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct addr client;
		int fd;

		if (conn_alive() >= LIMIT_CONNECTIONS || listener_files() + 2 > own.max_files) {
			listener_pause(loop, "limit reached");
			return;
		}
		fd = accept4(w->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			switch (errno) {
			case EMFILE:
			case ENFILE:
			case ENOBUFS:
			case ENOMEM:
				listener_pause(loop, strerror(errno));
				return;
			case EINTR:
			case ECONNABORTED:
				continue;
			default:	/* EAGAIN, or the network's troubles: accept(2) */
				listener_learn(i);
				return;
			}
		}
		if (addr_from_sockaddr(&client, &ss))
			listener_take(loop, fd, &client);
		else
			close(fd);
		listener_look();
	}
	listener_learn(i);
}

static void listener_on_probe(struct ev_loop *loop, ev_io *w, int revents)
{
	char text[32];
	int fd, len;

	(void)loop, (void)revents;
	fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	len = snprintf(text, sizeof(text), "%lld\n", (long long)time(NULL));
	if (send(fd, text, (size_t)len, MSG_NOSIGNAL) < 0)
		log_debug("probe: %s", strerror(errno));
	close(fd);
}

static void listener_watch(struct ev_loop *loop, ev_io *w, int fd)
{
	ev_io_stop(loop, w);
	if (w->fd >= 0)
		close(w->fd);
	ev_io_set(w, fd, EV_READ);
	if (fd >= 0)
		ev_io_start(loop, w);
}

void listener_listen(struct ev_loop *loop, int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	struct addr here = { 0 };
	int on = 1, unsent = LIMIT_UNSENT_BYTES;

	if (fd >= 0) {	/* accepted sockets inherit it: one call for all of them */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
		if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0 || !addr_from_sockaddr(&here, &ss))
			log_error("the listening socket has no address: %s", strerror(errno));
		own.port_be = here.port_be;
	}
	listener_watch(loop, &own.io, fd);
}

void listener_probe(struct ev_loop *loop, int fd)
{
	listener_watch(loop, &own.probe, fd);
}

void listener_limit(unsigned max_files)
{
	own.max_files = max_files;
}

void listener_init(void (*on_short)(void))
{
	own.on_short = on_short;
	if (getrandom(&own.seed, sizeof(own.seed), GRND_NONBLOCK) < 0)
		own.seed = (uint64_t)time(NULL);
	ev_init(&own.io, listener_on_readable);
	ev_init(&own.probe, listener_on_probe);
	own.io.fd = own.probe.fd = -1;
	ev_timer_init(&own.pause, listener_on_pause, 0., LISTENER_PAUSE_MS / 1000.);
	own.burst = 1;
	own.max_files = UINT16_MAX;	/* until listener_limit() */
}
