/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ruleset - the interpreter of others' rules, over models made by hand
 * links: addr ruleset_eval ruleset_packet ruleset_set ruleset_text ruleset_xt
 *
 * What real firewalls look like is tested against the kernel (tests/e2e/ruleset_answers.sh);
 * here are the corners that no tool writes: unknown bits, loops, cut blobs, too many rules.
 */
/* limits: RULESET_STEPS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "ruleset_model.h"

enum { CHAINS = 20, RULES = 64, EXPRS = 256 };

/* a model with CHAINS empty chains c0, c1, ... of table inet t; c0 is on the forward hook */
static void model_begin(struct rs_model *m)
{
	memset(m, 0, sizeof(*m));
	m->chain = calloc(CHAINS, sizeof(*m->chain));
	m->rule = calloc(RULES, sizeof(*m->rule));
	m->expr = calloc(EXPRS, sizeof(*m->expr));
	m->set = calloc(4, sizeof(*m->set));
	m->chains = CHAINS;
	for (uint32_t i = 0; i < CHAINS; i++) {
		m->chain[i].family = NFPROTO_INET;
		m->chain[i].table = strdup("t");
		assert_true(asprintf(&m->chain[i].name, "c%02u", i) > 0);
	}
	m->chain[0].base = true;
	m->chain[0].hook = NF_INET_FORWARD;
	assert_int_equal(rs_model_index(m), 0);
}

/* a rule at the end of @chain; chains must be filled one after the other */
static void rule(struct rs_model *m, uint32_t chain, const struct rs_expr *e, unsigned count)
{
	struct rs_rule *r = &m->rule[m->rules];

	assert_true(m->rules < RULES && m->exprs + count <= EXPRS);
	if (m->chain[chain].count++ == 0)
		m->chain[chain].first = m->rules;
	r->handle = ++m->rules;
	r->first = m->exprs;
	r->count = count;
	memcpy(m->expr + m->exprs, e, count * sizeof(*e));
	m->exprs += count;
}
#define RULE(m, chain, ...) \
	rule(m, chain, (const struct rs_expr[]){ __VA_ARGS__ }, \
	     ARRAY_LEN(((const struct rs_expr[]){ __VA_ARGS__ })))

#define VERDICT(v, c)	{ .op = RS_OP_VERDICT, .target = { (v), (c) } }
#define ACCEPT		VERDICT(RS_ACCEPT, 0)
#define DROP		VERDICT(RS_DROP, 0)
#define RETURN		VERDICT(RS_RETURN, 0)
#define JUMP(c)		VERDICT(RS_JUMP, c)
#define GOTO(c)		VERDICT(RS_GOTO, c)
#define MAYBE		{ .op = RS_OP_MAYBE, .why = "chance" }
#define NEVER		{ .op = RS_OP_NO }
#define ANYTHING	{ .op = RS_OP_ANYTHING, .why = "a queue" }
#define META(k)		{ .op = RS_OP_META, .key = (k), .len = 4 }
#define IS(op_, ...)	{ .op = RS_OP_CMP, .cmp = (op_), .len = 4, .data = { __VA_ARGS__ } }
#define SET_MARK(...)	{ .op = RS_OP_IMMEDIATE, .len = 4, .data = { __VA_ARGS__ } }, \
			{ .op = RS_OP_META_SET, .key = NFT_META_MARK }

static enum ruleset_answer run(struct rs_model *m, bool marks_known, struct rs_outcome *out)
{
	struct ruleset_packet p = { .family = AF_INET };
	struct rs_outcome o = { .pass = true };
	unsigned steps = 10000;
	struct rs_packet k;

	addr_parse(&p.src, SPAN_LIT("10.1.0.2"));
	addr_parse(&p.dst, SPAN_LIT("203.0.113.2"));
	p.dst.port_be = htons(80);
	rs_packet_init(&k, &p, false, marks_known);
	rs_evaluate(m, &k, NF_INET_FORWARD, INT64_MIN, &o, &steps);
	if (out)
		*out = o;
	if (o.gave_up)
		return RULESET_UNKNOWN;
	return !o.pass ? RULESET_DROPPED : o.drop ? RULESET_UNKNOWN : RULESET_PASSES;
}

