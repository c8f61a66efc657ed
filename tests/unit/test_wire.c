/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_wire - real requests as they stand on the wire, EasyList and EasyPrivacy: the proxy blocks what uBlock Origin
 * blocks of a request of the type that Accept and extension tell, and the connection layer refuses nothing else
 * links: facts http1_head url resource rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facts.h"
#include "rules_text.h"
#include "shared.h"

/* both lists in one set; and each in one of its own */
static const char *const together = "lists: [{file: easylist}, {file: easyprivacy}]\n";
static const char *const apart = "groups: {a: 10.0.0.0/8, b: 10.0.0.2}\n"
				 "lists: [{file: easylist, groups: b}, {file: easyprivacy, groups: a}]\n";

struct row {
	struct span method, type, wiretype, source, url, full, wire;	/* full: the verdict for the true type */
};

static struct span column(struct span line, unsigned n)
{
	while (n--)
		line = span_skip(line, span_until(line, '\t').len + 1);
	return span_until(line, '\t');
}

static bool is(struct span s, const char *word)
{
	return span_eq(s, span_of(word));
}

/* the head that a browser would send; false: the URL holds what no head may */
static bool head_of(const struct row *r, char *out, size_t room, struct http1_head *h, struct url *u)
{
	bool page = is(r->type, "main_frame") || is(r->type, "sub_frame");
	struct span rest = r->url, authority;
	const char *slashes = memmem(rest.p, rest.len, "://", 3);
	int n;

	if (!slashes)
		return false;
	rest = span_skip(rest, (size_t)(slashes - rest.p) + 3);
	authority = span_until(span_until(rest, '/'), '?');
	rest = span_skip(span_until(rest, '#'), authority.len);
	n = snprintf(out, room, "%.*s %s%.*s HTTP/1.1\r\nHost: %.*s\r\nReferer: http://%.*s/\r\nAccept: %s\r\n%s\r\n",
		     SPAN_FMT(r->method), rest.len && rest.p[0] == '/' ? "" : "/", SPAN_FMT(rest), SPAN_FMT(authority),
		     SPAN_FMT(r->source), page ? "text/html,*/*" : is(r->type, "image") ? "image/webp,*/*" :
		     is(r->type, "stylesheet") ? "text/css,*/*" : "*/*",
		     is(r->type, "websocket") ? "Connection: Upgrade\r\nUpgrade: websocket\r\n" : "");
	return n > 0 && (size_t)n < room && http1_request_parse((struct span){ out, (size_t)n }, 0, h) == PARSE_DONE &&
	       url_from_request(h, u) == PARSE_DONE;
}

struct counts {
	unsigned asked, skipped, blocked, refused, wrong;
};

static void ask(const struct rules *r, const struct row *row, struct counts *c)
{
	static struct http1_head h;
	static struct facts_room room;
	static char text[LIMIT_HEAD_BYTES];
	struct station client = { 0 };
	struct addr server;
	struct verdict v;
	struct facts f;
	struct url u;
	bool blocks;

	/* a page is blocked by "||host^" here, and by filters with "document" there */
	if (is(row->source, "-") || is(row->wiretype, "main_frame"))
		return;
	if (!head_of(row, text, sizeof(text), &h, &u)) {
		c->skipped++;
		return;
	}
	assert_true(addr_parse(&client.ip, SPAN_LIT("10.0.0.2")) && addr_parse(&server, SPAN_LIT("198.51.100.7")));
	facts_read(&f, &room, r, &h, &u, &client, &server, 1700000000);
	if (is(f.host, "198.51.100.7")) {	/* what it calls a host is none: ".example.com" */
		c->skipped++;
		return;
	}
	v = rules_request(r, &f);
	blocks = v.action == ACT_BLOCK;
	c->asked++;
	c->blocked += blocks;
	if (blocks != is(row->wire, "1")) {
		c->wrong++;
		print_error("%s: %.*s from %.*s, type %d\n", blocks ? "blocked" : "passed", SPAN_FMT(row->url),
			    SPAN_FMT(row->source), f.type);
	}
	if (rules_connection(r, &client, &server, f.host, f.minute).action != ACT_BLOCK)
		return;
	c->refused++;
	if (!is(row->full, "1")) {
		c->wrong++;
		print_error("refused: %.*s\n", SPAN_FMT(row->url));
	}
}

static void ask_all(const char *yaml, const struct text_file *lists, struct span requests, struct span verdicts)
{
	struct rules *r = rules_text_map(yaml, lists);
	struct counts c = { 0 };

	while (requests.len && verdicts.len) {
		struct span line = span_until(requests, '\n'), verdict = span_until(verdicts, '\n');
		const struct row row = {
			.method = column(line, 1), .type = column(line, 2), .wiretype = column(line, 3), .source = column(line, 4),
			.url = column(line, 5), .full = column(verdict, 2), .wire = column(verdict, 4),
		};

		if (line.len && line.p[0] != '#')
			ask(r, &row, &c);
		requests = span_skip(requests, line.len + 1);
		verdicts = span_skip(verdicts, verdict.len + 1);
	}
	rules_put(r);
	printf("%u requests, %u that no browser would send; %u blocked, %u of them refused before; %u wrong\n", c.asked,
	       c.skipped, c.blocked, c.refused, c.wrong);
	assert_true(c.asked > 60000 && c.blocked > 20000 && c.refused > 5000 && c.skipped < 1000);
	assert_int_equal(c.wrong, 0);
}

static void the_proxy_decides_as_a_browser_would(void **state)
{
	struct span easylist = shared_read("lists/easylist.txt.xz"), easyprivacy = shared_read("lists/easyprivacy.txt.xz");
	struct span requests = shared_read("requests/requests.tsv.zst"), verdicts = shared_read("requests/verdicts.tsv.gz");
	const struct text_file lists[] = { { "easylist", easylist }, { "easyprivacy", easyprivacy }, { NULL, { NULL, 0 } } };

	(void)state;
	if (!easylist.p || !easyprivacy.p || !requests.p || !verdicts.p)
		skip();
	ask_all(together, lists, requests, verdicts);
	ask_all(apart, lists, requests, verdicts);
	free((void *)(uintptr_t)easylist.p);
	free((void *)(uintptr_t)easyprivacy.p);
	free((void *)(uintptr_t)requests.p);
	free((void *)(uintptr_t)verdicts.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_proxy_decides_as_a_browser_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
