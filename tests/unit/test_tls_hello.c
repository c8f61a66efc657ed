/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_tls_hello - the server name of a ClientHello, however it is cut
 *
 * limits: HELLO_BYTES
 * links: tls_hello host addr
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "hello.h"
#include "seed.h"
#include "tls_hello.h"

#define NAME		"\x00\x00\x00\x10\x00\x0e\x00\x00\x0b" "ads.example"
#define GREASE		"\x0a\x0a\x00\x00"
#define GREASE_LAST	"\xda\xda\x00\x01\x00"
#define ALPN		"\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1"
#define GROUPS		"\x00\x0a\x00\x04\x00\x02\x00\x1d"
#define ECH		"\xfe\x0d\x00\x03\x00\x00\x01"
#define MESSAGE(exts)	{ SPAN_LIT("\0"), SPAN_LIT("\0\2\x13\1"), SPAN_LIT("\1\0"), SPAN_LIT(exts), { NULL, 0 } }
#define PARTS(session, ciphers, compression, exts, behind)	\
	{ SPAN_LIT(session), SPAN_LIT(ciphers), SPAN_LIT(compression), SPAN_LIT(exts), SPAN_LIT(behind) }

static const struct row {
	const char *why;
	struct hello_parts in;
	enum tls_fault fault;	/* NONE: done */
	const char *name, *alpn;
	bool ech;
} rows[] = {
	{ "a name", MESSAGE(NAME), 0, "ads.example", "", false },
	{ "upper case, final dot", MESSAGE("\x00\x00\x00\x11\x00\x0f\x00\x00\x0c" "ADS.Example."), 0, "ads.example", "", false },
	{ "GREASE first and last, other order", MESSAGE(GREASE GROUPS ALPN NAME GREASE_LAST), 0, "ads.example", "h2,http/1.1", false },
	{ "name last", MESSAGE(GROUPS NAME), 0, "ads.example", "", false },
	{ "ECH: the outer name", MESSAGE(NAME ECH), 0, "ads.example", "", true },
	{ "ECH and no name", MESSAGE(ECH), 0, "", "", true },
	{ "an inner hello that leaked", MESSAGE("\xfe\x0d\x00\x01\x01" NAME), 0, "ads.example", "", false },
	{ "no name", MESSAGE(GROUPS), 0, "", "", false },
	{ "no extension in the list", MESSAGE(""), 0, "", "", false },
	{ "no list of extensions, TLS 1.2", { SPAN_LIT("\0"), SPAN_LIT("\0\2\x13\1"), SPAN_LIT("\1\0"), { NULL, 0 }, { NULL, 0 } }, 0, "", "", false },
	{ "an address", MESSAGE("\x00\x00\x00\x0e\x00\x0c\x00\x00\x09" "192.0.2.7"), 0, "192.0.2.7", "", false },
	{ "UTF-8, which RFC 6066 forbids", MESSAGE("\x00\x00\x00\x0f\x00\x0d\x00\x00\x0a" "b\xc3\xbc" "cher.de"), 0, "xn--bcher-kva.de", "", false },
	{ "a name type of the future before it", MESSAGE("\x00\x00\x00\x15\x00\x13\x07\x00\x02xx\x00\x00\x0b" "ads.example"), 0, "ads.example", "", false },
	{ "only a name type of the future", MESSAGE("\x00\x00\x00\x07\x00\x05\x07\x00\x02xx"), 0, "", "", false },
	{ "odd bytes in ALPN", MESSAGE("\x00\x10\x00\x08\x00\x06\x05\x01" "a,\xff!"), 0, "", "?a?" "?!", false },
	{ "two names", MESSAGE("\x00\x00\x00\x0c\x00\x0a\x00\x00\x02" "a.\x00\x00\x02" "b."), TLS_FAULT_NAME_TWICE, "a", NULL, false },
	{ "the extension twice", MESSAGE(NAME NAME), TLS_FAULT_TWICE, "ads.example", NULL, false },
	{ "ALPN twice", MESSAGE(ALPN NAME ALPN), TLS_FAULT_TWICE, "ads.example", NULL, false },
	{ "ECH twice", MESSAGE(ECH NAME ECH), TLS_FAULT_TWICE, "ads.example", NULL, false },
	{ "an empty name", MESSAGE("\x00\x00\x00\x05\x00\x03\x00\x00\x00"), TLS_FAULT_NAME_LIST, NULL, NULL, false },
	{ "an empty list of names", MESSAGE("\x00\x00\x00\x02\x00\x00"), TLS_FAULT_NAME_LIST, NULL, NULL, false },
	{ "an empty server_name, as servers send it", MESSAGE("\x00\x00\x00\x00"), TLS_FAULT_NAME_LIST, NULL, NULL, false },
	{ "a list shorter than its extension", MESSAGE("\x00\x00\x00\x06\x00\x03\x00\x00\x01" "a"), TLS_FAULT_NAME_LIST, NULL, NULL, false },
	{ "a name longer than its list", MESSAGE("\x00\x00\x00\x06\x00\x04\x00\x00\x02" "a"), TLS_FAULT_NAME_LIST, NULL, NULL, false },
	{ "a name of spaces", MESSAGE("\x00\x00\x00\x08\x00\x06\x00\x00\x03" "a b"), TLS_FAULT_NAME, NULL, NULL, false },
	{ "NUL in a name", MESSAGE("\x00\x00\x00\x08\x00\x06\x00\x00\x03" "a\0b"), TLS_FAULT_NAME, NULL, NULL, false },
	{ "ALPN: an empty protocol", MESSAGE("\x00\x10\x00\x03\x00\x01\x00"), TLS_FAULT_ALPN, NULL, NULL, false },
	{ "ALPN: longer than its list", MESSAGE("\x00\x10\x00\x04\x00\x02\x02h"), TLS_FAULT_ALPN, NULL, NULL, false },
	{ "ALPN: no list", MESSAGE("\x00\x10\x00\x01\x00"), TLS_FAULT_ALPN, NULL, NULL, false },
	{ "an empty ECH", MESSAGE("\xfe\x0d\x00\x00"), TLS_FAULT_ECH, NULL, NULL, false },
	{ "an extension longer than the list", MESSAGE(NAME "\x00\x0a\x00\x05\x00"), TLS_FAULT_EXTENSIONS, "ads.example", NULL, false },
	{ "half an extension header", MESSAGE(NAME "\x00\x0a\x00"), TLS_FAULT_EXTENSIONS, "ads.example", NULL, false },
	{ "a session id of 33", PARTS("\x21" "012345678901234567890123456789012", "\0\2\x13\1", "\1\0", NAME, ""), TLS_FAULT_SESSION_ID, NULL, NULL, false },
	{ "a session id of 32", PARTS("\x20" "01234567890123456789012345678901", "\0\2\x13\1", "\1\0", NAME, ""), 0, "ads.example", "", false },
	{ "half a cipher suite", PARTS("\0", "\0\3\x13\1\x13", "\1\0", NAME, ""), TLS_FAULT_CIPHERS, NULL, NULL, false },
	{ "no cipher suite", PARTS("\0", "\0\0", "\1\0", NAME, ""), TLS_FAULT_CIPHERS, NULL, NULL, false },
	{ "cipher suites beyond the message", PARTS("\0", "\x40\0\x13\1", "\1\0", NAME, ""), TLS_FAULT_SHORT, NULL, NULL, false },
	{ "no compression method", PARTS("\0", "\0\2\x13\1", "\0", NAME, ""), TLS_FAULT_COMPRESSION, NULL, NULL, false },
	{ "compression beyond the message", PARTS("\0", "\0\2\x13\1", "\xff\0", NAME, ""), TLS_FAULT_SHORT, NULL, NULL, false },
	{ "bytes behind the extensions", PARTS("\0", "\0\2\x13\1", "\1\0", NAME, "x"), TLS_FAULT_TRAILING, NULL, NULL, false },
	{ "one byte for the length of the extensions",
	  { SPAN_LIT("\0"), SPAN_LIT("\0\2\x13\1"), SPAN_LIT("\1\0"), { NULL, 0 }, SPAN_LIT("\0") }, TLS_FAULT_SHORT, NULL, NULL, false },
	{ "ends behind the ciphers", { SPAN_LIT("\0"), SPAN_LIT("\0\2\x13\1"), { NULL, 0 }, { NULL, 0 }, { NULL, 0 } }, TLS_FAULT_SHORT, NULL, NULL, false },
	{ "ends behind the random bytes", { { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } }, TLS_FAULT_SHORT, NULL, NULL, false },
};

