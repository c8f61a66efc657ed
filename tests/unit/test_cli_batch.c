/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_cli_batch - what comparisons with other engines read
 *
 * links: cli_batch match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens image regex filter_parse filter_pattern filter_options filter_domain list_adblock list_detect list_hosts list_domains host addr
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
#include "span.h"

static char dir[] = "/tmp/test_cli_batch.XXXXXX";
static char ads[64], hosts[64], html[64], requests[64], answers[64];

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
static int run(const char *lists, char *out, size_t room)
{
	char copy[256];
	char *argv[] = { "explain", "--batch", requests, "--lists", copy, NULL };
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
	const char *all[] = { ads, hosts, html, requests, answers };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		unlink(all[i]);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_for_each_request),
		cmocka_unit_test(what_cannot_be_used_is_an_error),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
