/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: list_store */
/* which URLs can be the place of a list, and the file each has */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "limits.h"
#include "list_store.h"
#include "statedir.h"

/* limits: LIST_URL_BYTES */
static void urls(void **state)
{
	static const struct { const char *url; const char *why; } row[] = {
		{ "https://a.example/list.txt", NULL }, { "HTTP://a.example", NULL }, { "http://[2001:db8::1]:8080/x?y=%20", NULL },
		{ "https://", "no host" }, { "https:///x", "no host" }, { "http://:80/", "no host" }, { "https://?x", "no host" },
		{ "https://@/", "no host" }, { "ftp://a.example/", "expected http" }, { "file:///etc/shadow", "expected http" },
		{ "a.example/x", "expected http" }, { "", "expected http" }, { "https:/a.example", "expected http" },
		{ "https://a.example/a b", "%XX" }, { "https://a.example/\n", "%XX" }, { "https://a.example/\xc3\xa4", "%XX" },
		{ "https://a.example/\x7f", "%XX" }, { "https://a.example/\"", "%XX" },
	};
	char longest[LIMIT_LIST_URL_BYTES + 1] = "https://a.example/";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const char *why = list_url_why(guard_copy(span_of(row[i].url)));

		if (row[i].why)
			assert_non_null(strstr(why ? why : "", row[i].why));
		else
			assert_null(why);
	}
	memset(longest + 18, 'x', sizeof(longest) - 18);
	assert_null(list_url_why((struct span){ longest, LIMIT_LIST_URL_BYTES }));
	assert_non_null(list_url_why((struct span){ longest, sizeof(longest) }));
}

static void places(void **state)
{
	char a[PATH_MAX], b[PATH_MAX], far[PATH_MAX];

	(void)state;
	assert_true(list_store_path(NULL, SPAN_LIT("https://a.example/../../etc"), a));
	assert_int_equal(strncmp(a, STATEDIR_DEFAULT "/lists/", sizeof(STATEDIR_DEFAULT "/lists/") - 1), 0);
	assert_int_equal(strlen(a), sizeof(STATEDIR_DEFAULT "/lists/") - 1 + LIST_STORE_NAME - 1);
	assert_int_equal(strspn(strrchr(a, '/') + 1, "0123456789abcdef"), LIST_STORE_NAME - 1);
	assert_true(list_store_path("/x", SPAN_LIT("https://a.example/../../etd"), b));
	assert_string_not_equal(strrchr(a, '/'), strrchr(b, '/'));
	/* it stays the same from version to version: else all copies are lost */
	assert_true(list_store_path("/x", SPAN_LIT("https://lists.example/ads.txt"), b));
	assert_string_equal(b, "/x/lists/084d9f760f9f71c2357198cba0f3e413");
	memset(far, 'x', sizeof(far));
	far[PATH_MAX - 30] = '\0';
	assert_false(list_store_path(far, SPAN_LIT("https://a.example/"), b));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(urls), cmocka_unit_test(places) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
