/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_queries - which answers were asked for
 * links: queries addr
 */
/* limits: DNS_QUERY_MS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>

#include "limits.h"
#include "queries.h"

enum { NOW = 1000000 };

static struct query question(const char *name)
{
	struct query q = { .id = 4711, .type = 1, .name = span_of(name) };

	assert_true(addr_parse(&q.client, SPAN_LIT("10.1.0.2")));
	assert_true(addr_parse(&q.server, SPAN_LIT("10.1.0.1")));
	q.client.port_be = htons(40000);
	q.server.port_be = htons(53);
	return q;
}

static void an_answer_needs_every_part_of_its_query(void **state)
{
	static const char *const part[] = { "nothing", "client", "client port", "server", "server port", "id", "type", "name" };
	struct queries *t = queries_new(16, 1);
	struct query asked = question("ads.example"), q;

	(void)state;
	queries_add(t, &asked, NOW);
	for (int i = 7; i >= 0; i--) {
		q = asked;
		switch (i) {
		case 1: q.client.ip[3]++; break;
		case 2: q.client.port_be++; break;
		case 3: q.server.ip[3]++; break;
		case 4: q.server.port_be++; break;
		case 5: q.id++; break;
		case 6: q.type = 28; break;
		case 7: q.name = SPAN_LIT("ads.exampl"); break;
		}
		if (queries_take(t, &q, NOW + 1) != (i == 0))
			fail_msg("an answer that differs in %s was judged wrong", part[i]);
	}
	assert_int_equal(queries_count(t), 0);
	queries_free(t);
}

static void an_answer_is_taken_once_for_each_time_it_was_asked(void **state)
{
	struct queries *t = queries_new(16, 1);
	struct query q = question("ads.example");

	(void)state;
	queries_add(t, &q, NOW);
	queries_add(t, &q, NOW);
	assert_int_equal(queries_count(t), 1);
	assert_true(queries_take(t, &q, NOW));
	assert_true(queries_take(t, &q, NOW));
	assert_false(queries_take(t, &q, NOW));
	for (int i = 0; i < 100; i++)
		queries_add(t, &q, NOW);
	for (int i = 0; i < 4; i++)
		assert_true(queries_take(t, &q, NOW));
	assert_false(queries_take(t, &q, NOW));
	queries_free(t);
}

static void a_stale_query_expects_nothing(void **state)
{
	struct queries *t = queries_new(16, 1);
	struct query q = question("ads.example");

	(void)state;
	queries_add(t, &q, NOW);
	assert_true(queries_take(t, &q, NOW + LIMIT_DNS_QUERY_MS));
	queries_add(t, &q, NOW);
	assert_false(queries_take(t, &q, NOW + LIMIT_DNS_QUERY_MS + 1));
	assert_int_equal(queries_count(t), 0);
	/* repeated late, it is young again */
	queries_add(t, &q, NOW);
	queries_add(t, &q, NOW + LIMIT_DNS_QUERY_MS);
	assert_true(queries_take(t, &q, NOW + 2 * LIMIT_DNS_QUERY_MS));
	queries_free(t);
}

static void at_the_bound_the_oldest_is_forgotten(void **state)
{
	enum { MAX = 8, ASKED = 1000 };
	struct queries *t = queries_new(MAX, 7);
	char name[32];
	struct query q;

	(void)state;
	for (int i = 0; i < ASKED; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		q = question(name);
		queries_add(t, &q, NOW + (uint64_t)i);
		assert_true(queries_count(t) <= MAX);
	}
	for (int i = 0; i < ASKED; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		q = question(name);
		assert_int_equal(queries_take(t, &q, NOW + ASKED), i >= ASKED - MAX);
	}
	queries_free(t);
}

/* against the plainest model there is */
static void agrees_with_a_list(void **state)
{
	enum { NAMES = 40, STEPS = 20000, MAX = 16 };
	struct queries *t = queries_new(MAX, 99);
	struct { uint64_t asked, turn; int open; } model[NAMES] = { 0 };
	uint64_t now = NOW, x = 88172645463325252ull;
	char name[32];

	(void)state;
	for (uint64_t step = 1; step < STEPS; step++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		int n = (int)(x >> 8) % NAMES;
		if (n < 0)
			n = -n;
		now += x % 900;
		for (int i = 0; i < NAMES; i++)
			if (model[i].open && now - model[i].asked > LIMIT_DNS_QUERY_MS)
				model[i].open = 0;
		snprintf(name, sizeof(name), "n%d", n);
		struct query q = question(name);

		if (x >> 63) {
			assert_int_equal(queries_take(t, &q, now), model[n].open > 0);
			if (model[n].open)
				model[n].open--;
			continue;
		}
		int alive = 0, oldest = -1;
		for (int i = 0; i < NAMES; i++) {
			if (!model[i].open)
				continue;
			alive++;
			if (oldest < 0 || model[i].turn < model[oldest].turn)
				oldest = i;
		}
		if (!model[n].open && alive == MAX)
			model[oldest].open = 0;
		queries_add(t, &q, now);
		model[n].asked = now;
		model[n].turn = step;
		if (model[n].open < 4)
			model[n].open++;
	}
	queries_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_needs_every_part_of_its_query),
		cmocka_unit_test(an_answer_is_taken_once_for_each_time_it_was_asked),
		cmocka_unit_test(a_stale_query_expects_nothing),
		cmocka_unit_test(at_the_bound_the_oldest_is_forgotten),
		cmocka_unit_test(agrees_with_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
