/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_dns_edit - links: dns_edit dns_record dns_msg dns_name addr */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "container.h"
#include "dns_edit.h"
#include "dns_msg.h"
#include "guard.h"
#include "seed.h"

#define QUESTION	"\3www\7example\0" "\0\x41\0\1"	/* 12 to 28; example at 16; ends at 29 */
#define OPT		"\0\0\x29\4\xd0\1\0\x80\0\0\x0c" "\0\x0a\0\x08" "cookie!!"	/* with an upper rcode, DO */
#define RR(owner, type, bytes)	owner "\0" type "\0\1\0\0\1\x2c\0" bytes
#define A		RR("\xc0\x0c", "\1", "\4") "\xc6\x33\x64\1"
#define HINT4		"\0\4\0\4\xc6\x33\x64\1"	/* 8 bytes */
#define HINT6		"\0\6\0\x10" "0123456789abcdef"	/* 20 bytes */
#define ALPN		"\0\1\0\3\2h3"			/* 7 bytes */
#define ECH		"\0\5\0\6" "echech"		/* 10 bytes */

struct row {
	const char *why;
	struct span in, out;	/* out empty: 0 */
};

#define HEAD(answers, additional) "\x12\x34\x81\x80\0\1\0" answers "\0\0\0" additional

static const struct row stripped[] = {
	{ "nothing to strip", SPAN_LIT(HEAD("\1", "\0") QUESTION A), SPAN_LIT(HEAD("\1", "\0") QUESTION A) },
	{ "ech alone", SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" ECH),
	  SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\3") "\0\1\0") },
	{ "ech in the middle, EDNS behind", SPAN_LIT(HEAD("\1", "\1") QUESTION RR("\xc0\x0c", "\x41", "\x30") "\0\1\0" ALPN HINT4 ECH HINT6 OPT),
	  SPAN_LIT(HEAD("\1", "\1") QUESTION RR("\xc0\x0c", "\x41", "\x26") "\0\1\0" ALPN HINT4 HINT6 OPT) },
	{ "SVCB in the additional section", SPAN_LIT(HEAD("\0", "\1") QUESTION RR("\xc0\x0c", "\x40", "\x0d") "\0\1\0" ECH),
	  SPAN_LIT(HEAD("\0", "\1") QUESTION RR("\xc0\x0c", "\x40", "\3") "\0\1\0") },
	{ "mandatory alone", SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x13") "\0\1\0" "\0\0\0\2\0\5" ECH),
	  SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\3") "\0\1\0") },
	{ "mandatory with others", SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x22") "\0\1\0" "\0\0\0\6\0\1\0\4\0\5" ALPN HINT4 "\0\5\0\2yz"),
	  SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x1a") "\0\1\0" "\0\0\0\4\0\1\0\4" ALPN HINT4) },
	{ "mandatory, but not there", SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x10") "\0\1\0" "\0\0\0\2\0\5" ALPN),
	  SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x10") "\0\1\0" "\0\0\0\2\0\5" ALPN) },
	/* 29: owner, 41: data, ech at 44; cdn at 66 becomes 56 */
	{ "pointers over the cut", SPAN_LIT(HEAD("\3", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" ECH
		RR("\xc0\x10", "\5", "\6") "\3cdn\xc0\x10" RR("\xc0\x42", "\1", "\4") "\xc6\x33\x64\1"),
	  SPAN_LIT(HEAD("\3", "\0") QUESTION RR("\xc0\x0c", "\x41", "\3") "\0\1\0"
		RR("\xc0\x10", "\5", "\6") "\3cdn\xc0\x10" RR("\xc0\x38", "\1", "\4") "\xc6\x33\x64\1") },
	{ "two records, a pointer between them", SPAN_LIT(HEAD("\3", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" ECH
		RR("\1t\xc0\x10", "\x41", "\x0f") "\0\1\xc0\x0c" "\0\5\0\7" "echech!" RR("\xc0\x36", "\1", "\4") "\xc6\x33\x64\1"),
	  SPAN_LIT(HEAD("\3", "\0") QUESTION RR("\xc0\x0c", "\x41", "\3") "\0\1\0"
		RR("\1t\xc0\x10", "\x41", "\4") "\0\1\xc0\x0c" RR("\xc0\x2c", "\1", "\4") "\xc6\x33\x64\1") },
	{ "SOA, MX and SRV behind the cut", SPAN_LIT(HEAD("\4", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" ECH
		RR("\1t\0", "\6", "\x18") "\xc0\x36\xc0\x36" "serial, refresh, ..." RR("\xc0\x36", "\x0f", "\4") "\0\1\xc0\x36"
		RR("\xc0\x36", "\x21", "\x08") "\0\1\0\1\0\1\xc0\x36"),
	  SPAN_LIT(HEAD("\4", "\0") QUESTION RR("\xc0\x0c", "\x41", "\3") "\0\1\0"
		RR("\1t\0", "\6", "\x18") "\xc0\x2c\xc0\x2c" "serial, refresh, ..." RR("\xc0\x2c", "\x0f", "\4") "\0\1\xc0\x2c"
		RR("\xc0\x2c", "\x21", "\x08") "\0\1\0\1\0\1\xc0\x2c") },
	{ "a name inside the parameter that goes", SPAN_LIT(HEAD("\2", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" "\0\5\0\6" "\1x\0\1y\0"
		RR("\xc0\x2d", "\1", "\4") "\xc6\x33\x64\1"), { NULL, 0 } },
	{ "a name through a record of unknown type", SPAN_LIT(HEAD("\3", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" ECH
		RR("\1t\0", "\x10", "\2") "\xc0\x36" RR("\xc0\x43", "\1", "\4") "\xc6\x33\x64\1"), { NULL, 0 } },
	{ "parameters out of order", SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x14") "\0\1\0" ECH ALPN), { NULL, 0 } },
	{ "a parameter beyond its record", SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x0c") "\0\1\0" ECH), { NULL, 0 } },
	{ "a CNAME that runs on into the parameter", SPAN_LIT(HEAD("\2", "\0") QUESTION RR("\xc0\x0c", "\5", "\2") "\x1e\xc0"
		RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" "\0\5\0\6" "\xc0\x0c\xc0\x0c\xc0\x0c"), { NULL, 0 } },
	{ "authentic no more", SPAN_LIT("\x12\x34\x85\xb0\0\1\0\1\0\0\0\0" QUESTION RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" ECH),
	  SPAN_LIT("\x12\x34\x85\x90\0\1\0\1\0\0\0\0" QUESTION RR("\xc0\x0c", "\x41", "\3") "\0\1\0") },
	{ "authentic, and nothing to strip", SPAN_LIT("\x12\x34\x85\xb0\0\1\0\1\0\0\0\0" QUESTION A), SPAN_LIT("\x12\x34\x85\xb0\0\1\0\1\0\0\0\0" QUESTION A) },
	{ "signed as a whole", SPAN_LIT(HEAD("\1", "\1") QUESTION RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" ECH RR("\1k\0", "\xfa", "\1") "x"), { NULL, 0 } },
	{ "a query", SPAN_LIT("\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION), { NULL, 0 } },
	{ "nothing", SPAN_LIT(""), { NULL, 0 } },
};

static const struct row same[] = {	/* of the same length */
	{ "nothing to strip", SPAN_LIT(HEAD("\1", "\0") QUESTION A), SPAN_LIT(HEAD("\1", "\0") QUESTION A) },
	{ "10 bytes, too few for a record", SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" ECH), { NULL, 0 } },
	{ "11 bytes", SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x0e") "\0\1\0" "\0\5\0\7" "echech!"),
	  SPAN_LIT(HEAD("\1", "\1") QUESTION RR("\xc0\x0c", "\x41", "\3") "\0\1\0" "\0\0\x0a\0\1\0\0\0\0\0\0") },
	{ "EDNS at the end", SPAN_LIT(HEAD("\1", "\1") QUESTION RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" ECH OPT),
	  SPAN_LIT(HEAD("\1", "\1") QUESTION RR("\xc0\x0c", "\x41", "\3") "\0\1\0" "\0\0\x29\4\xd0\1\0\x80\0\0\x16" "\0\x0a\0\x08" "cookie!!" "\0\x0c\0\6" "\0\0\0\0\0\0") },
	{ "an address behind EDNS", SPAN_LIT(HEAD("\1", "\2") QUESTION RR("\xc0\x0c", "\x41", "\x13") "\0\1\0" "\0\5\0\x0c" "echech echec" OPT A),
	  SPAN_LIT(HEAD("\1", "\3") QUESTION RR("\xc0\x0c", "\x41", "\3") "\0\1\0" OPT A "\0\0\x0a\0\1\0\0\0\0\0\5" "\0\0\0\0\0") },
	{ "bytes behind", SPAN_LIT(HEAD("\1", "\0") QUESTION RR("\xc0\x0c", "\x41", "\x0e") "\0\1\0" "\0\5\0\7" "echech!" "more"), { NULL, 0 } },
};

static void check_rows(const struct row *row, size_t n, bool same_length)
{
	for (; n; n--, row++) {
		char out[512];
		size_t len = dns_edit_strip_ech(guard_copy(row->in), same_length, (char *)(uintptr_t)guard_copy((struct span){ out, row->in.len }).p);

		memset(out, 0x55, sizeof(out));
		if (dns_edit_strip_ech(guard_copy(row->in), same_length, out) != len || len != row->out.len)
			fail_msg("%s: %zu bytes, not %zu", row->why, len, row->out.len);
		for (size_t i = 0; i < len; i++)
			if (out[i] != row->out.p[i])
				fail_msg("%s: byte %zu is %02x, not %02x", row->why, i, (uint8_t)out[i], (uint8_t)row->out.p[i]);
		seed("dns_edit", row->in);
	}
}

static void ech_is_stripped_as_the_rows_say(void **state)
{
	(void)state;
	check_rows(stripped, ARRAY_LEN(stripped), false);
}

static void and_the_length_stays_where_it_must(void **state)
{
	(void)state;
	check_rows(same, ARRAY_LEN(same), true);
}

static void cut_short_nothing_is_read_beyond_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(stripped); i++)
		for (size_t len = 0; len < stripped[i].in.len; len++) {
			struct span in = guard_copy((struct span){ stripped[i].in.p, len });
			char out[512];
			size_t n = dns_edit_strip_ech(in, true, out);

			assert_true(n == len || n == 0);
			assert_true(dns_edit_strip_ech(in, false, out) <= len);
		}
}

static void too_many_records_are_left_alone(void **state)
{
	static char p[65536], out[65536];
	size_t n = 0;

	(void)state;
	memcpy(p, HEAD("\1", "\0") QUESTION, 29);
	n = 29;
	memcpy(p + n, RR("\xc0\x0c", "\x41", "\x0d") "\0\1\0" ECH, 25);
	n += 25;
	for (unsigned i = 1; i <= LIMIT_DNS_MESSAGE_RECORDS; i++) {
		p[7] = (char)i;
		assert_int_equal(dns_edit_strip_ech((struct span){ p, n }, false, out), n - 10);
		memcpy(p + n, A, 16);
		n += 16;
	}
	p[7] = (char)(LIMIT_DNS_MESSAGE_RECORDS + 1);
	assert_int_equal(dns_edit_strip_ech((struct span){ p, n }, false, out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ech_is_stripped_as_the_rows_say),
		cmocka_unit_test(and_the_length_stays_where_it_must),
		cmocka_unit_test(cut_short_nothing_is_read_beyond_the_end),
		cmocka_unit_test(too_many_records_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
