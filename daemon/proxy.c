/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proxy - one proxy process: its loop, what the monitor tells it, and what it owns
 *
 * Order of the start: the listening sockets are kept, SETTINGS makes it drop its privileges,
 * RULES makes it listen and say READY.
 */
#include "proxy.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "clock.h"
#include "conn.h"
#include "counters.h"
#include "forward.h"
#include "limits.h"
#include "listener.h"
#include "log.h"
#include "rtnl.h"
#include "sandbox.h"

enum { PROXY_STOP_TICK_MS = 50 };	/* between two looks at what is left, when told to stop */

static struct {
	struct child child;
	ev_periodic boundary;		/* when a schedule begins or ends */
	ev_timer stop;
	uint64_t deaf_ms;		/* told to stop: accepts until then */
	uint64_t end_ms;		/* and ends at the latest; 0: not told */
	int listen;			/* kept until there are rules to serve; -1: none */
	struct rtnl *rtnl;		/* the neighbour table, for groups by link-layer address; NULL: not to be had */
	bool dropped;			/* privileges */
	bool serving;
} proxy = { .listen = -1 };

/* --- what conn asks of the process ------------------------------------------- */

static void proxy_closed(struct conn *c)
{
	listener_left(&c->client);
}

static void proxy_unreachable(const struct addr *server)
{
	child_send(&proxy.child, MSG_DIRECT, 0, server, sizeof(*server), -1);
}

static int proxy_forward(struct conn *c)
{
	struct msg_forward_ask ask = { .client = c->client, .server = c->server };
	bool passes;

	if (proxy.child.settings.forward_open)
		return FORWARD_PASSES;
	if (forward_known(&c->client, &c->server, &passes))
		return passes ? FORWARD_PASSES : FORWARD_DROPPED;
	/* not sent: DEADLINE_DIAL ends the wait, never a way around the policy */
	if (child_send(&proxy.child, MSG_FORWARD_ASK, c->id, &ask, sizeof(ask), -1) < 0)
		log_debug("#%u could not ask for the FORWARD policy", c->id);
	return FORWARD_UNKNOWN;
}

static bool proxy_hardware(const struct addr *client, uint8_t hw[6])
{
	return proxy.rtnl && rtnl_neighbour(proxy.rtnl, client, hw) == 0;
}

/* --- messages ----------------------------------------------------------------- */

static void proxy_on_boundary(struct ev_loop *loop, ev_periodic *w, int revents)
{
	(void)w, (void)revents;
	conn_recheck(loop);
}

static ev_tstamp proxy_next_boundary(ev_periodic *w, ev_tstamp now)
{
	time_t next = rules_next_boundary(conn_current(), (time_t)now);

	(void)w;
	return next ? (ev_tstamp)next + 0.01 : now + 1e8;
}

static void proxy_on_settings(void)
{
	const struct msg_settings *s = &proxy.child.settings;
	int err;

	forward_epoch(s->forward_epoch);
	if (proxy.dropped)
		return;
	listener_limit(s->max_files);
	err = rtnl_open(&proxy.rtnl);
	if (err)
		log_warn("link-layer addresses of clients cannot be asked for: %s", strerror(-err));
	err = sandbox_enter(ROLE_PROXY, s->uid, s->gid, s->max_files);
	if (err)
		die(1, "dropping privileges: %s", strerror(-err));
	proxy.dropped = true;
}

static void proxy_on_rules(struct ipc_message *m)
{
	struct msg_rules body;
	struct rules *r;
	char why[256];

	if (m->len != sizeof(body) || m->fd < 0 || !proxy.dropped)
		return;
	memcpy(&body, m->body, sizeof(body));
	r = rules_map(m->fd, why, sizeof(why));
	if (!r) {
		log_error("rules of generation %llu: %s", (unsigned long long)body.generation, why);
		return;		/* without READY the monitor knows */
	}
	conn_rules(proxy.child.loop, r);
	rules_put(r);
	if (!proxy.serving) {
		proxy.serving = true;
		listener_listen(proxy.child.loop, proxy.listen);
		proxy.listen = -1;
	} else {
		ev_periodic_stop(proxy.child.loop, &proxy.boundary);
		conn_recheck(proxy.child.loop);
	}
	ev_periodic_start(proxy.child.loop, &proxy.boundary);
	child_ready(&proxy.child, body.generation);
}

