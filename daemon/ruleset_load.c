/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_load - dump tables, chains, sets and rules of others over netlink into a model
 *
 * Five dumps after each other; a change in between is told by the events that the
 * caller subscribed to before.  A dump that the kernel marks as interrupted (our own
 * lease commits every second) is begun again.
 */
#include <stdio.h>	/* before libnftnl, which needs FILE */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "ruleset_model.h"

enum { DUMP_TRIES = 8, NETLINK_BYTES = 65536, SEQ = 1 };

struct loader {
	struct rs_model *m;
	struct rs_set *set;		/* whose elements are being read */
	uint32_t set_room, chain_room, rule_room, expr_room;
	const char *table;		/* of the rule being read */
	uint8_t family;
	struct {			/* tables that are switched off; more: incomplete */
		uint8_t family;
		char name[NFT_TABLE_MAXNAMELEN];
	} dormant[8];
	unsigned dormants;
	int err;
	char buf[NETLINK_BYTES];
};

/* room for one more at the end of an array that doubles; NULL: out of memory */
static void *grow(void *array, uint32_t count, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room * 2 : 64;

	if (count < *room)
		return array;
	array = reallocarray(array, more, size);
	if (array)
		*room = more;
	return array;
}

/* append a zeroed element to *@array; NULL: out of memory, nothing changed */
#define APPEND(array, count, room)						\
	({									\
		void *_more = grow((array), (count), (room), sizeof(*(array)));	\
		if (_more) {							\
			(array) = _more;					\
			memset(&(array)[(count)++], 0, sizeof(*(array)));	\
		}								\
		_more ? &(array)[(count) - 1] : NULL;				\
	})

static bool is_others(uint8_t family, const char *table)
{
	if (family != NFPROTO_INET && family != NFPROTO_IPV4 && family != NFPROTO_IPV6)
		return false;
	return !(family == NFPROTO_INET && strcmp(table, "dejunk") == 0);
}

static int load_fail(struct loader *l, int err)
{
	l->err = err;
	return MNL_CB_ERROR;
}

static int on_table(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_table *t = nftnl_table_alloc();
	struct loader *l = data;

	if (!t)
		return load_fail(l, -ENOMEM);
	if (nftnl_table_nlmsg_parse(nlh, t) == 0 &&
	    nftnl_table_get_u32(t, NFTNL_TABLE_FLAGS) & NFT_TABLE_F_DORMANT) {
		unsigned i = l->dormants;

		if (i == sizeof(l->dormant) / sizeof(l->dormant[0])) {
			l->m->incomplete = true;
		} else {
			l->dormant[i].family = (uint8_t)nftnl_table_get_u32(t, NFTNL_TABLE_FAMILY);
			snprintf(l->dormant[i].name, sizeof(l->dormant[i].name), "%s",
				 nftnl_table_get_str(t, NFTNL_TABLE_NAME));
			l->dormants++;
		}
	}
	nftnl_table_free(t);
	return MNL_CB_OK;
}

static int add_chain(struct loader *l, const struct nftnl_chain *from)
{
	struct rs_model *m = l->m;
	const char *table = nftnl_chain_get_str(from, NFTNL_CHAIN_TABLE);
	uint8_t family = (uint8_t)nftnl_chain_get_u32(from, NFTNL_CHAIN_FAMILY);
	struct rs_chain *c;

	if (!is_others(family, table))
		return MNL_CB_OK;
	if (m->chains >= LIMIT_RULESET_RULES) {
		m->incomplete = true;
		return MNL_CB_OK;
	}
	c = APPEND(m->chain, m->chains, &l->chain_room);
	if (!c)
		return load_fail(l, -ENOMEM);
	c->family = family;
	c->table = strdup(table);
	c->name = strdup(nftnl_chain_get_str(from, NFTNL_CHAIN_NAME));
	if (!c->table || !c->name)
		return load_fail(l, -ENOMEM);
	c->base = nftnl_chain_is_set(from, NFTNL_CHAIN_HOOKNUM);
	if (!c->base)
		return MNL_CB_OK;
	c->hook = (uint8_t)nftnl_chain_get_u32(from, NFTNL_CHAIN_HOOKNUM);
	c->prio = nftnl_chain_get_s32(from, NFTNL_CHAIN_PRIO);
	c->nat = nftnl_chain_is_set(from, NFTNL_CHAIN_TYPE) &&
		 strcmp(nftnl_chain_get_str(from, NFTNL_CHAIN_TYPE), "nat") == 0;
	c->policy_drop = nftnl_chain_is_set(from, NFTNL_CHAIN_POLICY) &&
			 nftnl_chain_get_u32(from, NFTNL_CHAIN_POLICY) == NF_DROP;
	for (unsigned i = 0; i < l->dormants; i++)
		c->dormant |= l->dormant[i].family == family &&
			      strcmp(l->dormant[i].name, table) == 0;
	return MNL_CB_OK;
}

