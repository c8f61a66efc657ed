/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_dns_msg - links: dns_msg dns_name ip_pkt addr */
/* limits: DNS_MESSAGE_RECORDS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "capture.h"
#include "container.h"
#include "dns_msg.h"
#include "guard.h"
#include "ip_pkt.h"

#define HEAD(flags, answers)	"\x12\x34" flags "\x00\x01" answers "\x00\x00\x00\x00"
#define ASK			"\x01\x00"
#define SAY			"\x81\x80"
#define QUESTION		"\3www\3ads\7example\0" "\0\1\0\1"	/* at 12; ads.example at 16, example at 20; ends at 33 */
#define TTL(s)			"\0\0\0" s
#define A(owner, ttl, ip)	owner "\0\1\0\1" TTL(ttl) "\0\4" ip
#define AAAA(owner, ttl, ip)	owner "\0\x1c\0\1" TTL(ttl) "\0\x10" ip
#define CNAME(owner, ttl, bytes, to) owner "\0\5\0\1" TTL(ttl) "\0" bytes to
#define OPT			"\0\0\x29\x10\0\0\0\0\0\0\0"
#define IP1			"\xc6\x33\x64\x01"
#define IP2			"\xc6\x33\x64\x02"
#define IP6			"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define QUESTION65		"\3www\3ads\7example\0" "\0\x41\0\1"	/* HTTPS */
#define HTTPS(owner, ttl, bytes, data)	owner "\0\x41\0\1" TTL(ttl) "\0" bytes data
#define SVCB(owner, ttl, bytes, data)	owner "\0\x40\0\1" TTL(ttl) "\0" bytes data
#define HINT4			"\0\4\0\4" IP1		/* 8 bytes */
#define HINT6			"\0\6\0\x10" IP6		/* 20 bytes */
#define ALPN			"\0\1\0\3\2h3"		/* 7 bytes */
#define ECH			"\0\5\0\4" "\0\2\xfe\x0d"	/* 8 bytes */
#define L63			"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzABCDEFGHIJK"
#define L61			"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"

