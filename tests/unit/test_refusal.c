/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: refusal judge names names_store rules rules_layers rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz */
/* test_refusal - which DNS answers are refused: rules, a chain, addresses, and what is said instead */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "container.h"
#include "refusal.h"
#include "rules_text.h"

static const struct text_file lists[] = {
	{ "ads.hosts", SPAN_LIT("0.0.0.0 ads.example\n0.0.0.0 both.example\n") },
	{ "doh.txt", SPAN_LIT("dns.example\nboth.example\n") },
	{ "doh.adblock", SPAN_LIT("[Adblock Plus 2.0]\n||filtered.example^\n") },
	{ NULL, { NULL, 0 } },
};

#define RULES \
	"groups: {kids: [10.1.0.0/24]}\n" \
	"lists:\n  - file: ads.hosts\n  - {file: doh.txt, mode: doh}\n  - {file: doh.adblock, mode: doh}\n" \
	"rules:\n" \
	"  - {allow: everything, host: [good.ads.example, good.dns.example]}\n" \
	"  - {allow: connections, host: part.example, address: 203.0.113.66}\n" \
	"  - {block: connections, host: part.example}\n" \
	"  - {block: connections, host: [blocked.example, =only.example]}\n" \
	"  - {block: connections, host: games.example, group: kids}\n" \
	"  - {block: connections, host: late.example, between: \"mon 08:00-09:00\"}\n" \
	"  - {block: connections, address: 198.51.100.0/24}\n" \
	"  - {block: requests, host: pages.example}\n"

#define REFUSE	"gateway: {dns: refuse}\n" RULES
#define DOH	"gateway: {doh: refuse}\n" RULES
#define BOTH	"gateway: {dns: refuse, doh: refuse}\n" RULES
#define LEARN	"gateway: {ech: strip}\n" RULES

/* a row's chain: names, those behind a "|" are reached by other links than CNAMEs; with " address" what the answer has */
static const struct {
	const char *why, *yaml, *chain;
	enum refusal refusal;
	uint32_t line;		/* of the rule; 0: none */
} rows[] = {
	{ "a blocked name", REFUSE, "blocked.example 203.0.113.5", REFUSAL_NO_NAME, 11 },
	{ "learned only", LEARN, "blocked.example 203.0.113.5", REFUSAL_NONE, 0 },
	{ "below it", REFUSE, "www.blocked.example 203.0.113.5", REFUSAL_NO_NAME, 11 },
	{ "no address", REFUSE, "blocked.example", REFUSAL_NO_NAME, 11 },
	{ "that name alone", REFUSE, "only.example", REFUSAL_NO_NAME, 11 },
	{ "below that name alone", REFUSE, "www.only.example", REFUSAL_NONE, 0 },
	{ "of a list", REFUSE, "ads.example 203.0.113.5", REFUSAL_NO_NAME, 1 },
	{ "allowed below it", REFUSE, "good.ads.example 203.0.113.5", REFUSAL_NONE, 0 },
	{ "no rule says anything", REFUSE, "wanted.example 203.0.113.5", REFUSAL_NONE, 0 },
	{ "requests only", REFUSE, "pages.example 203.0.113.5", REFUSAL_NONE, 0 },
	{ "an alias is blocked", REFUSE, "www.example cdn.example blocked.example 203.0.113.5", REFUSAL_NO_NAME, 11 },
	{ "an alias is allowed first", REFUSE, "www.example good.ads.example blocked.example", REFUSAL_NONE, 0 },
	{ "the target of an HTTPS record is blocked", REFUSE, "www.example | blocked.example 203.0.113.5", REFUSAL_NO_DATA, 11 },
	{ "and the name too", REFUSE, "www.blocked.example | blocked.example", REFUSAL_NO_NAME, 11 },
	{ "an address that is blocked is no name", REFUSE, "wanted.example 198.51.100.7", REFUSAL_NONE, 0 },
	{ "an address that is allowed", REFUSE, "part.example 203.0.113.66", REFUSAL_NONE, 0 },
	{ "one of two", REFUSE, "part.example 203.0.113.5 203.0.113.66", REFUSAL_NONE, 0 },
	{ "another address", REFUSE, "part.example 203.0.113.5", REFUSAL_NO_NAME, 10 },
	{ "one of a group", REFUSE, "~10.1.0.9 games.example 203.0.113.5", REFUSAL_NO_NAME, 12 },
	{ "one of no group", REFUSE, "~10.2.0.9 games.example 203.0.113.5", REFUSAL_NONE, 0 },
	{ "nobody knows who", REFUSE, "games.example 203.0.113.5", REFUSAL_NONE, 0 },
	{ "in time", REFUSE, "!500 late.example", REFUSAL_NO_NAME, 13 },
	{ "out of time", REFUSE, "!600 late.example", REFUSAL_NONE, 0 },
	{ "the root", REFUSE, ".", REFUSAL_NONE, 0 },
	{ "resolvers may be used", REFUSE, "dns.example 203.0.113.5", REFUSAL_NONE, 0 },
	{ "canaries too", REFUSE, "use-application-dns.net 203.0.113.5", REFUSAL_NONE, 0 },
	{ "a resolver", DOH, "dns.example 203.0.113.5", REFUSAL_NO_NAME, 1 },
	{ "a resolver, by a filter", DOH, "filtered.example 203.0.113.5", REFUSAL_NO_NAME, 2 },
	{ "below a resolver", DOH, "eu.dns.example 203.0.113.5", REFUSAL_NO_NAME, 1 },
	{ "of both lists", DOH, "both.example", REFUSAL_NO_NAME, 2 },
	{ "an alias of a resolver", DOH, "x.example dns.example", REFUSAL_NO_NAME, 1 },
	{ "a resolver that is allowed", DOH, "good.dns.example 203.0.113.5", REFUSAL_NONE, 0 },
	{ "other names are learned only", DOH, "blocked.example 203.0.113.5", REFUSAL_NONE, 0 },
	{ "Mozilla's canary", DOH, "use-application-dns.net 203.0.113.5", REFUSAL_NO_NAME, 0 },
	{ "below it", DOH, "www.use-application-dns.net 203.0.113.5", REFUSAL_NONE, 0 },
	{ "a relay", DOH, "mask.icloud.com mask.apple-dns.net 203.0.113.5", REFUSAL_NO_NAME, 0 },
	{ "another", DOH, "mask-h2.icloud.com", REFUSAL_NO_NAME, 0 },
	{ "an alias of a canary", DOH, "x.example mask.icloud.com", REFUSAL_NONE, 0 },
	{ "all of it", DOH, "icloud.com", REFUSAL_NONE, 0 },
	{ "a resolver's own services", DOH, "_dns.resolver.arpa | dns.isp.example 203.0.113.5", REFUSAL_NO_DATA, 0 },
	{ "both: a blocked name", BOTH, "blocked.example", REFUSAL_NO_NAME, 11 },
	{ "both: a resolver", BOTH, "dns.example", REFUSAL_NO_NAME, 1 },
	{ "a canary that is allowed", "gateway: {doh: refuse}\nrules: [{allow: connections, host: icloud.com}]\n", "mask.icloud.com", REFUSAL_NONE, 0 },
};

