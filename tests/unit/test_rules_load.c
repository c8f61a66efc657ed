/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz */
/* bad files and what is said of them; good ones and what they mean; the manual page and the table of keys */
/* limits: RULES_ERRORS LIST_SETS */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rules_text.h"

/* each message is expected in the text, in this order; "" ends */
static const struct {
	const char *yaml;
	const char *says[6];
} bad[] = {
	{ "gateway:\n  listn: 3129\n", { "rules.yaml:2:3: error: unknown key \"listn\"; did you mean \"listen\"?\n"
					 "      listn: 3129\n      ^\n" } },
	{ "gatewy: {}\n", { "1:1: error: unknown key \"gatewy\"; did you mean \"gateway\"?" } },
	{ "zebra: {}\n", { "unknown key \"zebra\"; expected one of gateway, lists, groups, rules" } },
	{ "- a\n", { "1:1: error: found a list; expected the sections" } },
	{ "gateway: [1]\n", { "1:10: error: found a list; expected keys of the gateway section" } },
	{ "gateway:\n  listen: 0\n  workers: 65\n  on_failure: maybe\n  probe: localhost:1\n",
	  { "2:11: error: \"0\" is no port", "3:12: error: \"65\" is no number of processes; expected 1 to 64",
	    "4:15: error: \"maybe\" is not known here; expected pass or block", "5:10: error: \"localhost:1\" is no address" } },
	{ "gateway:\n  lan: auto\n  lan: br0\n", { "3:3: error: \"lan\" again; it is already on line 2" } },
	{ "gateway: {lan: [auto, br0]}\n", { "1:17: error: \"auto\" among names" } },
	{ "gateway: {lan: averyveryverylongname}\n", { "is no interface name; expected one of at most 15 bytes" } },
	{ "gateway: {exempt: [10.0.0.0/33]}\n", { "\"10.0.0.0/33\" is no address" } },
	{ "gateway: {exempt: [\"3c:22:fb:01:02\"]}\n", { "\"3c:22:fb:01:02\" is no address" } },
	{ "gateway: {mark: 0x08000000}\n", { "1:17: error: \"0x08000000\" is no mask of five bits" } },
	{ "gateway: {mark: 0x0f000000}\n", { "is no mask of five bits" } },
	{ "gateway: {mark: 0x0f8000000}\n", { "is no mask of five bits" } },
	{ "gateway: {mark: 260046848}\n", { "is no mask of five bits" } },
	{ "gateway: {http_ports: []}\n", { "found an empty list; expected ports" } },
	{ "gateway:\n  tls: maybe\n  quic: refuse\n  tls_ports: [443, 0, 65536, https]\n",
	  { "2:8: error: \"maybe\" is not known here; expected all, suspect or off", "3:9: error: \"refuse\" is not known here; expected inspect, "
	    "block or pass", "4:20: error: \"0\" is no port", "4:23: error: \"65536\" is no port", "4:30: error: \"https\" is no port" } },
	{ "gateway: {tls_ports: []}\n", { "found an empty list; expected ports" } },
	{ "gateway: {tls_ports: {443: yes}}\n", { "1:22: error: found a map; expected ports" } },
	{ "gateway: {tls: [all, off]}\n", { "1:16: error: found a list; expected all, suspect or off" } },
	{ "gateway: {quic: }\n", { "expected inspect, block or pass" } },
	{ "rules: {a: b}\n", { "1:8: error: found a map; expected a list; each rule begins with" } },
	{ "rules:\n  - 17\n", { "2:5: error: found a single value; expected a rule" } },
	{ "rules:\n  - host: a.test\n", { "2:5: error: a rule that does nothing; expected block:, allow: or limit:" } },
	{ "rules:\n  - {block: requests, allow: requests, host: a}\n", { "2:30: error: one rule cannot do two things" } },
	{ "rules:\n  - {block: everything, host: a}\n", { "2:13: error: only allow knows \"everything\"" } },
	{ "rules:\n  - {limit: images, host: a}\n", { "\"images\" is not known here; expected cookies" } },
	{ "rules:\n  - {block: reqests, host: a}\n", { "\"reqests\" is not known here; expected connections, requests, cookies or images" } },
	{ "rules:\n  - block: requests\n", { "2:5: error: a rule without a condition would block all requests" } },
	{ "rules:\n  - {block: requests, host: \"a b\"}\n", { "2:29: error: \"a b\" is no host name" } },
	{ "rules:\n  - {block: requests, host: \"http://a.test/\"}\n", { "is no host name; expected one such as ads.example" } },
	{ "rules:\n  - {block: requests, host: \"*.a.test\"}\n", { "a name covers all below it; expected \"a.test\"" } },
	{ "rules:\n  - {block: requests, host: [a.test, {b: c}, []]}\n", { "2:38: error: found a map; expected host names",
									   "2:46: error: found an empty list" } },
	{ "rules:\n  - {block: requests, host: }\n", { "found nothing; expected host names" } },
	{ "rules:\n  - {block: requests, url: \"/a(b/\"}\n", { "2:28: error: regular expression: missing closing parenthesis, after \"a(b\"" } },
	{ "rules:\n  - {block: requests, url: \"/ads\"}\n", { "a regular expression begins and ends with \"/\"" } },
	{ "rules:\n  - {block: requests, url: \"http://a.test/*\"}\n", { "URLs are compared without their scheme" } },
	{ "rules:\n  - {block: requests, url: a.test}\n", { "can match no URL, for each has a path" } },
	{ "rules:\n  - {block: connections, url: \"*x*\"}\n", { "2:26: error: a connection has no URL" } },
	{ "rules:\n  - {block: requests, name: uid}\n", { "only cookies have names" } },
	{ "rules:\n  - {block: requests, size: 1x1}\n", { "only images have a size" } },
	{ "rules:\n  - {block: images, size: [1x, 0x1, 1x1x1, 99999x1]}\n", { "\"1x\" is no size", "\"0x1\" is", "\"1x1x1\" is", "\"99999x1\" is" } },
	{ "rules:\n  - {block: requests, third_party: maybe}\n", { "expected yes or no" } },
	{ "rules:\n  - {block: requests, address: a.test}\n", { "\"a.test\" is no address" } },
	{ "groups: {kids: 10.0.0.0/8}\nrules:\n  - {block: requests, host: a, group: kidz}\n",
	  { "3:39: error: there is no group \"kidz\"; did you mean \"kids\"?" } },
	{ "groups: {kids: [phone]}\n", { "1:17: error: \"phone\" is no address" } },
	{ "groups: {a: 10.0.0.1, a: 10.0.0.2}\n", { "group \"a\" again" } },
	{ "rules:\n  - {block: requests, host: a, between: [noon]}\n", { "\"noon\" is no time; expected days, times or both" } },
	{ "lists:\n  - mode: block\n", { "2:5: error: a list without a place; expected \"file: PATH\" or \"url: URL\"" } },
	{ "lists:\n  - {file: x, url: \"https://a.example/x\"}\n", { "2:20: error: a list has one place" } },
	{ "lists:\n  - file: https://a.example/x\n", { "2:11: error", "expected \"url:\"" } },
	{ "lists:\n  - {url: \"ftp://a.example/x\"}\n", { "cannot be fetched: expected http:// or https://" } },
	{ "lists:\n  - {url: \"ftp://u:hush@a.example/x?k=hush\"}\n",
	  { "2:11: error: this URL", "  - {url: \"ftp://***@a.example/x?k=***\"}\n              ^\n" } },
	{ "lists:\n  - {url: \"http://u:hush@a.example/x\", every: 5x}\n",
	  { "expected an interval", "  - {url: \"http://***@a.example/x\", every: 5x}\n                                               ^\n" } },
	{ "lists:\n  - {url: \"https:///x\"}\n", { "it has no host" } },
	{ "lists:\n  - {url: \"https://a.example/x y\"}\n", { "write them as %XX" } },
	{ "lists:\n  - {file: x, every: 1d}\n", { "only a list with \"url:\" is fetched; expected no \"every\"" } },
	{ "lists:\n  - {url: \"https://a.example/x\", every: 9m}\n", { "expected an interval from 10m to 30d" } },
	{ "lists:\n  - {url: \"https://a.example/x\", name: \"a b\"}\n", { "without spaces" } },
	{ "lists:\n  - {url: \"https://a.example/x\", checksum: perhaps}\n", { "expected yes or no" } },
	{ "lists:\n  - {file: x, groups: kids}\n", { "2:23: error: there is no group \"kids\"" } },
	{ "lists:\n  - {file: x, allow: perhaps}\n", { "2:22: error: \"perhaps\" is not known here; expected yes or no" } },
	{ "lists:\n  - {file: x, cookies: 3}\n", { "2:24: error: \"3\" is not known here; expected yes or no" } },
	{ "lists:\n  - {file: x, allow: yes, mode: observe}\n", { "2:22: error: a list of exceptions cannot be observed" } },
	{ "lists:\n  - {file: x, mode: watch}\n", { "expected block, observe or doh" } },
	{ "lists:\n  - {file: x, allow: yes, mode: doh}\n", { "2:22: error: a list of exceptions is no list of resolvers" } },
	{ "gateway: {dns: no, ech: strp, doh: block}\n", { "expected learn or refuse", "expected pass or strip", "1:36: error: \"block\" is not known here; expected pass or refuse" } },
	{ "rules:\n  - {block: requests, host: [a}\n", { "2:" } },
	{ "rules:\n\t- a\n", { "2:1: error: found character that cannot start any token" } },
	{ "a: \xff\n", { "1:4: error: " } },
	{ "a: 1\n---\nb: 2\n", { "a second document" } },
	{ "rules: *nothing\n", { "1:8: error: alias of an anchor that was not defined before it" } },
	{ "rules: &a [*a]\n", { "alias within its own anchor" } },
	{ "a: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", { "nested too deeply" } },
};

