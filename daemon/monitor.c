/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor - start order, signals, and the children's messages
 *
 * Start: run directory -> first build (compile child) -> sockets -> netlink, table, queue rules ->
 * children -> READY of all -> lease (monitor_arm.c).  What fails before the children ends with
 * status 2, one line, and nothing left behind; afterwards nothing ends the monitor but a signal.
 */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "container.h"
#include "counters.h"
#include "firewall_numbers.h"
#include "nftset.h"
#include "reached.h"
#include "setsync.h"
#include "statedir.h"
#include "taken.h"

enum {
	FALLBACK_ID = 63129,		/* uid and gid where there is no user "dejunk" */
	MAX_FILES = 1 << 20,		/* descriptors a child may have at most */
	DIRECT_RATE = 200,		/* DIRECT messages a second that are listened to */
	LINGER_TRIES = 10,		/* for ports and queues of a dejunk that was killed a moment ago */
	LINGER_US = 50000,		/* between them */
};

static struct monitor monitor;		/* one a process; the callbacks of children.c find it here */
static void monitor_on_resolv(struct ev_loop *loop, ev_stat *w, int revents)
{
	struct monitor *m = CONTAINER_OF(w, struct monitor, resolv);

	(void)loop, (void)revents;
	if (!m->stopping && m->started)
		monitor_give_resolvers(m);
}

/* --- what children say ----------------------------------------------------------------- */

static void monitor_on_sets(struct monitor *m, struct proc *p, const struct ipc_message *msg)
{
	struct msg_done done = { .error = EPERM };

	if (p->role == ROLE_QUEUE && !m->stopping) {
		done.error = setsync_apply(m->sync, msg->body, msg->len);
		switch_rules(m, false);		/* what is taken out waits for the tick: a reload empties the sets, and fills them */
	}
	proc_send(p, MSG_SETS_DONE, msg->head.seq, &done, sizeof(done), -1);
}

static bool monitor_direct_allowed(struct monitor *m)
{
	uint64_t now = clock_ms();
	uint64_t due = (now - m->direct_ms) * DIRECT_RATE / 1000;

	if (due) {
		m->direct_tokens = due + m->direct_tokens > DIRECT_RATE ? DIRECT_RATE : m->direct_tokens + (unsigned)due;
		m->direct_ms = now;
	}
	if (!m->direct_tokens)
		return false;
	m->direct_tokens--;
	return true;
}

static bool monitor_addr_valid(const struct addr *a)
{
	return a->family == AF_INET || a->family == AF_INET6;
}

static void monitor_commit(struct monitor *m, const char *what)
{
	static unsigned long long last_ms;
	int err = nftset_commit(m->nft);

	if (err && log_once(&last_ms, 10000))
		log_warn("%s: %s", what, strerror(-err));
	if (err == -ENFILE)
		reached_quietly(LIMIT_ID_DIRECT_SERVERS);
	if (err)
		count(COUNTER_SET_ERRORS);
}

static void monitor_on_direct(struct monitor *m, const struct ipc_message *msg)
{
	struct kset_key key;
	struct addr a;

	if (msg->len != sizeof(a))
		return;
	memcpy(&a, msg->body, sizeof(a));
	if (!monitor_addr_valid(&a) || !a.port_be || !monitor_direct_allowed(m))
		return;
	key = kset_key_addr_port(&a);
	nftset_begin(m->nft);
	if (nftset_renew(m->nft, kset_of(KSET_DIRECT4, &a), &key, LIMIT_DIRECT_SECONDS * 1000) == 0)
		monitor_commit(m, "an origin that cannot be dialled could not be left to its clients");
}

static void monitor_on_forward_ask(struct monitor *m, struct proc *p, const struct ipc_message *msg)
{
	struct msg_forward answer = { .epoch = m->settings.forward_epoch, .verdict = FORWARD_UNKNOWN };
	struct msg_forward_ask ask;
	struct kset_key key;

	if (msg->len == sizeof(ask)) {
		memcpy(&ask, msg->body, sizeof(ask));
		if (monitor_addr_valid(&ask.client) && monitor_addr_valid(&ask.server))
			answer.verdict = policy_forward(m, &ask.client, &ask.server);
	}
	/* the next connection of this pair is not redirected: the policy itself then answers the client */
	if (answer.verdict == FORWARD_DROPPED && monitor_direct_allowed(m)) {
		key = kset_key_addr_addr(&ask.client, &ask.server);
		nftset_begin(m->nft);
		if (nftset_renew(m->nft, kset_of(KSET_DIRECT_PAIR4, &ask.server), &key, LIMIT_DIRECT_SECONDS * 1000) == 0)
			monitor_commit(m, "a client that the FORWARD policy drops could not be left to it");
	}
	proc_send(p, MSG_FORWARD, msg->head.seq, &answer, sizeof(answer), -1);
}

