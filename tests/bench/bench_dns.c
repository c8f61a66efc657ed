/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_dns - DNS answers read: an address, a chain as content networks have it, an HTTPS record with hints
 *
 * links: dns_msg dns_name addr
 */
#include "bench.h"
#include "dns_msg.h"

enum { ROUND = 1024 };

#define HEAD(answers)	"\x12\x34\x81\x80\0\1" answers "\0\0\0\1"
#define OPT		"\0\0\x29\4\xd0\0\0\0\0\0\0"
#define ASKED(type)	"\3www\7example\3com\0" type "\0\1"			/* 12 to 32 */
#define RR(owner, type, bytes)	owner type "\0\1\0\0\1\x2c\0" bytes
#define A(owner, last)	RR(owner, "\0\1", "\4") "\xc6\x33\x64" last

static const struct {
	const char *name;
	struct span in;
	unsigned names, addrs;
} answers[] = {
	{ "DNS answer, one address", SPAN_LIT(HEAD("\0\1") ASKED("\0\1") A("\xc0\x0c", "\1") OPT), 1, 1 },
	{ "DNS answer, 2 CNAMEs, 4 addresses", SPAN_LIT(HEAD("\0\6") ASKED("\0\1")
		RR("\xc0\x0c", "\0\5", "\x18") "\3www\7example\6cdnone\3net\0"	/* at 45; cdnone.net at 57 */
		RR("\xc0\x2d", "\0\5", "\x0c") "\5edge1\3e42\xc0\x39"		/* at 81 */
		A("\xc0\x51", "\1") A("\xc0\x51", "\2") A("\xc0\x51", "\3") A("\xc0\x51", "\4") OPT), 3, 4 },
	{ "DNS answer, HTTPS with hints", SPAN_LIT(HEAD("\0\1") ASKED("\0\x41") RR("\xc0\x0c", "\0\x41", "\x3d") "\0\1\0"
		"\0\1\0\6\2h3\2h2" "\0\4\0\x8\xc6\x33\x64\1\xc6\x33\x64\2" "\0\6\0\x20\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
		"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2" OPT), 1, 4 },
};

int main(void)
{
	static struct dns_msg m;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct passes p = passes_begin();

		while (passes_more(&p)) {
			for (unsigned n = 0; n < ROUND; n++) {
				enum dns_msg_result r = dns_msg_parse(answers[i].in, &m);

				WRONG_IF(r != DNS_MSG_ANSWER || m.names != answers[i].names || m.addrs != answers[i].addrs, "%s: %s, %u, %u",
					 answers[i].name, dns_msg_why(r), m.names, m.addrs);
			}
			passes_end(&p, ROUND);
		}
		figure(answers[i].name, passes_median(&p), "ns", 500, "goal");
	}
	return 0;
}
