/* SPDX-License-Identifier: GPL-3.0-or-later */
/* learned - names in, set changes out
 *
 * A change that finds the stream full is lost, and a lost deletion would refuse a wanted host until
 * the element's time is over: so the sets are then filled anew as soon as the stream has run dry.
 */
#include "learned.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "clock.h"
#include "container.h"
#include "counters.h"
#include "learned_copy.h"
#include "limits.h"
#include "log.h"
#include "reached.h"
#include "names.h"
#include "setbox.h"

enum {
	LEARNED_EXPIRE = 2048,		/* names looked at for expiry in one step */
	LEARNED_STEP = 256,		/* pairs looked at in one step of a walk */
	LEARNED_AHEAD = 2048,		/* changes waiting at which a walk pauses */
	LEARNED_RETRY_MS = 2,		/* until a full socket is tried again */
	LEARNED_READY_MS = 1000,	/* READY is said after that, even if sets are still on their way */
	LEARNED_RECENT = 1024,		/* refused pairs remembered, not to be sent again with every packet */
	LEARNED_RECENT_MS = 1000,
};

enum walk { WALK_NONE, WALK_JUDGE, WALK_FILL };

struct learned {
	struct child *child;
	struct names *names;
	struct setbox *box;
	struct rules *rules;
	int before;			/* names of the process before, not yet read; or -1 */
	uint64_t seed;
	uint16_t minute;		/* of the week, brought up to date each second */
	time_t boundary;		/* of the next schedule; 0: none */
	time_t seen;			/* wall time a second ago */
	uint64_t unlearned_ms;		/* until then the kernel may refuse pairs that no name stands behind */
	bool expiring;			/* names_expire() runs, where elements expire by themselves, or names are read that a walk will state */
	bool overflow;			/* a change was lost: fill the sets anew */
	bool flushing;			/* the first step of the walk empties the sets */
	enum walk walk;
	bool fill_after;		/* after WALK_JUDGE comes WALK_FILL */
	uint32_t from;			/* where the walk goes on */
	bool owes_ready;		/* READY was not said yet for these rules */
	uint64_t ready_ms;		/* when to say it at the latest */
	ev_timer second, step, retry;
	struct { uint64_t key, ms; } recent[LEARNED_RECENT];
};

static uint64_t pair_key(const struct learned *l, const struct client *c, const struct addr *a)
{
	struct { struct client client; uint8_t family, ip[16]; } k;

	memset(&k, 0, sizeof(k));
	k.client.kind = c->kind;
	memcpy(k.client.hw, c->hw, sizeof(c->hw));
	k.client.ip.family = c->ip.family;
	memcpy(k.client.ip.ip, c->ip.ip, sizeof(c->ip.ip));
	k.family = a->family;
	memcpy(k.ip, a->ip, sizeof(a->ip));
	return XXH3_64bits_withSeed(&k, sizeof(k), l->seed);
}

static void learned_put(struct learned *l, const struct msg_set *set)
{
	if (set->set == SET_REFUSED && set->op == SET_DELETE) {
		uint64_t key = pair_key(l, &set->client, &set->addr);

		if (l->recent[key % LEARNED_RECENT].key == key)
			l->recent[key % LEARNED_RECENT].key = 0;
	}
	if (setbox_put(l->box, set))
		return;
	count(COUNTER_SET_ERRORS);
	l->overflow = true;
}

/* may the kernel refuse a pair for which no name was known until now? (judge_first: no name known) */
static bool learned_maybe_refused(const struct learned *l, const struct station *who, const struct names_change *ch)
{
	if (ch->before != PAIR_UNKNOWN || ch->after == PAIR_ALL_BLOCKED)
		return false;
	if (ch->suspect && rules_gateway(l->rules)->unlearned == UNLEARNED_REFUSE)
		return true;
	return rules_net_count(l->rules) > 0 &&
	       rules_connection(l->rules, who, &ch->addr, (struct span){ "", 0 }, l->minute).action == ACT_BLOCK;
}

static void learned_on_change(void *arg, const struct names_change *ch)
{
	struct learned *l = arg;
	struct msg_set set[SETPLAN_MAX];
	size_t n;

	if (l->expiring)
		return;
	n = judge_sets(ch, SETPLAN_CHANGE, false, set);
	for (size_t i = 0; i < n; i++)
		learned_put(l, &set[i]);
}

