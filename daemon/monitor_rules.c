/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_rules - builds and reloads: a new image for every child, or the old one stays
 *
 * One build runs at a time.  Who asks while one is under way is answered by the next: the file may
 * have changed after the running one read it.  All that can fail (ports, the table) is tried before
 * the new image is in force, so that a reload happens as a whole or not at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "log.h"
#include "monitor.h"

/* each line of @text to the log, or, at the start, to the administrator as it is (a caret stands under its line) */
static void rules_say(struct monitor *m, const char *text, void (*say)(const char *fmt, ...))
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (m->started)
			say("%.*s", (int)n, text);
		else
			fprintf(stderr, "%.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

/* --- who waits for an answer -------------------------------------------------------- */

static void rules_tell(struct monitor *m, uint32_t seq, int error, const char *text)
{
	struct proc *admin = children_find(&m->kids, ROLE_ADMIN, 0);
	struct msg_done done = { .error = error };
	char *body;
	size_t len = strlen(text);

	if (!admin || !admin->pid)
		return;
	if (len > IPC_BODY_MAX - sizeof(done))
		len = IPC_BODY_MAX - sizeof(done);
	body = malloc(sizeof(done) + len);
	if (!body)
		return;
	memcpy(body, &done, sizeof(done));
	memcpy(body + sizeof(done), text, len);
	proc_send(admin, MSG_RELOADED, seq, body, sizeof(done) + len, -1);
	free(body);
}

/* answer and forget those whose generation is @upto or less (never those of the next build, 0) */
static void rules_tell_upto(struct monitor *m, uint64_t upto, int error, const char *text)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < m->waiters; i++) {
		struct waiter *w = &m->waiter[i];

		if (w->generation && w->generation <= upto)
			rules_tell(m, w->seq, error, text);
		else
			m->waiter[kept++] = *w;
	}
	m->waiters = kept;
}

void rules_wait(struct monitor *m, uint32_t seq)
{
	if (m->waiters == MONITOR_WAITERS) {
		rules_tell(m, seq, EBUSY, "too many reloads are waiting\n");
		return;
	}
	m->waiter[m->waiters++] = (struct waiter){ .seq = seq };
	rules_build_now(m);
}

void rules_answer(struct monitor *m)
{
	uint64_t everywhere;

	if (!(m->waiters || m->lists.waiters) || !m->rules)
		return;
	everywhere = rules_generation(m->rules);
	for (struct proc *p = children_first(&m->kids); p; p = children_next(p))
		if (!p->ready || p->generation < everywhere)
			return;
	rules_tell_upto(m, everywhere, 0, m->warnings ? m->warnings : "");
	lists_answer(m);
}

/* --- builds ----------------------------------------------------------------------------- */

static void rules_build_failed(struct monitor *m, uint64_t generation, const char *text)
{
	rules_say(m, text, log_error);
	if (!m->rules) {
		log_error("%s cannot be used: nothing is armed", m->build.path);
		monitor_stop(m, 2);
		return;
	}
	log_error("reload failed, the rules of generation %llu stay", (unsigned long long)rules_generation(m->rules));
	rules_tell_upto(m, generation, EINVAL, text);
	lists_build_ended(m, generation, false);
}

void rules_build_now(struct monitor *m)
{
	int err;

	if (build_running(&m->build) || upgrade_builds_wait(m) ||
	    (m->upgrade.resumed && !m->upgrade.late)) {
		m->again = true;
		return;
	}
	m->again = false;
	m->generation++;
	lists_build_begins(m);
	for (unsigned i = 0; i < m->waiters; i++)
		if (!m->waiter[i].generation)
			m->waiter[i].generation = m->generation;
	err = build_start(&m->build, &m->settings, m->generation);
	if (err) {
		char text[128];

		snprintf(text, sizeof(text), "the compile process could not be started: %s\n", strerror(-err));
		rules_build_failed(m, m->generation, text);
	}
}

/* --- a new image ------------------------------------------------------------------------ */

static bool rules_same_table(const struct gateway *a, const struct gateway *b)
{
	return a->listen == b->listen && a->refuse_with == b->refuse_with && a->on_failure == b->on_failure &&
	       a->mark == b->mark && a->tls == b->tls && a->quic == b->quic && a->http_ports == b->http_ports && a->tls_ports == b->tls_ports &&
	       memcmp(a->tls_port, b->tls_port, a->tls_ports * sizeof(a->tls_port[0])) == 0 &&
	       memcmp(a->http_port, b->http_port, a->http_ports * sizeof(a->http_port[0])) == 0;
}

