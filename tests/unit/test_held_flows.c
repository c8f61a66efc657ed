/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_held_flows - flows wait in two lines, are remembered in a third, and keep their packets in order and in bounds
 *
 * limits: HELLO_FLOWS HELLO_HELD HELLO_FLOW_PACKETS HELLO_HOLD_MS HELLO_ODD_MS HELLO_MEMORY_MS
 * links: held_flows addr
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include "held_flows.h"
#include "limits.h"

enum { SERVER = 1 };

static struct addr end_of(unsigned host, unsigned port)
{
	uint8_t ip[4] = { 10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host };
	struct addr a;

	addr_from_ip(&a, AF_INET, ip);
	a.port_be = htons((uint16_t)port);
	return a;
}

static struct held_flow *find(struct held_flows *t, unsigned host)
{
	struct addr src = end_of(host, 50000), dst = end_of(SERVER, 443);

	return held_flow_find(t, host % 2, &src, &dst);
}

/* add - UDP where @host is odd */
static struct held_flow *add(struct held_flows *t, unsigned host, uint64_t now_ms)
{
	struct addr src = end_of(host, 50000), dst = end_of(SERVER, 443);
	struct client c = { .kind = CLIENT_HW, .hw = { 2, 0, 0, 0, 0, (uint8_t)host } };
	struct held_flow *f = held_flow_add(t, host % 2, &src, &dst, &c, now_ms);

	if (f) {
		assert_int_equal(f->state, HELD_ASKED);
		assert_int_equal(f->since_ms, now_ms);
		assert_int_equal(f->packets, 0);
		assert_int_equal(f->client.hw[5], (uint8_t)host);
		assert_true(f->token != 0 && held_flow_named(t, f->token) == f && find(t, host) == f);
	}
	return f;
}

static void a_flow_is_found_by_all_of_its_key(void **state)
{
	struct held_flows *t = held_flows_new(8, 8, 7);
	struct addr src = end_of(2, 50000), dst = end_of(SERVER, 443), port = end_of(2, 50001), v6;
	struct held_flow *f = add(t, 2, 0);

	(void)state;
	assert_true(addr_parse(&v6, SPAN_LIT("2001:db8::1")));
	assert_ptr_equal(held_flow_find(t, false, &src, &dst), f);
	assert_null(held_flow_find(t, true, &src, &dst));
	assert_null(held_flow_find(t, false, &dst, &src));
	assert_null(held_flow_find(t, false, &port, &dst));
	assert_null(held_flow_find(t, false, &src, &v6));
	held_flow_drop(t, f);
	assert_null(held_flow_find(t, false, &src, &dst));
	held_flows_free(t);
	held_flows_free(NULL);
}

static void a_token_names_one_flow_only(void **state)
{
	enum { MAX = 3 };	/* no power of two */
	struct held_flows *t = held_flows_new(MAX, 1, 7);
	uint32_t seen[300], n = 0;

	(void)state;
	assert_null(held_flow_named(t, 0));
	assert_null(held_flow_named(t, 12345));
	for (; n < 300; n++) {
		struct held_flow *f = add(t, n, n);

		seen[n] = f->token;
		for (uint32_t i = 0; i < n; i++)	/* of a flow that is gone */
			assert_true(seen[i] != seen[n] && !held_flow_named(t, seen[i]));
		held_flow_drop(t, f);
		assert_null(held_flow_named(t, seen[n]));
	}
	held_flows_free(t);
}

/* after 2^32 of them they begin anew, and are still no other flow's */
static void tokens_may_run_out(void **state)
{
	static const uint32_t sizes[] = { 1, 3, 8192 };

	(void)state;
	for (unsigned s = 0; s < 3; s++) {
		struct held_flows *t = held_flows_new(sizes[s], 1, 7);
		struct held_flow *first = add(t, 0, 0), *second = sizes[s] > 1 ? add(t, 1, 0) : NULL;

		first->turn = UINT32_MAX / sizes[s] - 5;
		if (second)
			second->turn = first->turn;
		for (unsigned n = 0; n < 20; n++) {
			held_flow_drop(t, first);
			first = add(t, 0, 0);		/* says that its token names it */
			if (second) {
				held_flow_drop(t, second);
				second = add(t, 1, 0);
				assert_int_not_equal(first->token, second->token);
			}
		}
		held_flows_free(t);
	}
}

