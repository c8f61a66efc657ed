/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_set - the model's arrays in order, and the lookup of partly known keys in sets */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "ruleset_model.h"

void rs_model_fini(struct rs_model *m)
{
	for (uint32_t i = 0; i < m->chains; i++) {
		free(m->chain[i].table);
		free(m->chain[i].name);
	}
	for (uint32_t i = 0; i < m->exprs; i++)
		free(m->expr[i].info);
	for (uint32_t i = 0; i < m->sets; i++) {
		free(m->set[i].table);
		free(m->set[i].name);
		free(m->set[i].key);
		free(m->set[i].key_end);
		free(m->set[i].flag);
		free(m->set[i].data);
	}
	free(m->chain);
	free(m->rule);
	free(m->expr);
	free(m->set);
	free(m->base);
	memset(m, 0, sizeof(*m));
}

static int name_cmp(uint8_t fa, const char *ta, const char *na, uint8_t fb, const char *tb,
		    const char *nb)
{
	int d = (int)fa - (int)fb;

	if (!d)
		d = strcmp(ta, tb);
	return d ? d : strcmp(na, nb);
}

static int chain_cmp(const void *a, const void *b)
{
	const struct rs_chain *x = a, *y = b;

	return name_cmp(x->family, x->table, x->name, y->family, y->table, y->name);
}

static int set_cmp(const void *a, const void *b)
{
	const struct rs_set *x = a, *y = b;

	return name_cmp(x->family, x->table, x->name, y->family, y->table, y->name);
}

void rs_model_sort_chains(struct rs_model *m)
{
	if (m->chains)
		qsort(m->chain, m->chains, sizeof(*m->chain), chain_cmp);
}

void rs_model_sort_sets(struct rs_model *m)
{
	if (m->sets)
		qsort(m->set, m->sets, sizeof(*m->set), set_cmp);
}

/* what bsearch() looks for */
struct rs_key {
	uint8_t family;
	const char *table, *name;
};

static int key_chain_cmp(const void *key, const void *elem)
{
	const struct rs_key *k = key;
	const struct rs_chain *c = elem;

	return name_cmp(k->family, k->table, k->name, c->family, c->table, c->name);
}

static int key_set_cmp(const void *key, const void *elem)
{
	const struct rs_key *k = key;
	const struct rs_set *s = elem;

	return name_cmp(k->family, k->table, k->name, s->family, s->table, s->name);
}

int64_t rs_model_chain(const struct rs_model *m, uint8_t family, const char *table, const char *name)
{
	const struct rs_key key = { family, table, name };
	const struct rs_chain *c = m->chains ? bsearch(&key, m->chain, m->chains, sizeof(*c), key_chain_cmp) : NULL;

	return c ? c - m->chain : -1;
}

int64_t rs_model_set(const struct rs_model *m, uint8_t family, const char *table, const char *name)
{
	const struct rs_key key = { family, table, name };
	const struct rs_set *s = m->sets ? bsearch(&key, m->set, m->sets, sizeof(*s), key_set_cmp) : NULL;

	return s ? s - m->set : -1;
}

/* order of a set's elements: by key; where one interval ends as the next begins, the end first */
static int elem_cmp(const void *a, const void *b, void *ctx)
{
	const struct rs_set *s = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int d = memcmp(s->key + (size_t)x * s->klen, s->key + (size_t)y * s->klen, s->klen);

	if (d)
		return d;
	d = (int)(s->flag[y] & RS_ELEM_END) - (int)(s->flag[x] & RS_ELEM_END);
	return d ? d : (x > y) - (x < y);
}

static void *permuted(const void *from, const uint32_t *order, uint32_t count, size_t size)
{
	uint8_t *to = from ? malloc((size_t)count * size) : NULL;

	if (to)
		for (uint32_t i = 0; i < count; i++)
			memcpy(to + i * size, (const uint8_t *)from + order[i] * size, size);
	return to;
}

static int set_sort(struct rs_set *s)
{
	uint32_t *order = malloc(s->count * sizeof(*order));
	void *key, *key_end, *flag, *data;

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->count; i++)
		order[i] = i;
	qsort_r(order, s->count, sizeof(*order), elem_cmp, s);
	key = permuted(s->key, order, s->count, s->klen);
	key_end = permuted(s->key_end, order, s->count, s->klen);
	flag = permuted(s->flag, order, s->count, 1);
	data = permuted(s->data, order, s->count, sizeof(*s->data));
	free(order);
	if (!key || !flag || (s->key_end && !key_end) || (s->data && !data)) {
		free(key), free(key_end), free(flag), free(data);
		return -ENOMEM;
	}
	free(s->key), free(s->key_end), free(s->flag), free(s->data);
	s->key = key;
	s->key_end = key_end;
	s->flag = flag;
	s->data = data;
	return 0;
}

static int base_cmp(const void *a, const void *b, void *ctx)
{
	const struct rs_model *m = ctx;
	int32_t x = m->chain[*(const uint32_t *)a].prio, y = m->chain[*(const uint32_t *)b].prio;

	return (x > y) - (x < y);
}

int rs_model_index(struct rs_model *m)
{
	int err;

	for (uint32_t i = 0; i < m->sets; i++) {
		if (m->set[i].count && (err = set_sort(&m->set[i])) < 0)
			return err;
	}
	free(m->base);
	m->bases = 0;
	m->base = calloc(m->chains + 1, sizeof(*m->base));
	if (!m->base)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->chains; i++)
		if (m->chain[i].base && !m->chain[i].dormant)
			m->base[m->bases++] = i;
	if (m->bases)
		qsort_r(m->base, m->bases, sizeof(*m->base), base_cmp, m);
	return 0;
}

