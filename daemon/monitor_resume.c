/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_resume - the new binary's part of reload --exec: the monitor goes on where the old binary stopped
 *
 * At first nothing changes: descriptors, children and table are taken as they are, the lease is renewed on the word of the
 * old children.  Then each gets a successor, and serves until that is ready:
 *
 *	admin, proxies	share their listening sockets with it, so that nothing in the kernel's queues is lost; an old proxy then
 *			serves its connections to their end, at most DRAIN_MS
 *	reader		first, then the queue process, which gives its sockets to the next: packets wait in them meanwhile.
 *			What it has learned goes with them
 *
 * A successor that does not become ready is started again and again, as always; its predecessor serves until one is.
 */
#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "counters.h"
#include "firewall_numbers.h"
#include "image.h"
#include "monitor.h"
#include "reached.h"

enum { BRIDGE_MS = 2000 };	/* until READY of a new process in whose place nobody serves; the lease is kept meanwhile */

void resume_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* --- it fails ------------------------------------------------------------------------- */

static struct monitor *resume_of;	/* for resume_on_crash() */

/* the same process as if nothing had been handed over; async-signal-safe.  A child that is not adopted yet ends when its socket closes */
static void resume_exec(void)
{
	for (struct proc *p = children_any(&resume_of->kids); p; p = children_any_next(p))
		if (p->pid)
			kill(p->pid, SIGKILL);
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	execv("/proc/self/exe", resume_of->opt->argv);
}

static void resume_on_crash(int signum)
{
	static const char line[] = "dejunk monitor: error: the take-over crashed: dejunk starts anew\n";

	if (write(STDERR_FILENO, line, sizeof(line) - 1) > 0)
		resume_exec();
	raise(signum);		/* the default by now */
}

/* until all is taken over, a bug of this binary must not leave the machine without a daemon */
static void resume_guard(bool on)
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	static struct sigaction before[ARRAY_LEN(fatal)];	/* a sanitizer's */
	struct sigaction crash = { .sa_flags = (int)SA_RESETHAND };

	crash.sa_handler = resume_on_crash;
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		sigaction(fatal[i], on ? &crash : &before[i], on ? &before[i] : NULL);
}

void resume_start_anew(struct monitor *m)
{
	log_error("the take-over failed: dejunk starts anew");
	upgrade_answer(m, EINVAL, "the take-over failed, dejunk starts anew: see its log\n");
	resume_exec();
	log_error("dejunk cannot be run: %s", strerror(errno));
	monitor_stop(m, 2);
}

/* --- counters of old processes -------------------------------------------------------- */

/* theirs are in pages of the old binary's form, which the admin process does not read: they are added to our own */
static void resume_fold(struct monitor *m, struct proc *p)
{
	uint64_t refused = counters->n[COUNTER_REFUSED_SYNS];

	if (!p->before || p->counters_fd < 0 || !m->upgrade.from)
		return;
	handover_fold(m->upgrade.from, p->counters_fd, m->upgrade.folded[p - m->kids.proc], counters);
	m->arm.refused_before += counters->n[COUNTER_REFUSED_SYNS] - refused;
}

/* --- taking over ------------------------------------------------------------------------ */

static void resume_arming(struct monitor *m, const struct handover *h)
{
	m->arm.table = h->table;
	m->arm.queue_rules = h->queue_rules && h->queue_syn == FIREWALL_QUEUE_SYN && h->queue_dns == FIREWALL_QUEUE_DNS &&
			     h->queue_hello == FIREWALL_QUEUE_HELLO;
	m->arm.handle = (uint64_t)h->handle;
	m->arm.rules = (int)h->rules;
	switch_all(m, SWITCH_UNKNOWN);
	m->arm.digest = (uint64_t)h->digest;
	m->arm.lease = h->armed ? LEASE_ARMED : LEASE_CHILD_DOWN;
	m->arm.since = h->since;
	m->arm.since_ms = (uint64_t)h->since_ms;
	m->arm.redirected = (uint64_t)h->redirected;
	m->arm.refused = (uint64_t)h->refused;
	m->arm.refused_before = (uint64_t)h->refused_before;
	m->arm.asked = (uint64_t)h->asked;
#define X(at, name) m->arm.at = (struct tally){ (uint64_t)h->now_##name, (uint64_t)h->before_##name };
	HANDOVER_TALLIES(X)
#undef X
	arm_marks(m, monitor_gateway(m));
}