static const struct row {
	const char *why;
	struct span in;
	enum dns_msg_result want;
	const char *facts;	/* names, those behind a "|" by other links than CNAMEs; then addresses, then the TTL where there is one */
} rows[] = {
	{ "a query", SPAN_LIT(HEAD(ASK, "\0\0") QUESTION), DNS_MSG_QUERY, "www.ads.example" },
	{ "a query with EDNS", SPAN_LIT("\x12\x34\1\0\0\1\0\0\0\0\0\1" QUESTION OPT), DNS_MSG_QUERY, "www.ads.example" },
	{ "0x20: case is thrown away", SPAN_LIT(HEAD(ASK, "\0\0") "\3wWw\7eXaMPle\0\0\1\0\1"), DNS_MSG_QUERY, "www.example" },
	{ "the root", SPAN_LIT(HEAD(ASK, "\0\0") "\0\0\2\0\1"), DNS_MSG_QUERY, "" },
	{ "other bytes become ?, a dot in a label too", SPAN_LIT(HEAD(ASK, "\0\0") "\5a.\xff b\4_dmx\7example\0\0\1\0\1"), DNS_MSG_QUERY,
	  "a???b._dmx.example" },
	{ "a name of 255 bytes", SPAN_LIT(HEAD(ASK, "\0\0") "\x3f" L63 "\x3f" L63 "\x3f" L63 "\x3d" L61 "\0\0\1\0\1"), DNS_MSG_QUERY, NULL },
	{ "a name of 256 bytes", SPAN_LIT(HEAD(ASK, "\0\0") "\x3f" L63 "\x3f" L63 "\x3f" L63 "\x3e" L61 "x\0\0\1\0\1"), DNS_MSG_BAD_NAME, NULL },
	{ "label type 01", SPAN_LIT(HEAD(ASK, "\0\0") "\x43www\0\0\1\0\1"), DNS_MSG_BAD_NAME, NULL },
	{ "an answer", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION A("\xc0\x0c", "\x3c", IP1)), DNS_MSG_ANSWER,
	  "www.ads.example 198.51.100.1 60" },
	{ "owner written out", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION A("\3WWW\xc0\x10", "\x3c", IP1)), DNS_MSG_ANSWER,
	  "www.ads.example 198.51.100.1 60" },
	{ "two addresses, the smaller TTL", SPAN_LIT(HEAD(SAY, "\0\2") QUESTION A("\xc0\x0c", "\x3c", IP1) A("\xc0\x0c", "\x1e", IP2)),
	  DNS_MSG_ANSWER, "www.ads.example 198.51.100.1 198.51.100.2 30" },
	{ "IPv6", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION AAAA("\xc0\x0c", "\x3c", IP6)), DNS_MSG_ANSWER, "www.ads.example 2001:db8::1 60" },
	{ "a v4-mapped address is IPv4", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION
	  AAAA("\xc0\x0c", "\x3c", "\0\0\0\0\0\0\0\0\0\0\xff\xff" IP1)), DNS_MSG_ANSWER, "www.ads.example 198.51.100.1 60" },
	{ "a chain, TTL of the CNAME smallest", SPAN_LIT(HEAD(SAY, "\0\2") QUESTION CNAME("\xc0\x0c", "\x0a", "\6", "\3cdn\xc0\x14")
	  A("\xc0\x2d", "\x3c", IP1)), DNS_MSG_ANSWER, "www.ads.example cdn.example 198.51.100.1 10" },
	{ "a chain backwards", SPAN_LIT(HEAD(SAY, "\0\3") QUESTION A("\2c2\7example\0", "\x3c", IP1)
	  CNAME("\2c1\7example\0", "\x0a", "\x0c", "\2c2\7example\0") CNAME("\xc0\x0c", "\x14", "\x0c", "\2c1\7example\0")),
	  DNS_MSG_ANSWER, "www.ads.example c1.example c2.example 198.51.100.1 10" },
	{ "an address of a name nobody asked for", SPAN_LIT(HEAD(SAY, "\0\2") QUESTION A("\4bank\7example\0", "\x3c", IP2)
	  A("\xc0\x0c", "\x3c", IP1)), DNS_MSG_ANSWER, "www.ads.example 198.51.100.1 60" },
	{ "an address in the middle of the chain", SPAN_LIT(HEAD(SAY, "\0\3") QUESTION CNAME("\xc0\x0c", "\x0a", "\6", "\3cdn\xc0\x14")
	  A("\xc0\x0c", "\x3c", IP2) A("\xc0\x2d", "\x3c", IP1)), DNS_MSG_ANSWER, "www.ads.example cdn.example 198.51.100.1 10" },
	{ "two CNAMEs: the first", SPAN_LIT(HEAD(SAY, "\0\2") QUESTION CNAME("\xc0\x0c", "\x0a", "\6", "\3cdn\xc0\x14")
	  CNAME("\xc0\x0c", "\x0a", "\6", "\3xdn\xc0\x14")), DNS_MSG_ANSWER, "www.ads.example cdn.example 10" },
	{ "another type and class between", SPAN_LIT(HEAD(SAY, "\0\3") QUESTION "\xc0\x0c\0\x10\0\1" TTL("\1") "\0\2\1x"
	  "\xc0\x0c\0\1\0\3" TTL("\1") "\0\4" IP2 A("\xc0\x0c", "\x3c", IP1)), DNS_MSG_ANSWER, "www.ads.example 198.51.100.1 60" },
	{ "a TTL of 2^31 is 0, RFC 2181", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION "\xc0\x0c\0\1\0\1\x80\0\0\1\0\4" IP1),
	  DNS_MSG_ANSWER, "www.ads.example 198.51.100.1 0" },
	{ "NXDOMAIN", SPAN_LIT(HEAD("\x81\x83", "\0\0") QUESTION), DNS_MSG_ANSWER, "www.ads.example" },
	{ "a failure has no addresses", SPAN_LIT(HEAD("\x81\x82", "\0\1") QUESTION A("\xc0\x0c", "\x3c", IP1)), DNS_MSG_ANSWER, "www.ads.example" },
	{ "HTTPS with hints", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\x2e", "\0\1\0" ALPN HINT4 ECH HINT6)),
	  DNS_MSG_ANSWER, "www.ads.example 198.51.100.1 2001:db8::1 60 ech 63" },
	{ "HTTPS with two addresses in a hint", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\x0f", "\0\1\0\0\4\0\x8" IP1 IP2)),
	  DNS_MSG_ANSWER, "www.ads.example 198.51.100.1 198.51.100.2 60" },
	{ "HTTPS without parameters", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\3", "\0\1\0")), DNS_MSG_ANSWER,
	  "www.ads.example" },
	{ "HTTPS at another target", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\x17", "\0\1\3svc\7example\0" HINT4)),
	  DNS_MSG_ANSWER, "www.ads.example | svc.example 198.51.100.1 60" },
	{ "HTTPS at a target that is the owner", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\x1b", "\0\1\3WWW\3ads\7example\0" HINT4)),
	  DNS_MSG_ANSWER, "www.ads.example 198.51.100.1 60" },
	{ "HTTPS at a compressed target, which RFC 9460 forbids", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65
	  HTTPS("\xc0\x0c", "\x3c", "\x0c", "\0\1\xc0\x10" HINT4)), DNS_MSG_ANSWER, "www.ads.example | ads.example 198.51.100.1 60" },
	{ "an alias, then hints", SPAN_LIT(HEAD(SAY, "\0\2") QUESTION65 HTTPS("\3cdn\7example\0", "\x1e", "\x0b", "\0\1\0" HINT4)
	  HTTPS("\xc0\x0c", "\x3c", "\x0f", "\0\0\3cdn\7example\0")), DNS_MSG_ANSWER, "www.ads.example | cdn.example 198.51.100.1 30" },
	{ "an alias with parameters, which are ignored", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65
	  HTTPS("\xc0\x0c", "\x3c", "\x17", "\0\0\3cdn\7example\0" HINT4)), DNS_MSG_ANSWER, "www.ads.example | cdn.example 60" },
	{ "an alias to the root", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\3", "\0\0\0")), DNS_MSG_ANSWER, "www.ads.example" },
	{ "an alias to itself", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\4", "\0\0\xc0\x0c")), DNS_MSG_BAD_CHAIN, NULL },
	{ "CNAME, alias, service, address", SPAN_LIT(HEAD(SAY, "\0\4") QUESTION65 CNAME("\xc0\x0c", "\x3c", "\4", "\2c1\0")
	  HTTPS("\2c1\0", "\x3c", "\6", "\0\0\2c2\0") HTTPS("\2c2\0", "\x3c", "\6", "\0\1\2c3\0") A("\2c3\0", "\x0a", IP2)), DNS_MSG_ANSWER,
	  "www.ads.example c1 | c2 c3 198.51.100.2 10" },
	{ "of two targets the preferred, and its hints", SPAN_LIT(HEAD(SAY, "\0\3") QUESTION65
	  HTTPS("\xc0\x0c", "\x3c", "\x12", "\0\2\2t2\0\0\4\0\x8" IP2 IP2) HTTPS("\xc0\x0c", "\x3c", "\x0e", "\0\1\2t1\0" HINT4)
	  HTTPS("\xc0\x0c", "\x3c", "\x1a", "\0\3\2T1\0" HINT6)), DNS_MSG_ANSWER, "www.ads.example | t1 198.51.100.1 2001:db8::1 60" },
	{ "a service that leads back", SPAN_LIT(HEAD(SAY, "\0\2") QUESTION65 CNAME("\xc0\x0c", "\x3c", "\4", "\2c1\0")
	  HTTPS("\2c1\0", "\x3c", "\x0c", "\0\1\xc0\x0c" HINT4)), DNS_MSG_ANSWER, "www.ads.example c1 198.51.100.1 60" },
	{ "hints in an answer to a question for addresses", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION HTTPS("\xc0\x0c", "\x3c", "\x0b", "\0\1\0" HINT4)),
	  DNS_MSG_ANSWER, "www.ads.example" },
	{ "SVCB in an answer to HTTPS", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 SVCB("\xc0\x0c", "\x3c", "\x0b", "\0\1\0" HINT4)), DNS_MSG_ANSWER,
	  "www.ads.example" },
	{ "SVCB", SPAN_LIT(HEAD(SAY, "\0\1") "\4_dns\1r\0\0\x40\0\1" SVCB("\xc0\x0c", "\x3c", "\x0b", "\0\1\0" HINT4)), DNS_MSG_ANSWER,
	  "_dns.r 198.51.100.1 60" },
	{ "the additional section has what belongs to the target", SPAN_LIT("\x12\x34\x81\x80\0\1\0\1\0\1\0\3" QUESTION65
	  HTTPS("\xc0\x0c", "\x3c", "\6", "\0\0\2c1\0") "\2c1\0\0\1\0\1" TTL("\1") "\0\4" IP2
	  HTTPS("\2c1\0", "\x1e", "\x0b", "\0\1\0" HINT4) AAAA("\2c1\0", "\x0a", IP6) OPT), DNS_MSG_ANSWER,
	  "www.ads.example | c1 198.51.100.1 2001:db8::1 10" },
	{ "an additional section that is cut", SPAN_LIT("\x12\x34\x81\x80\0\1\0\1\0\0\0\1" QUESTION65
	  HTTPS("\xc0\x0c", "\x3c", "\x0b", "\0\1\0" HINT4)), DNS_MSG_BAD_SHORT, NULL },
	{ "addresses in the additional section, but A was asked for", SPAN_LIT("\x12\x34\x81\x80\0\1\0\0\0\0\0\1" QUESTION A("\xc0\x0c", "\x3c", IP1)),
	  DNS_MSG_ANSWER, "www.ads.example" },
	{ "hints of a name nobody asked for", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\4bank\7example\0", "\x3c", "\x0b", "\0\1\0" HINT4)),
	  DNS_MSG_ANSWER, "www.ads.example" },
	{ "a failure has no hints", SPAN_LIT(HEAD("\x81\x82", "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\x0b", "\0\1\0" HINT4)), DNS_MSG_ANSWER,
	  "www.ads.example" },
	{ "a hint of 3 bytes", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\x0a", "\0\1\0\0\4\0\3abc")), DNS_MSG_BAD_RECORD, NULL },
	{ "an empty hint", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\7", "\0\1\0\0\4\0\0")), DNS_MSG_BAD_RECORD, NULL },
	{ "a hint for IPv6 of 4 bytes", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\x0b", "\0\1\0\0\6\0\4abcd")), DNS_MSG_BAD_RECORD,
	  NULL },
	{ "parameters out of order", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\x12", "\0\1\0" HINT4 ALPN)), DNS_MSG_BAD_RECORD, NULL },
	{ "a parameter twice", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\x13", "\0\1\0" HINT4 HINT4)), DNS_MSG_BAD_RECORD, NULL },
	{ "a parameter beyond its record", SPAN_LIT(HEAD(SAY, "\0\2") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\x0a", "\0\1\0" HINT4) "abcdefghijklmn"),
	  DNS_MSG_BAD_RECORD, NULL },
	{ "half a parameter", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\6", "\0\1\0\0\4\0")), DNS_MSG_BAD_RECORD, NULL },
	{ "a target beyond its record", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\4", "\0\1\3s" "vc\0\0\0\0")), DNS_MSG_BAD_RECORD, NULL },
	{ "a record of two bytes", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION65 HTTPS("\xc0\x0c", "\x3c", "\2", "\0\1")), DNS_MSG_BAD_RECORD, NULL },
	{ "CNAME to itself", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION CNAME("\xc0\x0c", "\x0a", "\2", "\xc0\x0c")), DNS_MSG_BAD_CHAIN, NULL },
	{ "CNAMEs in a circle", SPAN_LIT(HEAD(SAY, "\0\2") QUESTION CNAME("\xc0\x0c", "\x0a", "\6", "\3cdn\xc0\x14")
	  CNAME("\xc0\x2d", "\x0a", "\2", "\xc0\x0c")), DNS_MSG_BAD_CHAIN, NULL },
	{ "a circle beside the chain hurts nobody", SPAN_LIT(HEAD(SAY, "\0\2") QUESTION CNAME("\4self\0", "\x0a", "\6", "\4self\0")
	  A("\xc0\x0c", "\x3c", IP1)), DNS_MSG_ANSWER, "www.ads.example 198.51.100.1 60" },
	{ "names that only look the same as text", SPAN_LIT(HEAD(SAY, "\0\3") QUESTION CNAME("\xc0\x0c", "\x0a", "\4", "\1\1\xc0\x14")
	  CNAME("\1\1\xc0\x14", "\x0a", "\4", "\1\2\xc0\x14") A("\1\2\xc0\x14", "\x3c", IP1)), DNS_MSG_ANSWER,
	  "www.ads.example ?.example ?.example 198.51.100.1 10" },
	{ "a pointer to itself", SPAN_LIT(HEAD(ASK, "\0\0") "\3www\xc0\x10\0\1\0\1"), DNS_MSG_BAD_POINTER, NULL },
	{ "a pointer to its own labels", SPAN_LIT(HEAD(ASK, "\0\0") "\3www\xc0\x0c\0\1\0\1"), DNS_MSG_BAD_POINTER, NULL },
	{ "a pointer forward", SPAN_LIT(HEAD(ASK, "\0\0") "\xc0\x12\0\1\0\1\3www\0"), DNS_MSG_BAD_POINTER, NULL },
	{ "a pointer into the header", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION A("\xc0\x04", "\x3c", IP1)), DNS_MSG_BAD_POINTER, NULL },
	{ "a pointer to a pointer that does not go back", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION CNAME("\xc0\x21", "\x0a", "\2", "\xc0\x0c")),
	  DNS_MSG_BAD_POINTER, NULL },
	{ "A of 5 bytes", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION "\xc0\x0c\0\1\0\1" TTL("\1") "\0\5" IP1 "x"), DNS_MSG_BAD_RECORD, NULL },
	{ "AAAA of 4 bytes", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION "\xc0\x0c\0\x1c\0\1" TTL("\1") "\0\4" IP1), DNS_MSG_BAD_RECORD, NULL },
	{ "CNAME shorter than its data", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION CNAME("\xc0\x0c", "\x0a", "\7", "\3cdn\xc0\x14" "x")), DNS_MSG_BAD_RECORD, NULL },
	{ "CNAME longer than its data", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION CNAME("\xc0\x0c", "\x0a", "\5", "\3cdn\xc0\x14")), DNS_MSG_BAD_RECORD, NULL },
	{ "promises two, has one", SPAN_LIT(HEAD(SAY, "\0\2") QUESTION A("\xc0\x0c", "\x3c", IP1)), DNS_MSG_BAD_SHORT, NULL },
	{ "data beyond the end", SPAN_LIT(HEAD(SAY, "\0\1") QUESTION "\xc0\x0c\0\x10\0\1" TTL("\1") "\1\0x"), DNS_MSG_BAD_SHORT, NULL },
	{ "half a header", SPAN_LIT("\x12\x34\1\0\0\1"), DNS_MSG_BAD_SHORT, NULL },
	{ "nothing", SPAN_LIT(""), DNS_MSG_BAD_SHORT, NULL },
	{ "two questions", SPAN_LIT("\x12\x34\1\0\0\2\0\0\0\0\0\0" QUESTION "\xc0\x0c\0\x1c\0\1"), DNS_MSG_OTHER, NULL },
	{ "no question", SPAN_LIT("\x12\x34\x81\1\0\0\0\0\0\0\0\0"), DNS_MSG_OTHER, NULL },
	{ "an update", SPAN_LIT(HEAD("\x28\0", "\0\0") QUESTION), DNS_MSG_OTHER, NULL },
	{ "class CHAOS", SPAN_LIT(HEAD(ASK, "\0\0") "\7version\4bind\0\0\x10\0\3"), DNS_MSG_OTHER, NULL },
};

