/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_arm - the monitor's hands on the firewall: table, queue rules, interfaces, lease
 *
 * Everything may be called again at any time: each function looks at what is there and mends it.
 * arm_consider() alone arms and disarms.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "container.h"
#include "counters.h"
#include "firewall.h"
#include "firewall_numbers.h"
#include "log.h"
#include "monitor.h"
#include "nftevent.h"
#include "nfq.h"
#include "nftset.h"
#include "reached.h"
#include "rtnl.h"
#include "setsync.h"
#include "taken.h"

enum {
	RENEW_MS = 1000,		/* the lease lives LIMIT_LEASE_SECONDS */
	SECOND_MS = 1000,
	MISSING_AGAIN_MS = 60000,	/* arming is tried again this long after connections did not arrive */
	LOAD_AGAIN_MS = 250,		/* between two loads of a table that somebody keeps deleting */
	REFILL_QUIET_MS = 10000,	/* between two words about elements that somebody keeps deleting */
};

static void arm_failed(struct monitor *m, const char *what, const char *how)
{
	snprintf(m->arm.failure, sizeof(m->arm.failure), "%s: %s", what, how);
	for (char *p = m->arm.failure; *p; p++)
		if (*p == '\n')
			*p = ' ';
}

static void tally_read(struct tally *t, uint64_t now)
{
	if (now < t->now)
		t->before += t->now;
	t->now = now;
}

static uint64_t tally_sum(const struct tally *t)
{
	return t->before + t->now;
}

/* --- the table ------------------------------------------------------------------- */

static int arm_queue_rules(struct monitor *m, const struct gateway *g)
{
	int way = nftset_queue_rules(m->nft, &monitor_queues, g->on_failure == FAILURE_PASS);

	m->arm.queue_rules = way > 0;
	if (way < 0) {
		arm_failed(m, "queue rules", strerror(-way));
		return way;
	}
	log_debug("queue rules by the %s expression", way == NFTSET_QUEUE_NATIVE ? "queue" : "NFQUEUE target");
	return 0;
}

/* the lan, and whether another table takes its flows past us */
static void arm_lan_set(struct monitor *m)
{
	struct nftset_arm arm[LAN_MAX];
	size_t n = lan_arms(&m->lan, arm);
	int err = nftset_lan(m->nft, arm, n);

	if (!err)
		err = nftset_offloaded(m->nft, m->arm.offloads);
	if (err)
		log_warn("the lan set could not be written: %s", strerror(-err));
}

static void arm_exempt_set(struct monitor *m, const struct gateway *g)
{
	struct prefix p[GATEWAY_EXEMPT];
	int err;

	memcpy(p, g->exempt, g->exempts * sizeof(p[0]));
	err = nftset_exempt(m->nft, p, g->exempts);
	m->arm.spares = g->exempts > 0;
	switch_rules(m, true);
	if (err)
		log_warn("the exempt clients could not be written: %s", strerror(-err));
}

/* all sets but the lease, and what the queue process learned (monitor_give_rules) */
static void arm_fill(struct monitor *m, const struct gateway *g)
{
	int err;

	arm_exempt_set(m, g);
	arm_lan_set(m);
	err = setsync_table_new(m->sync);
	if (err)
		log_warn("the blocked prefixes could not be written: %s", strerror(-err));
	switch_rules(m, true);
}

void arm_marks(struct monitor *m, const struct gateway *g)
{
	uint32_t was_refuse = m->settings.mark_refuse, was_decided = m->settings.mark_decided;

	m->settings.mark_refuse = gateway_mark(g, MARK_REFUSE);
	m->settings.mark_decided = gateway_mark(g, MARK_DECIDED);
	if (was_refuse != m->settings.mark_refuse || was_decided != m->settings.mark_decided)
		monitor_settings_changed(m);	/* before the rules, which come with the same reload */
}

