/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: list_shown */
/* what anybody may see of a URL */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "list_shown.h"

static void secrets_are_hidden(void **state)
{
	static const struct { const char *reason, *text, *shown; } row[] = {
		{ "nothing to hide", "https://a.example/list.txt", "https://a.example/list.txt" },
		{ "a password", "https://user:pass@a.example/x", "https://***@a.example/x" },
		{ "a token as the user", "http://t0ken@a.example", "http://***@a.example" },
		{ "any case", "HTTPS://u:p@a.example/", "HTTPS://***@a.example/" },
		{ "the last @ ends it", "https://u:p@ss@a.example/", "https://***@a.example/" },
		{ "an @ in the path is none", "https://a.example/repo@1.2/x", "https://a.example/repo@1.2/x" },
		{ "nor one in the query", "https://a.example?m=a@b", "https://a.example?m=***" },
		{ "a port", "https://u:p@[2001:db8::1]:8443/x", "https://***@[2001:db8::1]:8443/x" },
		{ "a query keeps names", "https://a.example/x?key=abc&list=ads", "https://a.example/x?key=***&list=***" },
		{ "a value with =", "https://a.example/x?key=abc==&b", "https://a.example/x?key=***&***" },
		{ "a query that is a token", "https://a.example/x?abcdef", "https://a.example/x?***" },
		{ "nothing said", "https://a.example/x?&a=", "https://a.example/x?&a=" },
		{ "a fragment", "https://a.example/x#abc", "https://a.example/x#***" },
		{ "behind a query", "https://a.example/x?a=b#abc", "https://a.example/x?a=***" },
		{ "in a text", "list \"https://u:p@a.example/?k=v\" is left out: it is empty",
		  "list \"https://***@a.example/?k=***\" is left out: it is empty" },
		{ "several", "https://u:p@a.example http://u:q@b.example", "https://***@a.example http://***@b.example" },
		{ "before a colon", "it includes http://a.example/?k=v: it is empty", "it includes http://a.example/?k=***: it is empty" },
		{ "in YAML", "  - {url: 'http://u:p@a.example/x', every: 1d}", "  - {url: 'http://***@a.example/x', every: 1d}" },
		{ "another scheme", "found ftp://u:p@a.example/x", "found ftp://***@a.example/x" },
		{ "no URL", "a@b.example :// x?y a:/u:p@b", "a@b.example :// x?y a:/u:p@b" },
		{ "nothing", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char out[200], again[200];
		size_t len = list_shown(guard_copy(span_of(row[i].text)), out, sizeof(out));

		if (strcmp(out, row[i].shown) != 0)
			fail_msg("%s: %s", row[i].reason, out);
		assert_int_equal(len, strlen(out));
		list_shown(span_of(out), again, sizeof(again));
		assert_string_equal(again, out);
		/* cut anywhere, it is the beginning of the same */
		for (size_t room = 1; room < sizeof(out); room++) {
			len = list_shown(span_of(row[i].text), again, room);
			assert_true(len < room && strncmp(again, out, len) == 0 && again[len] == '\0');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(secrets_are_hidden) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