/* the facts of a message as one line */
static const char *facts(const struct dns_msg *m)
{
	static char line[32768];
	size_t n = 0;

	line[0] = '\0';
	for (unsigned i = 0; i < m->names; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s", i == 0 ? "" : i == m->links ? " | " : " ", m->name[i].text);
	for (unsigned i = 0; i < m->addrs; i++) {
		char text[ADDR_TEXT];

		n += (size_t)snprintf(line + n, sizeof(line) - n, " %s", addr_format(&m->addr[i], text));
	}
	if (m->addrs || m->names > 1)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " %u", m->ttl_s);
	if (m->ech_at)
		snprintf(line + n, sizeof(line) - n, " ech %u", m->ech_at);
	return line;
}

static void each_row_is_answered_as_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_msg m;
		enum dns_msg_result got = dns_msg_parse(guard_copy(rows[i].in), &m);

		if (got != rows[i].want)
			fail_msg("%s: %s, not %s", rows[i].why, dns_msg_why(got), dns_msg_why(rows[i].want));
		if (dns_msg_is_bad(got) || got == DNS_MSG_OTHER)
			continue;
		assert_int_equal(m.id, 0x1234);
		for (unsigned n = 0; n < m.names; n++)
			assert_int_equal(m.name[n].len, strlen(m.name[n].text));
		if (rows[i].facts && strcmp(facts(&m), rows[i].facts) != 0)
			fail_msg("%s: %s, not %s", rows[i].why, facts(&m), rows[i].facts);
	}
}