static void says_what_is_wrong_and_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rules_report report;
		int fd = rules_text_build(span_of(bad[i].yaml), NULL, &report);
		char *text = rules_report_text(&report);
		const char *at = text;

		if (fd >= 0)
			fail_msg("accepted:\n%s", bad[i].yaml);
		for (int k = 0; k < 6 && bad[i].says[k]; k++) {
			at = strstr(at, bad[i].says[k]);
			if (!at)
				fail_msg("not said: %s\nbut:\n%s", bad[i].says[k], text);
		}
		free(text);
		rules_report_fini(&report);
	}
}

static void a_bad_list_is_a_warning(void **state)
{
	static const struct text_file files[] = {
		{ "page.txt", SPAN_LIT("<html>404</html>\n") }, { "easy.txt", SPAN_LIT("[Adblock Plus]\n||a.test^\n") },
		{ "psl.txt", SPAN_LIT("// This Source Code Form\n// ===BEGIN ICANN DOMAINS===\nac\ncom.ac\n") },
		{ "none.txt", SPAN_LIT("# nothing\n") }, { "good.txt", SPAN_LIT("ads.test\n") },
		{ "local.txt", SPAN_LIT("127.0.0.1 localhost\n") }, { NULL, { NULL, 0 } },
	};
	struct rules_report report;
	int fd = rules_text_build(SPAN_LIT("lists:\n - file: gone.txt\n - file: page.txt\n - file: easy.txt\n - file: none.txt\n"
					   " - file: good.txt\n - file: local.txt\n - file: psl.txt\n"), files, &report);
	char *text = rules_report_text(&report), why[100];
	struct rules *r;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.warnings, 5);
	assert_non_null(strstr(text, "2:10: warning: list \"gone.txt\" is left out: No such file or directory"));
	assert_non_null(strstr(text, "list \"page.txt\" is left out: it is an HTML page, not a list"));
	assert_non_null(strstr(text, "list \"psl.txt\" is left out: it is the list of public suffixes"));
	assert_non_null(strstr(text, "list \"none.txt\" is left out: there is nothing in it but comments"));
	assert_non_null(strstr(text, "list \"local.txt\" is left out: no line of it could be used"));
	r = rules_map(fd, why, sizeof(why));
	assert_int_equal(rules_connection(r, NULL, NULL, SPAN_LIT("x.ads.test"), 0).action, ACT_BLOCK);
	assert_int_equal(rules_connection(r, NULL, NULL, SPAN_LIT("x.a.test"), 0).action, ACT_BLOCK);
	rules_put(r);
	close(fd);
	free(text);
	rules_report_fini(&report);
}

