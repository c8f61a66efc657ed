/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: list_checksum list_detect list_hosts list_dnsmasq list_wildcard list_rpz host addr */
/* what a list states of itself, what it comes to, and real lists */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "list_checksum.h"
#include "shared.h"

static void stated_and_found(void **state)
{
	/* the sum is that of "! Title: x\n||ads.example^\n" */
#define SUM "fK9Jpo1gvnBv//ZVPJayvQ"
	static const struct { const char *text; enum list_checksum is; } row[] = {
		{ "", CHECKSUM_NONE },
		{ "! Title: x\n||ads.example^\n", CHECKSUM_NONE },
		{ "! Checksum: " SUM "\n! Title: x\n||ads.example^\n", CHECKSUM_GOOD },
		{ "! Title: x\n! Checksum: " SUM "\n||ads.example^\n", CHECKSUM_GOOD },
		{ "! Title: x\r\n! Checksum: " SUM "\r\n||ads.example^\r\n", CHECKSUM_GOOD },
		{ "! Title: x\n\n! checksum - " SUM "==\n\n\n||ads.example^\n\n", CHECKSUM_GOOD },
		{ "! Title: x\n! Checksum: " SUM "\n||ads.example^", CHECKSUM_BAD },
		{ "! Title: x\n! Checksum: " SUM "\n||ads.examplf^\n", CHECKSUM_BAD },
		{ "! Title: x\n! Checksum: " SUM "x\n||ads.example^\n", CHECKSUM_BAD },
		{ "! Title: x\n! Checksum: \n||ads.example^\n", CHECKSUM_NONE },
		{ "! Title: x\n! Checksums: " SUM "\n||ads.example^\n", CHECKSUM_NONE },
		{ "! Title: x\n||ads.example^\n! Checksum: " SUM "\n", CHECKSUM_NONE },
		{ "! Checksum: " SUM, CHECKSUM_BAD },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (list_checksum(guard_copy(span_of(row[i].text))) != row[i].is)
			fail_msg("row %zu: %s", i, row[i].text);
}

static void real_lists(void **state)
{
	static const struct { const char *name; enum list_checksum is; } row[] = {
		{ "lists/adguard-base.txt.xz", CHECKSUM_GOOD }, { "lists/adguard-cookie-notices.txt.xz", CHECKSUM_GOOD },
		{ "lists/adguard-mobile.txt.xz", CHECKSUM_GOOD }, { "lists/adguard-social.txt.xz", CHECKSUM_GOOD },
		{ "lists/adguard-tracking.txt.xz", CHECKSUM_GOOD }, { "lists/adguard-url-tracking.txt.xz", CHECKSUM_GOOD },
		{ "lists/easylist.txt.xz", CHECKSUM_NONE },
		/* who compiled this copy changed it, and left the checksum as it was */
		{ "lists/easylist-cookie.txt.xz", CHECKSUM_BAD },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct span text = shared_read(row[i].name);

		if (!text.p)
			skip();
		if (list_checksum(text) != row[i].is)
			fail_msg("%s", row[i].name);
		if (row[i].is == CHECKSUM_GOOD) {	/* cut, as by a connection that broke */
			text.len -= 100;
			assert_int_equal(list_checksum(text), CHECKSUM_BAD);
		}
		free((char *)(uintptr_t)text.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stated_and_found), cmocka_unit_test(real_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
