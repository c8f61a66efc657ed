/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names_model - a table of learned names that is plainly right, and a run that compares it with names.c
 *
 * A run takes its operations from bytes.  Beside the model it keeps a picture of the kernel's refused set, filled as the
 * queue fills it, and checks what matters most: a pair with a live wanted name is never in it.
 *
 * Small bounds (first byte odd): expired names are removed before each learning, so that the model knows what counts
 * towards the bounds; which pair of equals is evicted is left to the table.  Large bounds: nothing is ever
 * evicted, and names expire whenever the operations say so.
 */
#ifndef DEJUNK_NAMES_MODEL_H
#define DEJUNK_NAMES_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "names.h"

enum { MODEL_CLIENTS = 4, MODEL_ADDRS = 5, MODEL_ENTRIES = 512 };

#define MODEL_CHECK(holds) do { \
	if (!(holds)) { \
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #holds); \
		abort(); \
	} \
} while (0)

struct model_entry {
	uint8_t client, addr, chain;
	bool ghost, blocked;
	uint32_t origin;
	uint64_t due_ms, serial;
};

struct model {
	struct names *names;
	struct names_bounds bound;
	struct model_entry e[MODEL_ENTRIES];
	unsigned n;
	uint64_t now_ms, serial;
	uint32_t generation;		/* of the rules */
	enum pair_state told[MODEL_CLIENTS][MODEL_ADDRS];
	bool suspect[MODEL_ADDRS];
	uint64_t refused_until[MODEL_CLIENTS][MODEL_ADDRS];	/* the kernel's set */
	int learning;			/* -1, or client * MODEL_ADDRS + addr: evictions are expected, not of this one */
	uint32_t evicted;
};

static const struct client model_client[MODEL_CLIENTS] = {
	{ .kind = CLIENT_HW, .hw = { 2, 0, 0, 0, 0, 1 } },
	{ .kind = CLIENT_IP, .ip = { .family = 2, .ip = { 10, 1, 0, 2 } } },
	{ .kind = CLIENT_SELF },
	{ .kind = CLIENT_NONE },
};
static const struct addr model_addr[MODEL_ADDRS] = {
	{ .family = 2, .ip = { 198, 51, 100, 1 } },
	{ .family = 2, .ip = { 198, 51, 100, 2 } },
	{ .family = 2, .ip = { 203, 0, 113, 1 } },
	{ .family = 10, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
	{ .family = 10, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 2 } },
};
/* two chains to a question */
static const struct span model_chain[] = {
	SPAN_LIT("\1a"), SPAN_LIT("\1a\3cdn"), SPAN_LIT("\13ads.example"), SPAN_LIT("\13ads.example\7edge.ex"),
	SPAN_LIT("\4shop"), SPAN_LIT("\4shop\3cdn\2lb"), SPAN_LIT("\0"), SPAN_LIT("\0\1r"),
	SPAN_LIT("\5video"), SPAN_LIT("\5video\3cdn"), SPAN_LIT("\4mail"), SPAN_LIT("\4mail\2mx"),
};

static inline struct span model_question(uint8_t chain)
{
	return (struct span){ model_chain[chain].p + 1, (uint8_t)model_chain[chain].p[0] };
}

/* the rules of a generation: a fixed half of everything */
static inline bool model_blocks(uint32_t generation, uint8_t client, uint8_t addr, uint8_t chain)
{
	uint32_t h = (generation * 31 + client) * 2654435761u ^ (uint32_t)(addr * 40503u + chain * 2246822519u);

	return (h >> 13 ^ h >> 21) & 1;
}

static inline uint8_t model_client_of(const struct client *c)
{
	for (uint8_t i = 0; i < MODEL_CLIENTS; i++)
		if (memcmp(c, &model_client[i], sizeof(*c)) == 0)
			return i;
	MODEL_CHECK(!"a known client");
	return 0;
}