static int on_chain(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct loader *l = data;
	int r = MNL_CB_OK;

	if (!c)
		return load_fail(l, -ENOMEM);
	if (nftnl_chain_nlmsg_parse(nlh, c) == 0)
		r = add_chain(l, c);
	else
		l->m->incomplete = true;
	nftnl_chain_free(c);
	return r;
}

static int set_on_expr(struct nftnl_expr *e, void *data)
{
	struct rs_set *s = data;

	s->stateful |= rs_expr_limits(e) == RS_MAYBE ||
		       strcmp(nftnl_expr_get_str(e, NFTNL_EXPR_NAME), "counter") != 0;
	return 0;
}

static int add_set(struct loader *l, struct nftnl_set *from)
{
	const char *table = nftnl_set_get_str(from, NFTNL_SET_TABLE);
	uint8_t family = (uint8_t)nftnl_set_get_u32(from, NFTNL_SET_FAMILY);
	uint32_t flags = nftnl_set_get_u32(from, NFTNL_SET_FLAGS), len;
	uint32_t klen = nftnl_set_get_u32(from, NFTNL_SET_KEY_LEN);
	uint32_t dlen = nftnl_set_get_u32(from, NFTNL_SET_DATA_LEN);
	const uint8_t *fields;
	struct rs_set *s;

	if (!is_others(family, table))
		return MNL_CB_OK;
	s = APPEND(l->m->set, l->m->sets, &l->set_room);
	if (!s)
		return load_fail(l, -ENOMEM);
	s->family = family;
	s->table = strdup(table);
	s->name = strdup(nftnl_set_get_str(from, NFTNL_SET_NAME));
	if (!s->table || !s->name)
		return load_fail(l, -ENOMEM);
	s->interval = flags & NFT_SET_INTERVAL;
	s->map = flags & (NFT_SET_MAP | NFT_SET_OBJECT);
	s->verdict_map = flags & NFT_SET_MAP &&
			 nftnl_set_get_u32(from, NFTNL_SET_DATA_TYPE) == NFT_DATA_VERDICT;
	/* these change without anyone's transaction: their elements are not worth keeping */
	s->ask = flags & (NFT_SET_TIMEOUT | NFT_SET_EVAL);
	s->klen = klen <= RS_REG_BYTES ? (uint8_t)klen : 255;	/* 255 fits no register */
	s->dlen = dlen <= RS_REG_BYTES && !s->verdict_map ? (uint8_t)dlen : 0;
	fields = nftnl_set_get_data(from, NFTNL_SET_DESC_CONCAT, &len);
	if (nftnl_set_is_set(from, NFTNL_SET_DESC_CONCAT) && fields && len <= RS_FIELDS) {
		memcpy(s->field_len, fields, len);
		s->fields = (uint8_t)len;
	}
	s->ranges = s->interval && s->fields > 1;
	nftnl_set_expr_foreach(from, set_on_expr, s);
	return MNL_CB_OK;
}

static int on_set(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct loader *l = data;
	int r = MNL_CB_OK;

	if (!s)
		return load_fail(l, -ENOMEM);
	if (nftnl_set_nlmsg_parse(nlh, s) == 0)
		r = add_set(l, s);
	else
		l->m->incomplete = true;
	nftnl_set_free(s);
	return r;
}

static void elem_data(const struct rs_model *m, const struct rs_set *s, struct nftnl_set_elem *e,
		      struct rs_data *d)
{
	uint32_t len = 0;
	const void *p;

