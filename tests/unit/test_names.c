/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_names - links: names names_store addr */
/* limits: NAME_TTL_FLOOR NAME_TTL_CEILING NAMES_LEARNED PAIR_NAMES CLIENT_NAMES NAMES_BYTES CLIENT_NAMES_BYTES */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "limits.h"
#include "names_model.h"

enum { MINUTE = 60000 };	/* ms */

struct heard {
	unsigned n;
	struct names_change last;
};

static void hear(void *arg, const struct names_change *ch)
{
	struct heard *h = arg;

	h->n++;
	h->last = *ch;
}

static struct addr ip4(uint32_t i)
{
	struct addr a = { .family = 2, .ip = { 198, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };

	return a;
}

/* learn one name without a chain; returns what became of the pair */
static struct names_change learn(struct names *n, uint8_t client, const struct addr *addr, const char *name, bool blocked,
				 uint32_t ttl_s, uint64_t now_ms, uint32_t *evicted)
{
	char chain[256];
	struct names_answer a = { .client = model_client[client], .blocked = blocked, .origin = 7, .ttl_s = ttl_s };
	struct names_change ch;

	a.chain = (struct span){ chain, (size_t)snprintf(chain, sizeof(chain), "%c%s", (int)strlen(name), name) };
	assert_int_equal(names_learn(n, &a, addr, now_ms, &ch, evicted), NAMES_LEARNED);
	return ch;
}

static void a_wanted_name_on_the_address_lifts_the_refusal(void **state)
{
	struct names_bounds b = names_bounds_default();
	struct heard h = { 0 };
	struct names *n = names_new(&b, 1, hear, &h);
	struct addr cdn = ip4(1);
	struct names_change ch;
	struct names_pair p;
	uint32_t evicted = 0;

	(void)state;
	ch = learn(n, 0, &cdn, "ads.example", true, 300, 1, &evicted);
	assert_true(ch.before == PAIR_UNKNOWN && ch.after == PAIR_ALL_BLOCKED && ch.suspect && !ch.was_suspect);
	assert_int_equal(ch.remaining_ms, 300000);
	ch = learn(n, 0, &cdn, "shop.example", false, 120, 2, &evicted);
	assert_true(ch.before == PAIR_ALL_BLOCKED && ch.after == PAIR_MIXED && ch.suspect && ch.was_suspect);
	assert_int_equal(names_pair(n, &model_client[0], &cdn, 3, &p), PAIR_MIXED);
	assert_true(span_eq(p.name, SPAN_LIT("ads.example")) && p.origin == 7);
	/* another client never asked: the address is suspect, the pair unknown */
	assert_int_equal(names_pair(n, &model_client[1], &cdn, 3, &p), PAIR_UNKNOWN);
	assert_true(names_suspect(n, &cdn, 3) > 0);
	/* the wanted name expires first: told, and refused again */
	assert_int_equal(names_expire(n, 2 * MINUTE + 2, 100), 1);
	assert_int_equal(h.n, 1);
	assert_true(h.last.before == PAIR_MIXED && h.last.after == PAIR_ALL_BLOCKED);
	assert_int_equal(names_expire(n, 5 * MINUTE + 1, 100), 1);
	assert_true(h.last.after == PAIR_UNKNOWN && h.last.was_suspect && !h.last.suspect);
	assert_int_equal(names_count(n), 0);
	assert_int_equal(evicted, 0);
	names_free(n);
}

static void lifetimes_have_a_floor_and_a_ceiling(void **state)
{
	struct names_bounds b = names_bounds_default();
	struct names *n = names_new(&b, 1, NULL, NULL);
	struct addr a = ip4(1);
	uint32_t evicted = 0;

	(void)state;
	assert_int_equal(learn(n, 0, &a, "x", true, 0, 1, &evicted).remaining_ms, LIMIT_NAME_TTL_FLOOR * 1000);
	assert_int_equal(learn(n, 0, &a, "y", true, UINT32_MAX, 1, &evicted).remaining_ms, LIMIT_NAME_TTL_CEILING * 1000);
	/* a shorter answer does not shorten what an earlier one gave */
	assert_int_equal(learn(n, 0, &a, "y", true, 0, 2, &evicted).remaining_ms, LIMIT_NAME_TTL_CEILING * 1000 - 1);
	names_free(n);
}

static void malformed_chains_are_refused(void **state)
{
	static const struct { const char *why; struct span chain; } rows[] = {
		{ "empty", SPAN_LIT("") },
		{ "a length without its name", SPAN_LIT("\3") },
		{ "a name longer than the chain", SPAN_LIT("\3ab") },
		{ "rubbish behind the first name", SPAN_LIT("\1a\377") },
	};
	struct names_bounds b = names_bounds_default();
	struct names *n = names_new(&b, 1, NULL, NULL);
	static char much[NAMES_CHAIN_BYTES + 1];
	struct addr a = ip4(1);
	struct names_change ch;
	uint32_t evicted = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct names_answer answer = { .chain = rows[i].chain };

		if (names_learn(n, &answer, &a, 1, &ch, &evicted) != NAMES_MALFORMED)
			fail_msg("%s: learned", rows[i].why);
	}
	assert_int_equal(names_learn(n, &(struct names_answer){ .chain = { much, sizeof(much) } }, &a, 1, &ch, &evicted), NAMES_MALFORMED);
	assert_int_equal(names_learn(n, &(struct names_answer){ .chain = { much, sizeof(much) - 1 } }, &a, 1, &ch, &evicted), NAMES_LEARNED);
	assert_int_equal(names_count(n), 1);
	names_free(n);
}