static void any_prefix_is_refused_or_says_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_msg all, cut;
		enum dns_msg_result want = dns_msg_parse(rows[i].in, &all);
		char said[1024];

		if (dns_msg_is_bad(want))
			continue;
		if (want != DNS_MSG_OTHER)
			snprintf(said, sizeof(said), "%s", facts(&all));
		for (size_t n = 0; n < rows[i].in.len; n++) {
			enum dns_msg_result got = dns_msg_parse(guard_copy((struct span){ rows[i].in.p, n }), &cut);

			if (got == DNS_MSG_BAD_SHORT)
				continue;
			if (got != want || (got != DNS_MSG_OTHER && strcmp(facts(&cut), said) != 0))
				fail_msg("%s, %zu bytes: %s", rows[i].why, n, dns_msg_why(got));
		}
	}
}

/* an answer to "q" with a chain of @links CNAMEs and then @addrs addresses; returns its length */
static size_t build(uint8_t *p, unsigned links, unsigned addrs)
{
	size_t n = 0;
	unsigned owner = 12;
	const uint8_t head[] = { 0, 7, 0x81, 0x80, 0, 1, (uint8_t)((links + addrs) >> 8), (uint8_t)(links + addrs), 0, 0, 0, 0,
				 1, 'q', 0, 0, 1, 0, 1 };

	memcpy(p, head, sizeof(head));
	n = sizeof(head);
	for (unsigned i = 0; i < links; i++) {
		const uint8_t rr[] = { (uint8_t)(0xc0 | owner >> 8), (uint8_t)owner, 0, 5, 0, 1, 0, 0, 0, 200, 0, 4, 2, 'c', (uint8_t)('a' + i), 0 };

		memcpy(p + n, rr, sizeof(rr));
		owner = (unsigned)n + 12;
		n += sizeof(rr);
	}
	for (unsigned i = 0; i < addrs; i++) {
		const uint8_t rr[] = { (uint8_t)(0xc0 | owner >> 8), (uint8_t)owner, 0, 1, 0, 1, 0, 0, 0, 100, 0, 4, 203, 0, 113, (uint8_t)i };

		memcpy(p + n, rr, sizeof(rr));
		n += sizeof(rr);
	}
	return n;
}

