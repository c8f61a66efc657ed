/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: named */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "named.h"

static const struct {
	const char *yaml, *value;
	bool named;
} rows[] = {
	{ "lists:\n  - file: a.txt\n", "a.txt", true },
	{ "lists:\n  - file: a.txt", "a.txt", true },
	{ "lists:\r\n  - file: a.txt \r\n", "a.txt", true },
	{ "lists:\n  - {file: a.txt}\n", "a.txt", true },
	{ "lists: [{mode: observe, file: a.txt, allow: yes}]\n", "a.txt", true },
	{ "lists: [{\"file\":\"a.txt\"}]", "a.txt", true },
	{ "- file: 'a b.txt'   # a comment\n", "a b.txt", true },
	{ "- file: \"/x/a.txt\"\n", "/x/a.txt", true },
	{ "- file: [a.txt]\n", "a.txt", true },
	{ "- file:\n    - a.txt\n", "a.txt", true },
	{ "- file: >-\n    a.txt\n", "a.txt", true },
	{ "- file:\n    a.txt\n", "a.txt", true },
	{ "- file: a.txt\n- file: a.txt.old\n", "a.txt.old", true },
	{ "- file: a.txt.old\n- file: a.txt\n", "a.txt", true },
	/* a part is no name */
	{ "- file: a.txt\n", "a", false },
	{ "- file: a.txt\n", ".txt", false },
	{ "- file: a.txt\n", "txt", false },
	{ "- file: /etc/shadow.list\n", "/etc/shadow", false },
	{ "- file: /srv/etc/shadow\n", "/etc/shadow", false },
	{ "- file: a.txt,b.txt\n", "a.txt", false },
	{ "- file: a.txt,b.txt\n", "b.txt", false },
	{ "- file: a b\n", "a", false },
	{ "- file: a b\n", "b", false },
	{ "- file: 'a.txt''s'\n", "a.txt", false },
	{ "- file: \"a.txt\n", "a.txt", false },
	{ "- file: a.txt\"\n", "a.txt", false },
	{ "- file: a.txt#b\n", "a.txt", false },
	{ "- file: a.txt}\n", "a.txt", false },
	/* nor is it in a comment, under another key, or nowhere */
	{ "# - file: a.txt\n", "a.txt", false },
	{ "- file: b # file: a.txt\n", "a.txt", false },
	{ "#- file:\n  a.txt\n", "a.txt", false },
	{ "- profile: a.txt\n", "a.txt", false },
	{ "- url: a.txt\n", "a.txt", false },
	{ "- {file: b, host: a.txt}\n", "a.txt", false },
	{ "- host:\n    - a.txt\n", "a.txt", false },
	{ "rules: [a.txt]\n", "a.txt", false },
	{ "a.txt\n", "a.txt", false },
	{ "a.txt", "a.txt", false },
	{ "file", "file", false },
	{ "- file: a.txt\n", "", false },
	{ "- file: a\n- file: b\n", "a\n- file: b", false },
	{ "", "a", false },
};

static void a_value_is_whole_and_after_its_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span yaml = span_of(rows[i].yaml);

		if (named_value(guard_copy(yaml), "file", span_of(rows[i].value)) != rows[i].named)
			fail_msg("row %zu: \"%s\" in %s", i, rows[i].value, rows[i].yaml);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_value_is_whole_and_after_its_key) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
