/* SPDX-License-Identifier: GPL-3.0-or-later */
/* setsync - in the monitor: what the queue process learned, checked and put into the kernel's sets
 *
 * A failed transaction costs the kernel milliseconds (it waits for all CPUs), and the monitor also holds the
 * lease.  So elements are tried one by one only after a batch failed, a set that was full is left alone for a second, and a
 * message gets no more than FAILURES failures.
 */
#include "setsync.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "container.h"
#include "counters.h"
#include "log.h"
#include "nftset.h"
#include "reached.h"
#include "rtnl.h"

enum {
	NETS = 16384,		/* prefixes of "address:" conditions */
	FULL_MS = 1000,		/* for which a full set is not asked again */
	FAILURES = 8,
};

/* one change of one kernel set, checked */
struct change {
	enum { CHANGE_RENEW, CHANGE_DELETE, CHANGE_FLUSH } what;
	enum kset set;
	struct kset_key key;
	uint32_t timeout_s;
};

struct setsync {
	struct nftset *nft;
	const struct rtnl *rtnl;
	uint64_t full_until_ms[KSET_COUNT];
	struct prefix *net, *work;	/* NETS each: what is in force, and a copy to be sorted */
	size_t nets;
	unsigned failures;		/* of the message under way */
	struct change batch[LIMIT_SET_BATCH];
	size_t used;
};

static const enum kset refused_sets[] = {
	KSET_REFUSED_HW4, KSET_REFUSED_HW6, KSET_REFUSED_IP4, KSET_REFUSED_IP6, KSET_REFUSED_SELF4, KSET_REFUSED_SELF6,
};