static inline uint8_t model_addr_of(const struct addr *a)
{
	for (uint8_t i = 0; i < MODEL_ADDRS; i++)
		if (memcmp(a, &model_addr[i], sizeof(*a)) == 0)
			return i;
	MODEL_CHECK(!"a known address");
	return 0;
}

static inline bool model_in(const struct model *m, unsigned i, uint8_t c, uint8_t a)
{
	return m->e[i].client == c && m->e[i].addr == a;
}

static inline void model_remove(struct model *m, unsigned i)
{
	m->e[i] = m->e[--m->n];
}

static inline enum pair_state model_state(const struct model *m, uint8_t c, uint8_t a)
{
	bool blocked = false, wanted = false;

	for (unsigned i = 0; i < m->n; i++)
		if (model_in(m, i, c, a) && m->e[i].due_ms > m->now_ms)
			*(m->e[i].blocked ? &blocked : &wanted) = true;
	return blocked ? wanted ? PAIR_MIXED : PAIR_ALL_BLOCKED : wanted ? PAIR_ALL_WANTED : PAIR_UNKNOWN;
}

/* when the last entry of a pair is due; 0: there is none */
static inline uint64_t model_last(const struct model *m, uint8_t c, uint8_t a)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < m->n; i++)
		if (model_in(m, i, c, a) && m->e[i].due_ms > last)
			last = m->e[i].due_ms;
	return last;
}

static inline bool model_client_over(const struct model *m, uint8_t c)
{
	uint32_t pairs = 0, names = 0, bytes = 0;

	for (uint8_t a = 0; a < MODEL_ADDRS; a++)
		pairs += model_last(m, c, a) != 0;
	for (unsigned i = 0; i < m->n; i++)
		if (m->e[i].client == c) {
			names++;
			bytes += m->e[i].ghost ? 0 : (uint32_t)model_chain[m->e[i].chain].len;
		}
	return pairs > m->bound.client_pairs || names > m->bound.client_names || bytes > m->bound.client_bytes;
}

static inline bool model_over(const struct model *m)
{
	bool seen[ARRAY_LEN(model_chain)] = { false };
	uint32_t bytes = 0;

	for (unsigned i = 0; i < m->n; i++)
		if (!m->e[i].ghost && !seen[m->e[i].chain]) {
			seen[m->e[i].chain] = true;
			bytes += (uint32_t)model_chain[m->e[i].chain].len;
		}
	return m->n > m->bound.names || bytes > m->bound.bytes;
}

/* is evicting this pair what the bounds ask for? */
static inline void model_evict(struct model *m, uint8_t c, uint8_t a)
{
	uint8_t lc = (uint8_t)(m->learning / MODEL_ADDRS), la = (uint8_t)(m->learning % MODEL_ADDRS);
	uint64_t least = UINT64_MAX, own = UINT64_MAX, its = UINT64_MAX;

	MODEL_CHECK(m->learning >= 0 && (c != lc || a != la));
	for (uint8_t i = 0; i < MODEL_ADDRS; i++)
		if (i != la && model_last(m, lc, i) && model_last(m, lc, i) < own)
			own = model_last(m, lc, i);
	for (unsigned i = 0; i < m->n; i++) {
		if (!model_in(m, i, lc, la) && m->e[i].due_ms < least)
			least = m->e[i].due_ms;
		if (model_in(m, i, c, a) && m->e[i].due_ms < its)
			its = m->e[i].due_ms;
	}
	if (model_client_over(m, lc) && own != UINT64_MAX)
		MODEL_CHECK(c == lc && model_last(m, c, a) == own);
	else
		MODEL_CHECK(model_over(m) && its == least);
	for (unsigned i = 0; i < m->n; )
		if (model_in(m, i, c, a)) {
			m->evicted += !m->e[i].ghost;
			model_remove(m, i);
		} else {
			i++;
		}
}

