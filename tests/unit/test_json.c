/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_json - commas where they belong, and no byte that breaks out of a string
 * links: json
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "container.h"
#include "json.h"

static void strings_are_escaped(void **state)
{
	static const struct { const char *why, *in, *out; } row[] = {
		{ "plain", "abc", "\"abc\"" },
		{ "empty", "", "\"\"" },
		{ "quote and backslash", "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "line end and tab", "a\nb\tc", "\"a\\nb\\tc\"" },
		{ "other controls", "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
		{ "UTF-8 stays", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ "a lone byte", "a\xff" "b", "\"a\\ufffdb\"" },
		{ "cut short", "\xe2\x82", "\"\\ufffd\\ufffd\"" },
		{ "overlong slash", "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
		{ "surrogate", "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char *text = NULL;
		size_t len = 0;
		struct json j = { .out = open_memstream(&text, &len) };

		json_string(&j, NULL, row[i].in);
		fclose(j.out);
		if (strcmp(text, row[i].out) != 0)
			fail_msg("%s: %s", row[i].why, text);
		free(text);
	}
}

static void commas_stand_between_values(void **state)
{
	char *text = NULL;
	size_t len = 0;
	struct json j = { .out = open_memstream(&text, &len) };

	(void)state;
	json_open(&j, NULL, '{');
	json_bool(&j, "armed", true);
	json_raw(&j, "");
	json_open(&j, "roles", '[');
	json_close(&j, ']');
	json_open(&j, "lan", '[');
	json_string(&j, NULL, "a");
	json_string(&j, NULL, NULL);
	json_open(&j, NULL, '{');
	json_number(&j, "n", UINT64_MAX);
	json_close(&j, '}');
	json_close(&j, ']');
	json_raw(&j, "\"x\":1");
	json_bool(&j, "last", false);
	json_close(&j, '}');
	fclose(j.out);
	assert_string_equal(text, "{\"armed\":true,\"roles\":[],\"lan\":[\"a\",null,{\"n\":18446744073709551615}],"
				  "\"x\":1,\"last\":false}");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(commas_stand_between_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