static void learned_on_each(void *arg, const struct names_change *ch)
{
	struct learned *l = arg;
	struct msg_set set[SETPLAN_MAX];
	size_t n = judge_sets(ch, SETPLAN_FILL, false, set);

	for (size_t i = 0; i < n; i++)
		learned_put(l, &set[i]);
}

/* is it still a host of our own rules?  (those are suspect whatever group or schedule they are for) */
static bool learned_is_named(const struct learned *l, struct span name)
{
	uint32_t n = rules_host_count(l->rules);

	for (uint32_t i = 0; i < n; i++)
		if (span_eq(rules_host(l->rules, i), name))
			return true;
	return false;
}

static bool learned_judge(void *arg, const struct client *client, const struct addr *client_ip,
			  const struct addr *addr, struct span chain, uint32_t *origin)
{
	const struct learned *l = arg;
	struct station who = station_of(client, client_ip);
	struct span name;

	if (client->kind == CLIENT_NONE)
		return chain_next(&chain, &name) && learned_is_named(l, name);
	return judge_chain(l->rules, &who, addr, chain, l->minute, origin);
}

/* --- the walk over all names after a change of the rules --- */

static void learned_walk(struct learned *l, bool fill)
{
	l->walk = WALK_JUDGE;
	l->from = 0;
	l->fill_after = l->flushing = fill;
	ev_timer_stop(l->child->loop, &l->step);
	ev_timer_set(&l->step, 0., 0.);
	ev_timer_start(l->child->loop, &l->step);
}

static void learned_empty_sets(struct learned *l)
{
	struct msg_set set = { .op = SET_ADD, .set = SET_REFUSED_FLUSH };
	uint32_t nets = rules_net_count(l->rules);

	memset(l->recent, 0, sizeof(l->recent));
	learned_put(l, &set);
	set.set = SET_SUSPECT_NET_FLUSH;
	learned_put(l, &set);
	set.set = SET_SUSPECT_NET;
	for (uint32_t i = 0; i < nets; i++) {
		struct prefix p = rules_net(l->rules, i);

		set.addr = p.net;
		set.bits = p.bits;
		learned_put(l, &set);
	}
	l->overflow = false;	/* prefixes that found no room would find none the next time */
}

static void learned_say_ready(struct learned *l)
{
	if (!l->owes_ready)
		return;
	if ((l->walk != WALK_NONE || setbox_waiting(l->box)) && clock_ms() < l->ready_ms)
		return;
	child_ready(l->child, rules_generation(l->rules));
	l->owes_ready = false;
}

static void learned_on_step(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct learned *l = CONTAINER_OF(w, struct learned, step);
	bool busy = setbox_waiting(l->box) > LEARNED_AHEAD;

	(void)revents;
	if (!busy && l->flushing) {
		learned_empty_sets(l);
		l->flushing = false;
	}
	if (!busy && l->walk == WALK_JUDGE) {
		l->from = names_review(l->names, l->from, LEARNED_STEP, clock_ms(), learned_judge, l);
		if (l->from == 0)
			l->walk = l->fill_after ? WALK_FILL : WALK_NONE;
	} else if (!busy && l->walk == WALK_FILL) {
		l->from = names_each(l->names, l->from, LEARNED_STEP, clock_ms(), learned_on_each, l);
		if (l->from == 0)
			l->walk = WALK_NONE;
	}
	learned_flush(l);
	if (l->walk != WALK_NONE) {
		ev_timer_set(w, busy ? LEARNED_RETRY_MS / 1000. : 0., 0.);
		ev_timer_start(loop, w);
	}
}

static void learned_on_second(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct learned *l = CONTAINER_OF(w, struct learned, second);
	time_t now = time(NULL);

	(void)loop, (void)revents;
	l->expiring = true;
	names_expire(l->names, clock_ms(), LEARNED_EXPIRE);
	l->expiring = false;
	if (!l->rules)
		return;
	l->minute = rules_minute(now);
	/* a clock set back (it was wrong at boot) may be before an earlier boundary */
	if (l->boundary && (now >= l->boundary || now < l->seen)) {
		l->boundary = rules_next_boundary(l->rules, now);
		if (clock_ms() < l->unlearned_ms)
			learned_walk(l, true);		/* no walk over names finds those pairs */
		else if (l->walk == WALK_NONE)
			learned_walk(l, false);
		else
			l->from = 0, l->walk = WALK_JUDGE;	/* the walk so far judged by the old time */
	}
	l->seen = now;
	if (l->overflow && l->walk == WALK_NONE && setbox_waiting(l->box) == 0) {
		reached(LIMIT_ID_SETS_WAITING, NULL);
		l->overflow = false;
		learned_walk(l, true);
	}
	learned_flush(l);
	learned_say_ready(l);
}