bool arm_load_table(struct monitor *m, const struct gateway *g)
{
	char file[FIREWALL_PATH], err[FIREWALL_TEXT];
	int e;

	firewall_file(file);
	e = firewall_load(g, m->settings.uid, file, err);
	if (e) {
		arm_failed(m, "the firewall table could not be loaded", err[0] ? err : strerror(-e));
		return false;
	}
	m->arm.table = true;
	m->arm.digest = firewall_digest(g, m->settings.uid, file);
	m->arm.renewed_ms = 0;
	switch_all(m, SWITCH_IN);
	arm_marks(m, g);
	for (size_t i = 0; i < ARRAY_LEN(m->arm.kernel); i++)
		tally_read(&m->arm.kernel[i], 0);
	if (nftset_table(m->nft, &m->arm.handle) <= 0 || arm_queue_rules(m, g) < 0)
		return false;
	arm_fill(m, g);
	m->arm.robbed = false;
	e = nftset_rules(m->nft);
	m->arm.rules = e > 0 ? e : 0;
	m->arm.failure[0] = '\0';
	return true;
}

/* the queue process sends all it has learned again */
static void arm_learn_again(struct monitor *m)
{
	struct proc *queue = children_find(&m->kids, ROLE_QUEUE, 0);

	if (queue)
		monitor_give_rules(m, queue);
}

/* somebody deleted our table, or rules of it, or loaded another one in its place, which is empty */
static void arm_put_back(struct monitor *m, const char *how)
{
	uint64_t now = clock_ms();

	m->arm.table = m->arm.queue_rules = false;
	m->arm.renewed_ms = 0;
	if (now - m->arm.loaded_ms < LOAD_AGAIN_MS)
		return;		/* the next tick tries again */
	m->arm.loaded_ms = now;
	if (!arm_load_table(m, monitor_gateway(m))) {
		arm_consider(m);
		return;
	}
	log_warn("the table inet dejunk was %s by another program: put back", how);
	arm_learn_again(m);
	arm_consider(m);
}

/* elements of our sets were deleted: which ones is not worth knowing */
static void arm_refill(struct monitor *m, uint64_t now)
{
	static unsigned long long last_ms;

	if (!m->arm.robbed || !m->arm.table || now - m->arm.loaded_ms < SECOND_MS)
		return;
	m->arm.robbed = false;
	m->arm.loaded_ms = now;
	m->arm.renewed_ms = 0;
	arm_fill(m, monitor_gateway(m));
	arm_learn_again(m);
	if (log_once(&last_ms, REFILL_QUIET_MS))
		log_warn("elements of the table inet dejunk were deleted by another program: put back");
	arm_consider(m);
}

/* what others add to our table is theirs to answer for; what they take out of it we would miss */
static bool arm_rules_lost(struct monitor *m)
{
	int n;

	if (!m->arm.touched || !m->arm.rules)
		return false;
	n = nftset_rules(m->nft);
	if (n < 0)
		return false;		/* asked again the next second */
	m->arm.touched = false;
	return n < m->arm.rules;
}

static void arm_check_table(struct monitor *m)
{
	uint64_t handle;
	int there = nftset_table(m->nft, &handle);

	if (m->stopping || there < 0)
		return;
	if (!there)
		arm_put_back(m, "deleted");
	else if (!m->arm.table || !m->arm.queue_rules || handle != m->arm.handle)
		arm_put_back(m, "replaced");
	else if (arm_rules_lost(m))
		arm_put_back(m, "robbed of rules");
}

static void arm_on_events(struct ev_loop *loop, ev_io *w, int revents)
{
	struct monitor *m = CONTAINER_OF(w, struct monitor, events_io);
	int what = nftevent_read(m->events);

	(void)loop, (void)w, (void)revents;
	if (what <= 0 || m->stopping)
		return;
	m->arm.robbed |= (what & (NFTEVENT_ELEMENTS | NFTEVENT_LOST)) != 0;
	if (what & (NFTEVENT_GONE | NFTEVENT_LOST | NFTEVENT_OWN)) {
		m->arm.touched = true;
		arm_check_table(m);
	}
	arm_refill(m, clock_ms());	/* or the next tick does */
}

/* --- interfaces --------------------------------------------------------------------- */

void arm_gateway_changed(struct monitor *m)
{
	const struct gateway *g = monitor_gateway(m);

	lan_find(&m->lan, g, m->rtnl);
	policy_check_input(m);	/* the port may be another one, too */
	arm_exempt_set(m, g);
	arm_lan_set(m);
	m->arm.renewed_ms = 0;
}

void arm_lan_changed(struct monitor *m)
{
	arm_lan_set(m);
	m->arm.renewed_ms = 0;
	arm_consider(m);
}