#define EXPECT(m, answer) do { \
		assert_int_equal(run(m, true, NULL), RULESET_##answer); \
		rs_model_fini(m); \
	} while (0)

static void test_unknown_is_followed_both_ways(void **state)
{
	struct rs_model m;

	(void)state;
	model_begin(&m);	/* both ways drop */
	RULE(&m, 0, MAYBE, DROP);
	RULE(&m, 0, DROP);
	EXPECT(&m, DROPPED);
	model_begin(&m);	/* both ways pass */
	RULE(&m, 0, MAYBE, ACCEPT);
	EXPECT(&m, PASSES);
	model_begin(&m);	/* they part */
	RULE(&m, 0, MAYBE, ACCEPT);
	RULE(&m, 0, DROP);
	EXPECT(&m, UNKNOWN);
	model_begin(&m);	/* a sure no after a maybe: the rule does not match */
	RULE(&m, 0, MAYBE, NEVER, DROP);
	EXPECT(&m, PASSES);
	model_begin(&m);	/* maybe into a chain that drops, else dropped too */
	RULE(&m, 0, MAYBE, JUMP(1));
	RULE(&m, 0, DROP);
	RULE(&m, 1, DROP);
	EXPECT(&m, DROPPED);
	model_begin(&m);	/* maybe a return past the drop */
	RULE(&m, 0, JUMP(1));
	RULE(&m, 1, MAYBE, RETURN);
	RULE(&m, 1, DROP);
	EXPECT(&m, UNKNOWN);
	model_begin(&m);	/* maybe a goto, whose end leads past the drop */
	RULE(&m, 0, JUMP(1));
	RULE(&m, 1, MAYBE, GOTO(2));
	RULE(&m, 1, DROP);
	EXPECT(&m, UNKNOWN);
	model_begin(&m);	/* a queue may do anything */
	RULE(&m, 0, ANYTHING);
	EXPECT(&m, UNKNOWN);
	model_begin(&m);	/* but not undo what comes before */
	RULE(&m, 0, DROP);
	RULE(&m, 0, ANYTHING);
	EXPECT(&m, DROPPED);
}

static void test_policy_and_the_text(void **state)
{
	struct ruleset_where w = { 0 };
	struct rs_outcome o;
	struct rs_model m;

	(void)state;
	model_begin(&m);
	m.chain[0].policy_drop = true;
	RULE(&m, 0, NEVER, ACCEPT);
	assert_int_equal(run(&m, true, &o), RULESET_DROPPED);
	rs_where_drop(&m, &o.drop_at, &w);
	assert_string_equal(w.text, "chain c00 of table inet t, policy drop");
	assert_int_equal(w.handle, 0);
	m.chain[0].policy_drop = false;
	RULE(&m, 0, JUMP(1));
	RULE(&m, 1, { .op = RS_OP_REJECT });
	assert_int_equal(run(&m, true, &o), RULESET_DROPPED);
	rs_where_drop(&m, &o.drop_at, &w);
	assert_string_equal(w.text, "chain c01 (from c00) of table inet t, rule handle 3: reject");
	rs_model_fini(&m);
}

