/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_judge - connections judged by address: rules and learned names are scripted here
 * links: judge addr
 */
/* limits: REFUSED_SECONDS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "judge.h"
#include "limits.h"

/* --- rules: a name says itself what they say of it; an address ends in .66: an "address:" rule blocks it --- */

static struct gateway gateway;
static int asked;

const struct gateway *rules_gateway(const struct rules *r)
{
	(void)r;
	return &gateway;
}

struct verdict rules_connection(const struct rules *r, const struct station *client, const struct addr *server,
				struct span name, uint16_t minute)
{
	(void)r, (void)client, (void)minute;
	asked++;
	if (name.len >= 5 && memcmp(name.p, "allow", 5) == 0)
		return (struct verdict){ .action = ACT_ALLOW };
	if (name.len >= 5 && memcmp(name.p, "block", 5) == 0)
		return (struct verdict){ .action = ACT_BLOCK, .origin = 7 };
	if (server && server->ip[3] == 66)
		return (struct verdict){ .action = ACT_BLOCK, .origin = 66 };
	return (struct verdict){ .action = ACT_PASS };
}

/* --- names: what the client knows, and what was resolved ahead --- */

static struct names_pair known, ahead;

enum pair_state names_pair(const struct names *n, const struct client *client, const struct addr *addr,
			   uint64_t now_ms, struct names_pair *out)
{
	(void)n, (void)addr, (void)now_ms;
	*out = client->kind == CLIENT_NONE ? ahead : known;
	return out->state;
}

static struct addr address(const char *text)
{
	struct addr a;

	assert_true(addr_parse(&a, span_of(text)));
	return a;
}

static void the_first_name_that_a_rule_decides_decides_for_the_chain(void **state)
{
	static const struct { const char *why, *chain; bool blocked; } row[] = {
		{ "no rule says anything",		"\003www\003cdn",		false },
		{ "the question is blocked",		"\005block\003cdn",		true },
		{ "an alias is blocked",		"\003www\003cdn\005block",	true },
		{ "the question is allowed",		"\005allow\005block",		false },
		{ "an alias is allowed first",		"\003www\005allow\005block",	false },
		{ "an alias is blocked first",		"\003www\005block\005allow",	true },
		{ "no names",				"",				false },
		{ "a name longer than the chain",	"\011block",			false },
	};
	struct addr a = address("203.0.113.5");
	struct station c = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint32_t origin = 0;

		if (judge_chain(NULL, &c, &a, span_of(row[i].chain), 0, &origin) != row[i].blocked)
			fail_msg("judged wrong: %s", row[i].why);
		assert_int_equal(origin, row[i].blocked ? 7 : 0);
	}
}

static void a_first_packet_is_judged_by_what_this_client_resolved(void **state)
{
	static const struct {
		const char *why, *dst;
		enum pair_state known, ahead;
		const char *ahead_name;
		enum gateway_unlearned unlearned;
		bool refuse;
	} row[] = {
		{ "all its names are blocked", "203.0.113.5", PAIR_ALL_BLOCKED, PAIR_UNKNOWN, "", UNLEARNED_DEFER, true },
		{ "a wanted name among them", "203.0.113.5", PAIR_MIXED, PAIR_ALL_BLOCKED, "block", UNLEARNED_REFUSE, false },
		{ "wanted names only", "203.0.113.5", PAIR_ALL_WANTED, PAIR_ALL_BLOCKED, "block", UNLEARNED_REFUSE, false },
		{ "its DNS was not seen: deferred", "203.0.113.5", PAIR_UNKNOWN, PAIR_ALL_BLOCKED, "block", UNLEARNED_DEFER, false },
		{ "its DNS was not seen: refused", "203.0.113.5", PAIR_UNKNOWN, PAIR_ALL_BLOCKED, "block", UNLEARNED_REFUSE, true },
		{ "not seen, the host is blocked for others only", "203.0.113.5", PAIR_UNKNOWN, PAIR_ALL_BLOCKED, "www", UNLEARNED_REFUSE, false },
		{ "not seen, no host has this address", "203.0.113.5", PAIR_UNKNOWN, PAIR_UNKNOWN, "block", UNLEARNED_REFUSE, false },
		{ "an address rule", "203.0.113.66", PAIR_UNKNOWN, PAIR_UNKNOWN, "", UNLEARNED_DEFER, true },
		{ "an address rule, but a rule before it allows the name", "203.0.113.66", PAIR_ALL_WANTED, PAIR_UNKNOWN, "", UNLEARNED_DEFER, false },
	};
	struct client c = { .kind = CLIENT_HW };
	struct addr src = address("10.1.0.2");

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct addr dst = address(row[i].dst);
		struct judgement j;

		known = (struct names_pair){ .state = row[i].known, .longest_ms = 90500 };
		ahead = (struct names_pair){ .state = row[i].ahead, .name = span_of(row[i].ahead_name) };
		gateway.unlearned = (uint8_t)row[i].unlearned;
		j = judge_first(NULL, NULL, &c, &src, &dst, 0, 1);
		if (j.refuse != row[i].refuse)
			fail_msg("judged wrong: %s", row[i].why);
		assert_int_equal(j.pair_s, !j.refuse ? 0 : row[i].known == PAIR_ALL_BLOCKED ? 90 : 60);
	}
}

