/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_lease - when may the firewall be armed, and what is said when it may not
 * links: lease
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "container.h"
#include "lease.h"

#define WELL .rules = true, .table = true, .queue_rules = true, .interfaces = 1

static void the_first_thing_amiss_is_the_reason(void **state)
{
	static const struct {
		const char *why;
		struct lease_facts facts;
		enum lease answer;
		const char *says;
	} row[] = {
		{ "all is well", { WELL }, LEASE_ARMED, "" },
		{ "nothing is there yet", { 0 }, LEASE_NO_RULES, "not built" },
		{ "stopping comes first", { WELL, .stopping = true, .down = "queue" }, LEASE_STOPPING, "stopping" },
		{ "somebody deleted the table", { .rules = true, .interfaces = 1, .failure = "no nft" },
		  LEASE_NO_TABLE, "no nft" },
		{ "no queue rules", { .rules = true, .table = true, .interfaces = 1, .failure = "EPERM" },
		  LEASE_NO_QUEUE_RULES, "EPERM" },
		{ "a child is down", { WELL, .down = "proxy 1" }, LEASE_CHILD_DOWN, "proxy 1" },
		{ "a child is silent", { WELL, .silent = "reader" }, LEASE_CHILD_SILENT, "reader" },
		{ "down is said before silent", { WELL, .down = "queue", .silent = "reader" },
		  LEASE_CHILD_DOWN, "queue" },
		{ "no interface", { .rules = true, .table = true, .queue_rules = true }, LEASE_NO_CLIENTS, "lan" },
		{ "no interface but filter_self",
		  { .rules = true, .table = true, .queue_rules = true, .filter_self = true }, LEASE_ARMED, "" },
		{ "INPUT drops", { WELL, .input_drop = true, .input = "chain inet filter input" },
		  LEASE_INPUT_DROP, "chain inet filter input" },
		{ "INPUT drops, chain unknown", { WELL, .input_drop = true }, LEASE_INPUT_DROP, "INPUT" },
		{ "nothing arrives", { WELL, .not_arriving = true }, LEASE_NOT_ARRIVING, "do not arrive" },
		{ "overload", { WELL, .overload = true, .overloaded = "proxy 0" }, LEASE_OVERLOAD, "proxy 0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char why[LEASE_WHY];
		enum lease answer = lease_decide(&row[i].facts, why);

		if (answer != row[i].answer)
			fail_msg("%s: %s", row[i].why, lease_name(answer));
		if (!strstr(why, row[i].says) || (answer == LEASE_ARMED) != (why[0] == '\0'))
			fail_msg("%s: says \"%s\"", row[i].why, why);
	}
}

static void overload_begins_at_90_and_ends_at_70_percent(void **state)
{
	static const struct { bool was; uint32_t used, max; bool answer; } row[] = {
		{ false, 0, 100, false },	{ false, 89, 100, false },	{ false, 90, 100, true },
		{ true, 90, 100, true },	{ true, 71, 100, true },	{ true, 70, 100, false },
		{ false, 71, 100, false },	{ false, 5, 0, false },		{ true, 5, 0, false },
		{ false, UINT32_MAX, UINT32_MAX, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		assert_int_equal(lease_overload(row[i].was, row[i].used, row[i].max), row[i].answer);
}

static void what_is_redirected_and_never_accepted_is_missed_after_two_seconds(void **state)
{
	struct arrival a;

	(void)state;
	arrival_reset(&a, 100, 7);
	assert_false(arrival_missing(&a, 100, 7, 1000));	/* no traffic at all */
	assert_false(arrival_missing(&a, 101, 7, 2000));	/* one client, perhaps gone */
	assert_false(arrival_missing(&a, 101, 7, 60000));
	assert_false(arrival_missing(&a, 102, 7, 61000));	/* the two seconds begin */
	assert_false(arrival_missing(&a, 104, 7, 62000));
	assert_false(arrival_missing(&a, 104, 7, 62900));
	assert_true(arrival_missing(&a, 104, 7, 63000));
	assert_false(arrival_missing(&a, 105, 8, 63100));	/* one arrived: all is well */
	assert_false(arrival_missing(&a, 120, 8, 63200));
	assert_false(arrival_missing(&a, 3, 8, 70000));		/* the table was loaded again */
	assert_false(arrival_missing(&a, 3, 8, 80000));
}

static void who_was_stopped_himself_has_not_missed_anything(void **state)
{
	struct arrival a;

	(void)state;
	arrival_reset(&a, 100, 7);
	assert_false(arrival_missing(&a, 102, 7, 1000));
	assert_false(arrival_missing(&a, 114, 7, 8000));	/* seven seconds later: nobody told what was accepted */
	assert_false(arrival_missing(&a, 114, 7, 9000));
	assert_true(arrival_missing(&a, 114, 7, 10000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_thing_amiss_is_the_reason),
		cmocka_unit_test(overload_begins_at_90_and_ends_at_70_percent),
		cmocka_unit_test(what_is_redirected_and_never_accepted_is_missed_after_two_seconds),
		cmocka_unit_test(who_was_stopped_himself_has_not_missed_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
