/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_facts - from a request head to what the rules look at
 * links: facts http1_head url resource rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "container.h"
#include "facts.h"
#include "guard.h"
#include "rules_text.h"

struct row {
	const char *why;
	const char *head;		/* without the empty line */
	const char *host, *url, *source, *extension;
	enum resource type;
	bool third_party;
};

static const struct row rows[] = {
	{ "plain", "GET /a/b.js?x=1 HTTP/1.1\r\nHost: A.Example\r\n",
	  "a.example", "a.example/a/b.js?x=1", "", "js", RES_SCRIPT, false },
	{ "port of the URL only when it is not 80", "GET /x HTTP/1.1\r\nHost: a.example:80\r\n",
	  "a.example", "a.example/x", "", "", RES_UNKNOWN, false },
	{ "another port", "GET /x HTTP/1.1\r\nHost: a.example:8080\r\n",
	  "a.example", "a.example:8080/x", "", "", RES_UNKNOWN, false },
	{ "final dot", "GET / HTTP/1.1\r\nHost: a.example.\r\n",
	  "a.example", "a.example/", "", "", RES_UNKNOWN, false },
	{ "absolute form counts", "GET http://A.example/p HTTP/1.1\r\nHost: a.example\r\n",
	  "a.example", "a.example/p", "", "", RES_UNKNOWN, false },
	{ "no host: the server's address", "GET /p.gif HTTP/1.0\r\n",
	  "198.51.100.7", "198.51.100.7/p.gif", "", "gif", RES_IMAGE, false },
	{ "CONNECT has no path", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n",
	  "a.example", "a.example:443/", "", "", RES_OTHER, false },
	{ "an IPv6 literal", "GET / HTTP/1.1\r\nHost: [2001:DB8::1]\r\n",
	  "2001:db8::1", "[2001:db8::1]/", "", "", RES_UNKNOWN, false },
	{ "same site", "GET /i.png HTTP/1.1\r\nHost: img.shop.example\r\nReferer: http://www.shop.example/x\r\n",
	  "img.shop.example", "img.shop.example/i.png", "www.shop.example", "png", RES_IMAGE, false },
	{ "third party", "GET /i.png HTTP/1.1\r\nHost: track.example\r\nReferer: http://www.shop.example/x\r\n",
	  "track.example", "track.example/i.png", "www.shop.example", "png", RES_IMAGE, true },
	{ "by Origin", "POST /i HTTP/1.1\r\nHost: track.example\r\nOrigin: http://shop.example\r\n",
	  "track.example", "track.example/i", "shop.example", "", RES_XHR, true },
	{ "Origin is null", "POST /i HTTP/1.1\r\nHost: track.example\r\nOrigin: null\r\n",
	  "track.example", "track.example/i", "", "", RES_XHR, false },
	{ "a navigation is never third party",
	  "GET / HTTP/1.1\r\nHost: bank.example\r\nAccept: text/html,*/*\r\nReferer: http://search.example/\r\n",
	  "bank.example", "bank.example/", "search.example", "", RES_SUBDOCUMENT, false },
};

static struct rules *rules;
static struct facts_room room;

static void each_row(void **state)
{
	static struct http1_head h;
	struct station client = { 0 };
	struct addr server;
	bool fine = true;

	(void)state;
	assert_true(addr_parse(&client.ip, SPAN_LIT("10.0.0.2")) && addr_parse(&server, SPAN_LIT("198.51.100.7")));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		char text[1024];
		struct facts f;
		struct url u;
		int n = snprintf(text, sizeof(text), "%s\r\n", r->head);

		assert_int_equal(http1_request_parse(guard_copy((struct span){ text, (size_t)n }), 0, &h), PARSE_DONE);
		assert_int_equal(url_from_request(&h, &u), PARSE_DONE);
		facts_read(&f, &room, rules, &h, &u, &client, &server, 1700000000);
		if (!span_eq(f.host, span_of(r->host)) || !span_eq(f.url, span_of(r->url)) ||
		    !span_eq(f.source_host, span_of(r->source)) || !span_eq(facts_extension(&f), span_of(r->extension)) ||
		    (r->type != RES_OTHER && f.type != r->type) || f.third_party != r->third_party) {
			print_error("%s: host %.*s, url %.*s, source %.*s, extension %.*s, type %d, third party %d\n", r->why,
				    SPAN_FMT(f.host), SPAN_FMT(f.url), SPAN_FMT(f.source_host),
				    SPAN_FMT(facts_extension(&f)), f.type, f.third_party);
			fine = false;
		}
		assert_ptr_equal(f.client, &client);
		assert_ptr_equal(f.server, &server);
		assert_int_equal(f.minute, rules_minute(1700000000));
	}
	assert_true(fine);
}

/* the longest head there is: nothing is cut, nothing is written beside the room */
static void the_longest(void **state)
{
	static struct http1_head h;
	static char text[LIMIT_HEAD_BYTES];
	struct station client = { 0 };
	struct addr server = { 0 };
	struct facts f;
	struct url u;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	memcpy(text + sizeof(text) - 38, " HTTP/1.1\r\nHost: some.example:12345\r\n\r\n" + 1, 38);
	text[sizeof(text) - 39] = ' ';
	assert_int_equal(http1_request_parse(guard_copy((struct span){ text, sizeof(text) }), 0, &h), PARSE_DONE);
	assert_int_equal(url_from_request(&h, &u), PARSE_DONE);
	facts_read(&f, &room, rules, &h, &u, &client, &server, 0);
	assert_int_equal(f.url.len, strlen("some.example:12345") + u.path.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(the_longest),
	};
	int failed;

	rules = rules_text_map("rules: []\n", NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rules_put(rules);
	return failed;
}