static void each_line_has_its_patience(void **state)
{
	static const struct row {
		const char *why;
		enum held_state then[2];	/* ASKED: stays */
		uint64_t at_ms[2], due_ms;
	} rows[] = {
		{ "asked", { HELD_ASKED, HELD_ASKED }, { 0, 0 }, LIMIT_HELLO_HOLD_MS },
		{ "odd: from then on", { HELD_ODD, HELD_ASKED }, { 30, 0 }, 30 + LIMIT_HELLO_ODD_MS },
		{ "odd again", { HELD_ODD, HELD_ODD }, { 30, 40 }, 30 + LIMIT_HELLO_ODD_MS },
		{ "a beginning: from the first packet on", { HELD_MORE, HELD_ASKED }, { 30, 0 }, LIMIT_HELLO_HOLD_MS },
		{ "a beginning again: no longer", { HELD_MORE, HELD_MORE }, { 30, 100 }, LIMIT_HELLO_HOLD_MS },
		{ "odd, then a beginning", { HELD_ODD, HELD_MORE }, { 20, 45 }, 45 + LIMIT_HELLO_HOLD_MS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct held_flows *t = held_flows_new(4, 4, 7);
		struct held_flow *f = add(t, 2, 1000);

		for (int k = 0; k < 2 && rows[i].then[k] != HELD_ASKED; k++)
			held_flow_enter(t, f, rows[i].then[k], 1000 + rows[i].at_ms[k]);
		if (held_flows_due_ms(t) != 1000 + rows[i].due_ms)
			fail_msg("%s: due at %llu", rows[i].why, (unsigned long long)held_flows_due_ms(t));
		if (held_flows_due(t, 1000 + rows[i].due_ms - 1) || held_flows_due(t, 1000 + rows[i].due_ms) != f)
			fail_msg("%s: due at another time than it says", rows[i].why);
		assert_null(held_flows_due(t, 0));	/* a clock that went back */
		assert_ptr_equal(held_flows_oldest(t), f);
		held_flow_enter(t, f, HELD_PASS, 2000);
		assert_true(held_flows_due_ms(t) == UINT64_MAX && !held_flows_due(t, UINT64_MAX) && !held_flows_oldest(t));
		held_flows_free(t);
	}
}

static void what_was_decided_is_remembered_for_a_while(void **state)
{
	struct held_flows *t = held_flows_new(4, 4, 7);
	struct held_flow *f = add(t, 2, 0), *g = add(t, 4, 0), *h = add(t, 6, 0);
	uint32_t token = f->token;

	(void)state;
	held_flow_enter(t, f, HELD_PASS, 100);
	held_flow_enter(t, g, HELD_REFUSE, 150);
	held_flow_enter(t, f, HELD_REFUSE, 500);	/* not remembered longer for that */
	held_flows_age(t, 100 + LIMIT_HELLO_MEMORY_MS - 1);
	assert_true(find(t, 2) == f && f->state == HELD_REFUSE && held_flow_named(t, token) == f);
	held_flows_age(t, 100 + LIMIT_HELLO_MEMORY_MS);
	assert_true(!find(t, 2) && !held_flow_named(t, token) && find(t, 4) == g);
	held_flows_age(t, 150 + LIMIT_HELLO_MEMORY_MS);
	assert_null(find(t, 4));
	held_flows_age(t, UINT64_MAX);
	assert_ptr_equal(find(t, 6), h);		/* undecided: patience, not memory */
	held_flows_free(t);
}

static void at_the_bound_of_flows_the_oldest_decided_goes(void **state)
{
	struct held_flows *t = held_flows_new(LIMIT_HELLO_FLOWS, LIMIT_HELLO_HELD, 7);

	(void)state;
	for (unsigned i = 0; i < LIMIT_HELLO_FLOWS; i++)
		assert_non_null(add(t, i, i));
	assert_null(add(t, LIMIT_HELLO_FLOWS, 9000));	/* all of them wait: nobody goes */
	for (unsigned i = 0; i < LIMIT_HELLO_FLOWS; i++)
		assert_non_null(find(t, i));
	held_flow_enter(t, find(t, 70), HELD_PASS, 9000);
	held_flow_enter(t, find(t, 30), HELD_REFUSE, 9001);
	assert_non_null(add(t, LIMIT_HELLO_FLOWS, 9002));
	assert_true(!find(t, 70) && find(t, 30));
	assert_non_null(add(t, LIMIT_HELLO_FLOWS + 1, 9002));
	assert_null(find(t, 30));
	assert_null(add(t, LIMIT_HELLO_FLOWS + 2, 9002));
	assert_ptr_equal(held_flows_oldest(t), find(t, 0));
	held_flows_free(t);
}

static void a_flow_gives_its_packets_in_order(void **state)
{
	struct held_flows *t = held_flows_new(2, 100, 7);
	struct held_flow *f = add(t, 2, 0), *g = add(t, 3, 0);
	uint32_t id, mark;

	(void)state;
	assert_false(held_flow_take(t, f, &id, &mark));
	for (uint32_t i = 0; i < LIMIT_HELLO_FLOW_PACKETS; i++) {
		assert_true(held_flow_hold(t, f, 100 + i, 0x1000 + i));
		assert_true(held_flow_hold(t, g, 200 + i, 0x2000 + i));
	}
	assert_false(held_flow_hold(t, f, 1, 1));
	assert_int_equal(f->packets, LIMIT_HELLO_FLOW_PACKETS);
	assert_int_equal(held_flows_waiting(t), 2 * LIMIT_HELLO_FLOW_PACKETS);
	for (uint32_t i = 0; i < LIMIT_HELLO_FLOW_PACKETS; i++) {
		assert_true(held_flow_take(t, f, &id, &mark));
		assert_true(id == 100 + i && mark == 0x1000 + i);
	}
	assert_false(held_flow_take(t, f, &id, &mark));
	assert_true(f->packets == 0 && g->packets == LIMIT_HELLO_FLOW_PACKETS);
	assert_true(held_flow_hold(t, f, 7, 8) && held_flow_take(t, f, &id, &mark) && id == 7 && mark == 8);
	assert_true(held_flow_take(t, g, &id, &mark) && id == 200 && mark == 0x2000);
	held_flows_free(t);
}

static void packets_of_all_flows_have_a_bound(void **state)
{
	struct held_flows *t = held_flows_new(LIMIT_HELLO_FLOWS, LIMIT_HELLO_HELD, 7);
	struct held_flow *f;
	uint32_t id, mark;

	(void)state;
	for (unsigned i = 0; i < LIMIT_HELLO_HELD; i++)
		assert_true(held_flow_hold(t, add(t, i, 0), i, 0));
	f = add(t, LIMIT_HELLO_HELD, 0);
	assert_int_equal(held_flows_waiting(t), LIMIT_HELLO_HELD);
	assert_false(held_flow_hold(t, f, 1, 1));
	assert_false(held_flow_hold(t, find(t, 0), 1, 1));
	assert_true(f->packets == 0 && find(t, 0)->packets == 1);
	assert_true(held_flow_take(t, find(t, 9), &id, &mark) && id == 9);
	assert_true(held_flow_hold(t, f, 1, 1));		/* there is room again */
	assert_false(held_flow_hold(t, f, 1, 1));
	held_flows_free(t);
}

/* --- random operations against a model that looks at everything each time ----------- */

enum { KEYS = 12, MAX = 8, PACKETS = 100 };

struct model {
	struct {
		bool there;
		enum held_state state;
		uint64_t since_ms, turn;	/* entered its line as the turn-th of all */
		uint32_t token, packets, id[LIMIT_HELLO_FLOW_PACKETS];
	} flow[KEYS];
	uint64_t turns;
};

static unsigned line_of(enum held_state s) { return s >= HELD_PASS ? 2 : s != HELD_ODD; }

/* first - of a line; KEYS: none */
static unsigned first(const struct model *m, unsigned line)
{
	unsigned best = KEYS;

	for (unsigned k = 0; k < KEYS; k++)
		if (m->flow[k].there && line_of(m->flow[k].state) == line && (best == KEYS || m->flow[k].turn < m->flow[best].turn))
			best = k;
	return best;
}

static uint64_t due_ms(const struct model *m, unsigned line)
{
	static const uint64_t patience[] = { LIMIT_HELLO_ODD_MS, LIMIT_HELLO_HOLD_MS, LIMIT_HELLO_MEMORY_MS };
	unsigned k = first(m, line);

	return k == KEYS ? UINT64_MAX : m->flow[k].since_ms + patience[line];
}

static uint32_t counted(const struct model *m, bool packets)
{
	uint32_t n = 0;

	for (unsigned k = 0; k < KEYS; k++)
		n += !m->flow[k].there ? 0 : packets ? m->flow[k].packets : 1;
	return n;
}

static void same(struct held_flows *t, const struct model *m, uint64_t now_ms)
{
	uint64_t odd = due_ms(m, 0), more = due_ms(m, 1);
	unsigned oldest = first(m, 0) < KEYS ? first(m, 0) : first(m, 1), due = odd <= now_ms ? first(m, 0) : more <= now_ms ? first(m, 1) : KEYS;

	for (unsigned k = 0; k < KEYS; k++) {
		struct held_flow *f = find(t, k);

		assert_int_equal(f != NULL, m->flow[k].there);
		if (f)
			assert_true(f->token == m->flow[k].token && f->state == m->flow[k].state && f->since_ms == m->flow[k].since_ms &&
				    f->packets == m->flow[k].packets);
		assert_ptr_equal(held_flow_named(t, m->flow[k].token), f);
	}
	assert_int_equal(held_flows_waiting(t), counted(m, true));
	assert_true(held_flows_due_ms(t) == (odd < more ? odd : more));
	assert_ptr_equal(held_flows_oldest(t), oldest < KEYS ? find(t, oldest) : NULL);
	assert_ptr_equal(held_flows_due(t, now_ms), due < KEYS ? find(t, due) : NULL);
}

static void model_take(struct held_flows *t, struct model *m, unsigned k)
{
	uint32_t id, mark;
	bool got = held_flow_take(t, find(t, k), &id, &mark);

	assert_int_equal(got, m->flow[k].packets > 0);
	if (!got)
		return;
	assert_true(id == m->flow[k].id[0] && mark == ~id);
	m->flow[k].packets--;
	memmove(m->flow[k].id, m->flow[k].id + 1, m->flow[k].packets * sizeof(uint32_t));
}

static void model_add(struct held_flows *t, struct model *m, unsigned k, uint64_t now_ms)
{
	struct held_flow *f = add(t, k, now_ms);
	unsigned gone = first(m, 2);

	assert_int_equal(f != NULL, counted(m, false) < MAX || gone < KEYS);
	if (!f)
		return;
	if (counted(m, false) == MAX)
		m->flow[gone].there = false;
	memset(&m->flow[k], 0, sizeof(m->flow[k]));
	m->flow[k].there = true;
	m->flow[k].token = f->token;
	m->flow[k].since_ms = now_ms;
	m->flow[k].turn = ++m->turns;
}

static void model_enter(struct held_flows *t, struct model *m, unsigned k, enum held_state s, uint64_t now_ms)
{
	held_flow_enter(t, find(t, k), s, now_ms);
	if (line_of(s) != line_of(m->flow[k].state)) {
		m->flow[k].since_ms = now_ms;
		m->flow[k].turn = ++m->turns;
	}
	m->flow[k].state = s;
	while (s >= HELD_PASS && m->flow[k].packets)
		model_take(t, m, k);
}

static void random_operations_do_what_a_model_does(void **state)
{
	struct held_flows *t = held_flows_new(MAX, PACKETS, 99);
	static struct model m;
	uint64_t now_ms = 5, rng = 88172645463325252u;
	uint32_t id = 0, full = 0, crowded = 0;

	(void)state;
	for (unsigned n = 0; n < 60000; n++) {
		unsigned k, op, decide = n / 10000 % 2 ? 3 : 5;	/* for a while nobody is decided */

		rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
		k = (unsigned)(rng >> 8) % KEYS;
		op = (unsigned)(rng >> 20) % 64;
		now_ms += (rng >> 40) % 8 == 0 ? (rng >> 44) % (n / 5000 % 2 ? 400 : 20) : 0;
		if (op == 0) {
			held_flows_age(t, now_ms);
			while (due_ms(&m, 2) <= now_ms)
				m.flow[first(&m, 2)].there = false;
		} else if (!m.flow[k].there) {
			full += counted(&m, false) == MAX;
			model_add(t, &m, k, now_ms);
		} else if (op < 40 && m.flow[k].state < HELD_PASS) {
			bool want = m.flow[k].packets < LIMIT_HELLO_FLOW_PACKETS && counted(&m, true) < PACKETS;

			crowded += !want;
			id++;
			assert_int_equal(held_flow_hold(t, find(t, k), id, ~id), want);
			if (want)
				m.flow[k].id[m.flow[k].packets++] = id;
		} else if (op < 48) {
			model_take(t, &m, k);
		} else if (op < 60) {
			/* from decided to undecided nobody goes */
			model_enter(t, &m, k, m.flow[k].state >= HELD_PASS ? HELD_PASS + op % 2 : (enum held_state)(op % decide), now_ms);
		} else {
			while (m.flow[k].packets)
				model_take(t, &m, k);
			held_flow_drop(t, find(t, k));
			m.flow[k].there = false;
		}
		same(t, &m, now_ms);
	}
	assert_true(full > 100 && crowded > 100);	/* the bounds were reached */
	held_flows_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_is_found_by_all_of_its_key),
		cmocka_unit_test(a_token_names_one_flow_only),
		cmocka_unit_test(tokens_may_run_out),
		cmocka_unit_test(each_line_has_its_patience),
		cmocka_unit_test(what_was_decided_is_remembered_for_a_while),
		cmocka_unit_test(at_the_bound_of_flows_the_oldest_decided_goes),
		cmocka_unit_test(a_flow_gives_its_packets_in_order),
		cmocka_unit_test(packets_of_all_flows_have_a_bound),
		cmocka_unit_test(random_operations_do_what_a_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