/* the 16 blocked names that follow a wanted one must not push it out and get it refused */
static void a_full_pair_keeps_in_mind_that_something_was_wanted(void **state)
{
	struct names_bounds b = names_bounds_default();
	struct names *n = names_new(&b, 1, NULL, NULL);
	struct addr a = ip4(1);
	struct names_pair p;
	uint32_t evicted = 0;
	char name[16];

	(void)state;
	learn(n, 0, &a, "wanted", false, 100, 1, &evicted);
	for (int i = 0; i < 2 * LIMIT_PAIR_NAMES; i++) {
		snprintf(name, sizeof(name), "ads%d", i);
		assert_int_equal(learn(n, 0, &a, name, true, 1000, 2, &evicted).after, PAIR_MIXED);
	}
	assert_int_equal(evicted, LIMIT_PAIR_NAMES + 1);
	assert_int_equal(names_count(n), LIMIT_PAIR_NAMES + 1);
	assert_int_equal(names_pair(n, &model_client[0], &a, 100000, &p), PAIR_MIXED);
	assert_int_equal(names_pair(n, &model_client[0], &a, 100001, &p), PAIR_ALL_BLOCKED);
	names_free(n);
}

/* one client fills all it may, and more; the other's names stay */
static void one_client_cannot_push_out_another(void **state)
{
	struct names_bounds b = names_bounds_default();
	struct names *n = names_new(&b, 1, NULL, NULL);
	struct addr mine = ip4(1);
	struct names_pair p;
	uint32_t evicted = 0;

	(void)state;
	learn(n, 1, &mine, "bank.example", false, 60, 1, &evicted);
	for (uint32_t i = 0; i < 2 * LIMIT_CLIENT_PAIRS; i++) {
		struct addr a = ip4(i);
		char name[16];

		snprintf(name, sizeof(name), "host%u", i);
		learn(n, 0, &a, name, i & 1, 3600, 2 + i, &evicted);
		learn(n, 0, &a, "second", i & 1, 3600, 2 + i, &evicted);
		learn(n, 0, &a, "third", i & 1, 3600, 2 + i, &evicted);
	}
	assert_true(evicted >= LIMIT_CLIENT_PAIRS);
	assert_true(names_count(n) <= LIMIT_CLIENT_NAMES + 1);
	assert_int_equal(names_pair(n, &model_client[1], &mine, 3, &p), PAIR_ALL_WANTED);
	names_free(n);
}