static void test_loops_and_too_many_rules_end(void **state)
{
	struct rs_outcome o;
	struct rs_model m;

	(void)state;
	model_begin(&m);	/* the kernel refuses loops; we only must end */
	RULE(&m, 0, JUMP(1));
	RULE(&m, 1, MAYBE, ACCEPT);
	RULE(&m, 1, JUMP(1));
	assert_int_equal(run(&m, true, NULL), RULESET_UNKNOWN);
	rs_model_fini(&m);
	model_begin(&m);	/* each chain jumps twice to the next: 2^18 ways */
	for (uint32_t i = 0; i < 16; i++) {
		RULE(&m, i, JUMP(i + 1));
		RULE(&m, i, JUMP(i + 1));
	}
	assert_int_equal(run(&m, true, &o), RULESET_UNKNOWN);
	assert_true(o.gave_up);
	rs_model_fini(&m);
	model_begin(&m);	/* a jump to nowhere, registers past the end */
	RULE(&m, 0, { .op = RS_OP_META, .dreg = 60, .len = 16, .key = NFT_META_IIFNAME }, NEVER);
	RULE(&m, 0, { .op = RS_OP_CMP, .sreg = 255, .len = 4 }, NEVER);
	RULE(&m, 0, { .op = RS_OP_LOOKUP, .set = 99, .verdict_map = true });
	RULE(&m, 0, JUMP(CHAINS + 7));
	EXPECT(&m, UNKNOWN);
}

static void test_marks(void **state)
{
	struct rs_model m;

	(void)state;
	model_begin(&m);
	RULE(&m, 0, SET_MARK(5));
	RULE(&m, 0, META(NFT_META_MARK), IS(NFT_CMP_EQ, 5), DROP);
	EXPECT(&m, DROPPED);
	model_begin(&m);	/* maybe set: not known afterwards */
	RULE(&m, 0, MAYBE, SET_MARK(5));
	RULE(&m, 0, META(NFT_META_MARK), IS(NFT_CMP_EQ, 5), DROP);
	EXPECT(&m, UNKNOWN);
	model_begin(&m);	/* but it is 0 or 5, and not 2 */
	RULE(&m, 0, MAYBE, SET_MARK(5));
	RULE(&m, 0, META(NFT_META_MARK), IS(NFT_CMP_EQ, 2), DROP);
	EXPECT(&m, PASSES);
	model_begin(&m);	/* set for sure, in a chain that is maybe entered */
	RULE(&m, 0, MAYBE, JUMP(1));
	RULE(&m, 0, META(NFT_META_MARK), IS(NFT_CMP_EQ, 0), DROP);
	RULE(&m, 1, SET_MARK(5));
	EXPECT(&m, UNKNOWN);
	model_begin(&m);	/* set after a way that may have left the chain */
	RULE(&m, 0, JUMP(1));
	RULE(&m, 0, META(NFT_META_MARK), IS(NFT_CMP_EQ, 0), DROP);
	RULE(&m, 1, MAYBE, RETURN);
	RULE(&m, 1, SET_MARK(5));
	EXPECT(&m, UNKNOWN);
	model_begin(&m);	/* written before this hook by who knows whom */
	RULE(&m, 0, META(NFT_META_MARK), IS(NFT_CMP_EQ, 0), DROP);
	assert_int_equal(run(&m, false, NULL), RULESET_UNKNOWN);
	rs_model_fini(&m);
}

