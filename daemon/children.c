/* SPDX-License-Identifier: GPL-3.0-or-later */
/* children - start, heartbeat, kill, restart with back-off, stop */
#include "children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "counters.h"
#include "lease.h"
#include "log.h"
#include "reached.h"

enum { CHILDREN_BURST = 64 };	/* messages of one child before the others get their turn */

static int proc_start(struct proc *p);

/* --- exec ------------------------------------------------------------------- */

/* in the forked child: only async-signal-safe calls */
static void children_exec_now(const char *title, const char *role, int sock, int file)
{
	char *argv[] = { (char *)(uintptr_t)title, "child", (char *)(uintptr_t)role, NULL };
	int null = open("/dev/null", O_RDWR), binary = file < 0 ? -1 : fcntl(file, F_DUPFD_CLOEXEC, IPC_FD + 1);
	sigset_t none;

	setpgid(0, 0);		/* a terminal's ^C is for the monitor alone */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    (sock != IPC_FD && dup2(sock, IPC_FD) < 0) || fcntl(IPC_FD, F_SETFD, 0) < 0)
		_exit(1);
	if (file < 0) {
		close_range(IPC_FD + 1, ~0U, 0);
		execv("/proc/self/exe", argv);
	} else if (binary == IPC_FD + 1 || (dup3(binary, IPC_FD + 1, O_CLOEXEC) >= 0)) {
		close_range(IPC_FD + 2, ~0U, 0);
		execveat(IPC_FD + 1, "", argv, environ, AT_EMPTY_PATH);
	}
	_exit(127);
}

pid_t children_exec(enum role role, int sock, int file)
{
	char title[32];
	pid_t pid;

	snprintf(title, sizeof(title), "dejunk: %s", role_name(role));
	pid = fork();
	if (pid == 0)
		children_exec_now(title, role_name(role), sock, file);
	return pid < 0 ? -errno : pid;
}

/* --- one child ---------------------------------------------------------------- */

int proc_send(struct proc *p, enum message type, uint32_t seq, const void *body, size_t len, int fd)
{
	int err;

	if (p->sock < 0 || p->killed)
		return -EPIPE;
	err = ipc_send(p->sock, (uint16_t)type, seq, body, len, fd);
	if (err == -EAGAIN && type == MSG_PING)
		return err;		/* its silence will tell */
	if (err && err != -EPIPE)	/* EPIPE: it is dying, SIGCHLD is under way */
		children_kill(p, err == -EAGAIN ? "does not read its messages" : strerror(-err));
	return err;
}

uint64_t proc_accepted(const struct proc *p)
{
	return p->accepted_before + p->pong.accepted;
}

static bool proc_is_short(const struct proc *p)
{
	return lease_overload(p->overload, p->pong.files, p->pong.max_files) ||
	       lease_overload(p->overload, p->pong.connections, p->pong.max_connections) ||
	       lease_overload(p->overload, p->pong.buffers, p->pong.max_buffers);
}

static void proc_ready(struct proc *p, const struct ipc_message *m)
{
	const struct msg_rules *body = (const void *)m->body;

	if (m->len != sizeof(*body))
		return;
	p->heard_ms = clock_ms();
	p->generation = body->generation;
	if (!p->ready)
		log_debug("%s (pid %d) is ready", p->name, (int)p->pid);
	p->ready = true;
	p->silent = false;
	p->all->calls->changed(p);
}

static void proc_pong(struct proc *p, const struct ipc_message *m)
{
	if (m->len != sizeof(p->pong))
		return;
	memcpy(&p->pong, m->body, sizeof(p->pong));
	p->heard_ms = clock_ms();
	if (p->silent || proc_is_short(p) != p->overload) {
		p->silent = false;
		p->overload = proc_is_short(p);
		p->all->calls->changed(p);
	}
}

