/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_dns_refuse - links: dns_refuse dns_record dns_msg dns_name addr
 * limits: DNS_REFUSED_SECONDS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "container.h"
#include "dns_msg.h"
#include "dns_refuse.h"
#include "guard.h"
#include "limits.h"
#include "seed.h"

#define QUESTION	"\3www\7example\0" "\0\x41\0\1"	/* 12 to 28; example at 16; ends at 29 */
#define OPT		"\0\0\x29\4\xd0\1\0\x80\0\0\x0c" "\0\x0a\0\x08" "cookie!!"	/* with an upper rcode, DO */
#define RR(owner, type, bytes)	owner "\0" type "\0\1\0\0\1\x2c\0" bytes
#define A		RR("\xc0\x0c", "\1", "\4") "\xc6\x33\x64\1"
#define OPT_BLOCKED	"\0\0\x29\4\xd0\0\0\x80\0\0\x12" COOKIE EDE
#define COOKIE		"\0\x0a\0\x08" "cookie!!"
#define EDE		"\0\x0f\0\2\0\x0f"
#define SOA		"\xc0\x0c\0\6\0\1\0\0\0\x1e\0\x17" "\xc0\x0c\0" "\0\0\0\1" "\0\0\x0e\x10" "\0\0\x0e\x10" "\0\1\x51\x80" "\0\0\0\x1e"
#define ASKED(flags, an, ns, ar) "\x12\x34" flags "\0\1\0" an "\0" ns "\0" ar QUESTION

