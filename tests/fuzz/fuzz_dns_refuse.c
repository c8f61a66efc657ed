/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_dns_refuse - links: dns_refuse dns_record dns_msg dns_name addr
 *
 * Property: a refused answer says NXDOMAIN, and nothing else, to the same question; its length is what was asked for; refused
 * again it is the same.
 */
#include "check.h"

#include "dns_msg.h"
#include "dns_refuse.h"

static struct dns_msg before, after;

/* refuse - in memory of exact size */
static struct span refuse(struct span in, bool same)
{
	size_t most = in.len > DNS_REFUSE_BYTES ? in.len : DNS_REFUSE_BYTES;
	struct span exact = copy_of(in), out = { malloc(same ? in.len + !in.len : most), 0 };

	out.len = dns_refuse(exact, same, (char *)(uintptr_t)out.p);
	CHECK(same ? out.len == in.len || out.len == 0 : out.len <= most);
	drop_copy(exact);
	return out;
}

static void try(struct span in, bool same, bool is_answer)
{
	struct span out = refuse(in, same), twice;

	if (out.len) {
		CHECK(dns_refuse_is(out));
		if (is_answer) {
			CHECK(dns_msg_parse(out, &after) == DNS_MSG_ANSWER && after.rcode == 3 && after.names == 1 && after.addrs == 0);
			CHECK(after.id == before.id && after.qtype == before.qtype && !after.truncated);
			CHECK(span_eq(dns_name_span(&before.name[0]), dns_name_span(&after.name[0])));
		}
		twice = refuse(out, same);
		CHECK(span_eq(out, twice));
		drop_copy(twice);
	}
	drop_copy(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	bool is_answer;

	if (size > UINT16_MAX)
		return 0;
	is_answer = dns_msg_parse(in, &before) == DNS_MSG_ANSWER;
	try(in, false, is_answer);
	try(in, true, is_answer);
	return 0;
}