/* the old sockets, or others where the rules say so by now: the proof has seen that they can be had */
static bool resume_sockets(struct monitor *m, const struct handover *h)
{
	const struct gateway *g = monitor_gateway(m);
	struct sockets old;
	char why[256];

	sockets_none(&old);
	old.port = (uint16_t)h->port;
	old.listeners = h->listeners;
	for (unsigned i = 0; i < h->listeners; i++)
		old.listen[i] = h->listen[i];
	if (h->probe_addr[0] && addr_parse_port(&old.probe_addr, span_of(h->probe_addr)))
		old.probe = (int)h->probe;
	if (sockets_open(&m->socks, &old, g->listen, monitor_workers(g), &g->probe, why, sizeof(why)) < 0) {
		log_error("%s", why);
		return false;
	}
	sockets_close(&old);
	return true;
}

static enum role resume_role(const char *name)
{
	for (int r = ROLE_MONITOR; r < ROLE_COUNT; r++)
		if (strcmp(role_name((enum role)r), name) == 0)
			return (enum role)r;
	return ROLE_COUNT;
}

static void resume_children(struct monitor *m, const struct handover *h)
{
	for (unsigned i = 0; i < h->procs; i++) {
		const struct handover_proc *o = &h->proc[i];
		struct proc as = {
			.role = resume_role(o->role), .index = o->index, .pid = o->pid, .sock = o->sock, .counters_fd = o->counters,
			.ready = o->ready, .retired = o->retired, .restarts = o->restarts, .started_ms = o->started_ms,
			.leave_ms = o->leave_ms, .accepted_before = o->accepted, .generation = o->generation,
			.given = o->generation,
		};
		struct proc *p = as.role == ROLE_COUNT ? NULL : children_adopt(&m->kids, &as);
		static struct counters nowhere;

		if (!p) {
			log_warn("%s (pid %d) of the old binary is not known here: killed", o->role, o->pid);
			kill(o->pid, SIGKILL);
		} else if (!o->folded) {
			resume_fold(m, p);
		} else if (p->counters_fd >= 0) {	/* what it had counted is in the page of the monitor before */
			handover_fold(h, p->counters_fd, m->upgrade.folded[p - m->kids.proc], &nowhere);
		}
	}
}

static void resume_counters(struct monitor *m, struct handover *h)
{
	static uint64_t last[2 * HANDOVER_NAMES];

	m->upgrade.from = h;
	m->upgrade.folded = calloc(CHILDREN_MAX, sizeof(*m->upgrade.folded));
	if (h->counters >= 0)
		handover_fold(h, (int)h->counters, last, counters);
	if (h->counters >= 0)
		close((int)h->counters);
	counters->n[COUNTER_REFUSED_SYNS] = m->arm.refused + m->arm.refused_before;
}