int setsync_new(struct setsync **out, struct nftset *nft, const struct rtnl *rtnl)
{
	struct setsync *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->nft = nft;
	s->rtnl = rtnl;
	s->net = calloc(NETS, sizeof(*s->net));
	s->work = calloc(NETS, sizeof(*s->work));
	if (!s->net || !s->work) {
		setsync_free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void setsync_free(struct setsync *s)
{
	if (!s)
		return;
	free(s->net);
	free(s->work);
	free(s);
}

/* --- checks ------------------------------------------------------------------------- */

/* address_clean - a copy with the bytes that mean nothing zeroed; false: no address */
static bool address_clean(const struct addr *in, struct addr *out)
{
	if (in->family != AF_INET && in->family != AF_INET6)
		return false;
	addr_from_ip(out, in->family, in->ip);	/* takes v4-mapped to IPv4 */
	return true;
}

static uint32_t clamp(uint32_t v, uint32_t max)
{
	return v < 1 ? 1 : v > max ? max : v;
}

static bool refused_key(const struct client *c, const struct addr *server, struct change *ch)
{
	static const uint8_t no_hw[6];
	struct addr ip;

	switch (c->kind) {
	case CLIENT_HW:
		if (memcmp(c->hw, no_hw, sizeof(no_hw)) == 0)
			return false;
		ch->set = kset_of(KSET_REFUSED_HW4, server);
		ch->key = kset_key_hw_addr(c->hw, server);
		return true;
	case CLIENT_IP:
		if (!address_clean(&c->ip, &ip) || ip.family != server->family)
			return false;
		ch->set = kset_of(KSET_REFUSED_IP4, server);
		ch->key = kset_key_addr_addr(&ip, server);
		return true;
	case CLIENT_SELF:
		ch->set = kset_of(KSET_REFUSED_SELF4, server);
		ch->key = kset_key_addr(server);
		return true;
	default:
		return false;
	}
}

/* change_of - check one element of the message and say what is to be done; false: it is not to be done */
static bool change_of(const struct setsync *s, const struct msg_set *m, struct change *ch)
{
	struct addr server;

	if (m->op != SET_ADD && m->op != SET_DELETE)
		return false;
	if (!address_clean(&m->addr, &server) || !addr_is_public(&server) || rtnl_is_own(s->rtnl, &server))
		return false;
	*ch = (struct change){ .what = m->op == SET_ADD ? CHANGE_RENEW : CHANGE_DELETE };
	switch (m->set) {
	case SET_REFUSED:
		ch->timeout_s = clamp(m->timeout_s, LIMIT_REFUSED_SECONDS);
		return refused_key(&m->client, &server, ch);
	case SET_SUSPECT:
		ch->timeout_s = clamp(m->timeout_s, LIMIT_NAME_TTL_CEILING);
		ch->set = kset_of(KSET_SUSPECT4, &server);
		ch->key = kset_key_addr(&server);
		return true;
	default:
		return false;
	}
}

/* --- prefixes ----------------------------------------------------------------------- */

static bool net_change(struct setsync *s, const struct msg_set *m)
{
	struct prefix p = { .bits = m->bits };

	if ((m->op != SET_ADD && m->op != SET_DELETE) || !address_clean(&m->addr, &p.net) ||
	    p.bits > addr_len(&p.net) * 8)
		return false;
	for (unsigned i = p.bits; i < addr_len(&p.net) * 8; i++)
		p.net.ip[i / 8] &= (uint8_t)~(0x80 >> i % 8);
	if (m->op == SET_DELETE) {
		for (size_t i = 0; i < s->nets; i++)
			if (s->net[i].bits == p.bits && addr_eq_ip(&s->net[i].net, &p.net))
				s->net[i--] = s->net[--s->nets];
		return true;
	}
	if (s->nets == NETS)
		return false;
	s->net[s->nets++] = p;
	return true;
}

static int nets_commit(struct setsync *s)
{
	memcpy(s->work, s->net, s->nets * sizeof(*s->net));
	return nftset_prefixes(s->nft, KSET_SUSPECT_NET4, s->work, s->nets);
}

int setsync_table_new(struct setsync *s)
{
	memset(s->full_until_ms, 0, sizeof(s->full_until_ms));
	return nets_commit(s);
}

size_t setsync_nets(const struct setsync *s)
{
	return s->nets;
}

/* --- batches ------------------------------------------------------------------------ */

static int change_put(struct setsync *s, const struct change *ch)
{
	switch (ch->what) {
	case CHANGE_RENEW:
		return nftset_renew(s->nft, ch->set, &ch->key, (uint64_t)ch->timeout_s * 1000);
	case CHANGE_DELETE:
		return nftset_delete(s->nft, ch->set, &ch->key);
	case CHANGE_FLUSH:
		return nftset_flush(s->nft, ch->set);
	}
	return -EINVAL;
}

/* of_one_element - an error that says something about an element and not about the table or about us */
static bool of_one_element(int err)
{
	return err == -ENFILE || err == -EEXIST || err == -EINVAL || err == -ENOSPC || err == -EBUSY;
}

static enum limit_id limit_of(enum kset set)
{
	switch (set) {
	case KSET_SUSPECT4:
	case KSET_SUSPECT6:
		return LIMIT_ID_SUSPECTS;
	default:
		return LIMIT_ID_REFUSED_PAIRS;
	}
}

static int commit_one(struct setsync *s, const struct change *ch)
{
	int err;

	if (ch->what == CHANGE_RENEW && s->full_until_ms[ch->set] > clock_ms())
		return -ENFILE;
	if (s->failures >= FAILURES)
		return -EBUSY;
	nftset_begin(s->nft);
	err = change_put(s, ch);
	if (!err)
		err = nftset_commit(s->nft);
	/* a deletion first adds, which a full set refuses; then it is not there, or stays until it times out */
	if (err == -ENFILE && ch->what == CHANGE_RENEW) {
		s->full_until_ms[ch->set] = clock_ms() + FULL_MS;
		reached(limit_of(ch->set), NULL);
	}
	if (err)
		s->failures++;
	return err;
}

/* batch_commit - put what was collected into the kernel, all at once or, if an element is in the way, one by one */
static int batch_commit(struct setsync *s)
{
	size_t n = s->used;
	int err = 0, first = 0;

	s->used = 0;
	if (!n)
		return 0;
	nftset_begin(s->nft);
	for (size_t i = 0; i < n && !err; i++)
		err = change_put(s, &s->batch[i]);
	if (!err)
		err = nftset_commit(s->nft);
	if (!err)
		return 0;
	if (!of_one_element(err)) {
		count_add(COUNTER_SET_ERRORS, n);
		return err;
	}
	for (size_t i = 0; i < n; i++) {
		err = commit_one(s, &s->batch[i]);
		if (err) {
			count(COUNTER_SET_ERRORS);
			first = first ? first : err;
		}
	}
	return first;
}

static int batch_add(struct setsync *s, const struct change *ch)
{
	int err;

	/* a set that was full a moment ago would fail the whole batch */
	if (ch->what == CHANGE_RENEW && s->full_until_ms[ch->set] > clock_ms()) {
		count(COUNTER_SET_ERRORS);
		return -ENFILE;
	}
	err = s->used == LIMIT_SET_BATCH ? batch_commit(s) : 0;
	s->batch[s->used++] = *ch;
	return err;
}

int setsync_apply(struct setsync *s, const void *body, size_t len)
{
	size_t n = len / sizeof(struct msg_set);
	bool nets_changed = false;
	int first = len % sizeof(struct msg_set) ? -EINVAL : 0, err;

	s->failures = 0;
	for (size_t i = 0; i < n; i++) {
		struct msg_set m;
		struct change ch = { .what = CHANGE_FLUSH };
		bool ok = true;

		memcpy(&m, (const uint8_t *)body + i * sizeof(m), sizeof(m));	/* whatever its alignment */
		err = 0;
		if (m.set == SET_SUSPECT_NET_FLUSH) {
			s->nets = 0;
			nets_changed = true;
		} else if (m.set == SET_SUSPECT_NET) {
			ok = net_change(s, &m);
			nets_changed |= ok;
		} else if (m.set == SET_REFUSED_FLUSH) {
			for (size_t k = 0; k < ARRAY_LEN(refused_sets) && !err; k++) {
				ch.set = refused_sets[k];
				err = batch_add(s, &ch);
			}
		} else {
			ok = change_of(s, &m, &ch);
			if (ok)
				err = batch_add(s, &ch);
		}
		if (!ok) {
			count(COUNTER_SET_ERRORS);
			err = -EINVAL;
		}
		first = first ? first : err;
	}
	err = batch_commit(s);
	first = first ? first : err;
	if (nets_changed) {
		err = nets_commit(s);
		if (err)
			count(COUNTER_SET_ERRORS);
		first = first ? first : err;
	}
	return -first;
}