static void arm_on_rtnl(struct ev_loop *loop, ev_io *w, int revents)
{
	struct monitor *m = CONTAINER_OF(w, struct monitor, rtnl_io);
	int changed = rtnl_read(m->rtnl);

	(void)loop, (void)revents;
	if (changed <= 0 || m->stopping)
		return;
	m->settings.forward_epoch++;	/* a route may lead elsewhere now */
	if (lan_find(&m->lan, monitor_gateway(m), m->rtnl)) {
		policy_check_input(m);
		arm_lan_changed(m);
	}
	if (!m->settings.forward_open)
		monitor_settings_changed(m);
}

/* --- the lease ------------------------------------------------------------------------ */

static void arm_facts(struct monitor *m, struct lease_facts *f)
{
	*f = (struct lease_facts){
		.stopping = m->stopping, .rules = m->rules != NULL, .table = m->arm.table,
		.queue_rules = m->arm.queue_rules, .interfaces = (unsigned)m->lan.n,
		.filter_self = m->lan.self4 || m->lan.self6, .input_drop = lan_dropped(&m->lan) && !lan_any(&m->lan),
		.not_arriving = m->arm.missing_ms != 0, .failure = m->arm.failure[0] ? m->arm.failure : NULL,
		.input = m->arm.input[0] ? m->arm.input : NULL,
	};
	if (!m->started)
		f->down = "the daemon";
	for (struct proc *p = children_first(&m->kids); p; p = children_next(p)) {
		struct proc *s = resume_serving(p);

		if (!s->ready && !f->down && !resume_bridged(m, s))
			f->down = s->name;
		if (s->silent && !f->silent)
			f->silent = s->name;
		if (s->overload && !f->overloaded)
			f->overloaded = s->name;
	}
	f->overload = f->overloaded != NULL;
}

static uint64_t arm_accepted(struct monitor *m)
{
	uint64_t sum = 0;

	for (struct proc *p = children_any(&m->kids); p; p = children_any_next(p))
		sum += proc_accepted(p);
	return sum;
}

static void arm_log_change(struct monitor *m, enum lease was, uint64_t now)
{
	double s = (double)(now - m->arm.since_ms) / 1000;

	if (m->arm.lease == LEASE_ARMED) {
		if (m->announced)
			log_info("armed again after %.1f s", s);
		else
			log_info("armed");
	} else if (m->stopping) {
		log_info("disarmed");
	} else if (m->announced || m->arm.lease != LEASE_CHILD_DOWN) {
		if (was == LEASE_ARMED)
			log_warn("not armed: %s (was armed for %.1f s)", m->arm.why, s);
		else
			log_warn("not armed: %s", m->arm.why);
	}
}

static void arm_withdraw(struct monitor *m)
{
	int err = m->nft ? nftset_lease_end(m->nft) : 0;

	m->arm.renewed_ms = 0;
	if (err && err != -ENOENT)	/* it lapses by itself within LIMIT_LEASE_SECONDS */
		log_warn("the lease could not be withdrawn: %s", strerror(-err));
}

static void arm_renew(struct monitor *m, uint64_t now)
{
	struct nftset_arm arm[LAN_MAX];
	size_t n = lan_arms(&m->lan, arm);
	static unsigned long long last_ms;
	int err;

	if (m->arm.renewed_ms && now - m->arm.renewed_ms < RENEW_MS)
		return;
	err = nftset_lease(m->nft, arm, n, lan_self(&m->lan, AF_INET), lan_self(&m->lan, AF_INET6),
			   LIMIT_LEASE_SECONDS * 1000);
	if (err == 0) {
		m->arm.renewed_ms = now;
		if (!m->announced) {
			const char *line = m->opt->json ? "{\"armed\":true}\n" : "armed\n";

			m->announced = true;
			if (write(STDOUT_FILENO, line, strlen(line)) < 0)
				log_debug("nobody reads standard output");
		}
		return;
	}
	if (err == -ENOENT)
		arm_check_table(m);
	else if (log_once(&last_ms, 10000))
		log_warn("the lease could not be renewed, trying again: %s", strerror(-err));
}

