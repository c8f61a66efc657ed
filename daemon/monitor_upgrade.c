/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_upgrade - reload --exec: a new binary is proven beside the running one, then takes its place
 *
 * The proof ("dejunk child prove" of the new binary, prove.c) reads what would be handed over, builds the rules, and has nft
 * look at the table.  Until it has said that all is well, and until execveat() has succeeded, everything is as before: any failure
 * is an answer and a line in the log.  The process id stays, and children stay children; monitor_resume.c goes on.
 *
 * The binary is the file that stands where this one was started from: who asks over the control socket cannot name another.
 * It is opened once, so that what was proven is what is run.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "firewall_numbers.h"
#include "image.h"
#include "json.h"
#include "monitor.h"
#include "reached.h"

/* --- the answer ------------------------------------------------------------------------- */

static void upgrade_say(int client, bool people, int error, const char *text)
{
	struct json j = { 0 };
	char *body = NULL;
	size_t len = 0;

	j.out = open_memstream(&body, &len);
	if (!j.out)
		return;
	if (people) {
		fprintf(j.out, "%s\n%s", error ? "failed" : "ok", text);
	} else {
		json_open(&j, NULL, '{');
		json_bool(&j, "ok", error == 0);
		if (!error)
			json_string(&j, "version", DEJUNK_VERSION);
		json_string(&j, error ? "errors" : "warnings", text);
		json_close(&j, '}');
		fputc('\n', j.out);
	}
	if (fclose(j.out) == 0 && send(client, body, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("who asked for the upgrade is gone: %s", strerror(errno));
	free(body);
}

void upgrade_answer(struct monitor *m, int error, const char *text)
{
	if (m->upgrade.client < 0)
		return;
	upgrade_say(m->upgrade.client, m->upgrade.text, error, text);
	close(m->upgrade.client);
	m->upgrade.client = -1;
}

/* --- what is handed over -------------------------------------------------------------- */

static void upgrade_fill_children(struct monitor *m, struct handover *h)
{
	for (struct proc *p = children_any(&m->kids); p && h->procs < CHILDREN_MAX; p = children_any_next(p)) {
		struct handover_proc *o = &h->proc[h->procs];

		if (!p->pid || p->killed)
			continue;
		*o = (struct handover_proc){
			.index = p->index, .pid = p->pid, .sock = p->sock, .counters = p->counters_fd, .ready = p->ready,
			.retired = p->retired, .folded = p->before, .restarts = p->restarts, .started_ms = p->started_ms,
			.leave_ms = p->leave_ms, .accepted = proc_accepted(p), .generation = p->generation,
		};
		snprintf(o->role, sizeof(o->role), "%s", role_name(p->role));
		h->procs++;
	}
}

static void upgrade_fill(struct monitor *m, struct handover *h)
{
	char probe[ADDR_TEXT] = "";

	handover_init(h);
	if (m->socks.probe_addr.family)
		addr_format_port(&m->socks.probe_addr, probe);
	snprintf(h->version, sizeof(h->version), "%s", DEJUNK_VERSION);
	snprintf(h->config, sizeof(h->config), "%s", m->build.path);
	snprintf(h->state_dir, sizeof(h->state_dir), "%s", m->opt->state_dir);
	snprintf(h->warnings, sizeof(h->warnings), "%s", m->upgrade.said ? m->upgrade.said : "");
	snprintf(h->binary, sizeof(h->binary), "%s", m->binary);
	snprintf(h->probe_addr, sizeof(h->probe_addr), "%s", probe);
	h->dir = m->dir.dir, h->pid = m->dir.pid, h->control = m->dir.control, h->owner = m->dir.owner;
	h->image = m->upgrade.image, h->probe = m->socks.probe, h->client = m->upgrade.client, h->counters = m->counters_fd;
	h->client_text = m->upgrade.text, h->began_ms = (int64_t)m->upgrade.began_ms;
	h->start = m->start, h->built = time(NULL), h->generation = (int64_t)m->generation, h->again = m->again;
	h->port = m->socks.port, h->queue_syn = FIREWALL_QUEUE_SYN, h->queue_dns = FIREWALL_QUEUE_DNS, h->queue_hello = FIREWALL_QUEUE_HELLO;
	h->forward_epoch = m->settings.forward_epoch, h->image_format = IMAGE_VERSION;
	h->table = m->arm.table, h->queue_rules = m->arm.queue_rules, h->handle = (int64_t)m->arm.handle, h->rules = m->arm.rules;
	h->digest = (int64_t)m->arm.digest, h->armed = m->arm.lease == LEASE_ARMED;
	h->since = m->arm.since, h->since_ms = (int64_t)m->arm.since_ms;
	h->redirected = (int64_t)m->arm.redirected, h->refused = (int64_t)m->arm.refused;
	h->refused_before = (int64_t)m->arm.refused_before;
	h->asked = (int64_t)m->arm.asked;
#define X(at, name) h->now_##name = (int64_t)m->arm.at.now, h->before_##name = (int64_t)m->arm.at.before;
	HANDOVER_TALLIES(X)
#undef X
	for (h->listeners = 0; h->listeners < m->socks.listeners; h->listeners++)
		h->listen[h->listeners] = m->socks.listen[h->listeners];
	upgrade_fill_children(m, h);
}

/* --- becoming it ------------------------------------------------------------------------ */

static void upgrade_block(bool block)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/* returns only when it failed, with an errno, and everything as before */
static int upgrade_become(struct monitor *m)
{
	static struct handover h;
	char number[16];
	int fd, err;

	upgrade_fill(m, &h);
	fd = handover_write(&h);
	if (fd < 0)
		return -fd;
	snprintf(number, sizeof(number), "%d", fd);
	setenv(HANDOVER_ENV, number, 1);
	if (m->lists.fetching.pid)	/* nobody would wait for it; fetched again when due */
		kill(m->lists.fetching.pid, SIGKILL);
	m->arm.renewed_ms = 0;
	arm_consider(m);		/* the lease is as young as can be */
	upgrade_block(true);
	handover_keep(&h, fd, true);
	execveat(m->upgrade.binary, "", m->opt->argv, environ, AT_EMPTY_PATH);
	err = errno;
	handover_keep(&h, fd, false);
	upgrade_block(false);
	unsetenv(HANDOVER_ENV);
	close(fd);
	return err;
}

/* --- the proof ---------------------------------------------------------------------------- */

static void upgrade_end_proof(struct monitor *m)
{
	struct upgrade *u = &m->upgrade;

	ev_io_stop(m->loop, &u->io);
	ev_child_stop(m->loop, &u->died);	/* libev still takes its end */
	ev_timer_stop(m->loop, &u->limit);
	if (u->pid)
		kill(u->pid, SIGKILL);
	if (u->sock >= 0)
		close(u->sock);
	if (u->binary >= 0)
		close(u->binary);
	if (u->image >= 0)
		close(u->image);
	free(u->said);
	u->pid = 0;
	u->sock = u->binary = u->image = -1;
	u->said = NULL;
	u->wanted = false;
}

static void upgrade_failed(struct monitor *m, int error, const char *text)
{
	log_error("no upgrade, this binary goes on: %.*s", (int)strcspn(text, "\n"), text);
	upgrade_answer(m, error, text);
	upgrade_end_proof(m);
	if (m->again && !m->stopping)
		rules_build_now(m);
}

static void upgrade_proven(struct monitor *m)
{
	char text[PATH_MAX + 128];
	int err;

	log_info("%s is proven: it takes over", m->binary);
	err = upgrade_become(m);
	snprintf(text, sizeof(text), "%s cannot be run: %s\n", m->binary, strerror(err));
	upgrade_failed(m, err, text);
}

static void upgrade_message(struct upgrade *u, struct ipc_message *msg)
{
	if (u->said || (msg->head.type != MSG_PROVEN && msg->head.type != MSG_FAILED))
		return;
	u->failed = msg->head.type == MSG_FAILED || msg->fd < 0;
	u->said = strndup((const char *)msg->body, msg->len);
	if (u->failed)
		return;
	u->image = msg->fd;
	msg->fd = -1;
}

static void upgrade_on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct monitor *m = CONTAINER_OF(w, struct monitor, upgrade.io);
	static struct ipc_message msg;
	int n = ipc_recv(m->upgrade.sock, &msg);

	(void)revents;
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		ev_io_stop(loop, w);	/* its end follows */
		return;
	}
	upgrade_message(&m->upgrade, &msg);
	if (msg.fd >= 0)
		close(msg.fd);
	if (!m->upgrade.said)
		return;
	if (m->upgrade.failed)
		upgrade_failed(m, EINVAL, m->upgrade.said);
	else
		upgrade_proven(m);
}

