/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz */
/* third party is what the public suffix list says, asked in full; the short ways change nothing */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <libpsl.h>

#include "host.h"
#include "rules_text.h"

enum { ASKED = 300000 };

/* what is put before each other: suffixes of every kind the list has, names below them, addresses */
static const char *const ends[] = {
	"com", "co.uk", "uk", "ck", "www.ck", "kawasaki.jp", "city.kawasaki.jp", "github.io", "amazonaws.com", "s3.amazonaws.com",
	"eu-central-1.compute.amazonaws.com", "blogspot.com", "nowhere", "example", "local.example", "net", "xexample.com",
	"example.com", "xn--p1ai", "a_b.com", "0.2.1", "192.0.2.1", "198.51.2.1", "2001:db8::1", "3", "platform.sh", "eu.platform.sh",
};
static const char *const starts[] = { "a", "b", "example", "www", "x-y", "co", "1", "a.b", "a.b.c.d.e.f.g.h", "aa" };

static uint32_t pick(uint32_t n)
{
	static uint64_t state = 42;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

#define N(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))

static void host_at_random(char host[HOST_MAX + 1])
{
	const char *end = ends[pick(N(ends))];

	switch (pick(3)) {
	case 0:
		snprintf(host, HOST_MAX + 1, "%s", end);
		break;
	case 1:
		snprintf(host, HOST_MAX + 1, "%s.%s", starts[pick(N(starts))], end);
		break;
	default:
		snprintf(host, HOST_MAX + 1, "%s.%s.%s", starts[pick(N(starts))], starts[pick(N(starts))], end);
	}
}

static const char *domain_of(const char *host)
{
	const char *domain = host_is_address(span_of(host)) ? NULL : psl_registrable_domain(psl_builtin(), host);

	return domain ? domain : host;
}

static void is_what_the_public_suffix_list_says(void **state)
{
	struct rules *r = rules_text_map("rules: []\n", NULL);
	char host[HOST_MAX + 1], page[HOST_MAX + 1];
	unsigned same = 0, third = 0;

	(void)state;
	assert_non_null(psl_builtin());
	for (unsigned i = 0; i < ASKED; i++) {
		bool want;

		host_at_random(host);
		host_at_random(page);
		want = strcmp(domain_of(host), domain_of(page)) != 0;
		if (rules_third_party(r, span_of(host), span_of(page)) != want)
			fail_msg("%s of a page of %s is %sthird party", host, page, want ? "" : "not ");
		same += !want && strcmp(host, page) != 0;
		third += want;
	}
	assert_true(same > ASKED / 1000 && third > ASKED / 10);
	rules_put(r);
}

static void nobody_is_no_third_party(void **state)
{
	struct rules *r = rules_text_map("rules: []\n", NULL);

	(void)state;
	assert_false(rules_third_party(r, span_of("a.example"), span_of("")));
	assert_false(rules_third_party(r, span_of(""), span_of("a.example")));
	rules_put(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_what_the_public_suffix_list_says),
		cmocka_unit_test(nobody_is_no_third_party),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
