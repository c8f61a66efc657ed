/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_change - what filters that change messages cost: AdGuard's URL tracking list and cookie filters, a document with
 * five parameters, a Cookie field of ten cookies; and requests that they cannot touch
 *
 * links: change action query cookie_cap cookie rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz
 */
#include "bench.h"
#include "../unit/rules_text.h"
#include "../unit/shared.h"

#include "change.h"
#include "container.h"

enum { ROUNDS = 200 };

static struct facts facts = { .host = SPAN_LIT("www.example.com"), .source_host = SPAN_LIT("news.example.org"),
			      .type = RES_DOCUMENT, .method = FILTER_METHOD_GET };

static double target(struct rules *r, const char *text, unsigned want)
{
	struct passes p = passes_begin();
	char url[512], out[512];
	size_t len;

	snprintf(url, sizeof(url), "www.example.com%s", text);
	facts.url = span_of(url);
	while (passes_more(&p)) {
		for (int i = 0; i < ROUNDS; i++)
			WRONG_IF(change_target(r, &facts, span_of(text), out, &len, NULL, NULL) != want, "%s", text);
		passes_end(&p, ROUNDS);
	}
	return passes_median(&p);
}

static double cookies(struct rules *r, unsigned want)
{
	static const char *const names[] = { "session", "csrftoken", "_ga", "_gid", "_ga_ABCDEF", "lang", "theme",
					     "__cf_bm", "consent", "_fbp" };
	struct passes p = passes_begin();

	facts.url = SPAN_LIT("www.example.com/");
	while (passes_more(&p)) {
		for (int i = 0; i < ROUNDS; i++) {
			unsigned gone = 0;

			if (!change_cookies(r, &facts))
				continue;
			for (size_t k = 0; k < ARRAY_LEN(names); k++) {
				struct change_cookie c;

				change_cookie(span_of(names[k]), &c);
				gone += c.what == CHANGE_REMOVE;
			}
			WRONG_IF(gone < want, "%u cookies go", gone);
		}
		passes_end(&p, ROUNDS);
	}
	return passes_median(&p);
}

int main(void)
{
	struct span tracking = shared_read("lists/adguard-url-tracking.txt.xz");
	struct span cookie = shared_read("cookies/adguard-cookie-rules.txt");
	struct text_file lists[] = { { "t.txt", tracking }, { "c.txt", cookie }, { NULL, { NULL, 0 } } };
	struct rules *with, *without;

	if (!tracking.p || !cookie.p)
		return 0;
	with = rules_text_map("lists:\n  - file: t.txt\n  - file: c.txt\n", lists);
	without = rules_text_map("rules:\n  - block: requests\n    host: ad.example\n", NULL);
	figure("removeparam, 5 parameters, 2 go", target(with, "/p?a=1&utm_source=2&b=3&fbclid=4&c=5", 2), "ns", 0, NULL);
	figure("removeparam, 1 parameter, none goes", target(with, "/p?id=1", 0), "ns", 0, NULL);
	figure("removeparam, no query", target(with, "/p", 0), "ns", 0, NULL);
	figure("removeparam, no such filters", target(without, "/p?a=1&utm_source=2", 0), "ns", 0, NULL);
	figure("cookie filters, 10 cookies", cookies(with, 3), "ns", 0, NULL);
	figure("cookie filters, none there", cookies(without, 0), "ns", 0, NULL);
	rules_put(with);
	rules_put(without);
	return 0;
}