	memset(d, 0, sizeof(*d));
	if (s->verdict_map) {
		d->target = rs_expr_verdict(m, s->family, s->table,
			nftnl_set_elem_get_u32(e, NFTNL_SET_ELEM_VERDICT),
			nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_CHAIN)
			? nftnl_set_elem_get_str(e, NFTNL_SET_ELEM_CHAIN) : NULL);
	} else if (s->map && nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_DATA)) {
		p = nftnl_set_elem_get(e, NFTNL_SET_ELEM_DATA, &len);
		memcpy(d->data, p, len <= RS_DATA_BYTES ? len : RS_DATA_BYTES);
	}
}

/* room for one more element; the four arrays grow together */
static bool set_grow(struct loader *l, struct rs_set *s)
{
	uint32_t more = l->set_room ? l->set_room * 2 : 64;
	void *key, *end, *flag, *data;

	if (s->count < l->set_room)
		return true;
	if ((key = realloc(s->key, (size_t)more * s->klen)))
		s->key = key;
	if ((flag = realloc(s->flag, more)))
		s->flag = flag;
	end = s->ranges ? realloc(s->key_end, (size_t)more * s->klen) : NULL;
	if (end)
		s->key_end = end;
	data = s->map ? reallocarray(s->data, more, sizeof(*s->data)) : NULL;
	if (data)
		s->data = data;
	if (!key || !flag || (s->ranges && !end) || (s->map && !data))
		return false;
	l->set_room = more;
	return true;
}

static int elem_on_each(struct nftnl_set_elem *e, void *data)
{
	struct loader *l = data;
	struct rs_set *s = l->set;
	uint32_t flags = nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_FLAGS)
		       ? nftnl_set_elem_get_u32(e, NFTNL_SET_ELEM_FLAGS) : 0;
	uint32_t len = 0, end_len = 0;
	const void *key, *end;

	if (s->ask)
		return 0;
	if (flags & NFT_SET_ELEM_CATCHALL) {
		s->catchall = true;
		elem_data(l->m, s, e, &s->catchall_data);
		return 0;
	}
	key = nftnl_set_elem_get(e, NFTNL_SET_ELEM_KEY, &len);
	end = nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_KEY_END)
	    ? nftnl_set_elem_get(e, NFTNL_SET_ELEM_KEY_END, &end_len) : NULL;
	if (!key || len != s->klen || (end && end_len != len) || s->count >= LIMIT_RULESET_ELEMENTS ||
	    (s->ranges && s->count >= 1024)) {	/* ranges are looked through one by one */
		s->ask = true;
		return 0;
	}
	if (!set_grow(l, s)) {
		l->err = -ENOMEM;
		return -1;
	}
	memcpy(s->key + (size_t)s->count * s->klen, key, len);
	if (s->ranges)
		memcpy(s->key_end + (size_t)s->count * s->klen, end ? end : key, len);
	s->flag[s->count] = flags & NFT_SET_ELEM_INTERVAL_END ? RS_ELEM_END : 0;
	if (s->map)
		elem_data(l->m, s, e, &s->data[s->count]);
	s->count++;
	return 0;
}

static int on_elems(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct loader *l = data;

	if (!s)
		return load_fail(l, -ENOMEM);
	if (nftnl_set_elems_nlmsg_parse(nlh, s) == 0)
		nftnl_set_elem_foreach(s, elem_on_each, l);
	else
		l->set->ask = true;
	nftnl_set_free(s);
	return l->err ? MNL_CB_ERROR : MNL_CB_OK;
}

static int rule_on_expr(struct nftnl_expr *from, void *data)
{
	struct loader *l = data;
	struct rs_expr *e = APPEND(l->m->expr, l->m->exprs, &l->expr_room);
	bool marks = false;
	int err = e ? rs_expr_read(l->m, l->family, l->table, from, e, &marks) : -ENOMEM;

	if (err < 0) {
		l->err = err;
		return -1;
	}
	l->m->marks |= marks;
	return 0;
}

