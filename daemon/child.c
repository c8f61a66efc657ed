/* SPDX-License-Identifier: GPL-3.0-or-later */
/* child - a role's side of its talk with the monitor */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "container.h"
#include "counters.h"
#include "log.h"

enum { CHILD_BURST = 32 };	/* messages taken before other watchers get their turn */

const char *role_name(enum role role)
{
	static const char *const name[ROLE_COUNT] = {
		[ROLE_MONITOR] = "monitor", [ROLE_COMPILE] = "compile", [ROLE_QUEUE] = "queue",
		[ROLE_READER] = "reader", [ROLE_PROXY] = "proxy", [ROLE_ADMIN] = "admin", [ROLE_FETCH] = "fetch",
		[ROLE_PROVE] = "prove",
	};

	return (unsigned)role < ROLE_COUNT ? name[role] : "?";
}

static void child_on_settings(struct child *c, const struct ipc_message *m)
{
	if (m->len != sizeof(c->settings))
		return;
	memcpy(&c->settings, m->body, sizeof(c->settings));
	c->has_settings = true;
	if (c->role == ROLE_PROXY)
		snprintf(c->name, sizeof(c->name), "proxy %u", c->settings.role_index);
	log_open(c->name, (enum log_level)c->settings.log_level);
}

void child_pong(struct child *c, uint32_t seq)
{
	struct msg_pong pong = { 0 };

	if (c->on_ping)
		c->on_ping(c, &pong);
	child_send(c, MSG_PONG, seq, &pong, sizeof(pong), -1);
}

static void child_dispatch(struct child *c, struct ipc_message *m)
{
	int err;

	switch (m->head.type) {
	case MSG_COUNTERS:
		if (c->role == ROLE_ADMIN)
			break;
		err = m->fd >= 0 ? counters_map(m->fd) : -EBADF;
		if (err)
			log_warn("no page of counters: %s", strerror(-err));
		return;
	case MSG_PING:
		child_pong(c, m->head.seq);
		return;
	case MSG_SETTINGS:
		child_on_settings(c, m);
		break;
	case MSG_STOP:
		if (!c->on_message(c, m))
			child_end(c);
		return;
	}
	c->on_message(c, m);
}

static void child_on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	static struct ipc_message m;	/* one thread, never re-entered */
	struct child *c = CONTAINER_OF(w, struct child, io);

	(void)loop, (void)revents;
	for (int i = 0; i < CHILD_BURST; i++) {
		int n = ipc_recv(IPC_FD, &m);

		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			if (n < 0)
				log_error("receiving from the monitor: %s", strerror(-n));
			else if (c->role == ROLE_ADMIN)	/* one line is enough */
				log_error("the monitor is gone without a word: ending");
			_exit(n < 0 ? 1 : 0);	/* the monitor is gone: nothing may outlive it, not even for a moment */
		}
		child_dispatch(c, &m);
		if (m.fd >= 0)
			close(m.fd);
	}
}

void child_init(struct child *c, enum role role, child_on_message *on_message, child_on_ping *on_ping)
{
	int type = 0;
	socklen_t len = sizeof(type);
	char comm[16];

	*c = (struct child){ .role = role, .on_message = on_message, .on_ping = on_ping };
	snprintf(c->name, sizeof(c->name), "%s", role_name(role));
	snprintf(comm, sizeof(comm), "dejunk-%s", role_name(role));
	log_open(c->name, LOG_LEVEL_INFO);
	if (getsockopt(IPC_FD, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET)
		die(2, "\"child\" is for dejunk itself; use \"dejunk run\"");
	prctl(PR_SET_NAME, comm);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	c->loop = ev_default_loop(EVFLAG_AUTO);
	if (!c->loop)
		die(1, "no event loop");
	ev_io_init(&c->io, child_on_readable, IPC_FD, EV_READ);
	ev_set_priority(&c->io, EV_MAXPRI);	/* heartbeats before traffic */
	ev_io_start(c->loop, &c->io);
}

int child_run(struct child *c)
{
	ev_run(c->loop, 0);
	return 0;
}

void child_end(struct child *c)
{
	ev_break(c->loop, EVBREAK_ALL);
}

int child_send(struct child *c, enum message type, uint32_t seq, const void *body, size_t len, int fd)
{
	int err = ipc_send(IPC_FD, (uint16_t)type, seq, body, len, fd);

	if (err == -EPIPE)
		child_end(c);
	return err;
}

void child_ready(struct child *c, uint64_t generation)
{
	struct msg_rules body = { .generation = generation };
	int err = child_send(c, MSG_READY, 0, &body, sizeof(body), -1);

	if (err)
		log_warn("could not say ready: %s", strerror(-err));
}