static void monitor_on_update(struct monitor *m, const struct ipc_message *msg)
{
	struct msg_update body;

	if (msg->len < sizeof(body) || memchr(msg->body + sizeof(body), '\0', msg->len - sizeof(body)))
		return;
	memcpy(&body, msg->body, sizeof(body));
	lists_update(m, msg->head.seq, body.force == 1, (const char *)msg->body + sizeof(body), msg->len - sizeof(body));
}

/* a binary makes way for another: what would be asked is not answered by this process */
static void monitor_refuse(struct proc *p, const struct ipc_message *msg)
{
	static const char text[] = "an upgrade is under way: try again\n";
	static const char json[] = "{\"ok\":false,\"error\":\"an upgrade is under way: try again\"}";
	struct msg_done done = { .error = EBUSY };
	char body[sizeof(done) + sizeof(json) + sizeof(text)];
	bool update = msg->head.type == MSG_UPDATE;
	size_t len = sizeof(done);

	memcpy(body, &done, sizeof(done));
	if (update) {
		memcpy(body + len, json, sizeof(json));
		len += sizeof(json);
	}
	memcpy(body + len, text, sizeof(text) - 1);
	proc_send(p, update ? MSG_UPDATED : MSG_RELOADED, msg->head.seq, body, len + sizeof(text) - 1, -1);
}

static void monitor_on_message(struct proc *p, struct ipc_message *msg)
{
	struct monitor *m = &monitor;

	if ((msg->head.type == MSG_RELOAD || msg->head.type == MSG_UPDATE) && p->role == ROLE_ADMIN &&
	    (p->before || upgrade_builds_wait(m))) {
		monitor_refuse(p, msg);
		return;
	}
	switch (msg->head.type) {
	case MSG_SETS:
		monitor_on_sets(m, p, msg);
		break;
	case MSG_DIRECT:
		if (p->role == ROLE_PROXY && !m->stopping)
			monitor_on_direct(m, msg);
		break;
	case MSG_FORWARD_ASK:
		if (p->role == ROLE_PROXY)
			monitor_on_forward_ask(m, p, msg);
		break;
	case MSG_HANDED:
		if (p->role == ROLE_QUEUE && p->before)
			resume_on_handed(m, msg);
		break;
	case MSG_UPGRADE:
		if (p->role == ROLE_ADMIN)
			upgrade_request(m, p, msg);
		break;
	case MSG_UPDATE:
		if (p->role == ROLE_ADMIN && !m->stopping)
			monitor_on_update(m, msg);
		break;
	case MSG_RELOAD:
		if (p->role == ROLE_ADMIN && !m->stopping)
			rules_wait(m, msg->head.seq);
		break;
	default:
		log_debug("%s sent a message of unknown type %u", p->name, msg->head.type);
	}
}

static void monitor_on_changed(struct proc *p)
{
	struct monitor *m = &monitor;

	if (!p->pid && !p->before && (p->role == ROLE_QUEUE || p->role == ROLE_READER))
		monitor_forget_peers(m);
	if (!p->pid && !p->before && p->role == ROLE_ADMIN) {		/* nobody is left to be told */
		m->waiters = 0;
		lists_forget_waiters(m);
	}
	resume_step(m);
	arm_consider(m);
	rules_answer(m);
}

static void monitor_on_started(struct proc *p)
{
	monitor_give_all(&monitor, p);
}

static void monitor_on_gone(struct proc *p)
{
	resume_gone(&monitor, p);
}

static const struct children_calls monitor_calls = {
	.started = monitor_on_started, .message = monitor_on_message, .changed = monitor_on_changed, .gone = monitor_on_gone,
};

/* --- start ------------------------------------------------------------------------------- */

static bool monitor_queues_free(char *why, size_t why_len)
{
	static const uint16_t queue[] = { FIREWALL_QUEUE_DNS, FIREWALL_QUEUE_SYN, FIREWALL_QUEUE_HELLO };
	char who[TAKEN_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(queue); i++)
		if (taken_queue(queue[i], who)) {
			snprintf(why, why_len, "netfilter queue %u is taken by %s", queue[i], who);
			return false;
		}
	return true;
}