enum rs_tri rs_compare(unsigned cmp, const uint8_t *val, const uint8_t *known, const uint8_t *data,
		       unsigned len)
{
	bool all = true, differs = false;
	int least = 0, most = 0;	/* memcmp with the unknown bits all 0, and all 1 */

	for (unsigned i = 0; i < len; i++) {
		uint8_t lo = val[i] & known[i], hi = lo | (uint8_t)~known[i];

		all &= known[i] == 0xff;
		differs |= ((val[i] ^ data[i]) & known[i]) != 0;
		if (!least)
			least = (int)lo - (int)data[i];
		if (!most)
			most = (int)hi - (int)data[i];
	}
	switch (cmp) {
	case NFT_CMP_EQ:
		return differs ? RS_NO : all ? RS_YES : RS_MAYBE;
	case NFT_CMP_NEQ:
		return differs ? RS_YES : all ? RS_NO : RS_MAYBE;
	case NFT_CMP_LT:
		return most < 0 ? RS_YES : least >= 0 ? RS_NO : RS_MAYBE;
	case NFT_CMP_LTE:
		return most <= 0 ? RS_YES : least > 0 ? RS_NO : RS_MAYBE;
	case NFT_CMP_GT:
		return least > 0 ? RS_YES : most <= 0 ? RS_NO : RS_MAYBE;
	case NFT_CMP_GTE:
		return least >= 0 ? RS_YES : most < 0 ? RS_NO : RS_MAYBE;
	default:
		return RS_MAYBE;
	}
}

/* a range of a concatenation: each field within its own bounds */
static enum rs_tri set_in_ranges(const struct rs_set *s, uint32_t i, const uint8_t *val,
				 const uint8_t *known)
{
	const uint8_t *from = s->key + (size_t)i * s->klen, *to = s->key_end + (size_t)i * s->klen;
	enum rs_tri in = RS_YES;
	unsigned at = 0;

	for (unsigned f = 0; f < (s->fields ? s->fields : 1) && in != RS_NO; f++) {
		unsigned len = s->fields ? s->field_len[f] : s->klen;

		if (at + len > s->klen)
			return RS_MAYBE;
		in = rs_and(in, rs_compare(NFT_CMP_GTE, val + at, known + at, from + at, len));
		in = rs_and(in, rs_compare(NFT_CMP_LTE, val + at, known + at, to + at, len));
		at += (len + 3) & ~3u;	/* each field begins a register */
	}
	return in;
}

bool rs_set_could(const struct rs_set *s, uint32_t i, const uint8_t *val, const uint8_t *known)
{
	const uint8_t *key = s->key + (size_t)i * s->klen;

	if (s->flag[i] & RS_ELEM_END)
		return false;
	if (s->ranges)
		return set_in_ranges(s, i, val, known) != RS_NO;
	if (!s->interval)
		return rs_compare(NFT_CMP_EQ, val, known, key, s->klen) != RS_NO;
	return rs_compare(NFT_CMP_GTE, val, known, key, s->klen) != RS_NO &&
	       (i + 1 == s->count ||
		rs_compare(NFT_CMP_LT, val, known, key + s->klen, s->klen) != RS_NO);
}

/* the last element whose key is not above @val, or -1; all of @val is known */
static int64_t set_floor(const struct rs_set *s, const uint8_t *val)
{
	uint32_t lo = 0, hi = s->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (memcmp(s->key + (size_t)mid * s->klen, val, s->klen) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (int64_t)lo - 1;
}

/* every element in turn: for keys not fully known, and for ranges.  Exactly one that surely
 * holds the key and no other that could: YES. */
static enum rs_tri set_scan(const struct rs_set *s, const uint8_t *val, const uint8_t *known,
			    bool all, int64_t *at)
{
	bool could = false;

	for (uint32_t i = 0; i < s->count; i++) {
		if (!rs_set_could(s, i, val, known))
			continue;
		*at = i;
		if (all)
			return RS_YES;
		could = true;
	}
	return could ? RS_MAYBE : RS_NO;
}

enum rs_tri rs_set_lookup(const struct rs_model *m, const struct rs_set *s, const uint8_t *val,
			  const uint8_t *known, struct rs_data *out)
{
	enum rs_tri in;
	int64_t at = -1;
	bool all = true;
	int n;

	for (unsigned i = 0, f = 0, left = s->fields ? s->field_len[0] : s->klen; i < s->klen; i++) {
		if (left == 0 && s->fields && i % 4 == 0 && ++f < s->fields)
			left = s->field_len[f];
		if (left == 0 && s->fields)
			continue;	/* padding between fields */
		left--;
		all &= known[i] == 0xff;
	}
	if (s->ask) {
		if (!all || !m->ask)
			return RS_MAYBE;
		n = m->ask(m->ask_ctx, s, val, out);
		return n < 0 ? RS_MAYBE : n ? RS_YES : RS_NO;
	}
	if (!all || s->ranges) {
		in = set_scan(s, val, known, all, &at);
	} else {
		at = set_floor(s, val);
		in = at < 0 || (s->flag[at] & RS_ELEM_END) ||
		     (!s->interval && memcmp(s->key + (size_t)at * s->klen, val, s->klen) != 0)
		     ? RS_NO : RS_YES;
	}
	if (in == RS_NO && s->catchall) {
		*out = s->catchall_data;
		return RS_YES;
	}
	if (in == RS_YES && s->data)
		*out = s->data[at];
	return in;
}