static void proxy_on_forward(const struct ipc_message *m)
{
	struct msg_forward answer;
	struct conn *c;

	if (m->len != sizeof(answer))
		return;
	memcpy(&answer, m->body, sizeof(answer));
	c = conn_waiting(m->head.seq);
	if (!c)
		return;
	/* an answer of an older epoch is worth nothing: it is asked again */
	if (answer.epoch == proxy.child.settings.forward_epoch)
		forward_remember(&c->client, &c->server, answer.verdict != FORWARD_DROPPED);
	conn_on_forward(proxy.child.loop, c);
}

static void proxy_deaf(struct ev_loop *loop)
{
	listener_listen(loop, -1);
	listener_probe(loop, -1);
}

/* told to stop: accepts for a moment, serves what is under way, and closes what has become quiet */
static void proxy_on_stop(struct ev_loop *loop, ev_timer *w, int revents)
{
	uint64_t now = clock_ms();

	(void)w, (void)revents;
	if (now < proxy.deaf_ms)
		return;
	proxy_deaf(loop);
	if (now >= proxy.end_ms) {
		if (conn_stop(loop, 0))
			log_info("%u connections are reset: their time is over", conn_alive());
		conn_stop_now(loop);
	}
	if (conn_stop(loop, LIMIT_DRAIN_IDLE_MS) == 0)
		child_end(&proxy.child);
}

static void proxy_stop(struct ev_loop *loop, const struct ipc_message *m)
{
	struct msg_stop body = { 0 };
	uint64_t now = clock_ms();

	if (m->len == sizeof(body))
		memcpy(&body, m->body, sizeof(body));
	if (!proxy.end_ms || now + body.ms < proxy.end_ms)
		proxy.end_ms = now + body.ms;
	if (!ev_is_active(&proxy.stop))
		proxy.deaf_ms = now + body.listen_ms;
	if (!body.listen_ms)
		proxy_deaf(loop);
	ev_timer_start(loop, &proxy.stop);
}

static bool proxy_on_message(struct child *child, struct ipc_message *m)
{
	switch (m->head.type) {
	case MSG_LISTEN:
		if (proxy.serving) {
			listener_listen(child->loop, m->fd);
		} else {
			if (proxy.listen >= 0)
				close(proxy.listen);
			proxy.listen = m->fd;
		}
		m->fd = -1;
		break;
	case MSG_PROBE:
		listener_probe(child->loop, m->fd);
		m->fd = -1;
		break;
	case MSG_SETTINGS:
		proxy_on_settings();
		break;
	case MSG_RULES:
		proxy_on_rules(m);
		break;
	case MSG_FORWARD:
		proxy_on_forward(m);
		break;
	case MSG_STOP:
		proxy_stop(child->loop, m);
		return true;
	}
	return false;
}

static void proxy_on_ping(struct child *child, struct msg_pong *pong)
{
	(void)child;
	buf_pool_trim();	/* what a burst left behind goes back within a heartbeat */
	pong->accepted = listener_accepted();
	pong->files = listener_files();
	pong->max_files = proxy.child.settings.max_files;
	pong->connections = conn_alive();
	pong->max_connections = LIMIT_CONNECTIONS;
	pong->buffers = (uint32_t)buf_pool_bytes();
	pong->max_buffers = LIMIT_POOL_BYTES;
}

static void proxy_on_short(void)
{
	child_pong(&proxy.child, 0);
}

int proxy_main(void)
{
	static const struct conn_hooks hooks = {
		.closed = proxy_closed,
		.forward = proxy_forward,
		.unreachable = proxy_unreachable,
		.hardware = proxy_hardware,
	};

	mallopt(M_MMAP_THRESHOLD, BUF_BODY);	/* large buffers are the kernel's again when they are freed */
	child_init(&proxy.child, ROLE_PROXY, proxy_on_message, proxy_on_ping);
	listener_init(proxy_on_short);
	conn_init(proxy.child.loop, &hooks);
	ev_periodic_init(&proxy.boundary, proxy_on_boundary, 0., 0., proxy_next_boundary);
	ev_timer_init(&proxy.stop, proxy_on_stop, 0., PROXY_STOP_TICK_MS / 1000.);
	return child_run(&proxy.child);
}