/* the ports and the queues; the children of a monitor that was killed may need a moment to notice and end */
static bool monitor_take_places(struct monitor *m, const struct gateway *g)
{
	char why[256];

	for (int i = 0; i < LINGER_TRIES; i++) {
		if (i)
			usleep(LINGER_US);
		if (sockets_open(&m->socks, NULL, g->listen, monitor_workers(g), &g->probe, why, sizeof(why)) < 0)
			continue;
		if (monitor_queues_free(why, sizeof(why)))
			return true;
		sockets_close(&m->socks);
	}
	log_error("%s", why);
	return false;
}

static bool monitor_add(struct monitor *m, enum role role, unsigned index)
{
	return children_add(&m->kids, role, index) != NULL;
}

bool monitor_start_up(struct monitor *m)
{
	const struct gateway *g = monitor_gateway(m);

	if (!monitor_take_places(m, g) || !arm_open(m))
		return false;
	if (!monitor_add(m, ROLE_ADMIN, 0) || !monitor_add(m, ROLE_READER, 0) || !monitor_add(m, ROLE_QUEUE, 0))
		return false;
	for (unsigned i = 0; i < m->socks.listeners; i++)
		if (!monitor_add(m, ROLE_PROXY, i))
			return false;
	m->started = true;
	return true;
}

static bool monitor_privileged(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (geteuid() != 0) {
		log_error("must run as root");
		return false;
	}
	if (syscall(SYS_capget, &head, data) == 0 && !(data[0].effective & (1U << CAP_NET_ADMIN))) {
		log_error("must run as root with CAP_NET_ADMIN: this container does not grant it");
		return false;
	}
	return true;
}

static uint32_t monitor_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 0;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	return r.rlim_max > MAX_FILES ? MAX_FILES : (uint32_t)r.rlim_max;
}

const struct nftset_queues monitor_queues = { FIREWALL_QUEUE_SYN, FIREWALL_QUEUE_DNS, FIREWALL_QUEUE_HELLO };

bool monitor_user(uint32_t *uid, uint32_t *gid)
{
	const struct passwd *pw = getpwnam("dejunk");
	bool found = pw && pw->pw_uid != 0;

	*uid = found ? pw->pw_uid : FALLBACK_ID;
	*gid = found ? pw->pw_gid : FALLBACK_ID;
	return found;
}

static void monitor_identity(struct monitor *m)
{
	m->settings = (struct msg_settings){
		.log_level = m->opt->level, .max_files = monitor_raise_files(),
		.queue_dns = FIREWALL_QUEUE_DNS, .queue_syn = FIREWALL_QUEUE_SYN, .queue_hello = FIREWALL_QUEUE_HELLO,
		.forward_open = 1, .forward_epoch = 1,
	};
	if (!monitor_user(&m->settings.uid, &m->settings.gid))
		log_info("no user \"dejunk\" on this machine: children run as user and group %d", FALLBACK_ID);
}

/* --- end --------------------------------------------------------------------------------- */

void monitor_stop(struct monitor *m, int status)
{
	if (m->stopping) {		/* asked for twice: at once */
		children_kill_all(&m->kids);
		ev_break(m->loop, EVBREAK_ALL);
		return;
	}
	m->stopping = true;
	m->status = status;
	m->stop_ms = clock_ms();
	arm_consider(m);		/* withdraws the lease, before anything waits for a child or a disk */
	build_cancel(&m->build);
	upgrade_close(m);
	lists_close(m);
	/* the table stays until all is over: without it connections that it redirected would lose their way */
	if (children_stop(&m->kids))
		ev_break(m->loop, EVBREAK_ALL);
}

static void monitor_on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct monitor *m = CONTAINER_OF(w, struct monitor, tick);
	uint64_t now = clock_ms();

	(void)loop, (void)revents;
	children_tick(&m->kids, now);
	if (!m->stopping) {
		arm_tick(m, now);
		if (m->started)
			lists_tick(m);
		resume_tick(m);
		upgrade_tick(m);
		rules_answer(m);
	} else if (children_stop(&m->kids)) {
		ev_break(m->loop, EVBREAK_ALL);
	} else if (now - m->stop_ms > LIMIT_STOP_MS + 2 * STOP_MS) {
		children_kill_all(&m->kids);
		ev_break(m->loop, EVBREAK_ALL);
	}
}