static void the_gateway_section(void **state)
{
	struct rules *r = rules_text_map("gateway:\n  lan: [br0, eth1]\n  filter_self: no\n  http_ports: [80, 8080, 80]\n  listen: 4000\n"
					 "  workers: 3\n  on_failure: block\n  refuse_with: drop\n  unlearned: refuse\n"
					 "  non_http: refuse\n  dns: refuse\n  ech: strip\n  doh: refuse\n  probe: \"[::1]:1100\"\n  exempt: [10.1.2.3/8, \"3C-22-fb-01-02-03\"]\n  mark: 0x80000036\n", NULL);
	const struct gateway *g = rules_gateway(r);
	char text[ADDR_TEXT];

	(void)state;
	assert_int_equal(g->lan_auto, 0);
	assert_int_equal(g->lans, 2);
	assert_string_equal(g->lan[1], "eth1");
	assert_int_equal(g->filter_self, SWITCH_NO);
	assert_int_equal(g->http_ports, 2);
	assert_int_equal(g->http_port[1], 8080);
	assert_int_equal(g->listen, 4000);
	assert_int_equal(g->workers, 3);
	assert_int_equal(g->on_failure, FAILURE_BLOCK);
	assert_int_equal(g->refuse_with, REFUSE_DROP);
	assert_int_equal(g->unlearned, UNLEARNED_REFUSE);
	assert_int_equal(g->non_http, NON_HTTP_REFUSE);
	assert_true(g->dns == DNS_REFUSE && g->ech == ECH_STRIP && g->doh == DOH_REFUSE);
	assert_string_equal(addr_format_port(&g->probe, text), "[::1]:1100");
	assert_int_equal(g->exempts, 2);
	assert_true(g->exempt[1].net.family == FAMILY_HW && memcmp(g->exempt[1].net.ip, "\x3c\x22\xfb\1\2\3", 6) == 0);
	assert_int_equal(gateway_mark(g, MARK_REFUSE), 0x80000000);
	assert_int_equal(gateway_mark(g, MARK_DECIDED), 32);
	assert_int_equal(gateway_mark(g, FLOW_ASK), 16);
	assert_int_equal(gateway_mark(g, FLOW_REFUSED), 4);
	assert_int_equal(gateway_mark(g, FLOW_SEEN), 2);
	assert_string_equal(addr_format(&g->exempt[0].net, text), "10.0.0.0");
	rules_put(r);
	r = rules_text_map("# nothing but a comment\ngateway:\nrules: []\nlists:\n", NULL);
	g = rules_gateway(r);
	assert_true(g->lan_auto && g->filter_self == SWITCH_AUTO && g->listen == 3129 && g->http_port[0] == 80);
	assert_int_equal(g->mark, 0x0f800000);
	assert_true(g->dns == DNS_LEARN && g->ech == ECH_PASS && g->doh == DOH_PASS);
	assert_int_equal(g->probe.family, 0);
	assert_int_equal(g->tls, TLS_ALL);
	assert_int_equal(g->quic, GATEWAY_QUIC_INSPECT);
	assert_true(g->tls_ports == 1 && g->tls_port[0] == 443);
	rules_put(r);
}