static void text_is_bounded_too(void **state)
{
	struct names_bounds b = { 100, 4, 100, 100, 1000, 500 };
	struct names *n = names_new(&b, 1, NULL, NULL);
	uint32_t evicted = 0;

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		struct addr a = ip4(i);
		char name[101];

		memset(name, 'x', sizeof(name));
		snprintf(name + 90, 11, "%010u", i);
		learn(n, i % 4, &a, name, true, 60, 1 + i, &evicted);
		assert_true(names_count(n) <= 9);	/* of 101 bytes each, 4 of one client */
	}
	assert_int_equal(evicted + names_count(n), 50);
	assert_int_equal(names_count(n), 9);
	names_free(n);
}

static bool judge_all(void *arg, const struct client *client, const struct addr *client_ip, const struct addr *addr,
		      struct span chain, uint32_t *origin)
{
	(void)client, (void)client_ip, (void)addr, (void)chain;
	*origin = 9;
	return *(bool *)arg;
}

static void a_reload_judges_the_whole_chain_and_tells(void **state)
{
	struct names_bounds b = names_bounds_default();
	struct heard h = { 0 };
	struct names *n = names_new(&b, 1, hear, &h);
	uint32_t evicted = 0, at = 0;
	bool blocked = true;

	(void)state;
	for (uint32_t i = 0; i < 10; i++) {
		struct addr a = ip4(i);

		learn(n, 0, &a, "cdn.example", false, 60, 1, &evicted);
	}
	while ((at = names_review(n, at, 3, 2, judge_all, &blocked)))
		;
	assert_int_equal(h.n, 10);
	assert_true(h.last.before == PAIR_ALL_WANTED && h.last.after == PAIR_ALL_BLOCKED && h.last.suspect && !h.last.was_suspect);
	assert_int_equal(names_review(n, 0, 100, 2, judge_all, &blocked), 0);
	assert_int_equal(h.n, 10);	/* nothing new, nothing told */
	blocked = false;
	assert_int_equal(names_review(n, 0, 100, 2, judge_all, &blocked), 0);
	assert_int_equal(h.n, 20);
	assert_true(h.last.before == PAIR_ALL_BLOCKED && h.last.after == PAIR_ALL_WANTED && !h.last.suspect);
	h.n = 0;
	assert_int_equal(names_each(n, 0, 100, 2, hear, &h), 0);
	assert_int_equal(h.n, 10);
	names_free(n);
}

static void random_runs_agree_with_the_model(void **state)
{
	static uint8_t in[3000];
	uint64_t x = 88172645463325252ull;

	(void)state;
	for (unsigned run = 0; run < 150; run++) {
		for (size_t i = 0; i < sizeof(in); i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			in[i] = (uint8_t)(x >> 24);
		}
		if (run % 3 == 0)	/* few clients and addresses, many names */
			for (size_t i = 1; i + 4 < sizeof(in); i += 5) {
				in[i + 1] %= 2;
				in[i + 2] %= 2;
			}
		in[0] = (uint8_t)run;
		model_run(in, sizeof(in));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wanted_name_on_the_address_lifts_the_refusal),
		cmocka_unit_test(lifetimes_have_a_floor_and_a_ceiling),
		cmocka_unit_test(malformed_chains_are_refused),
		cmocka_unit_test(a_full_pair_keeps_in_mind_that_something_was_wanted),
		cmocka_unit_test(one_client_cannot_push_out_another),
		cmocka_unit_test(text_is_bounded_too),
		cmocka_unit_test(a_reload_judges_the_whole_chain_and_tells),
		cmocka_unit_test(random_runs_agree_with_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