static void learned_on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	learned_flush(CONTAINER_OF(w, struct learned, retry));
}

struct learned *learned_new(struct child *child, uint64_t seed)
{
	struct names_bounds bounds = names_bounds_default();
	struct learned *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->child = child;
	l->before = -1;
	l->seed = seed;
	l->names = names_new(&bounds, seed, learned_on_change, l);
	l->box = setbox_new(LIMIT_SETS_WAITING);
	if (!l->names || !l->box) {
		names_free(l->names);
		setbox_free(l->box);
		free(l);
		return NULL;
	}
	ev_timer_init(&l->second, learned_on_second, 1., 1.);
	ev_timer_init(&l->step, learned_on_step, 0., 0.);
	ev_timer_init(&l->retry, learned_on_retry, LEARNED_RETRY_MS / 1000., 0.);
	ev_timer_start(child->loop, &l->second);
	return l;
}

void learned_free(struct learned *l)
{
	if (!l)
		return;
	ev_timer_stop(l->child->loop, &l->second);
	ev_timer_stop(l->child->loop, &l->step);
	ev_timer_stop(l->child->loop, &l->retry);
	names_free(l->names);
	setbox_free(l->box);
	rules_put(l->rules);
	if (l->before >= 0)
		close(l->before);
	free(l);
}

/* --- from one process to the next --- */

int learned_hand_over(struct learned *l, int fd)
{
	return learned_copy_write(fd, l->names, clock_ms());
}

void learned_take(struct learned *l, int fd)
{
	if (l->before >= 0)
		close(l->before);
	l->before = fd;
}

/* no set change is caused: the walk that new rules begin states them all */
static bool learned_on_name(void *arg, const struct client *client, const struct addr *client_ip, const struct addr *addr,
			    struct span chain, uint32_t ttl_s)
{
	struct learned *l = arg;
	struct names_answer a = { .client = *client, .client_ip = *client_ip, .chain = chain, .ttl_s = ttl_s };
	struct names_change ch;
	uint32_t evicted = 0;

	a.blocked = learned_judge(l, client, client_ip, addr, chain, &a.origin);
	return names_learn(l->names, &a, addr, clock_ms(), &ch, &evicted) != NAMES_NO_MEMORY;
}

static void learned_read_before(struct learned *l)
{
	int n;

	if (l->before < 0)
		return;
	l->expiring = true;	/* nothing is told */
	n = learned_copy_read(l->before, learned_on_name, l);
	l->expiring = false;
	close(l->before);
	l->before = -1;
	if (n < 0)
		log_warn("the names that were learned before are lost: %s", strerror(-n));
	else
		log_debug("%d names were learned before", n);
}

void learned_rules(struct learned *l, struct rules *r)
{
	time_t now = time(NULL);

	rules_put(l->rules);
	l->rules = r;
	l->minute = rules_minute(now);
	l->boundary = rules_next_boundary(r, now);
	learned_read_before(l);
	l->owes_ready = true;
	l->ready_ms = clock_ms() + LEARNED_READY_MS;
	l->overflow = false;
	learned_walk(l, true);
}

bool learned_is_on(const struct learned *l)
{
	return l->rules != NULL;
}

bool learned_drops(const struct learned *l)
{
	return l->rules && rules_gateway(l->rules)->refuse_with == REFUSE_DROP;
}

