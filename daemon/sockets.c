/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sockets - listeners for redirected connections and the probe */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "taken.h"

enum { BACKLOG = 4096 };	/* connections; the kernel lowers it to net.core.somaxconn */

void sockets_none(struct sockets *s)
{
	*s = (struct sockets){ .probe = -1 };
	for (unsigned i = 0; i < LIMIT_WORKERS; i++)
		s->listen[i] = -1;
}

void sockets_close(struct sockets *s)
{
	for (unsigned i = 0; i < LIMIT_WORKERS; i++)
		if (s->listen[i] >= 0)
			close(s->listen[i]);
	if (s->probe >= 0)
		close(s->probe);
	sockets_none(s);
}

/* one socket listening on @port of every address; @alone: only if nobody else is there.  fd or -errno */
static int sockets_wildcard(int family, uint16_t port, bool alone)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	int one = 1, zero = 0, err, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if ((!alone && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0) ||
	    (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero)) < 0) ||
	    (family == AF_INET6 ? bind(fd, (struct sockaddr *)&six, sizeof(six))
				: bind(fd, (struct sockaddr *)&four, sizeof(four))) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int sockets_port(uint16_t port, bool alone)
{
	int fd = sockets_wildcard(AF_INET6, port, alone);

	if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL || fd == -EPROTONOSUPPORT)
		fd = sockets_wildcard(AF_INET, port, alone);
	return fd;
}

/* FREEBIND: the address may come up later (lo is down in a new namespace) */
static int sockets_probe(const struct addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(a, &ss);
	int one = 1, err, fd = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_IP, IP_FREEBIND, &one, sizeof(one));
	if (a->family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	}
	if (bind(fd, (struct sockaddr *)&ss, len) < 0 || listen(fd, BACKLOG) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static void sockets_why(char *why, size_t why_len, const char *what, const char *key, uint16_t port, int err)
{
	char who[TAKEN_TEXT];

	if (err == -EADDRINUSE && taken_port(port, who))
		snprintf(why, why_len, "%s is taken by %s; stop it, or set gateway.%s", what, who, key);
	else
		snprintf(why, why_len, "%s: %s", what, strerror(-err));
}

static bool sockets_same_probe(const struct sockets *old, const struct addr *probe)
{
	return old && old->probe >= 0 && addr_eq_ip(&old->probe_addr, probe) && old->probe_addr.port_be == probe->port_be;
}

static int sockets_open_listeners(struct sockets *s, struct sockets *old, unsigned workers, char *why, size_t why_len)
{
	bool same = old && old->listeners && old->port == s->port;
	char what[32];
	int fd;

	snprintf(what, sizeof(what), "TCP port %u", s->port);
	if (!same) {		/* SO_REUSEPORT would let us share with another process of root */
		fd = sockets_port(s->port, true);
		if (fd < 0) {
			sockets_why(why, why_len, what, "listen", s->port, fd);
			return -1;
		}
		close(fd);
	}
	for (unsigned i = same ? old->listeners : 0; i < workers; i++) {
		fd = sockets_port(s->port, false);
		if (fd < 0) {
			sockets_why(why, why_len, what, "listen", s->port, fd);
			return -1;
		}
		s->listen[i] = fd;
	}
	s->listeners = workers;
	return 0;
}

int sockets_open(struct sockets *s, struct sockets *old, uint16_t port, unsigned workers, const struct addr *probe,
		 char *why, size_t why_len)
{
	bool same_port = old && old->listeners && old->port == port;
	char what[ADDR_TEXT + 16], text[ADDR_TEXT];

	sockets_none(s);
	if (workers > LIMIT_WORKERS)
		workers = LIMIT_WORKERS;
	s->port = port;
	s->probe_addr = *probe;
	if (sockets_open_listeners(s, old, workers, why, why_len) < 0)
		goto fail;
	if (probe->family && !sockets_same_probe(old, probe)) {
		s->probe = sockets_probe(probe);
		if (s->probe < 0) {
			snprintf(what, sizeof(what), "probe address %s", addr_format_port(probe, text));
			sockets_why(why, why_len, what, "probe", ntohs(probe->port_be), s->probe);
			goto fail;
		}
	} else if (probe->family) {
		s->probe = old->probe;
		old->probe = -1;
	}
	for (unsigned i = 0; same_port && i < workers && i < old->listeners; i++) {
		s->listen[i] = old->listen[i];
		old->listen[i] = -1;
	}
	return 0;
fail:
	sockets_close(s);
	return -1;
}

void sockets_undo(struct sockets *s, struct sockets *old)
{
	struct sockets new = *s;

	*s = *old;
	for (unsigned i = 0; i < s->listeners; i++)
		if (s->listen[i] < 0) {
			s->listen[i] = new.listen[i];
			new.listen[i] = -1;
		}
	if (s->probe_addr.family && s->probe < 0) {
		s->probe = new.probe;
		new.probe = -1;
	}
	sockets_none(old);
	sockets_close(&new);
}