static uint32_t line_of(const struct rules *r, uint32_t origin)
{
	struct rules_origin o;
	char text[200];

	return rules_origin(r, origin, &o, text, sizeof(text)) ? o.line : 0;
}

static void answers_are_refused_as_the_rows_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rules *r = rules_text_map(rows[i].yaml, lists);
		struct addr addr[4];
		struct station client = { .hw_known = false };
		struct refusal_asked a = { .addr = addr };
		char chain[512], words[256], *word, *rest = words;
		size_t len = 0;
		unsigned names = 0;
		bool counts = true;
		enum refusal got;
		uint32_t origin = 99;

		snprintf(words, sizeof(words), "%s", rows[i].chain);
		while ((word = strsep(&rest, " "))) {
			if (*word == '~') {
				assert_true(addr_parse(&client.ip, span_of(word + 1)));
				a.client = &client;
			} else if (*word == '!') {
				a.minute = (uint16_t)atoi(word + 1);
			} else if (*word == '|') {
				counts = false;
			} else if (!addr_parse(&addr[a.addrs], span_of(word))) {
				size_t n = strcmp(word, ".") == 0 ? 0 : strlen(word);

				chain[len++] = (char)n;
				memcpy(chain + len, word, n);
				len += n;
				names++;
				a.links += counts;
			} else {
				a.addrs++;
			}
		}
		assert_true(names > 0);
		a.chain = (struct span){ chain, len };
		got = refusal_of(r, &a, &origin);
		if (got != rows[i].refusal || line_of(r, origin) != rows[i].line)
			fail_msg("%s: %d by line %u, not %d by %u", rows[i].why, got, line_of(r, origin), rows[i].refusal, rows[i].line);
		assert_true(refusal_possible(rules_gateway(r)) || got == REFUSAL_NONE);
		rules_put(r);
	}
}

static void a_list_of_resolvers_blocks_where_that_was_asked_for(void **state)
{
	struct rules *r = rules_text_map(DOH, lists);

	(void)state;
	assert_int_equal(rules_connection(r, NULL, NULL, SPAN_LIT("dns.example"), 0).action, ACT_BLOCK);
	assert_true(rules_is_resolver(r, NULL, SPAN_LIT("dns.example")));
	assert_true(rules_is_resolver(r, NULL, SPAN_LIT("both.example")));
	assert_false(rules_is_resolver(r, NULL, SPAN_LIT("ads.example")));
	rules_put(r);
	r = rules_text_map(REFUSE, lists);
	assert_int_equal(rules_connection(r, NULL, NULL, SPAN_LIT("dns.example"), 0).action, ACT_PASS);
	assert_int_equal(rules_connection(r, NULL, NULL, SPAN_LIT("both.example"), 0).action, ACT_BLOCK);
	assert_false(rules_is_resolver(r, NULL, SPAN_LIT("both.example")));
	rules_put(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_refused_as_the_rows_say),
		cmocka_unit_test(a_list_of_resolvers_blocks_where_that_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