static void upgrade_on_died(struct ev_loop *loop, ev_child *w, int revents)
{
	struct monitor *m = CONTAINER_OF(w, struct monitor, upgrade.died);
	char text[PATH_MAX + 128];

	m->upgrade.pid = 0;
	ev_child_stop(loop, w);
	upgrade_on_readable(loop, &m->upgrade.io, revents);	/* what it said last */
	if (m->upgrade.sock < 0)
		return;
	if (WIFSIGNALED(w->rstatus))
		snprintf(text, sizeof(text), "%s does not run: it was killed by signal %d (%s)\n", m->binary, WTERMSIG(w->rstatus),
			 strsignal(WTERMSIG(w->rstatus)));
	else
		snprintf(text, sizeof(text), "%s is no dejunk that could take over: it ended with status %d\n", m->binary,
			 WEXITSTATUS(w->rstatus));
	upgrade_failed(m, ENOEXEC, text);
}

static void upgrade_on_limit(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct monitor *m = CONTAINER_OF(w, struct monitor, upgrade.limit);
	char text[PATH_MAX + 128];

	(void)loop, (void)revents;
	reached_quietly(LIMIT_ID_PROVE_MS);
	snprintf(text, sizeof(text), "%s did not show within %d s that it runs and builds the rules\n", m->binary, LIMIT_PROVE_MS / 1000);
	upgrade_failed(m, ETIMEDOUT, text);
}