static void bounds_hold(void **state)
{
	static uint8_t p[65536];
	struct dns_msg m;
	size_t n;

	(void)state;
	n = build(p, DNS_CHAIN, 3);
	assert_int_equal(dns_msg_parse(guard_copy((struct span){ (char *)p, n }), &m), DNS_MSG_ANSWER);
	assert_int_equal(m.names, 1 + DNS_CHAIN);
	assert_int_equal(m.addrs, 3);
	assert_int_equal(m.ttl_s, 100);
	n = build(p, DNS_CHAIN + 1, 3);
	assert_int_equal(dns_msg_parse(guard_copy((struct span){ (char *)p, n }), &m), DNS_MSG_BAD_CHAIN);
	n = build(p, 1, LIMIT_DNS_MESSAGE_RECORDS - 1);
	assert_int_equal(dns_msg_parse(guard_copy((struct span){ (char *)p, n }), &m), DNS_MSG_ANSWER);
	assert_int_equal(m.addrs, LIMIT_DNS_MESSAGE_RECORDS - 1);
	assert_false(m.more);
	n = build(p, 0, LIMIT_DNS_MESSAGE_RECORDS + 1);
	assert_int_equal(dns_msg_parse(guard_copy((struct span){ (char *)p, n }), &m), DNS_MSG_ANSWER);
	assert_int_equal(m.addrs, LIMIT_DNS_MESSAGE_RECORDS);
	assert_true(m.more);
}