static const struct row {
	const char *why;
	struct span in, out;	/* out empty: 0 */
} refused[] = {
	{ "an address: neither authoritative nor authentic", SPAN_LIT(ASKED("\x85\xb0", "\1", "\0", "\0") A), SPAN_LIT(ASKED("\x81\x93", "\0", "\1", "\0") SOA) },
	{ "with EDNS", SPAN_LIT(ASKED("\x81\x80", "\1", "\0", "\1") A OPT), SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\1") SOA OPT_BLOCKED) },
	{ "two OPT records", SPAN_LIT(ASKED("\x81\x80", "\0", "\0", "\2") OPT OPT), SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\1") SOA OPT_BLOCKED) },
	{ "refused already", SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\1") SOA OPT_BLOCKED), SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\1") SOA OPT_BLOCKED) },
	{ "another error, and filled up", SPAN_LIT(ASKED("\x81\x80", "\0", "\0", "\1") "\0\0\x29\4\xd0\0\0\x80\0\0\x1d" "\0\x0f\0\4\0\3" "no" COOKIE "\0\x0c\0\5" "\0\0\0\0\0"),
	  SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\1") SOA OPT_BLOCKED) },
	{ "options that are malformed", SPAN_LIT(ASKED("\x81\x80", "\0", "\0", "\1") "\0\0\x29\4\xd0\0\0\x80\0\0\x6" "\0\x0a\0\3" "co"),
	  SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\1") SOA "\0\0\x29\4\xd0\0\0\x80\0\0\x6" EDE) },
	{ "truncated", SPAN_LIT(ASKED("\x83\x80", "\0", "\0", "\0")), SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\0") SOA) },
	{ "an authority too", SPAN_LIT(ASKED("\x81\x80", "\1", "\1", "\0") A RR("\xc0\x10", "\2", "\2") "\xc0\x0c"), SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\0") SOA) },
	{ "bytes behind", SPAN_LIT(ASKED("\x81\x80", "\0", "\0", "\0") "more"), SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\0") SOA) },
	{ "signed as a whole", SPAN_LIT(ASKED("\x81\x80", "\1", "\0", "\1") A RR("\1k\0", "\xfa", "\1") "x"), { NULL, 0 } },
	{ "a query", SPAN_LIT(ASKED("\1\0", "\0", "\0", "\0")), { NULL, 0 } },
	{ "two questions", SPAN_LIT("\x12\x34\x81\x80\0\2\0\0\0\0\0\0" QUESTION QUESTION), { NULL, 0 } },
	{ "fewer records than promised", SPAN_LIT(ASKED("\x81\x80", "\2", "\0", "\0") A), { NULL, 0 } },
	{ "half a question", SPAN_LIT("\x12\x34\x81\x80\0\1\0\0\0\0\0\0" "\3www\7exa"), { NULL, 0 } },
	{ "nothing", SPAN_LIT(""), { NULL, 0 } },
};

static const struct row same[] = {	/* of the same length */
	{ "nothing but the rcode", SPAN_LIT(ASKED("\x81\x80", "\0", "\0", "\0")), SPAN_LIT(ASKED("\x81\x83", "\0", "\0", "\0")) },
	{ "one address", SPAN_LIT(ASKED("\x81\x80", "\1", "\0", "\0") A), SPAN_LIT(ASKED("\x81\x83", "\0", "\0", "\1") "\0\0\x0a\0\1\0\0\0\0\0\5" "\0\0\0\0\0") },
	{ "one address and EDNS", SPAN_LIT(ASKED("\x81\x80", "\1", "\0", "\1") A OPT),
	  SPAN_LIT(ASKED("\x81\x83", "\0", "\0", "\1") "\0\0\x29\4\xd0\0\0\x80\0\0\x1c" COOKIE EDE "\0\x0c\0\6" "\0\0\0\0\0\0") },
	{ "three addresses: room for all", SPAN_LIT(ASKED("\x81\x80", "\3", "\0", "\1") A A A OPT),
	  SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\1") SOA "\0\0\x29\4\xd0\0\0\x80\0\0\x19" COOKIE EDE "\0\x0c\0\3" "\0\0\0") },
	{ "just an SOA's length", SPAN_LIT(ASKED("\x81\x80", "\1", "\0", "\0") RR("\xc0\x0c", "\x10", "\x17") "a text of as many bytes"), SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\0") SOA) },
	{ "an SOA", SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\0") SOA), SPAN_LIT(ASKED("\x81\x83", "\0", "\1", "\0") SOA) },
	{ "a few bytes behind", SPAN_LIT(ASKED("\x81\x80", "\0", "\0", "\0") "more"), { NULL, 0 } },
	{ "EDNS without options", SPAN_LIT(ASKED("\x81\x80", "\0", "\0", "\1") "\0\0\x29\4\xd0\0\0\x80\0\0\0"),
	  SPAN_LIT(ASKED("\x81\x83", "\0", "\0", "\1") "\0\0\x29\4\xd0\0\0\x80\0\0\0") },
};

static void check_rows(const struct row *row, size_t n, bool same_length)
{
	for (; n; n--, row++) {
		char out[DNS_REFUSE_BYTES];
		size_t len;

		memset(out, 0x55, sizeof(out));
		len = dns_refuse(guard_copy(row->in), same_length, (char *)(uintptr_t)guard_copy((struct span){ out, sizeof(out) }).p);
		if (dns_refuse(guard_copy(row->in), same_length, out) != len || len != row->out.len)
			fail_msg("%s: %zu bytes, not %zu", row->why, len, row->out.len);
		for (size_t i = 0; i < len; i++)
			if (out[i] != row->out.p[i])
				fail_msg("%s: byte %zu is %02x, not %02x", row->why, i, (uint8_t)out[i], (uint8_t)row->out.p[i]);
		if (len)
			assert_true(dns_refuse_is((struct span){ out, len }));
		seed("dns_refuse", row->in);
	}
}

static void answers_are_refused_as_the_rows_say(void **state)
{
	(void)state;
	check_rows(refused, ARRAY_LEN(refused), false);
}

static void and_of_the_same_length_where_they_must(void **state)
{
	(void)state;
	check_rows(same, ARRAY_LEN(same), true);
}

static void an_answer_with_a_record_can_always_keep_its_length(void **state)
{
	(void)state;
	for (int edns = 0; edns < 2; edns++)
		for (size_t bytes = 0; bytes < 200; bytes++) {
			char in[512], out[DNS_REFUSE_BYTES];
			struct dns_msg m;
			size_t len = 29;

			memset(in, 0, sizeof(in));
			memcpy(in, ASKED("\x81\x80", "\1", "\0", "\0"), len);
			in[11] = (char)edns;
			memcpy(in + len, "\0\0\x10\0\1\0\0\0\0\0", 10);
			in[len + 10] = (char)bytes;
			len += 11 + bytes;
			if (edns) {
				memcpy(in + len, OPT, 23);
				len += 23;
			}
			assert_int_equal(dns_refuse(guard_copy((struct span){ in, len }), true, out), len);
			assert_int_equal(dns_msg_parse((struct span){ out, len }, &m), DNS_MSG_ANSWER);
			assert_true(m.rcode == 3 && m.names == 1 && m.addrs == 0);
		}
}

static void cut_short_nothing_is_read_beyond_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		for (size_t len = 0; len < refused[i].in.len; len++) {
			struct span in = guard_copy((struct span){ refused[i].in.p, len });
			char out[DNS_REFUSE_BYTES];
			size_t n = dns_refuse(in, true, out);

			assert_true(n == len || n == 0);
			assert_true(dns_refuse(in, false, out) <= sizeof(out));
		}
}

static void a_long_one_never_grows(void **state)
{
	static char in[4000], out[4000];

	(void)state;
	memcpy(in, ASKED("\x81\x80", "\0", "\0", "\1") "\0\0\x29\4\xd0\0\0\x80\0\x0f\x78" "\xfd\xe9\x0f\x74", 29 + 15);
	assert_int_equal(dns_refuse((struct span){ in, sizeof(in) }, false, out), sizeof(in));	/* an option of all but 44 bytes */
	in[29 + 10]--, in[29 + 14]--;
	assert_int_equal(dns_refuse((struct span){ in, sizeof(in) }, false, out), sizeof(in) - 1);
}

static void no_data_is_told_from_no_name(void **state)
{
	char out[DNS_REFUSE_BYTES];
	size_t len = dns_refuse(refused[0].in, false, out);
	struct dns_msg m;

	(void)state;
	dns_refuse_no_data(out);
	assert_int_equal(dns_msg_parse((struct span){ out, len }, &m), DNS_MSG_ANSWER);
	assert_int_equal(m.rcode, 0);
	assert_true(dns_refuse_is((struct span){ out, len }));
	assert_false(dns_refuse_is((struct span){ out, 11 }));
	assert_false(dns_refuse_is(refused[0].in));			/* has an answer */
	assert_false(dns_refuse_is(SPAN_LIT("\0\0\1\0\0\1\0\0\0\0\0\0")));	/* a query */
	assert_false(dns_refuse_is(SPAN_LIT("\0\0\x81\2\0\1\0\0\0\0\0\0")));	/* the server failed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_refused_as_the_rows_say),
		cmocka_unit_test(and_of_the_same_length_where_they_must),
		cmocka_unit_test(an_answer_with_a_record_can_always_keep_its_length),
		cmocka_unit_test(cut_short_nothing_is_read_beyond_the_end),
		cmocka_unit_test(a_long_one_never_grows),
		cmocka_unit_test(no_data_is_told_from_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