static void test_compare_knows_what_it_can(void **state)
{
	static const struct {
		const char *why;
		uint8_t val[2], known[2], data[2];
		enum rs_tri eq, lt, lte, gt, gte;
	} rows[] = {
		{ "all known, equal", { 1, 2 }, { 255, 255 }, { 1, 2 },
		  RS_YES, RS_NO, RS_YES, RS_NO, RS_YES },
		{ "all known, less", { 1, 2 }, { 255, 255 }, { 1, 3 },
		  RS_NO, RS_YES, RS_YES, RS_NO, RS_NO },
		{ "nothing known", { 0, 0 }, { 0, 0 }, { 1, 3 },
		  RS_MAYBE, RS_MAYBE, RS_MAYBE, RS_MAYBE, RS_MAYBE },
		{ "nothing known, at most the most", { 0, 0 }, { 0, 0 }, { 255, 255 },
		  RS_MAYBE, RS_MAYBE, RS_YES, RS_NO, RS_MAYBE },
		{ "nothing known, at least the least", { 0, 0 }, { 0, 0 }, { 0, 0 },
		  RS_MAYBE, RS_NO, RS_MAYBE, RS_MAYBE, RS_YES },
		{ "the first byte decides", { 7, 0 }, { 255, 0 }, { 6, 200 },
		  RS_NO, RS_NO, RS_NO, RS_YES, RS_YES },
		{ "a known bit differs", { 0x80, 0 }, { 0x80, 0 }, { 0x7f, 0xff },
		  RS_NO, RS_NO, RS_NO, RS_YES, RS_YES },
		{ "the low byte is open", { 5, 0 }, { 255, 0 }, { 5, 9 },
		  RS_MAYBE, RS_MAYBE, RS_MAYBE, RS_MAYBE, RS_MAYBE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const uint8_t *v = rows[i].val, *k = rows[i].known, *d = rows[i].data;

		if (rs_compare(NFT_CMP_EQ, v, k, d, 2) != rows[i].eq ||
		    rs_compare(NFT_CMP_NEQ, v, k, d, 2) != rs_not(rows[i].eq) ||
		    rs_compare(NFT_CMP_LT, v, k, d, 2) != rows[i].lt ||
		    rs_compare(NFT_CMP_LTE, v, k, d, 2) != rows[i].lte ||
		    rs_compare(NFT_CMP_GT, v, k, d, 2) != rows[i].gt ||
		    rs_compare(NFT_CMP_GTE, v, k, d, 2) != rows[i].gte)
			fail_msg("%s", rows[i].why);
	}
}

/* whatever the known bits, the answer must hold for every value that agrees with them */
static void test_compare_is_never_certain_and_wrong(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 20000; n++) {
		uint8_t val[2], known[2], data[2], full[2] = { 0xff, 0xff };
		unsigned cmp = (unsigned)random() % 6;
		enum rs_tri t;

		for (int i = 0; i < 2; i++) {
			val[i] = (uint8_t)(random() & 3);
			known[i] = (uint8_t)(random() | 0xfc);
			data[i] = (uint8_t)(random() & 3);
		}
		t = rs_compare(cmp, val, known, data, 2);
		for (unsigned bits = 0; bits < 16 && t != RS_MAYBE; bits++) {
			uint8_t could[2] = {
				(uint8_t)((val[0] & known[0]) | (bits & 3 & ~known[0])),
				(uint8_t)((val[1] & known[1]) | (bits >> 2 & ~known[1])),
			};

			assert_int_equal(rs_compare(cmp, could, full, data, 2), t);
		}
	}
}

static struct rs_set *make_set(struct rs_model *m, const uint8_t *keys, const uint8_t *flags,
			       uint32_t count)
{
	struct rs_set *s = &m->set[m->sets++];

	s->table = strdup("t");
	s->name = strdup("s");
	s->klen = 1;
	s->count = count;
	s->key = malloc(count);
	s->flag = calloc(count, 1);
	memcpy(s->key, keys, count);
	if (flags)
		memcpy(s->flag, flags, count);
	return s;
}

static enum rs_tri set_has(const struct rs_model *m, const struct rs_set *s, uint8_t val, uint8_t known)
{
	uint8_t v[4] = { val }, k[4] = { known };
	struct rs_data d;

	return rs_set_lookup(m, s, v, k, &d);
}