/* begin the proof; 0 or a negative errno */
static int upgrade_prove(struct monitor *m)
{
	static struct handover h;
	struct upgrade *u = &m->upgrade;
	int pair[2], fd, err;
	pid_t pid;

	u->binary = open(m->binary, O_PATH | O_CLOEXEC);
	if (u->binary < 0)
		return -errno;
	m->generation++;
	upgrade_fill(m, &h);
	fd = handover_write(&h);
	if (fd < 0)
		return fd;
	err = ipc_pair(pair);
	if (err) {
		close(fd);
		return err;
	}
	err = ipc_send(pair[0], MSG_SETTINGS, 0, &m->settings, sizeof(m->settings), -1);
	if (!err)
		err = ipc_send(pair[0], MSG_PROVE, 0, NULL, 0, fd);
	close(fd);
	pid = err ? err : children_exec(ROLE_PROVE, pair[1], u->binary);
	close(pair[1]);
	u->sock = pair[0];
	if (pid < 0)
		return pid;
	u->pid = pid;
	ev_io_set(&u->io, u->sock, EV_READ);
	ev_io_start(m->loop, &u->io);
	ev_child_set(&u->died, pid, 0);
	ev_child_start(m->loop, &u->died);
	ev_timer_set(&u->limit, LIMIT_PROVE_MS / 1000., 0.);
	ev_timer_start(m->loop, &u->limit);
	return 0;
}

/* --- for the monitor ------------------------------------------------------------------------ */

void upgrade_init(struct monitor *m)
{
	struct upgrade *u = &m->upgrade;
	ssize_t n = readlink("/proc/self/exe", m->binary, sizeof(m->binary) - 1);
	char *deleted;

	*u = (struct upgrade){ .client = -1, .binary = -1, .sock = -1, .image = -1 };
	memset(u->handed, -1, sizeof(u->handed));
	m->binary[n > 0 ? n : 0] = '\0';
	deleted = strstr(m->binary, " (deleted)");
	if (deleted && deleted[strlen(" (deleted)")] == '\0')
		*deleted = '\0';
	ev_init(&u->io, upgrade_on_readable);
	ev_init(&u->died, upgrade_on_died);
	ev_init(&u->limit, upgrade_on_limit);
}

bool upgrade_builds_wait(const struct monitor *m)
{
	return m->upgrade.wanted || m->upgrade.sock >= 0;
}

/* why not now, or NULL */
static const char *upgrade_obstacle(struct monitor *m, const struct proc *p)
{
	unsigned leaving = 0;

	for (struct proc *q = children_any(&m->kids); q; q = children_any_next(q))
		leaving += q->retired;
	if (m->stopping)
		return "dejunk is stopping\n";
	if (m->upgrade.client >= 0 || m->upgrade.resumed || p->before)
		return "another upgrade is under way\n";
	if (m->lists.waiters)
		return "lists are being updated: try again when they are\n";
	if (leaving + m->socks.listeners > CHILDREN_MAX / 2)
		return "too many processes of earlier upgrades still serve their connections: try again later\n";
	return NULL;
}

void upgrade_request(struct monitor *m, struct proc *p, struct ipc_message *msg)
{
	struct msg_upgrade body;
	const char *obstacle = upgrade_obstacle(m, p);

	if (msg->len != sizeof(body) || msg->fd < 0)
		return;
	memcpy(&body, msg->body, sizeof(body));
	if (obstacle) {
		upgrade_say(msg->fd, body.text, EBUSY, obstacle);
		return;
	}
	m->upgrade.client = msg->fd;
	msg->fd = -1;
	m->upgrade.text = body.text;
	m->upgrade.began_ms = clock_ms();
	m->upgrade.wanted = true;
	upgrade_tick(m);
}

void upgrade_tick(struct monitor *m)
{
	char text[PATH_MAX + 128];
	int err;

	/* what is being built, or answered for, is finished first; what comes now is built by the new binary */
	if (!m->upgrade.wanted || m->build.pid || m->waiters || m->stopping)
		return;
	m->upgrade.wanted = false;
	err = upgrade_prove(m);
	if (!err)
		return;
	snprintf(text, sizeof(text), "%s: %s\n", m->binary, strerror(-err));
	upgrade_failed(m, -err, text);
}

void upgrade_close(struct monitor *m)
{
	if (m->upgrade.client >= 0)
		upgrade_answer(m, ECANCELED, "dejunk is stopping\n");
	upgrade_end_proof(m);
}