/* rules come chain by chain, in order */
static int add_rule(struct loader *l, struct nftnl_rule *from, bool readable)
{
	struct rs_model *m = l->m;
	uint8_t family = (uint8_t)nftnl_rule_get_u32(from, NFTNL_RULE_FAMILY);
	const char *table = nftnl_rule_get_str(from, NFTNL_RULE_TABLE);
	const char *chain = nftnl_rule_get_str(from, NFTNL_RULE_CHAIN);
	int64_t at;
	struct rs_rule *r;
	struct rs_expr *e;

	if (!table || !chain) {
		m->incomplete = true;
		return MNL_CB_OK;
	}
	if (!is_others(family, table))
		return MNL_CB_OK;
	at = rs_model_chain(m, family, table, chain);
	if (at < 0 || m->rules >= LIMIT_RULESET_RULES ||
	    (m->chain[at].count && m->chain[at].first + m->chain[at].count != m->rules)) {
		m->incomplete = true;
		return MNL_CB_OK;
	}
	r = APPEND(m->rule, m->rules, &l->rule_room);
	if (!r)
		return load_fail(l, -ENOMEM);
	r->handle = nftnl_rule_get_u64(from, NFTNL_RULE_HANDLE);
	r->first = m->exprs;
	if (m->chain[at].count++ == 0)
		m->chain[at].first = m->rules - 1;
	l->table = table;
	l->family = family;
	if (readable) {
		nftnl_expr_foreach(from, rule_on_expr, l);
	} else if ((e = APPEND(m->expr, m->exprs, &l->expr_room))) {
		e->op = RS_OP_ANYTHING;
		snprintf(e->why, sizeof(e->why), "a newer kind of rule");
	} else {
		l->err = -ENOMEM;
	}
	m->rule[m->rules - 1].count = m->exprs - m->rule[m->rules - 1].first;
	return l->err ? MNL_CB_ERROR : MNL_CB_OK;
}

static int on_rule(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct loader *l = data;
	bool readable;
	int r;

	if (!rule)
		return load_fail(l, -ENOMEM);
	readable = nftnl_rule_nlmsg_parse(nlh, rule) == 0;	/* else an expression libnftnl lacks */
	r = add_rule(l, rule, readable);
	nftnl_rule_free(rule);
	return r;
}