bool resume_take_over(struct monitor *m, int fd)
{
	struct handover *h = calloc(1, sizeof(*h));
	char why[HANDOVER_WHY] = "out of memory";
	bool read;

	resume_of = m;
	resume_guard(true);
	read = h && handover_read(h, fd, why) == 0;
	close(fd);
	if (!read) {
		log_error("%s", why);
		return false;
	}
	handover_keep(h, -1, false);
	m->upgrade.client = (int)h->client, m->upgrade.text = h->client_text, m->upgrade.began_ms = (uint64_t)h->began_ms;
	m->rules = rules_map((int)h->image, why, sizeof(why));
	if (!m->rules) {
		log_error("the rules that were handed over: %s", why);
		return false;
	}
	m->image = (int)h->image;
	m->dir.dir = (int)h->dir, m->dir.pid = (int)h->pid, m->dir.control = (int)h->control, m->dir.owner = (uid_t)h->owner;
	snprintf(m->dir.path, sizeof(m->dir.path), "%s", m->opt->run_dir);
	snprintf(m->binary, sizeof(m->binary), "%s", h->binary);
	m->warnings = strdup(h->warnings);
	m->start = h->start, m->built = h->built, m->generation = (uint64_t)h->generation, m->again = h->again;
	m->settings.forward_epoch = (uint32_t)h->forward_epoch + 1;
	m->upgrade.resumed_ms = clock_ms();
	m->upgrade.resumed = m->started = m->announced = true;
	resume_arming(m, h);
	resume_counters(m, h);
	if (!m->upgrade.folded || !resume_sockets(m, h))
		return false;
	resume_children(m, h);
	if (!arm_resume(m))
		return false;
	log_info("dejunk %s goes on from %s (pid %d)", DEJUNK_VERSION, h->version, (int)getpid());
	monitor_settings_changed(m);
	arm_consider(m);
	resume_step(m);
	return true;
}

void resume_gone(struct monitor *m, struct proc *p)
{
	resume_fold(m, p);
	if (m->upgrade.folded)
		memset(m->upgrade.folded[p - m->kids.proc], 0, sizeof(m->upgrade.folded[0]));
	p->before = false;		/* it is no more */
	resume_step(m);
}

/* --- successors ------------------------------------------------------------------------- */

struct proc *resume_serving(struct proc *p)
{
	struct proc *before = p->ready ? NULL : children_before(p->all, p->role, p->index);

	return before && before->pid ? before : p;
}

bool resume_understands(const struct monitor *m, const struct proc *p)
{
	if (!p->before && !p->retired)
		return true;
	return p->role == ROLE_PROXY && (!p->before || m->upgrade.from->image_format == IMAGE_VERSION);
}

bool resume_bridged(const struct monitor *m, const struct proc *p)
{
	uint64_t since = p->role == ROLE_QUEUE ? m->upgrade.gap_ms : p->started_ms;

	/* a proxy without a predecessor: there are more than before */
	return m->upgrade.resumed && !p->before && !p->restarts && since && clock_ms() - since < BRIDGE_MS;
}

static bool resume_ready(struct monitor *m, enum role role, unsigned index)
{
	struct proc *p = children_find(&m->kids, role, index);

	if (!p)
		p = children_add(&m->kids, role, index);
	return p && p->ready;
}

/* an old process whose successor is ready; one of the proxies has perhaps none */
static void resume_let_go(struct monitor *m, struct proc *p)
{
	if (resume_understands(m, p))
		monitor_give_rules(m, p);
	children_retire(p, p->role == ROLE_PROXY ? LIMIT_DRAIN_MS : 0, 0);
}

/* the queue process of before: asked for what it has, then gone; false: it is still to be waited for */
static bool resume_queue_given(struct monitor *m)
{
	bool same = m->upgrade.from->queue_syn == FIREWALL_QUEUE_SYN && m->upgrade.from->queue_dns == FIREWALL_QUEUE_DNS &&
		    m->upgrade.from->queue_hello == FIREWALL_QUEUE_HELLO;
	struct proc *old = children_before(&m->kids, ROLE_QUEUE, 0);
	int fd;

	for (struct proc *p = children_any(&m->kids); p && !old; p = children_any_next(p))
		if (p->role == ROLE_QUEUE && p->retired && p->before && p->pid)
			return false;		/* it ends */
	if (!old || !old->pid)
		return true;
	m->upgrade.gap_ms = clock_ms();
	fd = memfd_create("dejunk-names", MFD_CLOEXEC);
	if (!same || fd < 0 || proc_send(old, MSG_HAND_OVER, 0, NULL, 0, fd) < 0) {
		children_retire(old, 0, 0);
	} else {
		old->retired = true;
		old->leave_ms = m->upgrade.gap_ms + LIMIT_SILENCE_MS;
		m->upgrade.handed[HANDED_NAMES] = fd;
		fd = -1;
	}
	if (fd >= 0)
		close(fd);
	return false;
}