static void test_sets(void **state)
{
	static const uint8_t e[] = { RS_ELEM_END, 0, RS_ELEM_END, 0, RS_ELEM_END, 0 };
	struct rs_set *s;
	struct rs_model m;

	(void)state;
	model_begin(&m);
	s = make_set(&m, (const uint8_t[]){ 9, 3, 200 }, NULL, 3);
	assert_int_equal(rs_model_index(&m), 0);
	assert_int_equal(set_has(&m, s, 3, 255), RS_YES);
	assert_int_equal(set_has(&m, s, 4, 255), RS_NO);
	assert_int_equal(set_has(&m, s, 0, 255), RS_NO);
	assert_int_equal(set_has(&m, s, 255, 255), RS_NO);
	assert_int_equal(set_has(&m, s, 0, 0), RS_MAYBE);
	assert_int_equal(set_has(&m, s, 0x40, 0x40), RS_MAYBE);	/* 200 has that bit */
	assert_int_equal(set_has(&m, s, 0x10, 0x10), RS_NO);	/* none has */
	/* [10, 20) [20, 30) [200, ...: as the kernel dumps them, backwards, with an end at 0 */
	s = make_set(&m, (const uint8_t[]){ 30, 20, 20, 10, 0, 200 }, e, 6);
	s->interval = true;
	assert_int_equal(rs_model_index(&m), 0);
	assert_int_equal(set_has(&m, s, 0, 255), RS_NO);
	assert_int_equal(set_has(&m, s, 9, 255), RS_NO);
	assert_int_equal(set_has(&m, s, 10, 255), RS_YES);
	assert_int_equal(set_has(&m, s, 20, 255), RS_YES);
	assert_int_equal(set_has(&m, s, 29, 255), RS_YES);
	assert_int_equal(set_has(&m, s, 30, 255), RS_NO);
	assert_int_equal(set_has(&m, s, 255, 255), RS_YES);
	assert_int_equal(set_has(&m, s, 0x40, 0xc0), RS_NO);	/* 64 to 127 */
	assert_int_equal(set_has(&m, s, 0x80, 0x80), RS_MAYBE);
	s->catchall = true;
	assert_int_equal(set_has(&m, s, 30, 255), RS_YES);
	s->ask = true;		/* nobody to ask */
	assert_int_equal(set_has(&m, s, 30, 255), RS_MAYBE);
	rs_model_fini(&m);
}

/* every length of a blob, ending at an allocation's end: cut ones are MAYBE, none is overread */
static void test_cut_blobs(void **state)
{
	static const char *const names[] = {
		"addrtype", "connlimit", "connmark", "conntrack", "devgroup", "hashlimit", "iprange",
		"mac", "mark", "multiport", "pkttype", "state", "tcp", "udp", "what", "MARK", "CONNMARK",
		"REJECT", "LOG",
	};
	struct ruleset_packet p = { .family = AF_INET6 };
	struct rs_packet k;

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		for (uint32_t len = 0; len < 360; len++) {
			struct rs_expr e = { .info_len = len };

			snprintf(e.why, sizeof(e.why), "%s", names[n]);
			e.info = len ? malloc(len) : NULL;
			for (uint32_t i = 0; i < len; i++)
				e.info[i] = (uint8_t)random();
			for (e.rev = 0; e.rev < 4; e.rev++) {
				enum rs_tri t;

				rs_packet_init(&k, &p, true, true);
				t = rs_xt_match(&k, &e);
				assert_true(t == RS_NO || t == RS_YES || t == RS_MAYBE);
				if (strcmp(names[n], "conntrack") == 0 &&
				    len < sizeof(struct xt_conntrack_mtinfo1))
					assert_int_equal(t, RS_MAYBE);
				rs_xt_target(&k, &e, true);
			}
			free(e.info);
		}
	}
}

static void test_a_word_set_maybe_is_known_where_nothing_changes(void **state)
{
	struct rs_word w = { 0x10, 0xffffffff };

	(void)state;
	rs_word_set(&w, (struct rs_word){ 0x30, 0xffffffff }, 0xff, false);
	assert_int_equal(w.known, 0xffffffff & ~0x20u);
	rs_word_set(&w, (struct rs_word){ 0x30, 0xffffffff }, 0xff, true);
	assert_int_equal(w.known, 0xffffffff);
	assert_int_equal(w.val, 0x30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_is_followed_both_ways),
		cmocka_unit_test(test_policy_and_the_text),
		cmocka_unit_test(test_loops_and_too_many_rules_end),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_compare_knows_what_it_can),
		cmocka_unit_test(test_compare_is_never_certain_and_wrong),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_cut_blobs),
		cmocka_unit_test(test_a_word_set_maybe_is_known_where_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