/* one dump; 0, -EINTR: the kernel says that it changed on the way, or another errno */
static int dump(struct loader *l, struct mnl_socket *nl, uint16_t type, struct rs_set *set,
		mnl_cb_t cb)
{
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(l->buf, type, set ? set->family : NFPROTO_UNSPEC,
						     NLM_F_DUMP, SEQ);
	unsigned port = mnl_socket_get_portid(nl);
	bool interrupted = false;
	ssize_t n;
	int r = MNL_CB_OK;

	if (set) {
		struct nftnl_set *s = nftnl_set_alloc();

		if (!s)
			return -ENOMEM;
		nftnl_set_set_str(s, NFTNL_SET_TABLE, set->table);
		nftnl_set_set_str(s, NFTNL_SET_NAME, set->name);
		nftnl_set_elems_nlmsg_build_payload(nlh, s);
		nftnl_set_free(s);
	}
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (r > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(nl, l->buf, sizeof(l->buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		/* libmnl would stop at the flag and leave the rest of the dump in the socket */
		for (char *at = l->buf; at + sizeof(*nlh) <= l->buf + n;) {
			nlh = (struct nlmsghdr *)(void *)at;
			if (nlh->nlmsg_len < sizeof(*nlh))
				break;
			interrupted |= nlh->nlmsg_flags & NLM_F_DUMP_INTR;
			nlh->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
			at += MNL_ALIGN(nlh->nlmsg_len);
		}
		r = mnl_cb_run(l->buf, (size_t)n, SEQ, port, cb, l);
	}
	if (r < 0)
		return l->err ? l->err : -errno;
	return interrupted ? -EINTR : 0;
}

static int load_sets(struct loader *l, struct mnl_socket *nl)
{
	int err = 0;

	for (uint32_t i = 0; i < l->m->sets && !err; i++) {
		struct rs_set *s = &l->m->set[i];

		if (s->ask || s->klen > RS_REG_BYTES)
			continue;
		l->set = s;
		l->set_room = 0;
		err = dump(l, nl, NFT_MSG_GETSETELEM, s, on_elems);
		if (err == -ENOENT)	/* deleted meanwhile: our answer is stale already */
			err = 0;
	}
	return err;
}

/* marks matter where they are written before the hooks we look at: in a table that has a
 * chain on prerouting */
static void marks_matter(struct rs_model *m)
{
	bool prerouting = false;

	for (uint32_t i = 0; i < m->chains; i++)
		prerouting |= m->chain[i].base && m->chain[i].hook == NF_INET_PRE_ROUTING;
	m->marks &= prerouting;
}

static int load_once(struct loader *l, struct mnl_socket *nl)
{
	int err = dump(l, nl, NFT_MSG_GETTABLE, NULL, on_table);

	if (!err)
		err = dump(l, nl, NFT_MSG_GETCHAIN, NULL, on_chain);
	rs_model_sort_chains(l->m);
	if (!err)
		err = dump(l, nl, NFT_MSG_GETSET, NULL, on_set);
	rs_model_sort_sets(l->m);
	if (!err)
		err = load_sets(l, nl);
	if (!err)
		err = dump(l, nl, NFT_MSG_GETRULE, NULL, on_rule);
	if (!err)
		err = rs_model_index(l->m);
	marks_matter(l->m);
	return err;
}

int rs_load(struct rs_model *m, struct mnl_socket *nl)
{
	struct loader *l = malloc(sizeof(*l));
	int err = -EINTR;

	if (!l)
		return -ENOMEM;
	for (unsigned i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		rs_model_fini(m);
		memset(l, 0, offsetof(struct loader, buf));
		l->m = m;
		err = load_once(l, nl);
	}
	if (err)
		rs_model_fini(m);
	free(l);
	return err;
}

struct answer {
	const struct rs_model *m;
	const struct rs_set *set;
	struct rs_data *out;
	int found;
};

static int answer_on_elem(struct nftnl_set_elem *e, void *data)
{
	struct answer *a = data;

	elem_data(a->m, a->set, e, a->out);
	a->found = 1;
	return 0;
}

static int on_answer(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_set *s = nftnl_set_alloc();

	if (s && nftnl_set_elems_nlmsg_parse(nlh, s) == 0)
		nftnl_set_elem_foreach(s, answer_on_elem, data);
	nftnl_set_free(s);
	return MNL_CB_STOP;
}

/* ask for one key, or for the catch-all element where @key is NULL; 1, 0 or a negative errno */
static int ask_once(const struct rs_load_asker *asker, const struct rs_set *set, const uint8_t *key,
		    struct rs_data *out)
{
	char buf[8192] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETSETELEM, set->family, 0, SEQ);
	struct answer a = { asker->m, set, out, 0 };
	struct nftnl_set *s = nftnl_set_alloc();
	struct nftnl_set_elem *e = nftnl_set_elem_alloc();
	ssize_t n;

	if (!s || !e) {
		nftnl_set_free(s);
		nftnl_set_elem_free(e);
		return -ENOMEM;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, set->table);
	nftnl_set_set_str(s, NFTNL_SET_NAME, set->name);
	if (key)
		nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, key, set->klen);
	else
		nftnl_set_elem_set_u32(e, NFTNL_SET_ELEM_FLAGS, NFT_SET_ELEM_CATCHALL);
	nftnl_set_elem_add(s, e);	/* takes e */
	nftnl_set_elems_nlmsg_build_payload(nlh, s);
	nftnl_set_free(s);
	if (mnl_socket_sendto(asker->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(asker->nl, buf, sizeof(buf));
	if (n < 0)
		return -errno;
	if (mnl_cb_run(buf, (size_t)n, SEQ, mnl_socket_get_portid(asker->nl), on_answer, &a) < 0)
		return errno == ENOENT || (!key && errno == EINVAL) ? 0 : -errno;
	return a.found;
}

int rs_load_ask(void *ctx, const struct rs_set *set, const uint8_t *key, struct rs_data *out)
{
	int r = ask_once(ctx, set, key, out);

	return r ? r : ask_once(ctx, set, NULL, out);
}