static void monitor_on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct monitor *m = &monitor;

	(void)loop, (void)revents;
	if (w->signum != SIGHUP) {
		log_info("%s: ending", w->signum == SIGINT ? "SIGINT" : "SIGTERM");
		monitor_stop(m, m->started ? 0 : m->status);
	} else if (!m->stopping) {
		log_info("SIGHUP: reloading");
		rules_build_now(m);
	}
}

static void monitor_watch(struct monitor *m)
{
	ev_signal_init(&m->term, monitor_on_signal, SIGTERM);
	ev_signal_init(&m->intr, monitor_on_signal, SIGINT);
	ev_signal_init(&m->hup, monitor_on_signal, SIGHUP);
	ev_signal_start(m->loop, &m->term);
	ev_signal_start(m->loop, &m->intr);
	ev_signal_start(m->loop, &m->hup);
	ev_timer_init(&m->tick, monitor_on_tick, LIMIT_HEARTBEAT_MS / 1000.0, LIMIT_HEARTBEAT_MS / 1000.0);
	ev_set_priority(&m->tick, EV_MAXPRI);
	ev_timer_start(m->loop, &m->tick);
	ev_stat_init(&m->resolv, monitor_on_resolv, RESOLV_CONF, 0);
	ev_stat_start(m->loop, &m->resolv);
}

static void monitor_init(struct monitor *m, const struct run_options *opt)
{
	*m = (struct monitor){
		.opt = opt, .image = -1, .state = -1, .counters_fd = -1, .events = -1, .peer_queue = -1, .peer_reader = -1,
		.start = time(NULL), .dir = { .dir = -1, .pid = -1, .control = -1 },
	};
	sockets_none(&m->socks);
	m->arm.lease = LEASE_NO_RULES;
	m->arm.since = m->start;
	m->arm.since_ms = clock_ms();
	m->counters_fd = counters_create();
	if (m->counters_fd >= 0)
		counters_map(m->counters_fd);
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	prctl(PR_SET_NAME, "dejunk-monitor");
	m->loop = ev_default_loop(EVFLAG_AUTO);
	if (!m->loop)
		die(2, "no event loop");
	children_init(&m->kids, m->loop, &monitor_calls);
	upgrade_init(m);
}

/* without it all works, but nothing outlives the daemon */
static void monitor_open_state(struct monitor *m)
{
	m->state = statedir_open(m->opt->state_dir);
	if (m->state < 0)
		log_warn("state directory %s: %s; nothing is kept for the next start", m->opt->state_dir, strerror(-m->state));
}

/* the descriptor that an older binary left to this one, or -1; nobody after us is to see it */
static int monitor_handed(void)
{
	const char *text = getenv(HANDOVER_ENV);
	int fd = text ? atoi(text) : -1;

	unsetenv(HANDOVER_ENV);
	return fd > STDERR_FILENO ? fd : -1;
}

int monitor_main(const struct run_options *opt)
{
	struct monitor *m = &monitor;
	char why[PATH_MAX + 128];
	int err, handed = monitor_handed();

	log_open("monitor", opt->level);
	if (!monitor_privileged())
		return 2;
	monitor_init(m, opt);
	monitor_identity(m);
	if (handed < 0 && rundir_open(&m->dir, opt->run_dir, why, sizeof(why)) < 0) {
		log_error("%s", why);
		return 2;
	}
	monitor_open_state(m);
	lists_init(m);
	monitor_watch(m);
	err = build_init(&m->build, m->loop, opt->config, rules_on_built);
	m->build.state = opt->state_dir;
	m->build.dir = m->state;
	if (err)
		log_error("%s: %s", opt->config, strerror(-err));
	else if (handed < 0)
		rules_build_now(m);
	else if (resume_take_over(m, handed))
		lists_rules(m);
	else
		resume_start_anew(m);
	resume_signals();
	if (!err && !m->stopping)
		ev_run(m->loop, 0);
	children_kill_all(&m->kids);
	arm_close(m);
	sockets_close(&m->socks);
	rundir_close(&m->dir);
	if (m->state >= 0)
		close(m->state);
	rules_put(m->rules);
	free(m->warnings);
	log_info("ended");
	return err ? 2 : m->status;
}
