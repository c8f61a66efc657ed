/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_give - what each child is given: settings, rules, sockets, counters, the pair between queue and reader */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "monitor.h"

const struct gateway *monitor_gateway(const struct monitor *m)
{
	return rules_gateway(m->rules);
}

unsigned monitor_workers(const struct gateway *g)
{
	long n = g->workers ? g->workers : sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > LIMIT_WORKERS ? LIMIT_WORKERS : (unsigned)n;
}

static void monitor_give_settings(struct monitor *m, struct proc *p)
{
	struct msg_settings s = m->settings;

	s.role_index = p->index;
	proc_send(p, MSG_SETTINGS, 0, &s, sizeof(s), -1);
}

void monitor_settings_changed(struct monitor *m)
{
	for (struct proc *p = children_any(&m->kids); p; p = children_any_next(p))
		if (p->pid)
			monitor_give_settings(m, p);
}

void monitor_give_rules(struct monitor *m, struct proc *p)
{
	struct msg_rules body = { .generation = rules_generation(m->rules) };

	p->given = body.generation;
	p->given_ms = clock_ms();
	proc_send(p, MSG_RULES, 0, &body, sizeof(body), m->image);
}

/* queue and reader talk over a pair of their own; when one is new, both get new ends */
static void monitor_give_peer(struct monitor *m, struct proc *p)
{
	bool queue = p->role == ROLE_QUEUE;
	int *mine = queue ? &m->peer_queue : &m->peer_reader, *theirs = queue ? &m->peer_reader : &m->peer_queue;
	struct proc *other = children_find(&m->kids, queue ? ROLE_READER : ROLE_QUEUE, 0);
	int pair[2], err;

	if (*mine < 0) {
		err = ipc_pair(pair);
		if (err) {
			log_error("no socket pair for %s: %s", p->name, strerror(-err));
			return;
		}
		*mine = pair[0];
		if (other && other->pid) {
			proc_send(other, MSG_PEER, 0, NULL, 0, pair[1]);
			close(pair[1]);
		} else {
			*theirs = pair[1];
		}
	}
	proc_send(p, MSG_PEER, 0, NULL, 0, *mine);
	close(*mine);
	*mine = -1;
}

void monitor_forget_peers(struct monitor *m)
{
	if (m->peer_queue >= 0)
		close(m->peer_queue);
	if (m->peer_reader >= 0)
		close(m->peer_reader);
	m->peer_queue = m->peer_reader = -1;
}

void monitor_give_resolvers(struct monitor *m)
{
	struct proc *reader = children_find(&m->kids, ROLE_READER, 0);
	int fd;

	if (!reader || !reader->pid)
		return;
	fd = open(RESOLV_CONF, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return;		/* it may come; until then nothing is resolved ahead */
	proc_send(reader, MSG_RESOLVERS, 0, NULL, 0, fd);
	close(fd);
}

static void monitor_tell_admin(struct proc *admin, enum role role, unsigned index, pid_t pid, int fd)
{
	struct msg_counters body = { .role = role, .index = index, .pid = pid };

	proc_send(admin, MSG_COUNTERS, 0, &body, sizeof(body), fd);
}

static void monitor_give_admin(struct monitor *m, struct proc *admin)
{
	uint32_t owner = m->dir.owner;

	monitor_tell_admin(admin, ROLE_MONITOR, 0, getpid(), m->counters_fd);
	for (struct proc *p = children_first(&m->kids); p; p = children_next(p))
		monitor_tell_admin(admin, p->role, p->index, p->pid, p->counters_fd);
	proc_send(admin, MSG_CONTROL, 0, &owner, sizeof(owner), m->dir.control);
}

void monitor_give_all(struct monitor *m, struct proc *p)
{
	struct msg_counters own = { .role = p->role, .index = p->index, .pid = p->pid };
	struct proc *admin = children_find(&m->kids, ROLE_ADMIN, 0);

	if (p->role == ROLE_ADMIN) {
		monitor_give_admin(m, p);
	} else {
		proc_send(p, MSG_COUNTERS, 0, &own, sizeof(own), p->counters_fd);
		if (admin && admin->pid)
			monitor_tell_admin(admin, p->role, p->index, p->pid, p->counters_fd);
	}
	if (p->role == ROLE_PROXY && p->index < m->socks.listeners)
		proc_send(p, MSG_LISTEN, 0, NULL, 0, m->socks.listen[p->index]);
	if (p->role == ROLE_PROXY && p->index == 0 && m->socks.probe >= 0)
		proc_send(p, MSG_PROBE, 0, NULL, 0, m->socks.probe);
	if (p->role == ROLE_QUEUE)
		resume_give(m, p);
	if (p->role == ROLE_QUEUE || p->role == ROLE_READER)
		monitor_give_peer(m, p);
	monitor_give_settings(m, p);
	if (p->role == ROLE_READER)
		monitor_give_resolvers(m);
	monitor_give_rules(m, p);
}