static void the_keys_of_tls_and_quic(void **state)
{
	static const struct { const char *yaml; enum gateway_tls tls; enum gateway_quic quic; unsigned ports, last; } row[] = {
		{ "gateway: {tls: all, quic: inspect, tls_ports: 443}\n", TLS_ALL, GATEWAY_QUIC_INSPECT, 1, 443 },
		{ "gateway: {tls: suspect, quic: block, tls_ports: [443, 8443, 443]}\n", TLS_SUSPECT, GATEWAY_QUIC_BLOCK, 2, 8443 },
		{ "gateway: {tls: off, quic: pass, tls_ports: [1, 65535]}\n", TLS_OFF, GATEWAY_QUIC_PASS, 2, 65535 },
		{ "gateway: {quic: block, http_ports: [8080]}\n", TLS_ALL, GATEWAY_QUIC_BLOCK, 1, 443 },
	};
	char yaml[400] = "gateway:\n  tls_ports: [1";
	struct rules_report report;
	struct rules *r;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct gateway *g;

		r = rules_text_map(row[i].yaml, NULL);
		g = rules_gateway(r);
		if (g->tls != row[i].tls || g->quic != row[i].quic || g->tls_ports != row[i].ports || g->tls_port[g->tls_ports - 1] != row[i].last)
			fail_msg("tls %u, quic %u, %u ports: %s", g->tls, g->quic, g->tls_ports, row[i].yaml);
		rules_put(r);
	}
	for (unsigned i = 2; i <= GATEWAY_PORTS; i++)
		snprintf(yaml + strlen(yaml), 8, ",%u", i);
	r = rules_text_map(strcat(yaml, "]\n"), NULL);
	assert_int_equal(rules_gateway(r)->tls_ports, GATEWAY_PORTS);
	rules_put(r);
	strcpy(strchr(yaml, ']'), ",9999]\n");
	assert_true(rules_text_build(span_of(yaml), NULL, &report) < 0);
	text = rules_report_text(&report);
	assert_non_null(strstr(text, "error: too many ports"));
	free(text);
	rules_report_fini(&report);
}

