/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_setbox - set changes leave in order, in bounded transactions, and are waited for by position
 * links: setbox
 */
/* limits: SET_BATCH SETS_WAITING */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "setbox.h"

static struct msg_set change(uint32_t n)
{
	return (struct msg_set){ .op = SET_ADD, .set = SET_SUSPECT, .timeout_s = n };
}

static size_t send_next(struct setbox *b, uint32_t first)
{
	const struct msg_set *sets;
	size_t n = setbox_peek(b, &sets);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(sets[i].timeout_s, first + i);
	if (n)
		setbox_sent(b, n);
	return n;
}

static void changes_leave_in_order_and_few_transactions_are_under_way(void **state)
{
	enum { ALL = 3000 };
	struct setbox *b = setbox_new(10000);
	uint32_t sent = 0, seq = setbox_seq(b), n;

	(void)state;
	for (uint32_t i = 0; i < ALL; i++) {
		struct msg_set s = change(i);

		assert_true(setbox_put(b, &s));
	}
	assert_int_equal(setbox_position(b), ALL);
	while (sent < ALL) {
		n = (uint32_t)send_next(b, sent);
		if (n == 0) {
			assert_int_equal(sent % LIMIT_SET_BATCH, 0);
			assert_true(setbox_done(b, seq++));
			continue;
		}
		assert_true(n <= LIMIT_SET_BATCH);
		sent += n;
	}
	while (setbox_done(b, seq))
		seq++;
	assert_int_equal(setbox_done_position(b), ALL);
	assert_int_equal(setbox_waiting(b), 0);
	setbox_free(b);
}

static void an_answer_covers_what_was_sent_before_it(void **state)
{
	struct setbox *b = setbox_new(100);
	struct msg_set s = change(0);
	uint32_t seq = setbox_seq(b);

	(void)state;
	setbox_put(b, &s);
	send_next(b, 0);
	s = change(1);
	setbox_put(b, &s);
	assert_int_equal(setbox_done_position(b), 0);
	send_next(b, 1);
	assert_false(setbox_done(b, seq + 2));
	assert_int_equal(setbox_done_position(b), 0);
	assert_true(setbox_done(b, seq + 1));
	assert_int_equal(setbox_done_position(b), 2);
	assert_false(setbox_done(b, seq));
	setbox_free(b);
}

static void at_the_bound_changes_are_refused_until_some_left(void **state)
{
	enum { MAX = 2000 };
	struct setbox *b = setbox_new(MAX);
	struct msg_set s;
	uint32_t i;

	(void)state;
	for (i = 0; s = change(i), setbox_put(b, &s); i++)
		;
	assert_int_equal(i, MAX);
	assert_int_equal(send_next(b, 0), LIMIT_SET_BATCH);
	s = change(MAX);
	assert_true(setbox_put(b, &s));
	setbox_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_leave_in_order_and_few_transactions_are_under_way),
		cmocka_unit_test(an_answer_covers_what_was_sent_before_it),
		cmocka_unit_test(at_the_bound_changes_are_refused_until_some_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