static void expect(const struct row *row, const char *how, enum parse got, const struct tls_hello *h, size_t len)
{
	if (got != (row->fault ? PARSE_BAD : PARSE_DONE) || h->fault != row->fault)
		fail_msg("%s, %s: answer %d, fault \"%s\"", row->why, how, got, tls_fault_text(h->fault));
	if (got != PARSE_DONE) {
		if (h->name_len != strlen(h->name) || h->name_len != (row->name ? strlen(row->name) : 0) || h->alpn_len)
			fail_msg("%s, %s: malformed, with the name \"%s\"", row->why, how, h->name);
		return;
	}
	if (strcmp(h->name, row->name) != 0 || h->name_len != strlen(row->name) || strcmp(h->alpn, row->alpn) != 0 ||
	    h->alpn_len != strlen(row->alpn))
		fail_msg("%s, %s: name \"%s\", ALPN \"%s\"", row->why, how, h->name, h->alpn);
	if (h->ech != row->ech || h->len != len)
		fail_msg("%s, %s: ech %d, %zu bytes", row->why, how, h->ech, h->len);
}

/* all beginnings of @in ask for more, and for no more than the rest */
static void prefixes_ask_for_more(const char *why, struct span in, enum parse (*parse)(struct span, struct tls_hello *))
{
	struct tls_hello h;

	for (size_t n = 0; n < in.len; n++) {
		enum parse got = parse(guard_copy((struct span){ in.p, n }), &h);

		if (got != PARSE_MORE || h.need <= n || h.need > in.len)
			fail_msg("%s, %zu of %zu bytes: answer %d, need %zu", why, n, in.len, got, h.need);
	}
}