static bool resume_step_proxies(struct monitor *m)
{
	bool all = true;
	struct proc *next;

	for (unsigned i = 0; i < m->socks.listeners; i++)
		all &= resume_ready(m, ROLE_PROXY, i);
	for (struct proc *p = children_any(&m->kids); p; p = next) {
		struct proc *own = p->role == ROLE_PROXY ? children_find(&m->kids, ROLE_PROXY, p->index) : NULL;

		next = children_any_next(p);
		if (p->role == ROLE_PROXY && p->before && !p->retired && p->pid && (own ? own->ready : all))
			resume_let_go(m, p);
	}
	return all;
}

static bool resume_step_queue(struct monitor *m)
{
	struct proc *old = children_before(&m->kids, ROLE_READER, 0);

	if (!resume_ready(m, ROLE_READER, 0) || !resume_queue_given(m) || !resume_ready(m, ROLE_QUEUE, 0))
		return false;
	if (old)
		children_retire(old, 0, 0);
	return true;
}

static void resume_done(struct monitor *m)
{
	m->upgrade.resumed = false;
	resume_guard(false);
	arm_table_text(m);
	log_info("dejunk %s has taken over, %llu ms after it was asked to", DEJUNK_VERSION,
		 (unsigned long long)(clock_ms() - m->upgrade.began_ms));
	arm_consider(m);
	status_send(m);			/* who hears the answer may ask for the status next */
	upgrade_answer(m, 0, m->warnings ? m->warnings : "");
	if (m->again)
		rules_build_now(m);
}

void resume_step(struct monitor *m)
{
	static bool within;		/* what is done here is told to us, too */
	bool all;
	struct proc *old;

	if (!m->upgrade.resumed || m->stopping || within)
		return;
	within = true;
	all = resume_step_proxies(m);
	if (resume_ready(m, ROLE_ADMIN, 0)) {
		old = children_before(&m->kids, ROLE_ADMIN, 0);
		if (old)
			children_retire(old, 0, 0);
	} else {
		all = false;
	}
	all &= resume_step_queue(m);
	within = false;
	if (all)
		resume_done(m);
}

void resume_tick(struct monitor *m)
{
	static const char late[] = "the processes of the new binary are not ready yet; those of the old one serve until they are\n";

	for (struct proc *p = children_any(&m->kids); p; p = children_any_next(p))
		resume_fold(m, p);
	resume_step(m);
	if (!m->upgrade.resumed || m->upgrade.late || clock_ms() - m->upgrade.resumed_ms < LIMIT_UPGRADE_MS)
		return;
	m->upgrade.late = true;
	reached_quietly(LIMIT_ID_UPGRADE_MS);
	log_error("%.*s", (int)strlen(late) - 1, late);
	upgrade_answer(m, ETIMEDOUT, late);
}

/* --- the queues -------------------------------------------------------------------------- */

void resume_on_handed(struct monitor *m, struct ipc_message *msg)
{
	struct msg_handed body;

	if (msg->len != sizeof(body) || msg->fd < 0 || !m->upgrade.resumed)
		return;
	memcpy(&body, msg->body, sizeof(body));
	if (body.what >= HANDED_QUEUES || m->upgrade.handed[body.what] >= 0)
		return;
	m->upgrade.handed[body.what] = msg->fd;
	msg->fd = -1;
}

void resume_give(struct monitor *m, struct proc *queue)
{
	for (uint32_t i = 0; i < HANDED_ALL; i++) {
		struct msg_handed body = { .what = i };

		if (m->upgrade.handed[i] < 0)
			continue;
		proc_send(queue, MSG_TAKE, 0, &body, sizeof(body), m->upgrade.handed[i]);
		close(m->upgrade.handed[i]);
		m->upgrade.handed[i] = -1;
	}
}
