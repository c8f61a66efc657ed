/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: list_state */
/* the file beside a copy: what is written is read back, and what cannot have been written is refused */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "list_state.h"

static void written_is_read(void **state)
{
	struct list_state s = {
		.url = "https://a.example/x?y", .fetched = 1795388400, .changed = 1, .tried = INT64_MAX, .next = 1795474800,
		.failures = UINT32_MAX, .bytes = UINT64_MAX, .mtime_ns = 1795388400123456789, .digest = 0xfedcba9876543210,
		.lines = 7, .rules = 6, .format = "hosts", .etag = "W/\"a b\"", .modified = "Sun, 22 Nov 2026 22:00:00 GMT",
		.error = "the server answers 404",
	}, back;
	char text[LIST_STATE_BYTES];
	size_t len = list_state_format(&s, text);

	(void)state;
	assert_true(list_state_parse(guard_copy((struct span){ text, len }), &back));
	assert_memory_equal(&s, &back, sizeof(s));
	/* all of it as large as it can be: still one file */
	memset(s.url, 'u', sizeof(s.url) - 1);
	memset(s.etag, 'e', sizeof(s.etag) - 1);
	memset(s.modified, 'm', sizeof(s.modified) - 1);
	memset(s.error, 'w', sizeof(s.error) - 1);
	memset(s.format, 'f', sizeof(s.format) - 1);
	s.fetched = s.changed = s.next = s.mtime_ns = INT64_MAX;
	s.digest = UINT64_MAX;
	s.lines = s.rules = UINT32_MAX;
	len = list_state_format(&s, text);
	assert_true(len < LIST_STATE_BYTES);
	assert_true(list_state_parse(guard_copy((struct span){ text, len }), &back));
	assert_memory_equal(&s, &back, sizeof(s));
}

static void hostile(void **state)
{
	static const struct { const char *text; bool good; } row[] = {
		{ "dejunk-list 1\nurl http://a.example/\n", true },
		{ "dejunk-list 1\nurl http://a.example/", true },
		{ "dejunk-list 1\nlater key\nurl http://a.example/\n\n", true },
		{ "dejunk-list 1\nurl http://a.example/\netag \n", true },
		{ "", false }, { "\n", false }, { "dejunk-list", false }, { "dejunk-list 2\nurl http://a.example/\n", false },
		{ "dejunk-list 1\n", false }, { "dejunk-list 1\nurl \n", false }, { "dejunk-list 1\nurl\n", false },
		{ "dejunk-list 1\nurl http://a.example/\nrules -1\n", false },
		{ "dejunk-list 1\nurl http://a.example/\nrules 4294967296\n", false },
		{ "dejunk-list 1\nurl http://a.example/\nrules 4294967295\n", true },
		{ "dejunk-list 1\nurl http://a.example/\nnext 9223372036854775808\n", false },
		{ "dejunk-list 1\nurl http://a.example/\nbytes 18446744073709551616\n", false },
		{ "dejunk-list 1\nurl http://a.example/\nbytes 18446744073709551615\n", true },
		{ "dejunk-list 1\nurl http://a.example/\nbytes \n", false },
		{ "dejunk-list 1\nurl http://a.example/\nbytes 1 \n", false },
		{ "dejunk-list 1\nurl http://a.example/\netag a\tb\n", false },
		{ "dejunk-list 1\nurl http://a.example/\netag a\rInjected: yes\n", false },
		{ "dejunk-list 1\nurl http://a.example/\netag \xff\n", false },
		{ "dejunk-list 1\nurl http://a.example/\nformat 0123456789abcdef01234567\n", false },
	};
	struct list_state s;
	char zero[sizeof(s)] = { 0 }, long_etag[LIST_ETAG_BYTES + 80], nul[] = "dejunk-list 1\nurl http://a.example/\netag a\0b\n";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if (list_state_parse(guard_copy(span_of(row[i].text)), &s) != row[i].good)
			fail_msg("row %zu: %s", i, row[i].text);
		if (!row[i].good)
			assert_memory_equal(&s, zero, sizeof(s));
	}
	assert_false(list_state_parse((struct span){ nul, sizeof(nul) - 1 }, &s));
	strcpy(long_etag, "dejunk-list 1\nurl http://a.example/\netag ");
	memset(long_etag + strlen(long_etag), 'e', LIST_ETAG_BYTES + 1);
	long_etag[41 + LIST_ETAG_BYTES + 1] = '\0';
	assert_false(list_state_parse(span_of(long_etag), &s));
}

static void text_becomes_a_value(void **state)
{
	char out[8];

	(void)state;
	list_state_text(out, sizeof(out), SPAN_LIT("a\nb\xff"));
	assert_string_equal(out, "a?b?");
	list_state_text(out, sizeof(out), SPAN_LIT("0123456789"));
	assert_string_equal(out, "0123456");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_is_read), cmocka_unit_test(hostile), cmocka_unit_test(text_becomes_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