static void each_row_is_answered_as_it_says(void **state)
{
	static const size_t cuts[] = { 16384, 100, 48, 7, 4, 3, 2, 1 };
	struct tls_hello h;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span message = hello_message(&rows[i].in);

		expect(&rows[i], "no records", tls_hello_body(guard_copy(message), &h), &h, message.len);
		prefixes_ask_for_more(rows[i].why, message, tls_hello_body);
		for (size_t c = 0; c < ARRAY_LEN(cuts); c++) {
			struct span in = hello_records(message, cuts[c]);
			char how[64];

			snprintf(how, sizeof(how), "records of %zu", cuts[c]);
			expect(&rows[i], how, tls_hello_parse(guard_copy(in), &h), &h, in.len);
			prefixes_ask_for_more(rows[i].why, in, tls_hello_parse);
			if (cuts[c] == 16384 || cuts[c] == 7)
				seed("tls_hello", in);
		}
	}
}

static void bytes_behind_the_hello_change_nothing(void **state)
{
	struct span in = hello_records(hello_good(hello_name("www.example")), 60);
	char more[4096];
	struct tls_hello h;

	(void)state;
	memcpy(more, in.p, in.len);
	memset(more + in.len, 0xff, 100);
	assert_int_equal(tls_hello_parse(guard_copy((struct span){ more, in.len + 100 }), &h), PARSE_DONE);
	assert_string_equal(h.name, "www.example");
	assert_int_equal(h.len, in.len);
	in = hello_good(hello_name("www.example"));
	memcpy(more, in.p, in.len);
	assert_int_equal(tls_hello_body(guard_copy((struct span){ more, in.len + 100 }), &h), PARSE_DONE);
	assert_int_equal(h.len, in.len);
}

#define RECORD(len, bytes)	"\x16\x03\x01" len bytes
#define V2(len, ciphers, session, challenge)	"\x80" len "\x01\x03\x01" ciphers session challenge