static bool rules_same_sockets(const struct gateway *a, const struct gateway *b)
{
	return a->listen == b->listen && monitor_workers(a) == monitor_workers(b) && addr_eq_ip(&a->probe, &b->probe) &&
	       a->probe.port_be == b->probe.port_be;
}

/* proxies: those that stay get the sockets that are new to them, too many end, too few are added */
static void rules_give_sockets(struct monitor *m, uint16_t old_port, const struct addr *old_probe)
{
	struct proc *p, *next;

	for (p = children_first(&m->kids); p; p = next) {
		next = children_next(p);
		if (p->role != ROLE_PROXY)
			continue;
		if (p->index >= m->socks.listeners) {
			children_retire(p, LIMIT_DRAIN_MS, STOP_LISTEN_MS);
			continue;
		}
		if (m->socks.port != old_port)
			proc_send(p, MSG_LISTEN, 0, NULL, 0, m->socks.listen[p->index]);
		if (p->index == 0 && (!addr_eq_ip(old_probe, &m->socks.probe_addr) ||
				      old_probe->port_be != m->socks.probe_addr.port_be))
			proc_send(p, MSG_PROBE, 0, NULL, 0, m->socks.probe);	/* no descriptor: close yours */
	}
	for (unsigned i = 0; i < m->socks.listeners; i++)
		if (!children_find(&m->kids, ROLE_PROXY, i))
			children_add(&m->kids, ROLE_PROXY, i);
}

/* puts @new in force; false: it cannot be, @why says why, and everything is as before */
static bool rules_adopt(struct monitor *m, struct rules *new, int fd, char *why, size_t why_len)
{
	const struct gateway *was = monitor_gateway(m), *g = rules_gateway(new);
	bool sockets_change = !rules_same_sockets(was, g), table_change = !rules_same_table(was, g);
	uint16_t old_port = m->socks.port;
	struct addr old_probe = m->socks.probe_addr;
	struct sockets next, old = m->socks;
	struct rules *old_rules = m->rules;

	if (sockets_change) {
		if (sockets_open(&next, &m->socks, g->listen, monitor_workers(g), &g->probe, why, why_len) < 0)
			return false;
		old = m->socks;
		m->socks = next;
	}
	if (table_change && !arm_load_table(m, g)) {
		snprintf(why, why_len, "%.*s", (int)why_len - 1, m->arm.failure);
		if (sockets_change)
			sockets_undo(&m->socks, &old);
		return false;
	}
	m->rules = new;
	close(m->image);
	m->image = fd;
	if (sockets_change) {
		rules_give_sockets(m, old_port, &old_probe);
		sockets_close(&old);
	}
	for (struct proc *p = children_any(&m->kids); p; p = children_any_next(p))
		if (p->pid && p->given != rules_generation(new) && resume_understands(m, p))
			monitor_give_rules(m, p);
	rules_put(old_rules);
	arm_gateway_changed(m);
	return true;
}

static void rules_in_force(struct monitor *m, const char *warnings)
{
	struct rules_summary sum;

	rules_summary(m->rules, &sum);
	free(m->warnings);
	m->warnings = strdup(warnings);
	m->built = time(NULL);
	lists_build_ended(m, rules_generation(m->rules), true);
	lists_rules(m);
	log_info("%s: %u rules, %u lists, %llu names, %llu filters in force (generation %llu%s)", m->build.path, sum.rules,
		 sum.lists, (unsigned long long)sum.names, (unsigned long long)sum.filters,
		 (unsigned long long)rules_generation(m->rules),
		 m->build.built.cache == BUILT_FROM_CACHE ? ", as it was kept" : "");
}

bool rules_on_built(struct build *b, int fd, const char *text)
{
	struct monitor *m = CONTAINER_OF(b, struct monitor, build);
	struct rules *new = NULL;
	char why[1024] = "";
	bool first = !m->rules, in_force = false;

	if (fd >= 0) {
		new = rules_map(fd, why, sizeof(why));
		if (!new) {
			close(fd);
			text = why;
		}
	}
	if (!new) {
		rules_build_failed(m, b->generation, text);
	} else {
		rules_say(m, text, log_warn);
		if (first) {
			m->rules = new;
			m->image = fd;
			in_force = true;
			rules_in_force(m, text);
			if (!monitor_start_up(m))
				monitor_stop(m, 2);
		} else if (rules_adopt(m, new, fd, why, sizeof(why))) {
			in_force = true;
			rules_in_force(m, text);
		} else {
			rules_put(new);
			close(fd);
			rules_build_failed(m, b->generation, why);
		}
	}
	if (m->stopping)
		return in_force;
	arm_consider(m);
	status_send(m);
	if (m->again)
		rules_build_now(m);
	return in_force;
}