/* names made of 127 hops are read; one more, or a longer result, is not; and the largest message ends */
static void pointers_are_bounded(void **state)
{
	static uint8_t p[65535];
	struct dns_msg m;
	size_t n = build(p, 0, 0), last = 12;

	(void)state;
	/* an unknown record whose data is a ladder of pointers, each to the one before */
	p[7] = 2;
	memcpy(p + n, "\0\0\x63\0\1\0\0\0\0\1\4", 12);
	n += 11;
	for (unsigned i = 0; i < 130; i++) {
		p[n + 2 * i] = (uint8_t)(0xc0 | last >> 8);
		p[n + 2 * i + 1] = (uint8_t)last;
		last = n + 2 * i;
	}
	for (int hops = 127; hops <= 128; hops++) {
		size_t at = n + 260, to = n + 2 * ((size_t)hops - 2);

		p[at++] = (uint8_t)(0xc0 | to >> 8);
		p[at++] = (uint8_t)to;
		memcpy(p + at, "\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 14);
		assert_int_equal(dns_msg_parse(guard_copy((struct span){ (char *)p, at + 14 }), &m),
				 hops == 127 ? DNS_MSG_ANSWER : DNS_MSG_BAD_POINTER);
		if (hops == 127)
			assert_int_equal(m.addrs, 1);
	}
	memset(p + 19, 0xc0, sizeof(p) - 19);
	assert_int_equal(dns_msg_parse(guard_copy((struct span){ (char *)p, sizeof(p) }), &m), DNS_MSG_BAD_POINTER);
}

/* the text EXPECTED.tsv has for this name: bytes that are not ASCII were replaced in it */
static bool is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e || strchr("\\?/+*", s.p[i]))
			return false;
	return true;
}

