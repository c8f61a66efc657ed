/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: list_judge list_adblock filter_parse filter_pattern filter_options filter_domain list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz host addr regex */
/* what is a list and what is not, and how much of it can be used */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "list_judge.h"

static void each_format_and_what_is_none(void **state)
{
	static const struct { const char *text; enum list_format format; uint32_t lines, rules; const char *why; } row[] = {
		{ "0.0.0.0 a.example\n0.0.0.0 b.example\n127.0.0.1 localhost\n", LIST_HOSTS, 3, 2, NULL },
		{ "a.example\nb.example\n", LIST_DOMAINS, 2, 2, NULL },
		{ "*.a.example\n*.b.example\n", LIST_WILDCARD, 2, 2, NULL },
		{ "address=/a.example/0.0.0.0\nserver=/b.example/\n", LIST_DNSMASQ, 2, 2, NULL },
		{ "[Adblock Plus 2.0]\n||a.example^\n||b.example^$third-party\nx.example##.ad\n", LIST_ADBLOCK, 4, 2, NULL },
		{ "[Adblock Plus 2.0]\nx.example##.ad\n", LIST_ADBLOCK, 2, 0, "no line of it could be used" },
		{ "0.0.0.0 localhost\n127.0.0.1 localhost\n", LIST_HOSTS, 2, 0, "no line of it could be used" },
		{ "", LIST_EMPTY, 0, 0, "nothing in it" },
		{ "# only\n# this\n", LIST_EMPTY, 0, 0, "nothing in it" },
		{ "<!DOCTYPE html><html><body>Sign in\n", LIST_HTML, 0, 0, "HTML page" },
		{ "\x1f\x8b\x08\x00rest", LIST_COMPRESSED, 0, 0, "compressed" },
		{ "// ===BEGIN ICANN DOMAINS===\n\ncom\norg\n", LIST_SUFFIXES, 0, 0, "public suffixes" },
		{ "{\"error\": \"rate limited\"}\n", LIST_UNKNOWN, 0, 0, "not known" },
	};
	struct list_verdict v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		list_judge(guard_copy(span_of(row[i].text)), &v);
		if (v.format != row[i].format || v.lines != row[i].lines || v.rules != row[i].rules || !v.why != !row[i].why ||
		    (v.why && !strstr(v.why, row[i].why)))
			fail_msg("row %zu: %s, %u lines, %u rules, %s", i, list_format_name(v.format), v.lines, v.rules,
				 v.why ? v.why : "good");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_format_and_what_is_none) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