static void proc_on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	static struct ipc_message m;	/* one thread; no callback comes back here */
	struct proc *p = CONTAINER_OF(w, struct proc, io);

	(void)revents;
	for (int i = 0; i < CHILDREN_BURST && p->sock >= 0 && !p->killed; i++) {
		int n = ipc_recv(p->sock, &m);

		if (n == -EAGAIN)
			return;
		if (n == 0) {		/* it closed its end: it is dead, or as good as */
			ev_io_stop(loop, w);
			kill(p->pid, SIGKILL);
			return;
		}
		if (n < 0) {
			children_kill(p, "sent what is no message");
			return;
		}
		if (m.head.type == MSG_PONG)
			proc_pong(p, &m);
		else if (m.head.type == MSG_READY)
			proc_ready(p, &m);
		else
			p->all->calls->message(p, &m);
		if (m.fd >= 0)
			close(m.fd);
	}
}

static void proc_close(struct proc *p)
{
	ev_io_stop(p->all->loop, &p->io);
	ev_child_stop(p->all->loop, &p->died);
	if (p->sock >= 0)
		close(p->sock);
	p->sock = -1;
	p->pid = 0;
	p->ready = p->silent = p->overload = false;
	p->generation = 0;
	p->accepted_before += p->pong.accepted;
	p->pong = (struct msg_pong){ 0 };
}

static void proc_free(struct proc *p)
{
	ev_timer_stop(p->all->loop, &p->again);
	if (p->all->calls->gone)
		p->all->calls->gone(p);
	if (p->counters_fd >= 0)
		close(p->counters_fd);
	p->all = NULL;
}

static void proc_log_end(const struct proc *p, int status)
{
	uint64_t lived = clock_ms() - p->started_ms;

	if (WIFSIGNALED(status))
		log_warn("%s (pid %d) was killed by signal %d (%s) after %llu ms", p->name, (int)p->pid,
			 WTERMSIG(status), strsignal(WTERMSIG(status)), (unsigned long long)lived);
	else if (!p->retired && !p->all->stopping)
		log_warn("%s (pid %d) ended with status %d after %llu ms", p->name, (int)p->pid,
			 WEXITSTATUS(status), (unsigned long long)lived);
}

static void proc_again_later(struct proc *p, uint64_t lived_ms)
{
	if (lived_ms >= WELL_MS || !p->backoff_ms)
		p->backoff_ms = LIMIT_RESTART_MS_MIN;
	else
		p->backoff_ms *= 2;
	if (p->backoff_ms > LIMIT_RESTART_MS_MAX)
		p->backoff_ms = LIMIT_RESTART_MS_MAX;
	ev_timer_set(&p->again, p->backoff_ms / 1000.0, 0);
	ev_timer_start(p->all->loop, &p->again);
}

/* its end may be known before what it sent: what it handed over must not be lost */
static void proc_last_words(struct proc *p)
{
	static struct ipc_message m;

	p->killed = true;		/* nothing is sent to it any more */
	while (p->sock >= 0 && ipc_recv(p->sock, &m) == 1) {
		if (m.head.type != MSG_PONG && m.head.type != MSG_READY)
			p->all->calls->message(p, &m);
		if (m.fd >= 0)
			close(m.fd);
	}
}

static void proc_on_died(struct ev_loop *loop, ev_child *w, int revents)
{
	struct proc *p = CONTAINER_OF(w, struct proc, died);
	struct children *all = p->all;
	uint64_t lived = clock_ms() - p->started_ms;

	(void)loop, (void)revents;
	proc_log_end(p, w->rstatus);
	if (p->retired)
		proc_last_words(p);
	proc_close(p);
	if (p->retired) {
		proc_free(p);
		return;
	}
	if (p->before) {	/* its successor is under way, or is started now */
		p->retired = true;
		all->calls->changed(p);
		proc_free(p);
		return;
	}
	all->calls->changed(p);
	if (!all->stopping)
		proc_again_later(p, lived);
}