uint64_t learned_answer(struct learned *l, const struct client *client, const struct addr *client_ip,
			const struct addr *resolver, struct span chain, const struct addr *addr, size_t n,
			uint32_t ttl_s)
{
	uint64_t before = setbox_position(l->box), now_ms = clock_ms();
	struct names_answer a = { .client = *client, .client_ip = *client_ip, .chain = chain, .ttl_s = ttl_s };
	struct station who = station_of(client, client_ip);
	struct msg_set set[SETPLAN_MAX];
	struct names_change ch;
	uint32_t evicted = 0;

	if (!l->rules)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!addr_is_public(&addr[i]) || (resolver && addr_eq_ip(&addr[i], resolver)))
			continue;
		a.origin = 0;
		a.blocked = learned_judge(l, client, client_ip, &addr[i], chain, &a.origin);
		if (names_learn(l->names, &a, &addr[i], now_ms, &ch, &evicted) != NAMES_LEARNED)
			continue;
		size_t k = judge_sets(&ch, a.blocked ? SETPLAN_BLOCKED : SETPLAN_CHANGE,
				      learned_maybe_refused(l, &who, &ch), set);

		for (size_t j = 0; j < k; j++)
			learned_put(l, &set[j]);
	}
	if (evicted) {
		static unsigned long long told;
		char text[ADDR_TEXT];

		count_add(COUNTER_NAMES_EVICTED, evicted);
		if (log_once(&told, 3600000))
			log_warn("learned names are forgotten for lack of room (limits NAMES_LEARNED, PAIR_NAMES, "
				 "CLIENT_PAIRS, CLIENT_NAMES and of their bytes), first for %s", addr_format(client_ip, text));
	}
	return setbox_position(l->box) == before ? 0 : setbox_position(l->box);
}

bool learned_strips(const struct learned *l)
{
	return l->rules && rules_gateway(l->rules)->ech == ECH_STRIP;
}

bool learned_edits(const struct learned *l)
{
	return l->rules && (refusal_possible(rules_gateway(l->rules)) || learned_strips(l));
}

enum refusal learned_refuses(const struct learned *l, const struct client *client, const struct addr *client_ip,
			     struct span chain, unsigned links, const struct addr *addr, size_t n)
{
	struct station who = station_of(client, client_ip);
	struct refusal_asked a = {
		.client = &who, .chain = chain, .links = links, .addr = addr, .addrs = n, .minute = l->minute,
	};
	uint32_t origin;

	return l->rules ? refusal_of(l->rules, &a, &origin) : REFUSAL_NONE;
}

bool learned_first(struct learned *l, const struct client *client, const struct addr *src, const struct addr *dst)
{
	uint64_t now_ms = clock_ms(), key;
	struct judgement j;
	struct msg_set set = { .op = SET_ADD, .set = SET_REFUSED, .client = *client, .addr = *dst };

	if (!l->rules)
		return false;
	j = judge_first(l->rules, l->names, client, src, dst, l->minute, now_ms);
	if (!j.refuse || !j.pair_s)
		return j.refuse;
	key = pair_key(l, client, dst);
	if (l->recent[key % LEARNED_RECENT].key == key &&
	    now_ms - l->recent[key % LEARNED_RECENT].ms < LEARNED_RECENT_MS)
		return true;
	l->recent[key % LEARNED_RECENT].key = key;
	l->recent[key % LEARNED_RECENT].ms = now_ms;
	if (j.unlearned)
		l->unlearned_ms = now_ms + (uint64_t)j.pair_s * 1000;
	set.addr.port_be = 0;
	set.timeout_s = j.pair_s;
	learned_put(l, &set);
	return true;
}

bool learned_hello(const struct learned *l, const struct client *client, const struct addr *src, const struct addr *dst,
		   struct span name, bool outer)
{
	return l->rules && judge_hello(l->rules, l->names, client, src, dst, name, outer, l->minute, clock_ms()).refuse;
}

void learned_flush(struct learned *l)
{
	const struct msg_set *sets;
	size_t n;

	while ((n = setbox_peek(l->box, &sets))) {
		int err = child_send(l->child, MSG_SETS, setbox_seq(l->box), sets, n * sizeof(*sets), -1);

		if (err == -EAGAIN && !ev_is_active(&l->retry)) {
			ev_timer_set(&l->retry, LEARNED_RETRY_MS / 1000., 0.);
			ev_timer_start(l->child->loop, &l->retry);
		}
		if (err)
			return;
		setbox_sent(l->box, n);
	}
	learned_say_ready(l);
}

void learned_done(struct learned *l, uint32_t seq, int error)
{
	static unsigned long long told;

	if (!setbox_done(l->box, seq))
		return;
	if (error) {
		count(COUNTER_SET_ERRORS);
		if (error == EINVAL)	/* an address of our own, say: the monitor is right to leave it out */
			log_debug("the monitor left set changes out");
		else if (error == ENFILE)	/* the monitor says which limit was reached */
			log_debug("a set is full");
		else if (log_once(&told, 60000))
			log_warn("set changes were not all taken: %s", strerror(error));
	}
	learned_flush(l);
}

uint64_t learned_position(const struct learned *l)
{
	return setbox_done_position(l->box);
}
