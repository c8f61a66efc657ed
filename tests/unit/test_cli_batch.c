/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_cli_batch - what comparisons with other engines read
 *
 * links: cli_batch cli_explain refusal judge names names_store cli_url change action query cookie_cap cookie json rules rules_layers rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli_rules.h"
#include "match_lists.h"
#include "shared.h"

static char dir[] = "/tmp/test_cli_batch.XXXXXX";
static char ads[64], hosts[64], html[64], requests[64], answers[64], rules[64];

static void put(char path[64], const char *name, const char *text)
{
	FILE *f;

	snprintf(path, 64, "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* the answers, and the exit status */
static int run_with(char *option, const char *lists, char *out, size_t room)
{
	char copy[256];
	char *argv[] = { "explain", "--batch", requests, option, copy, NULL };
	int kept = dup(1), fd = open(answers, O_RDWR | O_CREAT | O_TRUNC, 0600), status;
	ssize_t n;

	snprintf(copy, sizeof(copy), "%s", lists);
	fflush(stdout);
	dup2(fd, 1);
	status = verb_explain_batch(5, argv);
	fflush(stdout);
	dup2(kept, 1);
	close(kept);
	n = pread(fd, out, room - 1, 0);
	out[n > 0 ? n : 0] = '\0';
	close(fd);
	return status;
}

static int run(const char *lists, char *out, size_t room)
{
	char option[] = "--lists";

	return run_with(option, lists, out, room);
}

static int run_rules(const char *path, char *out, size_t room)
{
	char option[] = "-c";

	return run_with(option, path, out, room);
}

static void a_line_for_each_request(void **state)
{
	char out[4096], want[4096], lists[160];

	(void)state;
	put(ads, "ads.txt", "! Title: x\n||ads.com^\n@@||ads.com/ok\n/Banner/*$image,third-party\n@@||host.net^\n");
	put(hosts, "hosts", "127.0.0.1 localhost\n0.0.0.0 host.net\n0.0.0.0 other.net\n");
	put(requests, "requests",
	    "GET\timage\tx.org\thttps://sub.ads.com/1\n" "GET\tscript\t-\thttp://ads.com/ok.js\n"
	    "GET\timage\t-\thttp://y.com/banner/1\n" "-\t-\tx.org\thttp://a.host.net/\n" "GET\tmain_frame\ty.com\thttp://y.com/\n");
	snprintf(answers, sizeof(answers), "%s/answers", dir);
	snprintf(lists, sizeof(lists), "%s,%s", ads, hosts);
	assert_int_equal(run(lists, out, sizeof(out)), 0);
	snprintf(want, sizeof(want), "block\t%s:2\t||ads.com^\nallow\t%s:3\t@@||ads.com/ok\n"
		 "block\t%s:4\t/Banner/*$image,third-party\nblock\t%s:2\thost.net\npass\t-\t-\n", ads, ads, ads, hosts);
	assert_string_equal(out, want);
}

static void a_rules_yaml_answers_too(void **state)
{
	char out[4096], want[4096], yaml[1024];

	(void)state;
	put(ads, "ads.txt", "! Title: x\n||ads.com^\n@@||ads.com/ok\n/Banner/*$image,third-party\n@@||host.net^\n");
	put(hosts, "hosts", "127.0.0.1 localhost\n0.0.0.0 host.net\n0.0.0.0 other.net\n");
	snprintf(yaml, sizeof(yaml), "lists:\n  - file: ads.txt\n  - file: hosts\nrules:\n  - {block: requests, host: y.com, "
		 "url: \"*/own/*\"}\n");
	put(rules, "rules.yaml", yaml);
	put(requests, "requests",
	    "GET\timage\tx.org\thttps://sub.ads.com/1\n" "GET\tscript\t-\thttp://ads.com/ok.js\n"
	    "GET\timage\t-\thttp://y.com/banner/1\n" "-\t-\tx.org\thttp://a.host.net/\n" "GET\tmain_frame\ty.com\thttp://y.com/\n"
	    "GET\tping\t-\thttp://y.com/own/1\n");
	snprintf(answers, sizeof(answers), "%s/answers", dir);
	assert_int_equal(run_rules(rules, out, sizeof(out)), 0);
	snprintf(want, sizeof(want), "block\tads.txt:2\t||ads.com^\nallow\tads.txt:3\t@@||ads.com/ok\n"
		 "block\tads.txt:4\t/Banner/*$image,third-party\nblock\thosts:2\thost.net\npass\t-\t-\n"
		 "block\t%s:5\tblock: requests, host: y.com, url: */own/*\n", rules);
	assert_string_equal(out, want);
}

static void put_span(char path[64], const char *name, struct span text)
{
	FILE *f;

	snprintf(path, 64, "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_true(f && fwrite(text.p, 1, text.len, f) == text.len && fclose(f) == 0);
}

/* what the gateway decides by is the image of a rules.yaml; what is compared with other engines are lists.  A sample
 * of the real requests: each tenth.  Only the line of the filter may differ, where several block. */
static void both_ways_agree(void **state)
{
	enum { ROOM = 4 << 20 };
	struct span easy = shared_read("lists/easylist.txt.xz"), privacy = shared_read("lists/easyprivacy.txt.xz");
	struct span all = shared_read("requests/requests.tsv.zst"), rest = all, column[6];
	char *a, *b, lists[160], *pa, *pb;
	unsigned n = 0, asked = 0, blocked = 0;
	FILE *f;

	(void)state;
	if (!easy.p || !privacy.p || !all.p)
		skip();
	pa = a = malloc(ROOM);
	pb = b = malloc(ROOM);
	put_span(ads, "ads.txt", easy);
	put_span(hosts, "hosts", privacy);
	put(rules, "rules.yaml", "lists:\n  - file: ads.txt\n  - file: hosts\n");
	put(requests, "requests", "");
	f = fopen(requests, "w");
	while (match_columns(&rest, column, 6))
		if (n++ % 10 == 0)
			asked += fprintf(f, "%.*s\t%.*s\t%.*s\t%.*s\n", SPAN_FMT(column[1]), SPAN_FMT(column[2]),
					 SPAN_FMT(column[4]), SPAN_FMT(column[5])) > 0;
	fclose(f);
	snprintf(answers, sizeof(answers), "%s/answers", dir);
	snprintf(lists, sizeof(lists), "%s,%s", ads, hosts);
	assert_int_equal(run(lists, a, ROOM), 0);
	assert_int_equal(run_rules(rules, b, ROOM), 0);
	for (n = 0; *pa && *pb; n++) {
		size_t la = strcspn(pa, "\n"), lb = strcspn(pb, "\n");

		if (strncmp(pa, pb, 5) != 0)
			fail_msg("request %u: %.*s, but %.*s", n, (int)la, pa, (int)lb, pb);
		blocked += *pa == 'b';
		pa += la + 1;
		pb += lb + 1;
	}
	assert_int_equal(n, asked);
	assert_true(blocked > asked / 20);
	free(a);
	free(b);
	free((void *)(uintptr_t)easy.p);
	free((void *)(uintptr_t)privacy.p);
	free((void *)(uintptr_t)all.p);
}

static void what_cannot_be_used_is_an_error(void **state)
{
	char out[4096];

	(void)state;
	put(html, "page", "<!DOCTYPE html><html><body>404</body></html>\n");
	assert_int_equal(run(html, out, sizeof(out)), 2);
	assert_int_equal(run("/nowhere/list", out, sizeof(out)), 2);
	put(requests, "requests", "GET\timage\n");
	assert_int_equal(run(ads, out, sizeof(out)), 2);
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	const char *all[] = { ads, hosts, html, requests, answers, rules };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		unlink(all[i]);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_for_each_request),
		cmocka_unit_test(a_rules_yaml_answers_too),
		cmocka_unit_test(both_ways_agree),
		cmocka_unit_test(what_cannot_be_used_is_an_error),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