static void a_list_of_resolvers_is_read_where_it_is_used(void **state)
{
	static const struct text_file lists[] = { { "doh.txt", SPAN_LIT("dns.example\n") }, { NULL, { NULL, 0 } } };
	struct rules_report report;

	(void)state;
	/* one is missing, and nobody misses it */
	close(rules_text_build(SPAN_LIT("lists: [{file: doh.txt, mode: doh}, {file: gone, mode: doh}]\n"), lists, &report));
	assert_int_equal(report.errors + report.warnings, 0);
	assert_true(report.lists[0].idle && !report.lists[0].in_force && report.lists[0].names == 0);
	rules_report_fini(&report);
	close(rules_text_build(SPAN_LIT("lists: [{file: doh.txt, mode: doh}, {file: gone, mode: doh}]\ngateway: {doh: refuse}\n"), lists, &report));
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.warnings, 1);
	assert_true(!report.lists[0].idle && report.lists[0].doh && report.lists[0].in_force && report.lists[0].names == 1);
	rules_report_fini(&report);
}

static void anchors_are_bounded(void **state)
{
	char *yaml = malloc(1 << 20);
	size_t len = 0;
	struct rules_report report;

	(void)state;
	/* 1000 hosts, 4000 times: 4 million values out of a short file */
	len += (size_t)sprintf(yaml, "rules:\n  - {block: requests, host: &h [");
	for (int i = 0; i < 1000; i++)
		len += (size_t)sprintf(yaml + len, "h%d.test,", i);
	len += (size_t)sprintf(yaml + len, "]}\n");
	for (int i = 0; i < 4000; i++)
		len += (size_t)sprintf(yaml + len, "  - {block: requests, host: *h}\n");
	assert_true(rules_text_build((struct span){ yaml, len }, NULL, &report) < 0);
	assert_int_equal(report.errors, 1);
	assert_non_null(strstr(report.notes[0].message, "values"));
	rules_report_fini(&report);
	free(yaml);
	rules_put(rules_text_map("rules:\n  - {block: requests, host: &h [a.test, b.test]}\n  - {block: images, host: *h}\n", NULL));
}

static void many_errors_are_cut(void **state)
{
	char yaml[20000] = "gateway:\n";
	size_t len = strlen(yaml);
	struct rules_report report;
	char *text;

	(void)state;
	for (int i = 0; i < 300; i++)
		len += (size_t)sprintf(yaml + len, "  key%d: 1\n", i);
	assert_true(rules_text_build((struct span){ yaml, len }, NULL, &report) < 0);
	assert_int_equal(report.errors, 300);
	assert_int_equal(report.count, LIMIT_RULES_ERRORS);
	text = rules_report_text(&report);
	assert_non_null(strstr(text, "and 200 more errors"));
	free(text);
	rules_report_fini(&report);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *p = calloc(1, 1 << 20);

	if (!f || fread(p, 1, (1 << 20) - 1, f) == 0) {
		free(p);
		p = NULL;
	}
	if (f)
		fclose(f);
	return p;
}