/* what the queue does with a change, and what must hold for each */
static inline void model_hear(struct model *m, const struct names_change *ch)
{
	uint8_t c = model_client_of(&ch->client), a = model_addr_of(&ch->addr);

	MODEL_CHECK(ch->before == m->told[c][a] || ch->before == PAIR_ALL_BLOCKED);
	MODEL_CHECK(ch->was_suspect == m->suspect[a]);
	MODEL_CHECK(ch->after == model_state(m, c, a));
	MODEL_CHECK(ch->remaining_ms == (ch->after ? model_last(m, c, a) - m->now_ms : 0));
	MODEL_CHECK(ch->suspect == (ch->suspect_ms != 0));
	m->told[c][a] = ch->after;
	m->suspect[a] = ch->suspect;
	if (ch->after == PAIR_ALL_BLOCKED)
		m->refused_until[c][a] = m->now_ms + ch->remaining_ms;
	else if (ch->before == PAIR_ALL_BLOCKED)
		m->refused_until[c][a] = 0;
}

static inline void model_on_change(void *arg, const struct names_change *ch)
{
	struct model *m = arg;

	MODEL_CHECK(ch->before != ch->after || ch->was_suspect != ch->suspect);
	if (m->learning >= 0 && ch->after == PAIR_UNKNOWN)
		model_evict(m, model_client_of(&ch->client), model_addr_of(&ch->addr));
	model_hear(m, ch);
}

static inline void model_drop_expired(struct model *m)
{
	for (unsigned i = 0; i < m->n; )
		if (m->e[i].due_ms <= m->now_ms)
			model_remove(m, i);
		else
			i++;
}

/* the pair is full: its name that expires first goes; of equals the one that came last */
static inline void model_evict_name(struct model *m, uint8_t c, uint8_t a)
{
	int first = -1, ghost = -1;

	for (unsigned i = 0; i < m->n; i++) {
		const struct model_entry *e = &m->e[i];

		if (!model_in(m, i, c, a))
			continue;
		if (e->ghost)
			ghost = (int)i;
		else if (first < 0 || e->due_ms < m->e[first].due_ms ||
			 (e->due_ms == m->e[first].due_ms && e->serial > m->e[first].serial))
			first = (int)i;
	}
	m->evicted++;
	if (m->e[first].blocked) {
		model_remove(m, (unsigned)first);
	} else if (ghost >= 0) {
		if (m->e[first].due_ms > m->e[ghost].due_ms)
			m->e[ghost].due_ms = m->e[first].due_ms;
		model_remove(m, (unsigned)first);
	} else {
		m->e[first].ghost = true;
	}
}

static inline void model_learn(struct model *m, uint8_t c, uint8_t a, uint8_t chain, uint32_t ttl_s)
{
	struct names_answer answer = {
		.client = model_client[c], .client_ip = model_addr[a], .chain = model_chain[chain], .ttl_s = ttl_s,
		.blocked = model_blocks(m->generation, c, a, chain), .origin = chain + 1u,
	};
	uint64_t due_ms = m->now_ms + 1000ull * (ttl_s < 60 ? 60 : ttl_s > 3600 ? 3600 : ttl_s);
	struct model_entry *e = NULL;
	struct names_change ch;
	uint32_t evicted = 0, named = 0;

	if (m->n == MODEL_ENTRIES)
		return;
	for (unsigned i = 0; i < m->n; ) {
		if (model_in(m, i, c, a) && m->e[i].due_ms <= m->now_ms) {
			model_remove(m, i);
			continue;
		}
		named += model_in(m, i, c, a) && !m->e[i].ghost;
		i++;
	}
	for (unsigned i = 0; i < m->n; i++)
		if (model_in(m, i, c, a) && !m->e[i].ghost && m->e[i].chain / 2 == chain / 2)
			e = &m->e[i];
	m->evicted = 0;
	if (!e) {
		if (named >= m->bound.pair_names)
			model_evict_name(m, c, a);
		e = &m->e[m->n++];
		*e = (struct model_entry){ .client = c, .addr = a, .serial = ++m->serial };
	}
	e->chain = chain;
	e->blocked = answer.blocked;
	e->origin = answer.blocked ? answer.origin : 0;
	if (due_ms > e->due_ms)
		e->due_ms = due_ms;
	m->learning = c * MODEL_ADDRS + a;
	MODEL_CHECK(names_learn(m->names, &answer, &model_addr[a], m->now_ms, &ch, &evicted) == NAMES_LEARNED);
	MODEL_CHECK(evicted == m->evicted);
	m->learning = -1;
	model_hear(m, &ch);
	for (uint8_t i = 0, others = 0; i < MODEL_ADDRS; i++) {
		others += i != a && model_last(m, c, i);
		MODEL_CHECK(i + 1 < MODEL_ADDRS || !others || !model_client_over(m, c));
	}
}