static void proc_on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct proc *p = CONTAINER_OF(w, struct proc, again);

	(void)loop, (void)revents;
	if (p->all->stopping || p->retired)
		return;
	p->restarts++;
	if (proc_start(p) < 0)
		proc_again_later(p, 0);
	else
		log_info("%s is started again (pid %d)", p->name, (int)p->pid);
}

static void proc_watch(struct proc *p)
{
	ev_child_set(&p->died, p->pid, 0);
	ev_child_start(p->all->loop, &p->died);
	ev_io_set(&p->io, p->sock, EV_READ);
	ev_io_start(p->all->loop, &p->io);
}

/* a new life; 0 or a negative errno with nothing left behind */
static int proc_start(struct proc *p)
{
	int pair[2], err = ipc_pair(pair);
	pid_t pid;

	if (err) {
		log_error("cannot start %s: %s", p->name, strerror(-err));
		return err;
	}
	pid = children_exec(p->role, pair[1], -1);
	close(pair[1]);
	if (pid < 0) {
		log_error("cannot start %s: %s", p->name, strerror(-pid));
		close(pair[0]);
		return pid;
	}
	p->pid = pid;
	p->sock = pair[0];
	p->started_ms = p->heard_ms = clock_ms();
	p->given = p->given_ms = 0;
	p->killed = false;
	proc_watch(p);
	p->all->calls->started(p);
	return 0;
}

/* --- all of them ---------------------------------------------------------------- */

void children_init(struct children *all, struct ev_loop *loop, const struct children_calls *calls)
{
	*all = (struct children){ .loop = loop, .calls = calls };
}

/* a free slot with what is in @as; NULL: there is none */
static struct proc *children_slot(struct children *all, const struct proc *as)
{
	struct proc *p = all->proc;

	while (p < all->proc + CHILDREN_MAX && p->all)
		p++;
	if (p == all->proc + CHILDREN_MAX) {
		log_error("no room for another %s", role_name(as->role));
		return NULL;
	}
	*p = *as;
	p->all = all;
	if (p->role == ROLE_PROXY)
		snprintf(p->name, sizeof(p->name), "proxy %u", p->index);
	else
		snprintf(p->name, sizeof(p->name), "%s", role_name(p->role));
	ev_init(&p->io, proc_on_readable);
	ev_init(&p->died, proc_on_died);
	ev_init(&p->again, proc_on_again);
	return p;
}

struct proc *children_adopt(struct children *all, const struct proc *as)
{
	struct proc *p = children_slot(all, as);

	if (!p)
		return NULL;
	p->before = true;
	p->heard_ms = clock_ms();
	proc_watch(p);
	return p;
}

struct proc *children_add(struct children *all, enum role role, unsigned index)
{
	struct proc *p;
	int fd = counters_create();

	if (fd < 0) {
		log_error("no page of counters for %s: %s", role_name(role), strerror(-fd));
		return NULL;
	}
	p = children_slot(all, &(struct proc){ .role = role, .index = index, .sock = -1, .counters_fd = fd });
	if (!p) {
		close(fd);
		return NULL;
	}
	if (proc_start(p) < 0) {
		proc_free(p);
		return NULL;
	}
	return p;
}

static void proc_stop(struct proc *p, uint32_t ms, uint32_t listen_ms)
{
	struct msg_stop body = { .ms = p->role == ROLE_PROXY ? ms : 0, .listen_ms = listen_ms };
	uint64_t leave_ms = clock_ms() + body.ms + STOP_MS;

	if (!p->leave_ms || leave_ms < p->leave_ms)
		p->leave_ms = leave_ms;
	proc_send(p, MSG_STOP, 0, &body, sizeof(body), -1);
}

void children_retire(struct proc *p, uint32_t ms, uint32_t listen_ms)
{
	p->retired = true;
	ev_timer_stop(p->all->loop, &p->again);
	if (p->pid)
		proc_stop(p, ms, listen_ms);
	else
		proc_free(p);
}