static void lists_have_bounded_kinds(void **state)
{
	char yaml[2000] = "groups: {g0: 10.0.0.0, g1: 10.0.0.1, g2: 10.0.0.2, g3: 10.0.0.3, g4: 10.0.0.4, g5: 10.0.0.5, "
			  "g6: 10.0.0.6, g7: 10.0.0.7}\nlists:\n";
	static const struct text_file files[] = { { "l", SPAN_LIT("ads.test\n") }, { NULL, { NULL, 0 } } };

	(void)state;
	for (int i = 0; i < LIMIT_LIST_SETS + 1; i++) {
		struct rules_report report;
		size_t len = strlen(yaml);
		char *text;
		int fd;

		/* twice each: the same options are one set */
		snprintf(yaml + len, sizeof(yaml) - len, " - {file: l, groups: g%d}\n - {file: l, groups: [g%d]}\n", i % 8, i % 8);
		if (i == LIMIT_LIST_SETS)
			strcat(yaml, " - {file: l, allow: yes}\n");
		fd = rules_text_build(span_of(yaml), files, &report);
		text = rules_report_text(&report);
		if (i < LIMIT_LIST_SETS ? fd < 0 : !strstr(text, "too many kinds of lists; expected at most 8"))
			fail_msg("%d: %s", i, text);
		if (fd >= 0)
			close(fd);
		free(text);
		rules_report_fini(&report);
	}
}

static void every_key_is_in_the_manual_page(void **state)
{
	char *page = slurp("man/rules.yaml.5"), *keys = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&keys, &len);
	char *line, *save = NULL;

	(void)state;
	if (!page) {
		fclose(out);
		free(keys);
		print_message("SKIP: run in the root of the repository\n");
		skip();
	}
	rules_load_keys(out);
	fclose(out);
	for (line = strtok_r(keys, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *key = strchr(line, '\t') + 1, *standard = strchr(key, '\t') + 1, want[100], *item, *end, *section = page;

		standard[-1] = '\0';
		*strchr(standard, '\t') = '\0';
		if (*line != '-') {	/* keys of the same name in two sections are two keys */
			snprintf(want, sizeof(want), "\n.Sh THE %.*s SECTION\n", (int)(key - line) - 1, line);
			for (char *c = want; *c && *c != '\t'; c++)
				*c = c < want + 9 ? *c : (char)toupper((unsigned char)*c);
			section = strstr(page, want);
		}
		if (!section)
			fail_msg("rules.yaml(5) has no section \"%s\"", want);
		snprintf(want, sizeof(want), ".It Cm %s", key);
		item = strstr(section, want);
		while (item && item[strlen(want)] != '\n' && item[strlen(want)] != ' ')
			item = strstr(item + 1, want);
		if (!item)
			fail_msg("rules.yaml(5) has no \"%s\"", want);
		if (*standard == '\0')
			continue;
		/* and the default stands in its paragraph */
		end = strstr(item + 1, "\n.It ");
		snprintf(want, sizeof(want), "Default: %s", standard);
		item = strstr(item, want);
		if (!item || (end && item > end))
			fail_msg("rules.yaml(5), %s: no \"%s\"", key, want);
	}
	free(keys);
	free(page);
}

static void the_policy_in_the_tree_is_good(void **state)
{
	char *yaml = slurp("rules.yaml");
	struct rules *r;

	(void)state;
	if (!yaml) {
		print_message("SKIP: run in the root of the repository\n");
		skip();
	}
	r = rules_text_map(yaml, NULL);
	assert_int_equal(rules_connection(r, NULL, NULL, SPAN_LIT("ad.doubleclick.net"), 0).action, ACT_BLOCK);
	assert_int_equal(rules_connection(r, NULL, NULL, SPAN_LIT("ftp.debian.org"), 0).action, ACT_ALLOW);
	assert_int_equal(rules_connection(r, NULL, NULL, SPAN_LIT("captive.apple.com"), 0).action, ACT_ALLOW);
	assert_int_equal(rules_connection(r, NULL, NULL, SPAN_LIT("www.example.org"), 0).action, ACT_PASS);
	rules_put(r);
	free(yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(a_bad_list_is_a_warning),
		cmocka_unit_test(the_gateway_section),
		cmocka_unit_test(the_keys_of_tls_and_quic),
		cmocka_unit_test(a_list_of_resolvers_is_read_where_it_is_used),
		cmocka_unit_test(anchors_are_bounded),
		cmocka_unit_test(many_errors_are_cut),
		cmocka_unit_test(lists_have_bounded_kinds),
		cmocka_unit_test(every_key_is_in_the_manual_page),
		cmocka_unit_test(the_policy_in_the_tree_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
