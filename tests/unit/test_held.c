/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_held - packets that wait, and entries that outlive the wait
 * links: held
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "held.h"

static void entries_are_found_by_their_own_token_only(void **state)
{
	struct held *h = held_new(4);
	struct held_packet *a = held_add(h, 100, 1), *b = held_add(h, 101, 1);
	uint32_t old = a->token;

	(void)state;
	assert_int_not_equal(a->token, b->token);
	assert_ptr_equal(held_find(h, a->token), a);
	assert_null(held_find(h, 0));
	assert_null(held_find(h, 12345));
	held_drop(h, a);
	assert_null(held_find(h, old));
	a = held_add(h, 102, 2);
	assert_null(held_find(h, old));
	assert_int_equal(held_find(h, a->token)->id, 102);
	held_free(h);
}

static void a_copy_of_the_packet_goes_with_its_release(void **state)
{
	struct held *h = held_new(4);
	struct held_packet *p[4];

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		p[i] = held_add(h, i, i);
		assert_int_equal(p[i]->carrier, p[i]->token);
		assert_null(p[i]->packet);
		p[i]->packet = malloc(100);	/* the sanitizer sees what is not freed */
	}
	held_release(h, p[0]);
	assert_null(p[0]->packet);
	held_release(h, p[1]);
	held_drop(h, p[1]);
	held_drop(h, p[2]);
	p[0] = held_add(h, 9, 9);
	assert_false(p[0]->changed || p[0]->packet);
	held_free(h);
}

static void the_oldest_waits_first_and_released_ones_do_not_wait(void **state)
{
	struct held *h = held_new(8);
	struct held_packet *p[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		p[i] = held_add(h, i, 10 + i);
	assert_ptr_equal(held_oldest(h), p[0]);
	assert_ptr_equal(held_next(h, p[0]), p[1]);
	held_release(h, p[1]);
	held_release(h, p[1]);
	assert_int_equal(held_waiting(h), 2);
	assert_ptr_equal(held_next(h, p[0]), p[2]);
	assert_null(held_next(h, p[2]));
	assert_non_null(held_find(h, p[1]->token));
	held_age(h, 12);	/* p[1] began at 11; p[0] is older and waits */
	assert_int_equal(p[1]->token, 0);
	assert_ptr_equal(held_oldest(h), p[0]);
	held_free(h);
}

static void at_the_bound_released_entries_go_and_waiting_ones_stay(void **state)
{
	enum { MAX = 4 };
	struct held *h = held_new(MAX);
	struct held_packet *p[MAX];
	uint32_t token;

	(void)state;
	for (uint32_t i = 0; i < MAX; i++)
		p[i] = held_add(h, i, i);
	assert_null(held_add(h, 9, 9));
	held_release(h, p[2]);
	token = p[2]->token;
	assert_non_null(held_add(h, 9, 9));
	assert_null(held_find(h, token));
	assert_null(held_add(h, 10, 10));
	assert_int_equal(held_waiting(h), MAX);
	held_free(h);
}

static void tokens_survive_many_turns(void **state)
{
	struct held *h = held_new(4096);
	struct held_packet *p;

	(void)state;
	for (uint32_t i = 0; i < 3000000; i++) {
		p = held_add(h, i, i);
		if (!p || !p->token || held_find(h, p->token) != p)
			fail_msg("turn %u", i);
		held_drop(h, p);
	}
	held_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_found_by_their_own_token_only),
		cmocka_unit_test(a_copy_of_the_packet_goes_with_its_release),
		cmocka_unit_test(the_oldest_waits_first_and_released_ones_do_not_wait),
		cmocka_unit_test(at_the_bound_released_entries_go_and_waiting_ones_stay),
		cmocka_unit_test(tokens_survive_many_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