/* what the client names decides; with no name, or one that is not all, what it resolved does */
static void a_hello_is_judged_by_its_name_first(void **state)
{
	static const struct {
		const char *why, *name;
		bool outer;
		const char *dst;
		enum pair_state known;
		bool refuse;
		uint32_t origin;
	} row[] = {
		{ "a blocked name", "block", false, "203.0.113.5", PAIR_UNKNOWN, true, 7 },
		{ "a blocked name at the address of wanted ones", "block", false, "203.0.113.5", PAIR_ALL_WANTED, true, 7 },
		{ "an allowed name at the address of blocked ones", "allow", false, "203.0.113.5", PAIR_ALL_BLOCKED, false, 0 },
		{ "an allowed name at a blocked address", "allow", false, "203.0.113.66", PAIR_UNKNOWN, false, 0 },
		{ "any other name at the address of blocked ones", "www", false, "203.0.113.5", PAIR_ALL_BLOCKED, false, 0 },
		{ "any other name at a blocked address", "www", false, "203.0.113.66", PAIR_UNKNOWN, true, 66 },
		{ "no name, all that was resolved is blocked", "", false, "203.0.113.5", PAIR_ALL_BLOCKED, true, 0 },
		{ "no name, some of it is wanted", "", false, "203.0.113.5", PAIR_MIXED, false, 0 },
		{ "no name, nothing was resolved", "", false, "203.0.113.5", PAIR_UNKNOWN, false, 0 },
		{ "no name, a blocked address", "", false, "203.0.113.66", PAIR_UNKNOWN, true, 66 },
		{ "no name, a wanted one at a blocked address", "", false, "203.0.113.66", PAIR_ALL_WANTED, false, 0 },
		{ "an outer name that is blocked", "block", true, "203.0.113.5", PAIR_ALL_WANTED, true, 7 },
		{ "an outer name that is allowed", "allow", true, "203.0.113.5", PAIR_ALL_BLOCKED, false, 0 },
		{ "an outer name, all that was resolved is blocked", "www", true, "203.0.113.5", PAIR_ALL_BLOCKED, true, 0 },
		{ "an outer name, some of it is wanted", "www", true, "203.0.113.5", PAIR_MIXED, false, 0 },
		{ "an outer name, nothing was resolved", "www", true, "203.0.113.5", PAIR_UNKNOWN, false, 0 },
	};
	struct client c = { .kind = CLIENT_HW };
	struct addr src = address("10.1.0.2");

	(void)state;
	gateway.unlearned = UNLEARNED_DEFER;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct addr dst = address(row[i].dst);
		struct judgement j;

		known = (struct names_pair){ .state = row[i].known, .longest_ms = 90500 };
		ahead = (struct names_pair){ .state = PAIR_UNKNOWN };
		j = judge_hello(NULL, NULL, &c, &src, &dst, span_of(row[i].name), row[i].outer, 0, 1);
		if (j.refuse != row[i].refuse || j.origin != row[i].origin)
			fail_msg("judged wrong: %s: %d, by %u", row[i].why, j.refuse, j.origin);
		if (*row[i].name && (j.refuse ? row[i].origin == 7 : !row[i].outer))
			assert_int_equal(j.pair_s, 0);	/* a name says nothing about the others at the address */
	}
}

static struct names_change change(enum pair_state before, enum pair_state after, bool was_suspect, bool suspect)
{
	return (struct names_change){
		.client.kind = CLIENT_HW, .addr = address("203.0.113.5"), .before = before, .after = after,
		.was_suspect = was_suspect, .suspect = suspect, .remaining_ms = 90900, .suspect_ms = 3599001,
	};
}

/* "+s" suspect added, "-r" refused deleted, and so on */
static const char *plan_text(const struct names_change *ch, enum setplan plan, bool maybe_refused)
{
	static char text[16];
	struct msg_set set[SETPLAN_MAX];
	size_t n = judge_sets(ch, plan, maybe_refused, set), k = 0;

	assert_true(n <= SETPLAN_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_true(addr_eq_ip(&set[i].addr, &ch->addr));
		text[k++] = set[i].op == SET_ADD ? '+' : '-';
		text[k++] = set[i].set == SET_REFUSED ? 'r' : 's';
		if (set[i].op == SET_ADD)
			assert_int_equal(set[i].timeout_s, set[i].set == SET_REFUSED ? 90 : 3600);
	}
	text[k] = '\0';
	return text;
}