static inline bool model_judge(void *arg, const struct client *client, const struct addr *client_ip,
			       const struct addr *addr, struct span chain, uint32_t *origin)
{
	struct model *m = arg;
	uint8_t c = model_client_of(client), a = model_addr_of(addr);

	MODEL_CHECK(model_addr_of(client_ip) == a);
	for (unsigned i = 0; i < m->n; i++) {
		struct model_entry *e = &m->e[i];

		if (!model_in(m, i, c, a) || e->ghost || !span_eq(model_chain[e->chain], chain))
			continue;
		e->blocked = model_blocks(m->generation, c, a, e->chain);
		e->origin = e->blocked ? *origin = e->chain + 1u : 0;
		return e->blocked;
	}
	MODEL_CHECK(!"a name that was learned");
	return false;
}

/* all that can be asked, in the table and in the model */
static inline void model_compare(struct model *m)
{
	for (uint8_t a = 0; a < MODEL_ADDRS; a++) {
		uint64_t ms = names_suspect(m->names, &model_addr[a], m->now_ms), until = 0;

		for (unsigned i = 0; i < m->n; i++)
			if (m->e[i].addr == a && m->e[i].blocked && m->e[i].due_ms > until)
				until = m->e[i].due_ms;
		MODEL_CHECK(until <= m->now_ms || ms >= until - m->now_ms);
		MODEL_CHECK(until || !ms);
		for (uint8_t c = 0; c < MODEL_CLIENTS; c++) {
			enum pair_state want = model_state(m, c, a);
			uint64_t longest = 0, shortest = UINT64_MAX;
			bool deciding = want == PAIR_UNKNOWN;
			struct names_pair got;

			MODEL_CHECK(names_pair(m->names, &model_client[c], &model_addr[a], m->now_ms, &got) == want);
			for (unsigned i = 0; i < m->n; i++) {
				const struct model_entry *e = &m->e[i];

				if (!model_in(m, i, c, a) || e->due_ms <= m->now_ms)
					continue;
				longest = e->due_ms > longest ? e->due_ms : longest;
				shortest = e->due_ms < shortest ? e->due_ms : shortest;
				deciding |= e->ghost || (e->blocked == (want != PAIR_ALL_WANTED) && e->origin == got.origin &&
							 span_eq(model_question(e->chain), got.name));
			}
			MODEL_CHECK(deciding && got.state == want);
			MODEL_CHECK(got.longest_ms == (want ? longest - m->now_ms : 0));
			MODEL_CHECK(got.shortest_ms == (want ? shortest - m->now_ms : 0));
			/* the promise */
			if (want == PAIR_MIXED || want == PAIR_ALL_WANTED)
				MODEL_CHECK(m->refused_until[c][a] <= m->now_ms);
		}
	}
}