void arm_consider(struct monitor *m)
{
	enum lease was = m->arm.lease;
	struct lease_facts f;
	char why[LEASE_WHY];
	uint64_t now = clock_ms();

	if (!m->nft)
		return;
	arm_facts(m, &f);
	m->arm.lease = lease_decide(&f, why);
	if (f.overload && m->arm.lease == LEASE_OVERLOAD && was == LEASE_ARMED)
		count(COUNTER_OVERLOADS);
	if (m->arm.lease != was || strcmp(why, m->arm.why) != 0) {
		bool change = (m->arm.lease == LEASE_ARMED) != (was == LEASE_ARMED);

		memcpy(m->arm.why, why, sizeof(why));
		if (m->arm.lease != was)
			arm_log_change(m, was, now);
		if (change) {
			m->arm.since_ms = now;
			m->arm.since = time(NULL);
			arrival_reset(&m->arm.arrival, m->arm.redirected, arm_accepted(m));
		}
		if (m->arm.lease != LEASE_ARMED && was == LEASE_ARMED)
			arm_withdraw(m);
		status_send(m);
	}
	if (m->arm.lease == LEASE_ARMED)
		arm_renew(m, now);
}

/* --- each second ------------------------------------------------------------------------ */

/* arm_read_queues - packets that were to be asked about and passed: the queue was full, or nobody listened.  What was asked
 * about a second ago is compared with what has come by now, so that none is under way */
static void arm_read_queues(struct monitor *m)
{
	const uint16_t number[QUEUES] = { monitor_queues.syn, monitor_queues.dns, monitor_queues.hello };
	uint64_t queued = 0, asked = 0;

	for (unsigned i = 0; i < QUEUES; i++) {
		tally_read(&m->arm.queued[i], nfq_queued(number[i]));
		queued += tally_sum(&m->arm.queued[i]);
		asked += tally_sum(&m->arm.kernel[KERNEL_ASKED_SYN + i]);
	}
	if (m->arm.asked > queued && m->arm.asked - queued > counters->n[COUNTER_QUEUE_PASSED])
		counters->n[COUNTER_QUEUE_PASSED] = m->arm.asked - queued;
	m->arm.asked = asked;
}

static void arm_read_counters(struct monitor *m)
{
	static const char *const name[KERNEL_COUNTERS] = {
		"redirected", "refused_tcp", "refused_udp", "asked_syn", "asked_dns", "asked_hello",
	};
	uint64_t value[KERNEL_COUNTERS], bytes, over;

	for (size_t i = 0; i < KERNEL_COUNTERS; i++)
		if (nftset_counter(m->nft, name[i], &value[i], &bytes))
			return;
	for (size_t i = 0; i < KERNEL_COUNTERS; i++)	/* less than before: somebody else loaded the table again */
		tally_read(&m->arm.kernel[i], value[i]);
	m->arm.redirected = tally_sum(&m->arm.kernel[KERNEL_REDIRECTED]);
	m->arm.refused = tally_sum(&m->arm.kernel[KERNEL_REFUSED_TCP]) + tally_sum(&m->arm.kernel[KERNEL_REFUSED_UDP]);
	counters->n[COUNTER_REFUSED_SYNS] = m->arm.refused + m->arm.refused_before;
	arm_read_queues(m);
	if (nftset_counter(m->nft, "dns_over_rate", &over, &bytes) == 0 && over != m->arm.over_rate) {
		if (over > m->arm.over_rate) {
			reached(LIMIT_ID_DNS_CLIENT_RATE, NULL);	/* the kernel knows of whom */
			counters->reached[LIMIT_ID_DNS_CLIENT_RATE] += over - m->arm.over_rate - 1;
		}
		m->arm.over_rate = over;
	}
}

/* what the kernel redirects must arrive; where it does not, somebody drops it and we cannot override that */
static void arm_check_arrival(struct monitor *m, uint64_t now)
{
	struct arrival *a = &m->arm.arrival;

	if (m->arm.missing_ms) {
		if (now - m->arm.missing_ms >= MISSING_AGAIN_MS) {
			m->arm.missing_ms = 0;
			arrival_reset(a, m->arm.redirected, arm_accepted(m));
		}
		return;
	}
	if (m->arm.lease != LEASE_ARMED || !arrival_missing(a, m->arm.redirected, arm_accepted(m), now))
		return;
	if (taken_arriving(m->socks.port)) {	/* handshakes that hang are a client's fault, not a policy's */
		arrival_reset(a, m->arm.redirected, arm_accepted(m));
		return;
	}
	log_warn("%llu connections were redirected to port %u and none arrived within %d s: something on this machine drops them",
		 (unsigned long long)(m->arm.redirected - a->redirected), m->socks.port, ARRIVAL_MS / 1000);
	m->arm.missing_ms = now;
	m->arm.input[0] = '\0';
	policy_check_input(m);
}