#define U PAIR_UNKNOWN
#define B PAIR_ALL_BLOCKED
#define M PAIR_MIXED
#define W PAIR_ALL_WANTED

static void set_changes_follow_the_pair(void **state)
{
	static const struct {
		const char *why;
		enum pair_state before, after;
		bool was, is;
		enum setplan plan;
		bool maybe;
		const char *want;
	} row[] = {
		{ "a first blocked name",		U, B, 0, 1, SETPLAN_BLOCKED, 0, "+s+r" },
		{ "asked again",			B, B, 1, 1, SETPLAN_BLOCKED, 0, "+s+r" },
		{ "blocked behind a wanted one",	W, M, 0, 1, SETPLAN_BLOCKED, 0, "+s" },
		{ "wanted behind a blocked one",	B, M, 1, 1, SETPLAN_CHANGE, 0, "-r" },
		{ "wanted, nothing known",		U, W, 0, 0, SETPLAN_CHANGE, 0, "" },
		{ "wanted, maybe refused before",	U, W, 1, 1, SETPLAN_CHANGE, 1, "-r" },
		{ "wanted again",			W, W, 1, 1, SETPLAN_CHANGE, 1, "" },
		{ "forgotten for lack of room",		B, U, 1, 0, SETPLAN_CHANGE, 0, "-s-r" },
		{ "no rule blocks it any more",		B, W, 1, 0, SETPLAN_CHANGE, 0, "-s-r" },
		{ "a new rule blocks it",		W, B, 0, 1, SETPLAN_CHANGE, 0, "+s+r" },
		{ "nothing is different",		B, B, 1, 1, SETPLAN_CHANGE, 0, "" },
		{ "empty sets, blocked",		B, B, 1, 1, SETPLAN_FILL, 0, "+s+r" },
		{ "empty sets, mixed",			M, M, 1, 1, SETPLAN_FILL, 0, "+s" },
		{ "empty sets, wanted",			W, W, 0, 0, SETPLAN_FILL, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct names_change ch = change(row[i].before, row[i].after, row[i].was, row[i].is);
		const char *got = plan_text(&ch, row[i].plan, row[i].maybe);

		if (strcmp(got, row[i].want) != 0)
			fail_msg("%s: %s, not %s", row[i].why, got, row[i].want);
	}
}

static void a_host_resolved_ahead_refuses_nobody(void **state)
{
	struct names_change ch = change(PAIR_UNKNOWN, PAIR_ALL_BLOCKED, false, true);

	(void)state;
	ch.client.kind = CLIENT_NONE;
	assert_string_equal(plan_text(&ch, SETPLAN_BLOCKED, true), "+s");
}

static void a_client_known_by_its_ip_is_refused_in_its_own_family_only(void **state)
{
	struct names_change ch = change(PAIR_UNKNOWN, PAIR_ALL_BLOCKED, false, true);

	(void)state;
	ch.client = (struct client){ .kind = CLIENT_IP, .ip = address("10.1.0.2") };
	assert_string_equal(plan_text(&ch, SETPLAN_BLOCKED, true), "+s+r");
	ch.client.ip = address("fd01::2");
	assert_string_equal(plan_text(&ch, SETPLAN_BLOCKED, true), "+s");
}

static void the_kernel_never_refuses_longer_than_the_names_live(void **state)
{
	struct names_change ch = change(PAIR_UNKNOWN, PAIR_ALL_BLOCKED, true, true);
	struct msg_set set[SETPLAN_MAX];

	(void)state;
	ch.remaining_ms = 999;		/* less than the shortest timeout there is */
	assert_int_equal(judge_sets(&ch, SETPLAN_CHANGE, false, set), 0);
	ch.remaining_ms = 3600000;
	assert_int_equal(judge_sets(&ch, SETPLAN_CHANGE, false, set), 1);
	assert_int_equal(set[0].timeout_s, LIMIT_REFUSED_SECONDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_name_that_a_rule_decides_decides_for_the_chain),
		cmocka_unit_test(a_first_packet_is_judged_by_what_this_client_resolved),
		cmocka_unit_test(a_hello_is_judged_by_its_name_first),
		cmocka_unit_test(set_changes_follow_the_pair),
		cmocka_unit_test(a_host_resolved_ahead_refuses_nobody),
		cmocka_unit_test(a_client_known_by_its_ip_is_refused_in_its_own_family_only),
		cmocka_unit_test(the_kernel_never_refuses_longer_than_the_names_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