void children_kill(struct proc *p, const char *why)
{
	if (!p->pid || p->killed)
		return;
	log_warn("%s (pid %d) %s: killed", p->name, (int)p->pid, why);
	ev_io_stop(p->all->loop, &p->io);
	p->killed = true;
	p->ready = false;
	kill(p->pid, SIGKILL);
	p->all->calls->changed(p);
}

/* silence is forgiven, as far as the kill goes, while a child starts or takes new rules */
static void proc_tick(struct proc *p, uint64_t now_ms)
{
	uint64_t silent = now_ms - p->heard_ms;
	bool was = p->silent;

	if (!p->pid)
		return;
	proc_send(p, MSG_PING, p->all->ping_seq, NULL, 0, -1);
	if (p->retired || p->all->stopping) {
		if (p->leave_ms && now_ms > p->leave_ms)
			kill(p->pid, SIGKILL);
		return;
	}
	if (!p->ready) {
		if (now_ms - p->started_ms > START_MS)
			children_kill(p, "did not become ready");
		return;
	}
	p->silent = silent > LIMIT_SILENCE_MS;
	if (p->silent && !was)
		reached_quietly(LIMIT_ID_SILENCE_MS);
	if (p->silent && !was)
		p->all->calls->changed(p);
	if (p->silent && (p->generation == p->given || now_ms - p->given_ms > RULES_MS))
		children_kill(p, "does not answer");
}

void children_tick(struct children *all, uint64_t now_ms)
{
	bool slept = !all->tick_ms || now_ms - all->tick_ms > LIMIT_SILENCE_MS / 2;

	all->tick_ms = now_ms;
	all->ping_seq++;
	for (struct proc *p = all->proc; p < all->proc + CHILDREN_MAX; p++) {
		if (!p->all)
			continue;
		if (slept)	/* we were stopped or late ourselves, or have just taken over: nobody's silence is proven */
			p->heard_ms = now_ms;
		proc_tick(p, now_ms);
	}
}

bool children_stop(struct children *all)
{
	bool first = !all->stopping, others = false, any = false;

	all->stopping = true;
	for (struct proc *p = all->proc; p < all->proc + CHILDREN_MAX; p++) {
		if (!p->all || !p->pid)
			continue;
		any = true;
		if (p->role == ROLE_ADMIN)
			continue;
		others = true;
		if (first)
			proc_stop(p, LIMIT_STOP_MS, p->retired ? 0 : STOP_LISTEN_MS);
	}
	if (any && !others)
		for (struct proc *p = all->proc; p < all->proc + CHILDREN_MAX; p++)
			if (p->all && p->pid && !p->leave_ms)
				proc_stop(p, 0, 0);
	return !any;
}

void children_kill_all(struct children *all)
{
	for (struct proc *p = all->proc; p < all->proc + CHILDREN_MAX; p++) {
		if (!p->all)
			continue;
		if (p->pid) {
			kill(p->pid, SIGKILL);
			waitpid(p->pid, NULL, 0);
		}
		proc_close(p);
		proc_free(p);
	}
}

static struct proc *children_from(struct children *all, struct proc *p, bool any)
{
	for (; p < all->proc + CHILDREN_MAX; p++)
		if (p->all && (any || (!p->retired && !p->before)))
			return p;
	return NULL;
}

struct proc *children_first(struct children *all)
{
	return children_from(all, all->proc, false);
}

struct proc *children_next(struct proc *p)
{
	return children_from(p->all, p + 1, false);
}

struct proc *children_any(struct children *all)
{
	return children_from(all, all->proc, true);
}

struct proc *children_any_next(struct proc *p)
{
	return children_from(p->all, p + 1, true);
}

struct proc *children_find(struct children *all, enum role role, unsigned index)
{
	struct proc *p = children_first(all);

	while (p && (p->role != role || p->index != index))
		p = children_next(p);
	return p;
}

struct proc *children_before(struct children *all, enum role role, unsigned index)
{
	struct proc *p = children_any(all);

	while (p && (!p->before || p->retired || p->role != role || p->index != index))
		p = children_any_next(p);
	return p;
}