void arm_tick(struct monitor *m, uint64_t now)
{
	if (!m->nft || m->stopping)
		return;
	if (!m->arm.table || !m->arm.queue_rules)
		arm_check_table(m);
	arm_refill(m, now);
	arm_read_counters(m);		/* who was just refused looks at the status next */
	if (now - m->arm.second_ms >= SECOND_MS) {
		m->arm.second_ms = now;
		arm_check_table(m);
		switch_rules(m, true);
		arm_check_arrival(m, now);
		arm_consider(m);
		status_send(m);
		return;
	}
	arm_consider(m);
}

/* --- start and end ------------------------------------------------------------------------ */

static bool arm_open_sockets(struct monitor *m)
{
	int err = nftset_new(&m->nft);

	if (!err)
		err = rtnl_new(&m->rtnl);
	if (!err)
		err = setsync_new(&m->sync, m->nft, m->rtnl);
	if (!err)
		m->events = nftevent_open(nftset_port(m->nft));
	if (!err && m->events < 0)
		err = m->events;
	if (err)
		log_error("netlink: %s", strerror(-err));
	return !err;
}

static void arm_watch(struct monitor *m)
{
	ev_io_init(&m->events_io, arm_on_events, m->events, EV_READ);
	ev_io_start(m->loop, &m->events_io);
	ev_io_init(&m->rtnl_io, arm_on_rtnl, rtnl_fd(m->rtnl), EV_READ);
	ev_io_start(m->loop, &m->rtnl_io);
}

bool arm_open(struct monitor *m)
{
	if (!arm_open_sockets(m))
		return false;
	policy_open(m);
	lan_find(&m->lan, monitor_gateway(m), m->rtnl);
	policy_report_nat6(m);
	policy_report_gravest(m);
	policy_check_input(m);
	if (!arm_load_table(m, monitor_gateway(m))) {
		log_error("%s", m->arm.failure);
		return false;
	}
	arm_watch(m);
	return true;
}

bool arm_resume(struct monitor *m)
{
	uint64_t handle;

	if (!arm_open_sockets(m))
		return false;
	policy_open(m);
	arm_gateway_changed(m);
	arm_watch(m);
	if (nftset_table(m->nft, &handle) <= 0 || handle != m->arm.handle)
		m->arm.table = false;	/* the next tick puts it back */
	arrival_reset(&m->arm.arrival, m->arm.redirected, arm_accepted(m));
	return true;
}

void arm_table_text(struct monitor *m)
{
	char file[FIREWALL_PATH];

	firewall_file(file);
	if (!m->arm.table || m->arm.digest == firewall_digest(monitor_gateway(m), m->settings.uid, file))
		return;
	if (!arm_load_table(m, monitor_gateway(m))) {
		log_error("%s", m->arm.failure);
		return;		/* the old one stays, as it was */
	}
	log_info("the table inet dejunk was replaced: its text is another one");
	arm_learn_again(m);
	arm_consider(m);
}

void arm_close(struct monitor *m)
{
	char err[FIREWALL_TEXT];
	bool loaded = m->arm.table;

	/* one of them may be pending behind the signal that ends us */
	ev_io_stop(m->loop, &m->events_io);
	ev_io_stop(m->loop, &m->rtnl_io);
	ev_io_stop(m->loop, &m->ruleset_io);
	ev_timer_stop(m->loop, &m->ruleset_soon);
	if (m->events >= 0)
		close(m->events);
	m->events = -1;
	setsync_free(m->sync);
	ruleset_free(m->ruleset);
	rtnl_free(m->rtnl);
	nftset_free(m->nft);
	m->sync = NULL, m->ruleset = NULL, m->rtnl = NULL, m->nft = NULL;
	if (loaded && firewall_unload(err))
		log_error("the table inet dejunk could not be removed: %s", err);
	m->arm.table = false;
}