static void what_is_no_hello_is_told_at_once(void **state)
{
	static const struct {
		const char *why;
		struct span in;
		enum parse want;
		enum tls_fault fault;
	} raw[] = {
		{ "HTTP", SPAN_LIT("G"), PARSE_ALIEN, 0 },
		{ "SSH", SPAN_LIT("SSH-2.0-"), PARSE_ALIEN, 0 },
		{ "SYN and nothing", SPAN_LIT("\x16\x16"), PARSE_ALIEN, 0 },
		{ "an alert", SPAN_LIT("\x15\x03\x01\x00\x02\x02\x28"), PARSE_ALIEN, 0 },
		{ "application data", SPAN_LIT("\x17\x03\x03\x00\x10"), PARSE_ALIEN, 0 },
		{ "high bit, not SSL 2", SPAN_LIT("\x80\x2e\x02"), PARSE_ALIEN, 0 },
		{ "SSL 2 itself", SPAN_LIT("\x80\x2e\x01\x00\x02"), PARSE_ALIEN, 0 },
		{ "another version of TLS", SPAN_LIT("\x16\x03\x7f"), PARSE_MORE, 0 },
		{ "an empty record", SPAN_LIT(RECORD("\x00\x00", "")), PARSE_BAD, TLS_FAULT_RECORD_EMPTY },
		{ "a long record", SPAN_LIT(RECORD("\x40\x01", "")), PARSE_BAD, TLS_FAULT_RECORD_LONG },
		{ "a record of the greatest length", SPAN_LIT(RECORD("\x40\x00", "\x01\x00\x3f")), PARSE_MORE, 0 },
		{ "a server's hello", SPAN_LIT(RECORD("\x00\x30", "\x02")), PARSE_BAD, TLS_FAULT_MESSAGE },
		{ "a hello of 65,536", SPAN_LIT(RECORD("\x40\x00", "\x01\x01\x00\x00")), PARSE_BAD, TLS_FAULT_LARGE },
		{ "data in the middle", SPAN_LIT(RECORD("\x00\x02", "\x01\x00") "\x17"), PARSE_BAD, TLS_FAULT_RECORD_TYPE },
		{ "an empty record in the middle", SPAN_LIT(RECORD("\x00\x02", "\x01\x00") RECORD("\x00\x00", "")), PARSE_BAD, TLS_FAULT_RECORD_EMPTY },
		{ "a record of another version in the middle", SPAN_LIT(RECORD("\x00\x02", "\x01\x00") "\x16\x7a\x7a\x00\x02"), PARSE_MORE, 0 },
		{ "the form of SSL 2: half", SPAN_LIT("\x80\x2e\x01\x03\x01"), PARSE_MORE, 0 },
		{ "the form of SSL 2: no ciphers", SPAN_LIT("\x80\x19\x01\x03\x01\x00\x00\x00\x00\x00\x10" "0123456789012345"), PARSE_BAD, TLS_FAULT_V2 },
		{ "the form of SSL 2: a session", SPAN_LIT("\x80\x1c\x01\x03\x01\x00\x03\x00\x01\x00\x10"), PARSE_BAD, TLS_FAULT_V2 },
		{ "the form of SSL 2: lengths differ", SPAN_LIT("\x80\x1d\x01\x03\x01\x00\x03\x00\x00\x00\x10"), PARSE_BAD, TLS_FAULT_V2 },
		{ "the form of SSL 2: a challenge of 33", SPAN_LIT("\x80\x2d\x01\x03\x01\x00\x03\x00\x00\x00\x21"), PARSE_BAD, TLS_FAULT_V2 },
	};
	struct span v2 = SPAN_LIT("\x80\x1c\x01\x03\x01\x00\x03\x00\x00\x00\x10\x01\x00\x80" "0123456789012345");
	struct tls_hello h;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(raw); i++) {
		enum parse got = tls_hello_parse(guard_copy(raw[i].in), &h);

		if (got != raw[i].want || (got == PARSE_BAD && h.fault != raw[i].fault))
			fail_msg("%s: answer %d, fault \"%s\"", raw[i].why, got, tls_fault_text(h.fault));
		seed("tls_hello", raw[i].in);
	}
	assert_int_equal(tls_hello_parse(guard_copy(v2), &h), PARSE_DONE);
	assert_true(h.v2);
	assert_int_equal(h.name_len, 0);
	assert_int_equal(h.len, v2.len);
	prefixes_ask_for_more("the form of SSL 2", v2, tls_hello_parse);
	seed("tls_hello", v2);
	assert_int_equal(tls_hello_body(guard_copy((struct span){ "\x02", 1 }), &h), PARSE_BAD);
	assert_int_equal(h.fault, TLS_FAULT_MESSAGE);
}

/* one that fills the bound to the last byte is read; one more and it is LARGE, whether it comes whole or in parts */
static void a_hello_larger_than_the_bound_passes_unread(void **state)
{
	static char padding[LIMIT_HELLO_BYTES + 64];
	struct tls_hello h;

	(void)state;
	memcpy(padding, hello_name("www.example").p, 20);
	padding[21] = 21;	/* the padding extension, RFC 7685 */
	for (size_t over = 0; over < 2; over++)
		for (size_t each = 1; each <= 16384; each = each == 1 ? 1000 : each + 15384) {
			size_t len = LIMIT_HELLO_BYTES - 5, exts, cut;
			struct span in;

			/* the longest message that fits with its records */
			while (len + (len + each - 1) / each * 5 > LIMIT_HELLO_BYTES)
				len--;
			len += over;
			exts = len - hello_good((struct span){ padding, 0 }).len;
			padding[22] = (char)((exts - 24) >> 8);
			padding[23] = (char)(exts - 24);
			padding[20] = 0;
			in = hello_records(hello_good((struct span){ padding, exts }), each);
			assert_int_equal(tls_hello_parse(in, &h), over ? PARSE_BAD : PARSE_DONE);
			assert_int_equal(h.fault, over ? TLS_FAULT_LARGE : TLS_FAULT_NONE);
			for (cut = 0; cut < in.len; cut += 1 + cut % 7) {
				enum parse got = tls_hello_parse((struct span){ in.p, cut }, &h);

				if (got == PARSE_MORE)
					assert_true(h.need > cut && h.need <= LIMIT_HELLO_BYTES);
				else if (!over || got != PARSE_BAD || h.fault != TLS_FAULT_LARGE)
					fail_msg("records of %zu, %zu of %zu bytes: answer %d, \"%s\"", each, cut, in.len, got, tls_fault_text(h.fault));
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_answered_as_it_says),
		cmocka_unit_test(bytes_behind_the_hello_change_nothing),
		cmocka_unit_test(what_is_no_hello_is_told_at_once),
		cmocka_unit_test(a_hello_larger_than_the_bound_passes_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