static void real_captures_have_the_expected_names(void **state)
{
	struct span table = expected_read(), rest = table;
	unsigned checked = 0;
	struct expected row;

	(void)state;
	if (!table.p)
		skip();
	while (expected_next(&rest, &row)) {
		struct span file, ip = { NULL, 0 };
		enum dns_msg_result got;
		struct dns_msg m;
		struct ip_pkt pkt;
		char path[256];
		size_t at = 0;

		if (!span_eq(row.proto, SPAN_LIT("dns-udp")))
			continue;
		file = expected_capture(&row, path);
		assert_true(capture_is(file));
		for (int n = atoi(row.frame.p); n > 0; n--)
			assert_true(capture_next(file, &at, &ip));
		if (ip_pkt_parse(guard_copy(ip), &pkt) != IP_PKT_UDP)
			fail_msg("%s frame %.*s is not UDP (%zu bytes)", path, SPAN_FMT(row.frame), ip.len);
		got = dns_msg_parse(pkt.payload, &m);
		if (span_eq(row.crosscheck, SPAN_LIT("agree")) || is_plain(row.name)) {
			if ((got != DNS_MSG_QUERY && got != DNS_MSG_ANSWER) || !span_eq_nocase(row.name, dns_name_span(&m.name[0])))
				fail_msg("%s frame %.*s: %s", path, SPAN_FMT(row.frame), dns_msg_why(got));
			assert_int_equal(m.qtype, atoi(row.detail.p));
			checked++;
		}
		free((char *)file.p);
	}
	free((char *)table.p);
	assert_true(checked >= 31);
}

/* the answers of real resolvers are read, whole and in every prefix */
static void real_answers_are_read(void **state)
{
	static const char *const names[] = { "android", "signal", "whatsapp_login_call", "dns" };
	unsigned answers = 0, chains = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct span file, ip;
		char path[256];
		size_t at = 0;

		snprintf(path, sizeof(path), "data/pcaps/%s.pcap", names[i]);
		file = file_read(shared_path(path));
		if (!file.p) {
			printf("SKIP real answers: no %s\n", shared_path(path));
			skip();
		}
		while (capture_next(file, &at, &ip)) {
			struct dns_msg m, cut;
			struct ip_pkt pkt;

			if (ip_pkt_parse(ip, &pkt) != IP_PKT_UDP || ntohs(pkt.src.port_be) != 53)
				continue;
			assert_int_equal(dns_msg_parse(guard_copy(pkt.payload), &m), DNS_MSG_ANSWER);
			answers++;
			chains += m.names > 1;
			for (size_t n = 0; n < pkt.payload.len; n++) {
				struct span some = guard_copy((struct span){ pkt.payload.p, n });
				enum dns_msg_result got = dns_msg_parse(some, &cut);

				assert_true(got == DNS_MSG_BAD_SHORT ||
					    (got == DNS_MSG_ANSWER && cut.addrs == m.addrs && cut.names == m.names));
			}
		}
		free((char *)file.p);
	}
	assert_true(answers > 20 && chains >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_answered_as_it_says),
		cmocka_unit_test(any_prefix_is_refused_or_says_the_same),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(pointers_are_bounded),
		cmocka_unit_test(real_captures_have_the_expected_names),
		cmocka_unit_test(real_answers_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