static inline void model_expire(struct model *m)
{
	model_drop_expired(m);
	while (names_expire(m->names, m->now_ms, 3) >= 3)
		;
	MODEL_CHECK(names_count(m->names) == m->n);
	MODEL_CHECK((names_next_ms(m->names) == 0) == (m->n == 0));
	for (uint8_t a = 0; a < MODEL_ADDRS; a++) {
		bool suspect = false;

		for (uint8_t c = 0; c < MODEL_CLIENTS; c++)
			MODEL_CHECK(m->told[c][a] == model_state(m, c, a));
		for (unsigned i = 0; i < m->n; i++)
			suspect |= m->e[i].addr == a && m->e[i].blocked;
		MODEL_CHECK(m->suspect[a] == suspect);
		MODEL_CHECK((names_suspect(m->names, &model_addr[a], m->now_ms) != 0) == suspect);
	}
}

static inline void model_on_each(void *arg, const struct names_change *ch)
{
	struct model *m = arg;
	uint8_t c = model_client_of(&ch->client), a = model_addr_of(&ch->addr);

	MODEL_CHECK(ch->before == ch->after && ch->after == model_state(m, c, a) && ch->suspect == ch->was_suspect);
	m->evicted++;	/* here: pairs seen */
}

/* model_run - the operations of @in against both; aborts at the first difference */
static inline void model_run(const uint8_t *in, size_t len)
{
	static const struct names_bounds small = { 12, 3, 3, 7, 48, 60 }, large = { 4096, 64, 64, 4096, 1 << 20, 1 << 20 };
	struct model *m = calloc(1, sizeof(*m));
	bool tight = len && in[0] & 1;
	uint32_t at, pairs = 0;

	m->bound = tight ? small : large;
	m->learning = -1;
	m->now_ms = 1;
	m->names = names_new(&m->bound, len ? in[0] : 0, model_on_change, m);
	MODEL_CHECK(m->names);
	for (size_t i = 1; i + 4 < len; i += 5, m->now_ms++) {
		uint8_t c = in[i + 1] % MODEL_CLIENTS, a = in[i + 2] % MODEL_ADDRS;
		uint8_t chain = (uint8_t)(in[i + 3] % ARRAY_LEN(model_chain));
		struct names_pair pair;

		switch (in[i] % 8) {
		case 0: case 1: case 2: case 3:
			if (tight)
				model_expire(m);
			model_learn(m, c, a, chain, in[i + 4] * 16u);
			break;
		case 4:
			m->now_ms += in[i + 4] * 2500u;
			break;
		case 5:
			model_expire(m);
			break;
		case 6:	/* a reload; something is learned in the middle */
			m->generation++;
			at = names_review(m->names, 0, 1 + in[i + 1] % 4, m->now_ms, model_judge, m);
			if (tight)
				model_expire(m);
			model_learn(m, c, a, chain, in[i + 4] * 16u);
			while (at)
				at = names_review(m->names, at, 1 + in[i + 1] % 4, m->now_ms, model_judge, m);
			model_expire(m);
			for (unsigned e = 0; e < m->n; e++)
				MODEL_CHECK(m->e[e].ghost || m->e[e].blocked ==
					    model_blocks(m->generation, m->e[e].client, m->e[e].addr, m->e[e].chain));
			break;
		case 7:	/* a SYN: what is refused in user space enters the kernel's set */
			if (names_pair(m->names, &model_client[c], &model_addr[a], m->now_ms, &pair) == PAIR_ALL_BLOCKED)
				m->refused_until[c][a] = m->now_ms + pair.longest_ms;
			break;
		}
		model_compare(m);
	}
	model_expire(m);
	m->evicted = 0;
	for (at = 0; (at = names_each(m->names, at, 3, m->now_ms, model_on_each, m)); )
		;
	for (uint8_t c = 0; c < MODEL_CLIENTS; c++)
		for (uint8_t a = 0; a < MODEL_ADDRS; a++)
			pairs += model_last(m, c, a) != 0;
	MODEL_CHECK(m->evicted == pairs);
	names_free(m->names);
	free(m);
}

#endif
